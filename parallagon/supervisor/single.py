"""One supervisor a data directory."""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import portalocker
from portalocker import LockFlags

from parallagon.supervisor.errors import CannotStart

NAME = "up.lock"


@contextmanager
def only_one(data_directory: Path) -> Iterator[None]:
    """Hold the data directory for the block.

    Raises:
        CannotStart: another supervisor holds it.
    """
    with (data_directory / NAME).open("a+", encoding="ascii") as file:
        try:
            portalocker.lock(file, LockFlags.EXCLUSIVE | LockFlags.NON_BLOCKING)
        except portalocker.LockException as error:
            file.seek(0)
            holder = file.read().strip()
            raise CannotStart(
                f"Parallagon already runs on {data_directory}"
                f"{f' (process {holder})' if holder else ''}: end it with Ctrl-C in its terminal, "
                "or give this one its own PARALLAGON_DATA_DIR and PORT."
            ) from error
        file.truncate(0)
        file.write(str(os.getpid()))
        file.flush()
        yield
