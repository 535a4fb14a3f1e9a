"""Settings come from the environment, secrets too. A secret that nobody set is made once and kept in the data folder."""

import logging
import os
import secrets
from dataclasses import dataclass
from pathlib import Path

BASE_DIR = Path(__file__).resolve().parent.parent
STATIC_DIR = BASE_DIR / "static"
OPENAPI_FILE = BASE_DIR / "openapi.json"

log = logging.getLogger("shop.settings")

MIN_SECRET_LENGTH = 32
MIN_PASSWORD_LENGTH = 12


class SettingsError(Exception):
    """A setting that cannot be used; the text says which, and what would do."""


@dataclass(frozen=True)
class Mail:
    """The mail server for receipts."""

    host: str
    port: int
    user: str
    password: str


@dataclass(frozen=True)
class Settings:
    """Everything the shop is told from outside."""

    host: str
    port: int
    data_dir: Path
    app_secret: str
    admin_password: str
    trusted_proxy: str = ""
    mail: "Mail | None" = None

    @property
    def database(self):
        """The one SQLite file."""
        return self.data_dir / "shop.db"

    @property
    def upload_dir(self):
        """Where pictures are kept."""
        return self.data_dir / "uploads"


def read_port(environ, name, default):
    """A TCP port number."""
    text = environ.get(name, str(default))
    if not (text.isascii() and text.isdigit() and int(text[:6]) <= 65535 and len(text) <= 5):
        raise SettingsError(f"{name} must be a port number from 0 to 65535, not {text!r}")
    return int(text)


def kept_secret(path):
    """The secret in `path`, made when absent. The file appears whole or not at all, also between two replicas."""
    if not path.exists():
        draft = path.with_name(f".{path.name}.{os.getpid()}.{secrets.token_hex(4)}")
        descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with os.fdopen(descriptor, "w", encoding="ascii") as file:
            file.write(secrets.token_urlsafe(32) + "\n")
            file.flush()
            os.fsync(file.fileno())
        try:
            os.link(draft, path)
        except FileExistsError:
            log.info("another replica made %s first; its secret counts", path.name)
        finally:
            os.unlink(draft)
    return path.read_text(encoding="ascii").strip()


def read_secret(environ, name, kept_in, least):
    """A secret from the environment, else the one kept in the data folder."""
    value = environ.get(name)
    if value is None:
        return kept_secret(kept_in)
    if len(value) < least:
        raise SettingsError(f"{name} needs at least {least} characters; leave it out and a random one is made")
    return value


def read_mail(environ):
    """The mail server, when one is set."""
    host = environ.get("SMTP_HOST")
    if not host:
        return None
    missing = [name for name in ("SMTP_USER", "SMTP_PASSWORD") if not environ.get(name)]
    if missing:
        raise SettingsError(f"SMTP_HOST is set, so {' and '.join(missing)} must be set too")
    return Mail(host, read_port(environ, "SMTP_PORT", 587), environ["SMTP_USER"], environ["SMTP_PASSWORD"])


def load(environ=None):
    """Read and check all settings; the data folder exists afterwards. Raises SettingsError."""
    environ = os.environ if environ is None else environ
    data_dir = Path(environ.get("DATA_DIR") or BASE_DIR / "data").resolve()
    port = read_port(environ, "PORT", 8000)
    mail = read_mail(environ)
    try:
        data_dir.mkdir(mode=0o700, parents=True, exist_ok=True)
        (data_dir / "uploads").mkdir(mode=0o700, exist_ok=True)
        app_secret = read_secret(environ, "APP_SECRET", data_dir / "app-secret", MIN_SECRET_LENGTH)
        admin_password = read_secret(environ, "ADMIN_PASSWORD", data_dir / "admin-password", MIN_PASSWORD_LENGTH)
    except OSError as error:
        raise SettingsError(f"DATA_DIR {data_dir} cannot be used: {error.strerror}") from error
    return Settings(
        host=environ.get("HOST", "127.0.0.1"),
        port=port,
        data_dir=data_dir,
        app_secret=app_secret,
        admin_password=admin_password,
        trusted_proxy=environ.get("TRUSTED_PROXY", ""),
        mail=mail,
    )
