"""Every attack that works against a plain Aider does nothing here; what each layer is worth."""

import os
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest

from agents.aider import sandbox
from agents.aider.engine import Engine
from agents.aider.process import ROOT
from tests.aider.aider_model import ScriptedModel
from tests.aider.attacks import ATTACKS, CANARY, Attack
from tests.aider.battlefield import (
    HANGS_SECONDS,
    WALL_SECONDS,
    Battlefield,
    Elsewhere,
    serving,
)
from tests.aider.workbench import LAYERS, workbench_engine

pytestmark = [pytest.mark.engine, pytest.mark.xdist_group("engine")]

LAYERED = [attack for attack in ATTACKS if attack.layers]
LEAKED = {"SECRET_KEY": CANARY, "BROWSER": "sh -c 'touch opened' %s"}
NO_KERNEL = "NOT PROVED HERE: this kernel has no Landlock or seccomp, so its half was not tried"


def field_of(engine: Engine, folder: Path, servers: ExitStack) -> Battlefield:
    model, elsewhere = ScriptedModel(), Elsewhere()
    servers.enter_context(serving(model))
    servers.enter_context(serving(elsewhere))
    return Battlefield(engine, model, elsewhere, folder)


@pytest.fixture(scope="module")
def real(engine: Engine, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Battlefield]:
    """Give the engine as it is, in an environment that holds secrets."""
    with ExitStack() as servers:
        yield field_of(engine, tmp_path_factory.mktemp("real"), servers)


@pytest.fixture(scope="module")
def bench(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Battlefield]:
    """Give an engine whose children take away the layers that are named."""
    with ExitStack() as stack:
        engine = stack.enter_context(workbench_engine())
        yield field_of(engine, tmp_path_factory.mktemp("bench"), stack)
        assert engine.health().restarts == 0, "a whole engine took the place of this one"


@pytest.fixture(scope="module")
def leaky_bench(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Battlefield]:
    """Give such an engine in an environment that nothing scrubbed."""
    with ExitStack() as stack:
        engine = stack.enter_context(workbench_engine(LEAKED))
        yield field_of(engine, tmp_path_factory.mktemp("leaky"), stack)
        assert engine.health().restarts == 0, "a whole engine took the place of this one"


class TestAttacks:
    @pytest.mark.parametrize("attack", ATTACKS, ids=lambda attack: attack.name)
    def test_do_no_harm_without_the_help_of_the_kernel(
        self, real: Battlefield, attack: Attack
    ) -> None:
        assert real.harm(attack, sandbox="none") == ""

    @pytest.mark.skipif(sandbox.available_level() == "none", reason=NO_KERNEL)
    @pytest.mark.parametrize("attack", ATTACKS, ids=lambda attack: attack.name)
    def test_do_no_harm_in_the_sandbox(self, real: Battlefield, attack: Attack) -> None:
        assert real.harm(attack, sandbox="landlock") == ""

    def test_are_many_and_of_every_kind(self) -> None:
        names = [attack.name for attack in ATTACKS]

        assert len(names) == len(set(names)) >= 70
        assert {attack.edit_format for attack in ATTACKS} == {"diff", "whole"}


@pytest.mark.skipif(sandbox.available_level() == "none", reason=NO_KERNEL)
class TestLayers:
    @pytest.mark.parametrize("attack", LAYERED, ids=lambda attack: attack.name)
    def test_each_alone_stops_the_attack_and_without_any_it_succeeds(
        self, bench: Battlefield, leaky_bench: Battlefield, attack: Attack
    ) -> None:
        for layer in attack.layers:
            others = tuple(other for other in attack.layers if other != layer)
            field = leaky_bench if "environment" in others else bench
            assert field.harm(attack, without=others) == "", f"{layer} alone did not stop it"

        field = leaky_bench if "environment" in attack.layers else bench
        seconds = HANGS_SECONDS if attack.hangs else WALL_SECONDS
        done = field.harm(attack, without=attack.layers, seconds=seconds)
        assert done, "nothing happened: what does it prove?"

    @pytest.mark.skipif(sandbox.landlock_abi() < 4, reason="NOT PROVED HERE: no rules for ports")
    def test_the_rule_for_ports_keeps_a_run_at_the_gateway(self, bench: Battlefield) -> None:
        visit = next(one for one in LAYERED if one.name == "an address in the message")
        without = ("preproc", "urls", "questions")

        assert bench.harm(visit, without=without) == ""
        assert bench.harm(visit, without=(*without, "ports")) == "the page /page was asked for"

    def test_are_at_least_two_for_each_attack(self) -> None:
        assert [attack.name for attack in LAYERED if len(attack.layers) < 2] == []

    def test_each_is_needed_by_an_attack(self) -> None:
        assert {layer for attack in LAYERED for layer in attack.layers} == set(LAYERS)


def table() -> str:
    """Return which layers stop which attack, as the operator's page shows it."""
    lines = [f"- **{name}**: {what}." for name, what in LAYERS.items()]
    lines += ["", "| attack | each of these alone stops it |", "|---|---|"]
    for attack in LAYERED:
        stoppers = ", ".join(name for name in LAYERS if name in attack.layers)
        lines.append(f"| {attack.name} | {stoppers} |")
    return "\n".join(lines)


class TestThePage:
    def test_shows_the_layers_that_were_proved(self) -> None:
        page = ROOT / "docs" / "security.md"
        start, end = "<!-- layers -->\n", "\n<!-- end of layers -->"
        text = page.read_text(encoding="utf-8")
        before, _, rest = text.partition(start)
        after = rest.partition(end)[2]
        if os.environ.get("WRITE_TABLES"):
            page.write_text(f"{before}{start}{table()}{end}{after}", encoding="utf-8")

        shown = page.read_text(encoding="utf-8").partition(start)[2].partition(end)[0]

        assert shown == table(), "run this test with WRITE_TABLES=1"
