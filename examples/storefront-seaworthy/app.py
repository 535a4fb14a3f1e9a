"""Storefront, seaworthy: start the shop with `python3 app.py` and open http://localhost:8000/."""

import logging
import sys

from shop import settings
from shop.web import server


def main():
    """Run until SIGTERM or SIGINT; the exit code is 2 for settings that cannot be used."""
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(levelname)s %(name)s %(message)s")
    try:
        chosen = settings.load()
    except settings.SettingsError as error:
        print(f"app.py: {error}", file=sys.stderr)
        return 2
    return server.run(chosen)


if __name__ == "__main__":
    sys.exit(main())
