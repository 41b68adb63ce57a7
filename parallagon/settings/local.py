"""One machine, one person: what `make run` uses."""

from parallagon.settings.base import *  # noqa: F403
