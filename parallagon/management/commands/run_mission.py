"""``manage.py run_mission PATH|NUMBER``: a mission's team, without the web, for scripts and CI."""

import json
import logging
import signal
import threading
import time
from argparse import ArgumentTypeError
from collections import Counter
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, nullcontext
from decimal import Decimal, InvalidOperation
from pathlib import Path
from typing import Any, ClassVar

from django.conf import settings
from django.core.management.base import CommandParser
from django.utils import timezone

from agents.budget import Caps
from agents.models import AgentRun, Budget
from agents.services import SetMissionBudget
from agents.standalone import Ending, Standalone
from agents.workshop import Workshop
from missions.models import Mission
from missions.services import CreateMission
from parallagon.core.errors import ResourceNotFoundError, ValidationError
from parallagon.management.base import FriendlyCommand
from parallagon.management.folders import GivenBack, give_back, hashes_in
from parallagon.management.people import find_person
from parallagon.management.progress import TeamLine, cost_of, kept_below, terminal
from parallagon.management.requests import read_request
from parallagon.management.transfer import import_mission

NOTHING = GivenBack(written=(), left_alone=())


class Command(FriendlyCommand):
    help = (
        "Let a mission's team work in this process. Exit codes: 0 settled, 2 stopped by a budget, "
        "3 failures, 4 timeout, 130 interrupted, 1 refused."
    )

    traced_as = "run_mission"

    # Nobody need look on: that there is no Redis for frames and caches is no news.
    quiet: ClassVar = dict.fromkeys(("parallagon.core", "agents", "missions"), logging.ERROR)

    def add_arguments(self, parser: CommandParser) -> None:
        """Describe what can be chosen."""
        parser.add_argument("what", metavar="PATH|NUMBER", help="folder, request or mission")
        parser.add_argument("--until-settled", action="store_true", help="end when all is done")
        parser.add_argument("--max-cost", type=_dollars, help="the mission's budget in all, in US$")
        parser.add_argument("--model", help="of a new mission")
        parser.add_argument("--language", choices=["en", "fr"], help="of a new mission")
        parser.add_argument("--user", help="its owner; the first administrator if omitted")
        parser.add_argument("--timeout", type=_seconds, help="seconds to work at most")
        parser.add_argument("--json", action="store_true", help="print one JSON object at the end")
        parser.add_argument(
            "--no-progress", action="store_true", help="no line that redraws itself on a terminal"
        )

    def handle(self, *args: Any, what: str, **options: Any) -> None:
        """Work, give back what was brought, and end with the code of the outcome."""
        self.stderr.style_func = None  # news, not errors: no reason for red
        folder = Path(what) if Path(what).is_dir() else None
        before = hashes_in(folder) if folder else {}
        mission = self._mission(what, folder, options)
        if options["max_cost"] is not None:
            _cap(mission, options["max_cost"])
        self.stderr.write(f"mission {mission.pk}: {mission.title}")
        started = time.monotonic()
        runs: list[AgentRun] = []
        given = NOTHING
        try:
            ending = self._work(mission, runs, options)
        finally:
            if folder:
                given = give_back(mission, folder, before=before)
                for path in given.left_alone:
                    self.stderr.write(f"changed meanwhile, so left as it is: {path}")
        seconds = round(time.monotonic() - started, 1)
        report = _report(mission, ending, runs, given, seconds)
        self.stdout.write(json.dumps(report) if options["json"] else _sentence(report))
        if ending:
            raise SystemExit(int(ending))

    def _mission(self, what: str, folder: Path | None, options: dict[str, Any]) -> Mission:
        """Find the mission of that number, or make one of the folder or the request.

        Raises:
            ResourceNotFoundError: there is none.
            ValidationError: it cannot be one.
        """
        if what.isascii() and what.isdigit() and not Path(what).exists():
            return _existing(what, options)
        model = options["model"] or settings.PARALLAGON_MODEL
        language = options["language"] or settings.PARALLAGON_LANGUAGE
        if folder is None:
            return CreateMission(
                owner=find_person(options["user"]),
                title=Path(what).stem,
                request=read_request(what),
                model=model,
                language=language,
                now=timezone.now(),
            ).execute()
        imported = import_mission(folder, user=options["user"], model=model, language=language)
        for left in imported.skipped:
            self.stderr.write(f"left out: {left.path}: {left.reason}")
        return imported.mission

    def _work(self, mission: Mission, runs: list[AgentRun], options: dict[str, Any]) -> Ending:
        redraws = not options["json"] and not options["no_progress"]
        console = terminal(self.stderr, no_color=options["no_color"]) if redraws else None
        say = console.print if console else self.stderr.write

        def tell(run: AgentRun) -> None:
            runs.append(run)
            if run.outcome != AgentRun.Outcome.SKIPPED:
                say(f"{run.agent.role}: {run.outcome}: {run.reason}")

        with interruptible() as stop:
            line = TeamLine(runs=runs, stop=stop)
            with kept_below(line, console) if console else nullcontext():
                workshop = Workshop.open(_environment(is_quiet=console is not None))
                try:
                    return Standalone(
                        mission=mission,
                        workshop=workshop,
                        threads=settings.PARALLAGON_CYCLES,
                        until_settled=options["until_settled"],
                        seconds=options["timeout"],
                        stop=stop,
                        on_run=tell,
                        on_look=line.look,
                    ).work()
                finally:
                    workshop.close()


@contextmanager
def interruptible() -> Iterator[threading.Event]:
    """Give an event that the first SIGINT or SIGTERM sets; a second one acts as ever."""
    stop = threading.Event()
    before = {number: signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM)}

    def interrupt(*_: object) -> None:
        put_back()
        stop.set()

    def put_back() -> None:
        for number, handler in before.items():
            signal.signal(number, handler)

    for number in before:
        signal.signal(number, interrupt)
    try:
        yield stop
    finally:
        put_back()


def _environment(*, is_quiet: bool) -> Mapping[str, str]:
    """Return the workshop's; the gateway, which logs by itself, must not write into the line."""
    is_quiet = is_quiet and settings.LOG_LEVEL != "DEBUG"
    return {**settings.ENVIRONMENT, "LOG_LEVEL": "ERROR"} if is_quiet else settings.ENVIRONMENT


def _existing(number: str, options: dict[str, Any]) -> Mission:
    if options["model"] or options["language"]:
        raise ValidationError("--model and --language are for a new mission.")
    missions = Mission.objects.filter(state=Mission.State.ACTIVE)
    # No row has a number of twenty digits, and the database need not be asked.
    mission = missions.filter(pk=int(number)).first() if len(number) < 19 else None
    if mission is None:
        raise ResourceNotFoundError(f"There is no active mission {number[:40]}.")
    return mission


def _cap(mission: Mission, dollars: Decimal) -> None:
    """Give the mission a budget in all; its other caps stay."""
    caps = Budget.objects.filter(mission=mission).first() or Budget(mission=mission)
    SetMissionBudget(
        mission=mission,
        total=Caps(dollars=dollars, tokens=caps.tokens, calls=caps.calls),
        day=Caps(dollars=caps.day_dollars, tokens=caps.day_tokens, calls=caps.day_calls),
        now=timezone.now(),
    ).execute()


def _report(
    mission: Mission, ending: Ending, runs: list[AgentRun], given: GivenBack, seconds: float
) -> dict[str, Any]:
    """Return what came of it; a cost that nobody knows is ``None``."""
    cost = cost_of(runs)
    return {
        "mission": mission.pk,
        "ending": ending.name.lower(),
        "seconds": seconds,
        "runs": dict(Counter(run.outcome for run in runs)),
        "cost": None if cost is None else f"{cost.normalize():f}",
        "written": list(given.written),
        "left_alone": list(given.left_alone),
    }


def _sentence(report: dict[str, Any]) -> str:
    runs = ", ".join(f"{count} {outcome}" for outcome, count in report["runs"].items())
    cost = "unknown" if report["cost"] is None else f"US$ {report['cost']}"
    return (
        f"{report['ending']} after {report['seconds']} s: {runs or 'no runs'}; cost {cost}; "
        f"{len(report['written'])} files written back"
    )


def _dollars(text: str) -> Decimal:
    try:
        dollars = Decimal(text)
    except InvalidOperation as error:
        raise ArgumentTypeError(f"{text} is not a number") from error
    if not dollars.is_finite() or not 0 <= dollars < 10**6:
        raise ArgumentTypeError(f"{text} is not between 0 and a million")
    return dollars


def _seconds(text: str) -> float:
    seconds = float(text)
    if not 0 < seconds < 10**7:
        raise ArgumentTypeError(f"{text} is not a number of seconds above 0")
    return seconds
