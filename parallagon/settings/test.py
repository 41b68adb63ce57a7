"""The tests: everything real but the clock's patience; a data directory for each process.

SQLite and no Redis, unless ``PARALLAGON_TEST_DATABASE_URL`` and ``PARALLAGON_TEST_REDIS_URL`` name
servers, as ``scripts/with_servers.py`` does.
"""

import atexit
import os
import shutil
import tempfile
from decimal import Decimal

_folder = os.environ.get("PARALLAGON_TEST_DATA_DIR")
if _folder is None:
    _folder = tempfile.mkdtemp(prefix="parallagon-test-")
    atexit.register(shutil.rmtree, _folder, ignore_errors=True)
# A person's own .env and keys have no say in a test.
for _name in (
    "DATABASE_URL", "REDIS_URL", "OPENAI_API_KEY", "OPENAI_API_BASE", "PARALLAGON_MODEL",
    "PARALLAGON_LOCKS", "OTEL_EXPORTER_OTLP_ENDPOINT", "OTEL_EXPORTER_OTLP_TRACES_ENDPOINT",
    "OIDC_ISSUER", "OIDC_CLIENT_ID", "OIDC_CLIENT_SECRET", "OIDC_CLIENT_SECRET_FILE",
):  # fmt: skip
    os.environ[_name] = ""
os.environ["PARALLAGON_DATA_DIR"] = _folder
os.environ["DATABASE_URL"] = os.environ.get("PARALLAGON_TEST_DATABASE_URL", "")
os.environ["REDIS_URL"] = ""
os.environ["PARALLAGON_REDIS_PREFIX"] = f"test{os.getpid()}"

from parallagon.settings.base import *  # noqa: E402, F403
from parallagon.settings.base import (  # noqa: E402
    CACHES,
    CHANNEL_LAYERS,
    RATE_LIMITS,
    SQLITE,
)

PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]
SQLITE["TEST"] = {"NAME": f"{_folder}/test.sqlite3"}
# Caches lie in the server where there is one; the state of circuits is each test's own.
CACHES = {
    name: {**cache, "OPTIONS": {**cache.get("OPTIONS", {})}} for name, cache in CACHES.items()
}
if _redis := os.environ.get("PARALLAGON_TEST_REDIS_URL", ""):
    for _cache in CACHES.values():
        _cache["LOCATION"] = _redis
        # A busy machine must not make a miss of a hit: queries are counted.
        _cache["OPTIONS"] |= {"SOCKET_TIMEOUT": 30, "SOCKET_CONNECT_TIMEOUT": 30}
else:
    _MEMORY = "django.core.cache.backends.locmem.LocMemCache"
    CACHES["default"] = {"BACKEND": _MEMORY}
    CACHES["limits"] = {"BACKEND": _MEMORY}
    CACHES["contents"] = {"BACKEND": _MEMORY, "LOCATION": "contents"}
# Frames through Redis are for tests with processes of their own: here nobody waits for them.
CHANNEL_LAYERS["default"] = {"BACKEND": "channels.layers.InMemoryChannelLayer"}
PARALLAGON_QUIET_SECONDS = 0
# Tests ask as often as they like, unless they are about that.
RATE_LIMITS = {name: rate for name, rate in RATE_LIMITS.items() if name.startswith("sign_in")}
# The scripted model of the tests; without this it would count as the dearest of its provider.
PARALLAGON_PRICES = {"openai/scripted": (Decimal("0.15"), Decimal("0.60"))}
# Static files are not collected for tests; WhiteNoise would warn that there are none.
WHITENOISE_AUTOREFRESH = True
