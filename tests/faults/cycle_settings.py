"""The settings of a worker process that shares a test's database and data directory."""

import os
from decimal import Decimal

from parallagon.settings.base import *  # noqa: F403
from parallagon.settings.base import CHANNEL_LAYERS, DATABASES

DATABASES["default"]["NAME"] = os.environ["PARALLAGON_TEST_DATABASE"]
_MEMORY = "django.core.cache.backends.locmem.LocMemCache"
CACHES = {
    "default": {"BACKEND": _MEMORY},
    "contents": {"BACKEND": _MEMORY, "LOCATION": "contents"},
}
CHANNEL_LAYERS["default"] = {"BACKEND": "channels.layers.InMemoryChannelLayer"}
PARALLAGON_QUIET_SECONDS = 0
PARALLAGON_PRICES = {"openai/scripted": (Decimal("0.15"), Decimal("0.60"))}
