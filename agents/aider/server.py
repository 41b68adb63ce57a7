"""The engine process: Aider and LiteLLM loaded once, a fork of it for each run.

One thread, one poll loop. It imports nothing of the project but this package, holds no secret and
no lock, and ends with everything it started when its control socket reaches its end of file.
"""

import contextlib
import gc
import os
import select
import shutil
import signal
import socket
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import NoReturn

from agents.aider.protocol import (
    HOME_PREFIX,
    MAX_PACKET,
    EngineUnavailable,
    Family,
    decode,
    encode,
)
from agents.aider.sandbox import adopt_orphans

TASKS = Path("/proc/self/task")


@dataclass
class Run:
    """One child at work: its number from the client, and the engine's hold on the run's channel."""

    number: int
    channel: socket.socket


@dataclass
class Spare:
    """A child forked ahead, waiting on `link` for the channel of the run it will serve."""

    pid: int
    link: socket.socket


class Server:
    """Answers the control socket: starts runs, kills them, reports their end."""

    def __init__(
        self, control: socket.socket, aider_version: str, families: tuple[Family, ...]
    ) -> None:
        self._control = control
        self._families = families
        self._aider_version = aider_version
        self._runs: dict[int, Run] = {}
        self._farewells: list[tuple[socket.socket, bytes]] = []
        self._spare: Spare | None = None
        self._forks = 0
        self._wakeup, writer = socket.socketpair()
        for end in (self._wakeup, writer):
            end.setblocking(False)
        self._writer = writer
        signal.signal(signal.SIGCHLD, lambda *_: None)
        signal.set_wakeup_fd(writer.fileno(), warn_on_full_buffer=False)

    def serve(self) -> NoReturn:
        """Answer until the client is gone, then end.

        Raises EngineUnavailable when the process has a second thread.
        """
        require_one_thread()
        adopt_orphans()
        self._spare = self._fork_spare(is_early=True)
        self._control.send(encode({"t": "ready", "aider": self._aider_version}))
        while True:
            if self._wait_for_control():
                self._answer()
            elif self._spare is None:
                self._spare = self._fork_spare(is_early=True)
            self._reap()
            self._farewells = [left for left in self._farewells if not _farewell(*left)]

    def _wait_for_control(self) -> bool:
        """Wait for something to do; say whether a packet is there."""
        poll = select.poll()
        poll.register(self._control, select.POLLIN)
        poll.register(self._wakeup, select.POLLIN)
        for channel, _ in self._farewells:
            poll.register(channel, select.POLLOUT)
        ready = {descriptor for descriptor, _ in poll.poll(0 if self._spare is None else None)}
        if self._wakeup.fileno() in ready:
            self._wakeup.recv(4096)
        return self._control.fileno() in ready

    def _answer(self) -> None:
        packet, descriptors, _, _ = socket.recv_fds(self._control, MAX_PACKET, 1)
        if not packet:
            self._end()
        message = decode(packet)
        channel = socket.socket(fileno=descriptors[0]) if descriptors else None
        match message.get("t"), channel:
            case "run", socket.socket():
                self._start(int(message["run"]), channel)
            case "health", socket.socket():
                self._report(channel)
            case "kill", _:
                self._kill(int(message["run"]))

    def _start(self, number: int, channel: socket.socket) -> None:
        while True:
            spare = self._spare or self._fork_spare()
            self._spare = None
            with spare.link:
                try:
                    socket.send_fds(spare.link, [b"run"], [channel.fileno()])
                except OSError:
                    continue  # it died while it waited; `_reap` clears it away
            self._runs[spare.pid] = Run(number, channel)
            return

    def _fork_spare(self, *, is_early: bool = False) -> Spare:
        link, far_end = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        engine = os.getpid()
        pid = os.fork()
        if pid == 0:
            _become_child(far_end, engine, limber=self._families if is_early else ())
        far_end.close()
        self._forks += 1
        return Spare(pid, link)

    def _kill(self, number: int) -> None:
        for pid, run in self._runs.items():
            if run.number == number:
                _kill_group(pid)

    def _reap(self) -> None:
        """Clear away every child that has ended; its group first, while the number is its own."""
        while True:
            try:
                ended = os.waitid(os.P_ALL, 0, os.WEXITED | os.WNOHANG | os.WNOWAIT)
            except ChildProcessError:
                return
            if ended is None:
                return
            pid = ended.si_pid
            _kill_group(pid)
            _, status = os.waitpid(pid, 0)
            self._bid_farewell(pid, os.waitstatus_to_exitcode(status))
            self._end_orphans()

    def _end_orphans(self) -> None:
        """Kill what a run forked into another group: with its parent gone it is the engine's."""
        own = {*self._runs, *([self._spare.pid] if self._spare else [])}
        for pid in _children() - own:
            _kill_group(pid)

    def _bid_farewell(self, pid: int, code: int) -> None:
        if self._spare is not None and self._spare.pid == pid:
            self._spare.link.close()
            self._spare = None
        run = self._runs.pop(pid, None)
        if run is not None:
            self._farewells.append((run.channel, b"\n" + encode({"t": "ended", "code": code})))

    def _report(self, channel: socket.socket) -> None:
        report = {"forks": self._forks, "running": len(self._runs), "pid": os.getpid()}
        self._farewells.append((channel, encode({"t": "health", **report})))

    def _end(self) -> NoReturn:
        for pid in [*self._runs, *([self._spare.pid] if self._spare else [])]:
            _kill_group(pid)
        home = Path(os.environ["HOME"])
        if home.name.startswith(HOME_PREFIX):  # a client that was killed could not remove it
            shutil.rmtree(home, ignore_errors=True)
        os._exit(0)


def _farewell(channel: socket.socket, words: bytes) -> bool:
    """Say the last word on a channel and close it; say whether that is done.

    A client that does not read must not hold up the others, so it is tried again when it does.
    """
    try:
        channel.send(words, socket.MSG_DONTWAIT | socket.MSG_NOSIGNAL)
    except BlockingIOError:
        return False
    except OSError:
        pass
    channel.close()
    return True


def _children() -> set[int]:
    """Return this process's children; none where the kernel keeps no list of them."""
    try:
        return set(map(int, (TASKS / str(os.getpid()) / "children").read_text().split()))
    except OSError:
        return set()


def _kill_group(pid: int) -> None:
    """Kill a child and its group. A child that has not become a leader yet is killed alone."""
    for kill in (os.killpg, os.kill):
        try:
            kill(pid, signal.SIGKILL)
        except ProcessLookupError:
            continue
        return


def _become_child(link: socket.socket, engine: int, *, limber: tuple[Family, ...]) -> NoReturn:
    """Wait for a run's channel, serve the run, end. Everything else the engine holds is closed.

    A child whose run has not come yet uses the time to get ready for it.
    """
    from agents.aider import child, warmup

    try:
        child.begin(engine)
        link = child.keep_only(link)
        with contextlib.suppress(Exception):  # the run itself will say what is wrong
            warmup.limber_up(limber)
        packet, descriptors, _, _ = socket.recv_fds(link, 16, 1)
        link.close()
        if packet and descriptors:
            child.run(socket.socket(fileno=descriptors[0]))
    finally:
        os._exit(1)


def require_one_thread() -> None:
    """Raise EngineUnavailable when this process has a second thread: forking it could hang."""
    count = len(list(TASKS.iterdir()))
    if count != 1:
        raise EngineUnavailable(
            f"The Aider engine has {count} threads after its warm-up and cannot fork safely:"
            " install exactly the versions of requirements/base.txt."
        )


def main(descriptor: int, families: tuple[Family, ...]) -> int:
    """Warm up and serve on the control socket that `descriptor` is; return an exit code."""
    control = socket.socket(fileno=descriptor)
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    try:
        import aider  # noqa: F401 - says that it is missing before seconds go by

        from agents.aider.warmup import warm_up

        version = warm_up(families)
        gc.collect()
        gc.freeze()
        Server(control, version, families).serve()
    except (EngineUnavailable, ImportError) as error:
        control.send(encode({"t": "unavailable", "reason": _sentence(error)}))
    return 1


def _sentence(error: Exception) -> str:
    if isinstance(error, ImportError):
        return (
            f"Aider cannot be loaded ({error}): install the packages of requirements/base.txt"
            f" for {sys.executable}."
        )
    return str(error)
