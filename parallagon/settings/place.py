"""Where this installation is: its data, its address, its Redis, its secret key."""

import secrets
from pathlib import Path
from urllib.parse import quote

from django.core.exceptions import ImproperlyConfigured

from parallagon.settings.env import Environment

BASE_DIR = Path(__file__).resolve().parent.parent.parent
env = Environment(BASE_DIR / ".env")
ENVIRONMENT = env.values
DATA_DIR = env.path("PARALLAGON_DATA_DIR", BASE_DIR / "var")
HOST = env.text("HOST", "127.0.0.1")
PORT = env.integer("PORT", 8000, least=1, most=65535)
DEBUG = env.flag("DEBUG")
IS_LOOPBACK = HOST in {"127.0.0.1", "localhost", "::1"}


def _secret_key() -> str:
    """Read ``SECRET_KEY``, or make one in the data directory when only this machine can reach us.

    Made once: written whole under another name, then linked, so that two first starts agree.
    """
    if key := env.secret("SECRET_KEY"):
        return key
    if not IS_LOOPBACK:
        raise ImproperlyConfigured(
            f"SECRET_KEY is not set and HOST is {HOST}: set SECRET_KEY (or SECRET_KEY_FILE) to a "
            "long random text before others can reach this installation."
        )
    file = DATA_DIR / "secret_key"
    try:
        if not file.exists():
            DATA_DIR.mkdir(parents=True, exist_ok=True)
            draft = file.with_name(f"secret_key.{secrets.token_hex(4)}")
            draft.touch(mode=0o600, exist_ok=False)
            draft.write_text(secrets.token_urlsafe(60), encoding="ascii")
            try:
                file.hardlink_to(draft)
            except FileExistsError:
                pass
            finally:
                draft.unlink()
        return file.read_text(encoding="ascii").strip()
    except OSError as error:
        raise ImproperlyConfigured(
            f"The data directory {DATA_DIR} cannot be used ({error.strerror}): make it writable, "
            "or set PARALLAGON_DATA_DIR to a folder that is."
        ) from error


SECRET_KEY = _secret_key()
# Without REDIS_URL, `manage.py up` runs a Valkey of its own on a socket in the data directory.
REDIS_SOCKET = DATA_DIR / "sockets" / "valkey.sock"
REDIS_URL = env.secret("REDIS_URL") or f"unix://{quote(str(REDIS_SOCKET))}"
REDIS_IS_EMBEDDED = not env.secret("REDIS_URL")
REDIS_PREFIX = env.text("PARALLAGON_REDIS_PREFIX", "parallagon")
