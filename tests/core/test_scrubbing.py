"""What is taken out of everything that is written, and what is left in."""

from collections.abc import Iterator

import pytest
from hypothesis import given
from hypothesis import strategies as st

from parallagon.core import scrubbing
from parallagon.core.scrubbing import HIDDEN, learn, scrub, scrubbed
from parallagon.settings.env import Environment
from parallagon.settings.logs import hide_secrets

JWT = "eyJhbGciOiJIUzI1NiJ9.eyJ1c2VyX2lkIjoxfQ.c2lnbmF0dXJl"


@pytest.fixture
def _own_secrets() -> Iterator[None]:
    """Give back what was known before."""
    before = list(scrubbing._SPELLINGS)
    yield
    scrubbing._SPELLINGS[:] = before


class TestLooks:
    @pytest.mark.parametrize(
        ("text", "secret"),
        [
            ("the key sk-abcdefghijklmnop is refused", "abcdefghijklmnop"),
            ("Authorization: Bearer abcdefghijklmnop", "abcdefghijklmnop"),
            ("authorization: Basic YWRhOmh1bnRlcjIy", "YWRhOmh1bnRlcjIy"),
            ("a header bearer abc.def_ghi~jk", "abc.def_ghi~jk"),
            ("GET /login/?sesame=AAAAbbbbCCCC&next=/", "AAAAbbbbCCCC"),
            ('api_key="0123456789"', "0123456789"),
            ("{'password': 'hunter22'}", "hunter22"),
            ("password=hunter22", "hunter22"),
            ("Cookie: sessionid=abcdefgh1234", "abcdefgh1234"),
            (f"it sent {JWT} to us", "c2lnbmF0dXJl"),
            ("made pk_Ab3kd93kd0sk3kd93kd", "Ab3kd93kd0sk3kd93kd"),
            ("Google's AIzaSyA1234567890abcdefghijk", "SyA1234567890"),
            ("postgres://ada:hunter2@db:5432/p", "hunter2"),
            ("redis://:hunter2@cache/0", "hunter2"),
            ("-----BEGIN RSA PRIVATE KEY-----\nMIIE\n-----END RSA", "MIIE"),
        ],
    )
    def test_take_secrets_out(self, text: str, secret: str):
        assert secret not in scrub(text)
        assert HIDDEN in scrub(text)

    @pytest.mark.parametrize(
        "words",
        [
            "run 12 changed production.md +3 −1; the token count is 12",
            "risk-assessment and task-management are two things; so is a desk-organizer",
            "pk_list_of_agents holds keys",
            "see https://example.org:8000/a@b and mailto:ada@example.org",
            "the bearer of it",
            "une clé : la confiance",
        ],
    )
    def test_leave_ordinary_words_alone(self, words: str):
        assert scrub(words) == words


@pytest.mark.usefixtures("_own_secrets")
class TestValues:
    @given(
        secret=st.text(st.characters(min_codepoint=33, max_codepoint=126), min_size=16),
        before=st.text(),
        after=st.text(),
    )
    def test_that_are_known_are_nowhere(self, secret: str, before: str, after: str):
        learn([secret])

        for text in (f"{before}{secret}{after}", f"{[before, secret]!r}"):
            assert secret not in scrub(text).replace(HIDDEN, "")

    def test_that_are_words_are_hidden_by_their_look_only(self):
        learn(["postgres", "short", "", None])

        assert scrub("postgres is short") == "postgres is short"
        assert "postgres:" not in scrub("postgresql://ada:postgres@db/p").replace("//", "")

    def test_come_from_the_environment_and_files(
        self, monkeypatch: pytest.MonkeyPatch, tmp_path_factory: pytest.TempPathFactory
    ):
        file = tmp_path_factory.mktemp("secrets") / "signing"
        file.write_text("of-a-file-0123456789\n", encoding="utf-8")
        monkeypatch.setenv("JWT_SIGNING_KEY_FILE", str(file))
        monkeypatch.setenv("MISTRAL_API_KEY", "of-mistral-0123456789")
        monkeypatch.setenv("DATABASE_URL", "postgres://ada:p%40ss-0123456789@db/p")
        env = Environment()
        env.secret("JWT_SIGNING_KEY")

        hide_secrets(env, "one-more-0123456789")

        said = "of-a-file-0123456789 of-mistral-0123456789 p@ss-0123456789 one-more-0123456789"
        assert scrub(said) == " ".join([HIDDEN] * 4)


class TestScrubbed:
    def test_keeps_the_shape_and_the_numbers(self):
        value = {"ms": 1.5, "ok": True, "none": None, "list": ("sk-abcdefghijklmnop", 2)}

        assert scrubbed(value) == {"ms": 1.5, "ok": True, "none": None, "list": [HIDDEN, 2]}
