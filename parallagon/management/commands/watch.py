"""``manage.py watch``: see what other programs do in mission folders, and whether all is well."""

import signal
import threading
from types import FrameType
from typing import Any

from missions.watcher import Watcher
from parallagon.lookout import Lookout
from parallagon.management.base import FriendlyCommand


class Command(FriendlyCommand):
    help = "Take in what other programs do in mission folders, until it is ended."

    def handle(self, *args: Any, **options: Any) -> None:
        """Watch until SIGTERM or SIGINT."""
        is_over = threading.Event()

        def end(_number: int, _frame: FrameType | None) -> None:
            is_over.set()

        signal.signal(signal.SIGTERM, end)
        signal.signal(signal.SIGINT, end)
        Lookout(is_over).start()
        Watcher().run(is_over)
