"""A provider's key stays in the gateway: it is in no file, no log line, no error, no report."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agents.gateway.client import Gateway
from agents.gateway.keys import HIDDEN, KeyUnreadable, Scrubber, read_key
from agents.gateway.protocol import RegistrationRefused, RunReport
from tests.gateway.gateway_provider import END, ScriptedProvider, chunk, delta, error, finish, head
from tests.gateway.gateway_run import QUICK, new_run

# With what JSON writes differently.
KEY = 'sk-canary-"quoted"\\4f1d0e6b7c'


class TestKey:
    @pytest.fixture
    def key_file(self, tmp_path: Path) -> Path:
        path = tmp_path / "key"
        path.write_text(KEY + "\n", encoding="utf-8")
        return path

    def test_is_found_nowhere_but_at_the_provider(
        self,
        key_file: Path,
        provider: ScriptedProvider,
        tmp_path: Path,
        capfd: pytest.CaptureFixture[str],
    ) -> None:
        folder = tmp_path / "runs"
        gateway = Gateway(environment={"OPENAI_API_KEY_FILE": str(key_file)}, bounds=QUICK)
        gateway.start()
        seen: list[object] = []
        reports: list[RunReport] = []
        # A provider that repeats the key wherever it can.
        for script in (
            [error(401, f"Incorrect API key: {KEY}")],
            [error(500, KEY, code=KEY)],
            [error(400, "x" * 390 + KEY)],
            [head(), chunk(delta(f"Your key is {KEY}")), chunk(finish(KEY)), END],
        ):
            provider.play(script)
            run = new_run(gateway, provider.base_url, folder)
            outcome = run.child.call(user=KEY)
            seen += [outcome.body if outcome.status == 400 else b"", run.wait_for_verdict()]
            reports.append(run.finish())
        gateway.close()

        assert provider.received[0].headers["authorization"] == f"Bearer {KEY}"
        written = [path.read_text(encoding="utf-8") for path in sorted(folder.rglob("*.jsonl"))]
        logged = capfd.readouterr()
        assert len(written) == 12
        assert HIDDEN in "".join(written)
        for text in (*written, *map(str, seen), *map(str, reports), logged.err, logged.out):
            assert "4f1d0e6b7c" not in text

    def test_that_is_missing_in_its_file_refuses_the_run(
        self, provider: ScriptedProvider, tmp_path: Path
    ) -> None:
        environment = {"OPENAI_API_KEY_FILE": str(tmp_path / "none")}
        gateway = Gateway(environment=environment, bounds=QUICK)
        gateway.start()

        with pytest.raises(RegistrationRefused, match="OPENAI_API_KEY_FILE names cannot be read"):
            new_run(gateway, provider.base_url, tmp_path)

        gateway.close()


class TestReadKey:
    def test_prefers_the_variable_to_the_file(self, tmp_path: Path) -> None:
        (tmp_path / "key").write_text("from-file", encoding="utf-8")
        environment = {"A_KEY": " direct ", "A_KEY_FILE": str(tmp_path / "key")}

        assert read_key("A_KEY", environment) == "direct"

    def test_knows_no_key_where_none_is_set(self) -> None:
        assert read_key("A_KEY", {"A_KEY": " "}) is None

    @pytest.mark.parametrize("content", ["", "two\nlines", "clé-d'accès", "nul\0byte"])
    def test_refuses_what_cannot_stand_in_a_header(self, content: str, tmp_path: Path) -> None:
        (tmp_path / "key").write_text(content, encoding="utf-8")

        with pytest.raises(KeyUnreadable, match="A_KEY_FILE"):
            read_key("A_KEY", {"A_KEY_FILE": str(tmp_path / "key")})


class TestScrubber:
    @given(
        key=st.text(st.characters(min_codepoint=33, max_codepoint=126), min_size=8),
        before=st.text(),
        after=st.text(),
    )
    def test_leaves_no_key_in_any_text(self, key: str, before: str, after: str) -> None:
        scrubber = Scrubber()
        scrubber.learn([key])

        cleaned = scrubber.clean(before + key + after)

        assert key not in cleaned.replace(HIDDEN, "")

    def test_leaves_words_that_home_servers_take_for_keys(self) -> None:
        scrubber = Scrubber()
        scrubber.learn(["none", "EMPTY", None])

        assert scrubber.clean("none is EMPTY") == "none is EMPTY"
