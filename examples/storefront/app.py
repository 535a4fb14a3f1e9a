"""Storefront: start the shop with `python3 app.py` and open http://localhost:8000/."""

from shop import config, server

if __name__ == "__main__":
    print(f"Storefront is open on http://localhost:{config.PORT}/")
    server.run()
