"""An installation with engine, gateway and a model that answers at once, and one mission in it."""

import asyncio
import json
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any, Self

from bench.place import installation, make_mission


class InstantModel(ThreadingHTTPServer):
    """An OpenAI-compatible server that answers each call at once with what was enqueued."""

    daemon_threads = True

    def __init__(self, handler: type[BaseHTTPRequestHandler] | None = None) -> None:
        super().__init__(("127.0.0.1", 0), handler or Answering)
        self.replies: list[str] = []
        self.prompts: list[str] = []
        threading.Thread(target=self.serve_forever, daemon=True).start()

    @property
    def api_base(self) -> str:
        return f"http://127.0.0.1:{self.server_port}/v1"


class Answering(BaseHTTPRequestHandler):
    server: InstantModel

    def do_POST(self) -> None:
        body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        self.server.prompts.append(body["messages"][-1]["content"])
        reply = self.server.replies.pop(0)
        if body.get("stream"):
            self._stream(reply)
            return
        answer = {"id": "1", "object": "chat.completion", "model": "instant", "choices": [
            {"index": 0, "message": {"role": "assistant", "content": reply},
             "finish_reason": "stop"}]}  # fmt: skip
        self._send("application/json", json.dumps(answer).encode())

    def _stream(self, reply: str) -> None:
        def chunk(delta: dict[str, str], reason: str | None) -> str:
            choice = {"index": 0, "delta": delta, "finish_reason": reason}
            frame = {"id": "1", "object": "chat.completion.chunk", "model": "instant",
                     "choices": [choice]}  # fmt: skip
            return f"data: {json.dumps(frame)}\n\n"

        text = chunk({"role": "assistant", "content": reply}, None) + chunk({}, "stop")
        self._send("text/event-stream", (text + "data: [DONE]\n\n").encode())

    def _send(self, kind: str, body: bytes) -> None:
        self.send_response(200)
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002 - the base's name
        """Say nothing."""


class Subscriber:
    """Someone who looks on: notes when the frame of a finished run arrives."""

    def __init__(self, group: str) -> None:
        self._arrived = threading.Event()
        self._ready = threading.Event()
        self.arrived_at = 0.0
        self._ends = asyncio.Event()
        self._thread = threading.Thread(target=lambda: asyncio.run(self._look_on(group)))
        self._thread.start()
        self._ready.wait(10)

    async def _look_on(self, group: str) -> None:
        from channels.layers import get_channel_layer

        self._loop = asyncio.get_running_loop()
        layer = get_channel_layer()
        listening = asyncio.create_task(self._listen(layer, group))
        await self._ends.wait()
        listening.cancel()
        await layer.flush()

    async def _listen(self, layer: Any, group: str) -> None:
        channel = await layer.new_channel()
        await layer.group_add(group, channel)
        self._ready.set()
        while True:
            message = await layer.receive(channel)
            if '"type":"run.finished"' in message["text"]:
                self.arrived_at = time.perf_counter()
                self._arrived.set()

    def expect(self) -> None:
        self._arrived.clear()

    def close(self) -> None:
        """Stop looking on, before the layer goes away."""
        self._loop.call_soon_threadsafe(self._ends.set)
        self._thread.join(10)

    def wait(self) -> float:
        """Return when the frame arrived, on the performance counter's clock."""
        if not self._arrived.wait(30):
            raise AssertionError("no frame of a finished run arrived")
        return self.arrived_at


class Stage:
    """One mission, whose production agent counts upwards."""

    path = "production.md"

    def __init__(self, mission: Any, workshop: Any, model: InstantModel) -> None:
        from missions import events

        self.mission = mission
        self.workshop = workshop
        self.model = model
        self.last_prompt = ""
        self.subscriber = Subscriber(events.group(mission.pk))

    @classmethod
    @contextmanager
    def open(cls, folder: Path) -> Iterator[Self]:
        """Set everything up in ``folder``, and take it down."""
        model = InstantModel()
        with installation():
            from agents.workshop import Workshop

            workshop = Workshop.open({"OPENAI_API_BASE": model.api_base, "OPENAI_API_KEY": "none"})
            mission = make_mission(model="openai/instant")
            cls.write(mission, cls.text_before(0))
            stage = cls(mission, workshop, model)
            try:
                yield stage
            finally:
                stage.subscriber.close()
                workshop.close()
                model.shutdown()

    @staticmethod
    def write(mission: Any, text: str) -> None:
        from django.utils import timezone

        from missions.landing import Author, Change, land
        from missions.models import MissionFile

        rows = MissionFile.objects.filter(mission=mission, path=Stage.path)
        number = rows.values_list("current__number", flat=True).get()
        change = Change(path=Stage.path, text=text, base=number)
        land(mission, [change], author=Author.SYSTEM, now=timezone.now())

    @staticmethod
    def text_before(number: int) -> str:
        body = "\n\n".join(f"Paragraph {n} says something of its own." for n in range(100))
        return f"# Production\n\ncount: {number}\n\n{body}\n"

    @staticmethod
    def text_after(number: int) -> str:
        return Stage.text_before(number + 1)

    def files_before(self, number: int) -> dict[str, str]:
        """Return the files that the agent sees before run ``number``."""
        from missions.selectors import current_files, current_text

        files = {file.path: current_text(file) for file in current_files(mission=self.mission)}
        return {**files, self.path: self.text_before(number)}

    def file_arguments(self) -> list[str]:
        reads = ("demande.md", "specifications.md", "evaluation.md", "management.md",
                 "duplication.md")  # fmt: skip
        return ["--file", self.path, *(part for path in reads for part in ("--read", path))]

    def enqueue(self, number: int) -> None:
        block = f"<<<<<<< SEARCH\ncount: {number}\n=======\ncount: {number + 1}\n>>>>>>> REPLACE"
        self.model.replies.append(f"Here it is.\n\n{self.path}\n```\n{block}\n```\n")

    def cycle(self, number: int) -> float:
        """Carry out one whole cycle; return milliseconds from the claim to the frame's arrival."""
        from django.utils import timezone

        from agents.cycle import run_cycle
        from agents.models import Agent, AgentRun
        from agents.services import RunAgent

        agent = Agent.objects.select_related("mission").get(mission=self.mission, role="production")
        run = RunAgent(agent=agent, now=timezone.now()).execute()
        self.enqueue(number)
        self.subscriber.expect()
        started = time.perf_counter()
        run_cycle(run.pk, workshop=self.workshop)
        milliseconds = (self.subscriber.wait() - started) * 1000
        run = AgentRun.objects.get(pk=run.pk)
        if run.outcome != "changed":
            raise AssertionError(f"{run.outcome}: {run.reason}")
        self.last_prompt = self.model.prompts[-1]
        return milliseconds

    def make_pointless(self) -> None:
        """Start the agent, so that its looks are by schedule, and keep another one from resting."""
        from django.utils import timezone

        from agents.models import Agent
        from agents.services import StartAgent

        for role in ("production", "specifications"):
            agent = Agent.objects.select_related("mission").get(mission=self.mission, role=role)
            StartAgent(agent=agent, now=timezone.now()).execute()

    def skip(self) -> float:
        """Let the agent look once; return milliseconds from the claim to the commit."""
        from django.utils import timezone

        from agents.cycle import run_cycle
        from agents.models import Agent, AgentRun
        from agents.services import Dispatch

        now = timezone.now()
        Agent.objects.filter(mission=self.mission, role="production").update(next_run_at=now)
        Agent.objects.filter(mission=self.mission, role="specifications").update(
            next_run_at=now + timedelta(hours=1)
        )
        [run_id] = Dispatch(now=now).execute()
        asked: list[float] = []

        def clock() -> datetime:
            """Note when the cycle asks for the time: last of all right after its commit."""
            asked.append(time.perf_counter())
            return timezone.now()

        started = time.perf_counter()
        run_cycle(run_id, workshop=self.workshop, clock=clock)
        run = AgentRun.objects.get(pk=run_id)
        if run.outcome != "skipped":
            raise AssertionError(f"{run.outcome}: {run.reason}")
        return (asked[-1] - started) * 1000
