"""The example of a new operation: what each of its hooks does."""

import logging

import pytest

from examples import count_words
from examples.count_words import CountWords, WordsNotCounted
from missions.models import Mission
from parallagon.core.errors import ValidationError
from tests.factories import make_mission

pytestmark = pytest.mark.django_db


@pytest.fixture
def mission() -> Mission:
    return make_mission(files={"demande.md": "Count these words.\n", "a.md": "And this"})


class TestCountWords:
    def test_counts_and_logs(self, mission: Mission, caplog: pytest.LogCaptureFixture) -> None:
        with caplog.at_level(logging.INFO):
            counted = CountWords(mission=mission).execute()

        assert counted == {"a.md": 2, "demande.md": 3}
        assert f"counted the words of mission {mission.pk}" in caplog.messages
        assert any(line.startswith("examples.words.count done in") for line in caplog.messages)

    def test_refuses_too_much_before_it_reads(
        self, mission: Mission, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(count_words, "current_text", None)

        with pytest.raises(ValidationError, match="2 files, more than 1") as refused:
            CountWords(mission=mission, most=1).execute()

        assert refused.value.details == {"count": 2, "mission": mission.pk}

    def test_says_what_nobody_foresaw(
        self, mission: Mission, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(count_words, "current_text", None)

        with pytest.raises(WordsNotCounted) as failed:
            CountWords(mission=mission).execute()

        assert failed.value.details == {"mission": mission.pk}
        assert isinstance(failed.value.__cause__, TypeError)
