"""Step 6 of a cycle: Aider works in a private folder, through the gateway, till it ends or must."""

import secrets
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import cast

from django.conf import settings
from django.utils import timezone

from agents import measures
from agents.aider.protocol import (
    EditFormat,
    EngineRequest,
    EngineResult,
    Limits,
    OutputStream,
    SandboxChoice,
)
from agents.gateway.formats import WHOLE_MODELS, format_for
from agents.gateway.protocol import Allowance, Registration, RunReport, Upstream
from agents.history import History, history_between
from agents.models import Agent, AgentRun
from agents.roles.base import AiderAgent, RunContext, RunsAider, Workspace
from agents.runlog import RunLog
from agents.selectors import paths_of, run_directory, team_of
from agents.situation import situation_of
from agents.watch import Watch
from agents.workshop import Workshop
from missions.staging import Staged


@dataclass(frozen=True, kw_only=True)
class Done:
    """How the work ended: what the engine says, what the gateway saw, why the worker ended it;
    and what the role was told, and asked of Aider."""

    result: EngineResult
    report: RunReport
    cause: str
    context: RunContext
    requests: tuple[EngineRequest, ...] = ()


class _Noted:
    """An engine of which it is known afterwards what it was asked, whatever the role does."""

    def __init__(self, engine: RunsAider) -> None:
        self.requests: list[EngineRequest] = []
        self._engine = engine

    def run(
        self,
        request: EngineRequest,
        *,
        on_output: Callable[[OutputStream, str], None],
        should_stop: Callable[[], str | None],
    ) -> EngineResult:
        """Run Aider."""
        self.requests.append(request)
        result = self._engine.run(request, on_output=on_output, should_stop=should_stop)
        measures.ENGINE_RUNS.labels(result.status).inc()
        return result


def work(
    run: AgentRun,
    *,
    role: AiderAgent,
    staged: Staged,
    instructions: Sequence[str],
    private: Path,
    upstream: Upstream,
    allowance: Allowance,
    workshop: Workshop,
    log: RunLog,
) -> Done:
    """Run Aider on the files staged in ``private/files``; what it says goes to ``log``.

    Raises:
        GatewayError: the gateway would not take the run, or is gone.
    """
    directory = run_directory(run.pk)
    token = secrets.token_urlsafe(32)
    watch = Watch(run, gateway=workshop.gateway, log=log, closing=workshop.closing)
    engine = _Noted(workshop.engine)
    (private / "home").mkdir(mode=0o700)
    files = role.run_files(staged.files)
    texts = {path: file.text for path, file in staged.files.items()}
    context = run_context(
        run.agent,
        role,
        texts=texts,
        instructions=instructions,
        until=run.seen_seq,
    )
    workshop.gateway.register(
        Registration(
            run_id=str(run.pk),
            mission_id=run.mission_id,
            token=token,
            upstream=upstream,
            allowance=allowance,
            directory=directory,
        )
    )
    try:
        door = workshop.gateway.door(upstream)
        workspace = Workspace(
            run_id=str(run.pk),
            staging=private / "files",
            home=private / "home",
            editable=files.editable,
            readonly=files.readonly,
            creatable=files.creatable,
            engine=engine,
            model=door.model,
            api_base=door.api_base,
            api_token=token,
            edit_format=edit_format(run.model, role, texts),
            limits=Limits(wall_seconds=settings.PARALLAGON_RUN_SECONDS),
            sandbox=cast("SandboxChoice", settings.PARALLAGON_SANDBOX),
            on_output=log.write,
            should_stop=watch,
        )
        result = role.work(context, workspace)
    finally:
        report = workshop.gateway.finish(str(run.pk))
    return Done(
        result=result,
        report=report,
        cause=watch.cause,
        context=context,
        requests=tuple(engine.requests),
    )


def edit_format(model: str, role: AiderAgent, texts: Mapping[str, str]) -> EditFormat:
    """Return how a model gives its edits back: what suits it and what the files allow."""
    own = [texts[path] for path in role.run_files(texts).editable]
    return format_for(model, own, settings.PARALLAGON_WHOLE_MODELS or WHOLE_MODELS)


def run_context(
    agent: Agent,
    role: AiderAgent,
    *,
    texts: Mapping[str, str],
    instructions: Sequence[str],
    until: int,
) -> RunContext:
    """Gather what the role may know when its message is written.

    ``texts`` are those of the files that it is shown; ``until`` is the mission's last event that
    it is told of.
    """
    mission = agent.mission
    past = History(())
    if role.is_told_of_history:
        past = history_between(mission_id=mission.pk, after=agent.seen_seq, until=until)
    return RunContext(
        mission_title=mission.title,
        language=mission.language,
        prompt=agent.prompt or role.shipped_prompt(mission.language),
        edit_format=edit_format(agent.model or mission.model, role, texts),
        files=texts,
        paths=paths_of(mission.pk) if role.is_told_of_paths else (),
        team=team_of(agent) if role.is_told_of_team else (),
        situation=situation_of(mission.pk, now=timezone.now()) if role.is_told_of_team else (),
        history=past.entries,
        forgotten=past.forgotten,
        instructions=tuple(instructions),
    )
