"""The engine: does it start, does it fork, is what it forks shut in?"""

import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Final, cast

from django.conf import settings

from agents.aider import sandbox
from agents.aider.canned import DIALECTS, canned_server
from agents.aider.engine import Engine
from agents.aider.protocol import EngineRequest, EngineUnavailable, Limits, SandboxChoice
from agents.gateway.models import configured_families
from parallagon.doctor.finding import Finding, fine, problem, warning

NETWORK_SINCE, SIGNALS_SINCE = 4, 6
SECONDS: Final = 60.0


def examine() -> Iterator[Finding]:
    """Start an engine of our own and let it carry out a small run, from fork to changed file."""
    engine = Engine(families=configured_families(settings.ENVIRONMENT), start_timeout=SECONDS)
    try:
        engine.start()
        yield fine("engine.starts", f"The engine starts (Aider {engine.health().aider_version}).")
        yield _forks(engine)
    except EngineUnavailable as error:
        yield problem(
            "engine.starts",
            f"The engine does not start: {error}",
            "Install the packages of requirements/base.txt, and look again.",
        )
    finally:
        engine.close()


def _forks(engine: Engine) -> Finding:
    dialect = DIALECTS["openai"]
    with canned_server() as address, tempfile.TemporaryDirectory(prefix="parallagon-") as folder:
        staging, home = Path(folder, "files"), Path(folder, "home")
        staging.mkdir()
        home.mkdir(mode=0o700)
        file = staging / "a.md"
        file.write_text("one\n")
        request = EngineRequest(
            run_id="doctor",
            model=dialect.model,
            api_base=address + dialect.root,
            api_token="doctor",  # noqa: S106 - no secret
            edit_format="diff",
            prompt="Change one to two.",
            staging=staging,
            editable=(file.name,),
            home=home,
            limits=Limits(wall_seconds=SECONDS),
            sandbox=cast("SandboxChoice", settings.PARALLAGON_SANDBOX),
        )
        result = engine.run(request, on_output=lambda *_: None, should_stop=lambda: None)
        is_changed = file.read_text() == "two\n"
    if is_changed:
        return fine(
            "engine.forks", f"A run of the engine changed a file in {result.seconds:.1f} s."
        )
    return problem(
        "engine.forks",
        f"A run of the engine did not change its file ({result.status}): {result.reason}",
        "Look at the sandbox below, at the memory of this machine, and at its limit of processes.",
    )


def examine_sandbox() -> Iterator[Finding]:
    """Say what shuts in what a model's reply could do, and what it lacks on this machine."""
    wanted, available = settings.PARALLAGON_SANDBOX, sandbox.available_level()
    if wanted == "none":
        yield warning(
            "sandbox.level",
            "PARALLAGON_SANDBOX is none: what Aider does is not shut in.",
            "Set it to auto.",
        )
        return
    abi = sandbox.landlock_abi()
    if available == "none":
        lacks = "Landlock" if abi < 1 else "seccomp"
        tell = problem if wanted == "landlock" else warning
        result = "no run can begin" if wanted == "landlock" else "runs are not shut in"
        yield tell(
            "sandbox.level",
            f"This kernel lacks {lacks}: {result}.",
            "Use Linux 5.13 or newer with Landlock among its security modules, on x86-64 or ARM.",
        )
        return
    lacking = [
        *(["keep runs from the network"] if abi < NETWORK_SINCE else []),
        *(["keep them from signalling others"] if abi < SIGNALS_SINCE else []),
    ]
    if lacking:
        yield warning(
            "sandbox.abi",
            f"Landlock here is version {abi}, which cannot {' nor '.join(lacking)}: "
            "that rests on seccomp alone.",
            "Linux 6.12 or newer has both.",
        )
    else:
        yield fine("sandbox.level", f"Runs are shut in (Landlock {abi}, seccomp).")
