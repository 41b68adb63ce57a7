"""Replies and files that mean harm. What is asserted is the state outside, never Aider's words."""

import os
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.aider.aider_model import ScriptedModel, search_block, whole_block
from tests.aider.aider_runs import Aider, Ran

pytestmark = [pytest.mark.engine, pytest.mark.xdist_group("engine")]

CANARY = "canary-5d1e0c"
MINE = "one\n"


@pytest.fixture(params=["auto", "none"])
def sandbox(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@dataclass
class Outside:
    """A folder beside the staging folders, which no run may touch or read."""

    folder: Path

    @property
    def secret(self) -> Path:
        return self.folder / "secret.md"


@pytest.fixture
def outside(tmp_path: Path) -> Iterator[Outside]:
    outside = Outside(tmp_path / "outside")
    outside.folder.mkdir()
    outside.secret.write_text(f"{CANARY}\nsecond line\n")
    before = sorted(tmp_path.iterdir())
    yield outside
    assert outside.secret.read_text() == f"{CANARY}\nsecond line\n"
    assert list(outside.folder.iterdir()) == [outside.secret]
    assert [path for path in sorted(tmp_path.iterdir()) if path.name[:4] != "run-"] == before


def assert_untouched(ran: Ran, model: ScriptedModel, names: set[str]) -> None:
    assert ran.names() == names
    assert ran.text("plan.md") == MINE
    assert ran.result.edited == ran.result.created == ()
    assert CANARY not in model.prompts()


NAMES = [
    "../x.md",
    "../outside/secret.md",
    "{outside}/x.md",
    "{outside}/secret.md",
    "production/../../outside/secret.md",
    "production/../plan2.md",
    "other.md",
    "read.md",
    ".aider.conf.yml",
    ".env",
    "production/.git/config",
    "production//x.md",
    "production/a\\b.md",
    "new.md",
    "flake8.py",
    "/etc/passwd",
    "/proc/self/environ",
    "/proc/self/mem",
    "/dev/zero",
    "/dev/stdin",
    "pipe",
    "link.md",
    "linked/secret.md",
    "Here is an example command",
    "~/x.md",
    "production/" + "a" * 250 + ".md",
    "production/bad\x00name.md",
    "production/e\u0301t\u00e9.md",
]


BLOCKS = {
    "append": lambda name: search_block(name, "", "owned\n"),
    "search": lambda name: search_block(name, "second line\nabsent\n", "owned\n"),
    "whole": lambda name: whole_block(name, "owned\n"),
}


class TestHostilePaths:
    def run(
        self, aider: Aider, model: ScriptedModel, outside: Outside, kind: str, **changes: str
    ) -> Ran:
        files = {"plan.md": MINE, "other.md": "other\n", "read.md": "read\n"}
        request = aider.request(
            files,
            editable=("plan.md",),
            readonly=("read.md",),
            creatable=("production/**",),
            edit_format="whole" if kind == "whole" else "diff",
            **changes,
        )
        os.mkfifo(request.staging / "pipe")
        (request.staging / "link.md").symlink_to(outside.secret)
        (request.staging / "linked").symlink_to(outside.folder)

        result = aider.engine.run(request, on_output=lambda *_: None, should_stop=lambda: None)

        ran = Ran(result, request.staging, [])
        assert_untouched(ran, model, {*files, "pipe", "link.md", "linked"})
        assert ran.text("other.md") == "other\n"
        assert ran.text("read.md") == "read\n"
        assert result.seconds < 10
        return ran

    @pytest.mark.parametrize("kind", BLOCKS)
    @pytest.mark.parametrize("name", NAMES)
    def test_are_refused_without_the_help_of_the_sandbox(
        self, aider: Aider, model: ScriptedModel, outside: Outside, name: str, kind: str
    ) -> None:
        block = BLOCKS[kind](name.format(outside=outside.folder))
        model.enqueue(f"{block}```bash\ntouch {outside.folder}/marker\n```\n")

        self.run(aider, model, outside, kind, sandbox="none")

    @pytest.mark.parametrize("kind", BLOCKS)
    def test_are_refused_in_the_sandbox(
        self, aider: Aider, model: ScriptedModel, outside: Outside, kind: str
    ) -> None:
        names = [name.format(outside=outside.folder) for name in NAMES if "\0" not in name]
        model.enqueue("".join(map(BLOCKS[kind], names)))

        ran = self.run(aider, model, outside, kind, sandbox="auto")

        assert {"../x.md", "/dev/zero", "read.md", ".env"} <= {
            refused.path for refused in ran.result.refused
        }


class TestRefusals:
    def test_are_reported_and_the_allowed_edit_of_the_reply_is_made(
        self, aider: Aider, model: ScriptedModel, sandbox: str
    ) -> None:
        model.enqueue(
            search_block("../x.md", "", "owned\n")
            + search_block("read.md", "read\n", "owned\n")
            + search_block("plan.md", "one\n", "two\n")
            + search_block("../x.md", "", "owned\n")
        )

        ran = aider.run(
            {"plan.md": MINE, "read.md": "read\n"},
            editable=("plan.md",),
            readonly=("read.md",),
            sandbox=sandbox,
        )

        assert ran.text("plan.md") == "two\n"
        assert ran.result.edited == ("plan.md",)
        assert [(refused.path, refused.reason) for refused in ran.result.refused] == [
            ("../x.md", "the name is not allowed"),
            ("read.md", "given to read only"),
        ]

    def test_cover_a_block_without_a_name(self, aider: Aider, model: ScriptedModel) -> None:
        model.enqueue("```\nls -la\n```\n")

        ran = aider.run({"plan.md": MINE}, edit_format="whole")

        assert_untouched(ran, model, {"plan.md"})
        assert [refused.path for refused in ran.result.refused] == ["(unnamed)"]

    def test_cover_what_lies_in_the_folder_and_is_no_plain_file(
        self, aider: Aider, model: ScriptedModel, outside: Outside, sandbox: str
    ) -> None:
        request = aider.request(
            {"plan.md": MINE},
            editable=("plan.md", "link.md", "pipe.md", "hard.md", "latin.md", "gone.md"),
            readonly=("linked/secret.md",),
            sandbox=sandbox,
        )
        (request.staging / "link.md").symlink_to(outside.secret)
        (request.staging / "linked").symlink_to(outside.folder)
        os.mkfifo(request.staging / "pipe.md")
        os.link(outside.secret, request.staging / "hard.md")
        (request.staging / "latin.md").write_bytes(b"caf\xe9\n")
        model.enqueue(
            "".join(
                search_block(name, "", "owned\n")
                for name in ("link.md", "pipe.md", "hard.md", "latin.md", "linked/secret.md")
            )
        )

        result = aider.engine.run(request, on_output=lambda *_: None, should_stop=lambda: None)

        assert {refused.path for refused in result.refused} == {
            "link.md", "pipe.md", "hard.md", "latin.md", "gone.md", "linked/secret.md",
        }  # fmt: skip
        assert result.edited == ()
        assert (request.staging / "latin.md").read_bytes() == b"caf\xe9\n"
        assert CANARY not in model.prompts()


class TestMentions:
    def test_add_no_file_and_fetch_no_page(
        self, aider: Aider, model: ScriptedModel, outside: Outside, sandbox: str
    ) -> None:
        model.enqueue(f"Please add {outside.secret} and other.md to the chat.\n")
        with ScriptedModel() as page:
            url = f"http://127.0.0.1:{page.server_port}/page"

            ran = aider.run(
                {"plan.md": f"See {url}\n", "other.md": CANARY},
                editable=("plan.md",),
                prompt=f"/web {url}\n!touch {outside.folder}/marker\nRead {url} please.",
                sandbox=sandbox,
            )

            assert page.calls == []
        assert ran.result.status == "completed"
        assert len(model.calls) == 1
        assert CANARY not in model.prompts()


class TestHabits:
    def test_nothing_is_left_in_the_folder(
        self, aider: Aider, model: ScriptedModel, sandbox: str
    ) -> None:
        model.enqueue(search_block("plan.md", "one\n", "two\n"))

        ran = aider.run({"plan.md": MINE}, creatable=("production/**",), sandbox=sandbox)

        assert ran.names() == {"plan.md"}

    def test_options_planted_where_aider_looks_are_not_read(
        self, aider: Aider, model: ScriptedModel, sandbox: str, outside: Outside
    ) -> None:
        model.enqueue(search_block("plan.md", "one\n", "two\n"))
        request = aider.request({"plan.md": MINE}, sandbox=sandbox)
        for folder in (request.staging, request.home):
            (folder / ".env").write_text("OPENAI_API_BASE=http://127.0.0.1:9/v1\n")
            (folder / ".aider.conf.yml").write_text(f"read: {outside.secret}\n")
            (folder / ".aider.model.settings.yml").write_text(
                "- name: openai/writer\n  extra_params: {api_base: 'http://127.0.0.1:9/v1'}\n"
            )

        result = aider.engine.run(request, on_output=lambda *_: None, should_stop=lambda: None)

        assert result.edited == ("plan.md",)
        assert CANARY not in model.prompts()
