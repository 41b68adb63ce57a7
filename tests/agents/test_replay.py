"""A run once more, from what was kept of it: the same bytes, or a sentence that says why not."""

import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import timedelta
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest
from django.core.management import call_command
from django.utils import timezone

from agents.aider.engine import Engine
from agents.gateway.client import Gateway
from agents.gateway.replies import TOO_LONG, KeptReply
from agents.models import AgentRun, ModelCall
from agents.replay import record, repetition
from agents.selectors import run_directory
from agents.workshop import Workshop
from missions import integrity
from missions.models import Event, Revision
from missions.storage import BlobStore
from tests.agents.cycle_runs import KEY, Team
from tests.aider.aider_model import ScriptedModel, search_block, whole_block
from tests.gateway.gateway_dialects import DIALECTS, Dialect
from tests.gateway.gateway_provider import END, ScriptedProvider, chunk, head

pytestmark = [pytest.mark.engine, pytest.mark.xdist_group("engine")]

EDIT = search_block("production.md", "", "# Production\n\nNew.\n")


@dataclass(frozen=True)
class Said:
    """What the command said, and the code it ended with."""

    code: int
    out: str
    err: str


Replay = Callable[..., Said]


@pytest.fixture
def replay(capsys: pytest.CaptureFixture[str]) -> Replay:
    """The command, as a person calls it."""

    def call(run: object, *options: str) -> Said:
        capsys.readouterr()
        code = 0
        try:
            call_command("replay_run", str(run), *options)
        except SystemExit as end:
            code = int(end.code or 0)
        said = capsys.readouterr()
        return Said(code, said.out, said.err)

    return call


@pytest.fixture
def shared(engine: Engine, gateway: Gateway, monkeypatch: pytest.MonkeyPatch) -> None:
    """Spare each test the start of an engine; the first one below does without."""

    @contextmanager
    def workshop_for(_family: str) -> Iterator[Workshop]:
        yield Workshop(engine=engine, gateway=gateway, environment={})

    monkeypatch.setattr(repetition, "workshop_for", workshop_for)


@pytest.fixture
def changed(team: Team, model: ScriptedModel) -> AgentRun:
    """A run that changed a file."""
    team.put("production.md", "")
    model.enqueue(EDIT)
    run = team.run("production")
    assert run.outcome == "changed", run.reason
    return run


def rows() -> tuple[object, ...]:
    """Return everything in the database that a run may write to."""
    return (
        list(AgentRun.objects.values()),
        list(ModelCall.objects.values()),
        list(Revision.objects.values()),
        Event.objects.count(),
    )


def test_yields_the_same_bytes_without_key_or_model_and_leaves_no_trace(
    team: Team, model: ScriptedModel, replay: Replay, changed: AgentRun, tmp_path: Path
) -> None:
    before, asked, folder = rows(), len(model.calls), run_directory(changed.pk)
    kept = {path.name: path.read_bytes() for path in folder.iterdir()}
    model.shutdown()

    said = replay(changed.pk, "--keep", str(tmp_path / "kept"))

    assert (said.code, said.out, said.err) == (0, "same  production.md\n", "")
    assert (tmp_path / "kept" / "production.md").read_text() == team.text("production.md")
    assert (rows(), len(model.calls)) == (before, asked)
    assert {path.name: path.read_bytes() for path in folder.iterdir()} == kept
    assert KEY.encode() not in b"".join(kept.values())
    assert {path.stat().st_mode & 0o777 for path in folder.glob("rep*")} == {0o600}


@pytest.mark.usefixtures("shared")
class TestSameBytes:
    def test_come_of_whole_files(
        self, team: Team, model: ScriptedModel, replay: Replay, settings: Any
    ):
        settings.PARALLAGON_WHOLE_MODELS = ["openai/scripted"]
        team.put("production.md", "# Production\n")
        model.enqueue(whole_block("production.md", "# Production\n\nNew.\n"))
        run = team.run("production")
        settings.PARALLAGON_WHOLE_MODELS = []  # a repetition goes by the record

        assert replay(run.pk).out == "same  production.md\n"

    def test_come_of_several_calls(self, team: Team, model: ScriptedModel, replay: Replay):
        team.put("production.md", "")
        model.enqueue(search_block("production.md", "not there\n", "x\n"))
        model.enqueue(EDIT)
        run = team.run("production")

        said = replay(run.pk)

        assert run.call_count == 2
        assert (said.code, said.out, said.err) == (0, "same  production.md\n", "")

    @pytest.mark.parametrize("dialect", DIALECTS, ids=lambda dialect: dialect.kind)
    def test_come_of_a_stream_of_each_family(
        self,
        team: Team,
        provider: ScriptedProvider,
        engine: Engine,
        gateway: Gateway,
        replay: Replay,
        dialect: Dialect,
    ):
        variable = dialect.key_variable.replace("_API_KEY", "_API_BASE")
        environment = {variable: dialect.address(provider)}
        team.workshop = Workshop(engine=engine, gateway=gateway, environment=environment)
        team.mission.model = f"{dialect.kind}/some-model"
        team.mission.save(update_fields=["model"])
        body = dialect.begin + dialect.delta(EDIT) + dialect.finish(dialect.good) + dialect.end
        # Cut in the middle of an event, as networks do.
        provider.play([head(), chunk(body[:50]), chunk(body[50:]), END])
        team.put("production.md", "")
        run = team.run("production")
        assert run.outcome == "changed", run.reason

        said = replay(run.pk)

        assert (said.code, said.out, said.err) == (0, "same  production.md\n", "")

    def test_come_of_the_offline_writer(self, team: Team, replay: Replay):
        team.mission.model = "offline/writer"
        team.mission.save(update_fields=["model"])
        run = team.run("specifications")
        assert run.outcome == "changed", run.reason

        assert replay(run.pk).out == "same  specifications.md\n"

    def test_come_also_where_a_person_wrote_meanwhile(
        self, team: Team, model: ScriptedModel, replay: Replay
    ):
        team.put("production.md", "# Production\n\none\n\ntwo\n\nthree\n")
        held = model.enqueue(search_block("production.md", "one\n", "ONE\n"), "Done.\n", hold=True)
        with team.running("production") as background:
            model.is_answering.wait(30)
            team.save("production.md", "# Production\n\none\n\ntwo\n\nTHREE\n")
            held.may_finish.set()
        run = AgentRun.objects.get(pk=background.run_id)
        assert "ONE" in team.text("production.md")
        assert "THREE" in team.text("production.md")

        assert replay(run.pk).code == 0

    def test_come_of_a_proposal(self, team: Team, model: ScriptedModel, replay: Replay):
        team.put("production.md", "word\n" * 400)
        model.enqueue(search_block("production.md", "word\n" * 400, "short\n"))
        run = team.run("production")
        assert run.outcome == "proposed", run.reason

        assert replay(run.pk).code == 0

    def test_are_refused_as_they_were(self, team: Team, model: ScriptedModel, replay: Replay):
        team.put("production.md", "")
        model.enqueue(EDIT + search_block("demande.md", "", "owned\n"))
        model.enqueue("I cannot do more.\n")
        run = team.run("production")
        assert run.outcome == "rejected", run.reason

        said = replay(run.pk)

        assert said.code == 0
        assert "judged then: rejected; now: rejected" in said.out

    def test_come_after_everything_was_swept_and_changed(
        self, team: Team, model: ScriptedModel, replay: Replay, changed: AgentRun
    ):
        team.save("production.md", "# Another\n")
        integrity.sweep(now=timezone.now() + timedelta(days=400), everything=True)

        assert replay(changed.pk).code == 0


@pytest.mark.usefixtures("shared")
class TestOtherBytes:
    def test_are_told_with_what_is_asked_otherwise(
        self, changed: AgentRun, replay: Replay, monkeypatch: pytest.MonkeyPatch
    ):
        """Another version of Aider or of us asks otherwise: here, another message stands for it."""
        reseal(
            changed,
            lambda known: replace(
                known,
                asks=tuple(replace(ask, prompt=ask.prompt + "And hurry.\n") for ask in known.asks),
                left=replace(known.left, files={"production.md": "0" * 64}),
            ),
        )

        said = replay(changed.pk)

        assert (said.code, said.out) == (1, "differs  production.md\n")
        assert "call 1 asks something else than it did" in said.err
        assert "+And hurry." in said.err

    def test_another_verdict_is_told_with_its_reason(self, changed: AgentRun, replay: Replay):
        """Neither file nor rights are what they were, so that the edit cannot land."""
        hash_ = BlobStore().put(b"Something else.\n")
        reseal(
            changed,
            lambda known: replace(
                known,
                inputs=tuple(
                    replace(file, hash=hash_) if file.path == "production.md" else file
                    for file in known.inputs
                ),
                asks=tuple(replace(ask, editable=(), readonly=()) for ask in known.asks),
            ),
        )

        said = replay(changed.pk)

        assert said.code == 1
        assert "judged then: may land; now: " in said.out
        assert "asks something else" in said.err


def reseal(run: AgentRun, change: Callable[[Any], record.Record]) -> None:
    """Let a run's record say something else, as if it had been written so."""
    directory = run_directory(run.pk)
    known = change(record.read_record(directory))
    (directory / record.RECORD_FILE).write_bytes(record.sealed(known))


@pytest.mark.usefixtures("shared")
class TestCannotBeRepeated:
    def test_a_run_that_nobody_knows(self, team: Team, replay: Replay):
        for name in (str(uuid4()), "nonsense", "../../etc"):
            said = replay(name)
            assert (said.code, said.err) == (2, f"There is no run {name}.\n")

    def test_one_whose_folder_is_gone(self, changed: AgentRun, replay: Replay, settings: Any):
        AgentRun.objects.update(finished_at=timezone.now() - timedelta(days=31))
        settings.PARALLAGON_RUN_DAYS = 30

        said = replay(changed.pk)

        assert (said.code, "too long ago" in said.err) == (2, True)

    @pytest.mark.parametrize(
        ("name", "sentence"),
        [
            ("replay.json", "no record of it is there"),
            ("replies.jsonl", "replies.jsonl was changed after the run"),
            ("transcript.jsonl", "transcript.jsonl was changed after the run"),
        ],
    )
    def test_one_of_which_a_file_is_gone(
        self, changed: AgentRun, replay: Replay, name: str, sentence: str
    ):
        (run_directory(changed.pk) / name).unlink()

        said = replay(changed.pk)

        assert (said.code, said.out) == (2, "")
        assert sentence in said.err

    @pytest.mark.parametrize(
        ("name", "old", "new", "sentence"),
        [
            ("replay.json", b"production.md", b"evaluation.md", "was changed after it was written"),
            ("replay.json", b"{", b"[", "its record is damaged"),
            ("replay.json", b'"version": 1', b'"version": 2', "another version"),
            ("replies.jsonl", b'"call": 1', b'"call": 2', "replies.jsonl was changed"),
        ],
    )
    def test_one_whose_record_was_tampered_with(
        self, changed: AgentRun, replay: Replay, name: str, old: bytes, new: bytes, sentence: str
    ):
        path = run_directory(changed.pk) / name
        content = path.read_bytes()
        assert old in content
        path.write_bytes(content.replace(old, new, 1))

        said = replay(changed.pk)

        assert (said.code, said.out) == (2, "")
        assert sentence in said.err

    def test_one_of_which_a_content_is_gone(self, changed: AgentRun, replay: Replay):
        known = record.read_record(run_directory(changed.pk))
        name = known.inputs[0].hash
        (BlobStore().root / name[:2] / name).unlink()

        assert replay(changed.pk).code == 2

    def test_one_that_a_provider_left_alone(self, team: Team, model: ScriptedModel, replay: Replay):
        model.enqueue("no", status=400)
        run = team.run("production")
        assert run.outcome == "failed"

        said = replay(run.pk)

        assert (said.code, "no record" in said.err) == (2, True)

    def test_one_whose_record_was_too_large(
        self, team: Team, model: ScriptedModel, replay: Replay, monkeypatch: pytest.MonkeyPatch
    ):
        monkeypatch.setattr(record, "LARGEST", 500)
        model.enqueue(EDIT)
        run = team.run("production")

        said = replay(run.pk)

        assert (said.code, "too large to be kept" in said.err) == (2, True)
        assert (run_directory(run.pk) / "replay.json").stat().st_size < 1000

    def test_one_whose_replies_were_too_long(self, changed: AgentRun, replay: Replay):
        directory = run_directory(changed.pk)
        known = record.read_record(directory)
        reply = KeptReply(call=1, content_type="text/event-stream", left_out=TOO_LONG)
        (directory / "replies.jsonl").write_text(json.dumps(reply.to_json()) + "\n")
        known = replace(known, digests=record.digests_in(directory))
        (directory / record.RECORD_FILE).write_bytes(record.sealed(known))

        said = replay(changed.pk)

        assert (said.code, "too long to be kept" in said.err) == (2, True)

    def test_one_that_was_told_a_secret(self, team: Team, model: ScriptedModel, replay: Replay):
        team.mission.title = "The password=canary-5f1b2c7d9e"
        team.mission.save(update_fields=["title"])
        run = team.run("production")

        said = replay(run.pk)

        assert (said.code, "something like a password" in said.err) == (2, True)
        assert b"canary" not in (run_directory(run.pk) / "replay.json").read_bytes()

    def test_into_a_folder_that_is_in_use(self, changed: AgentRun, replay: Replay, tmp_path: Path):
        (tmp_path / "mine.md").write_text("Mine.\n")

        said = replay(changed.pk, "--keep", str(tmp_path))

        assert (said.code, "is not empty" in said.err) == (2, True)
