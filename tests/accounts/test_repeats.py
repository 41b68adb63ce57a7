"""A request that is repeated with its key is carried out once."""

import threading
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from django.db import connection
from django.utils import timezone
from rest_framework.test import APIClient

from missions.models import Mission, MissionFile
from missions.services import CreateFile
from parallagon.accounts.models import KeptAnswer, User
from parallagon.accounts.repeats import LONGEST_AT_WORK, forget_answers
from tests.factories import make_mission, make_user

KEY = "3f2c-first"
FILE = {"path": "plan.md", "text": "# A plan\n"}


@pytest.fixture
def ada(db: None, tmp_path: Path, settings: Any) -> User:
    settings.DATA_DIR = tmp_path
    return make_user(username="ada")


@pytest.fixture
def mission(ada: User) -> Mission:
    return make_mission(owner=ada, files={"demande.md": "Write.\n"})


def ask(user: User, path: str, body: Any, key: str | None = KEY, **more: Any) -> Any:
    client = APIClient()
    client.force_login(user)
    headers = {} if key is None else {"Idempotency-Key": key}
    return client.post(path, body, headers=headers, **{"format": "json", **more})


def files_of(mission: Mission) -> str:
    return f"/api/v1/missions/{mission.pk}/files/"


class TestAgain:
    def test_gets_the_first_answer(self, ada: User, mission: Mission) -> None:
        first, again = (ask(ada, files_of(mission), FILE) for _ in "12")

        assert (first.status_code, again.status_code) == (201, 201)
        assert again.json() == first.json()
        assert again.headers["ETag"] == first.headers["ETag"]
        assert again.headers["Idempotency-Replayed"] == "true"
        assert "Idempotency-Replayed" not in first.headers
        assert MissionFile.objects.filter(mission=mission, path="plan.md").count() == 1

    def test_without_a_key_is_another_request(self, ada: User, mission: Mission) -> None:
        first, again = (ask(ada, files_of(mission), FILE, key=None) for _ in "12")

        assert (first.status_code, again.status_code) == (201, 409)
        assert not KeptAnswer.objects.exists()

    def test_makes_one_mission(self, ada: User) -> None:
        body = {"title": "Words", "request": "Count.\n", "language": "en"}

        first, again = (ask(ada, "/api/v1/missions/", body) for _ in "12")

        assert first.json()["id"] == again.json()["id"]
        assert Mission.objects.filter(title="Words").count() == 1

    def test_after_a_refusal_is_tried_anew(self, ada: User, mission: Mission) -> None:
        refused = ask(ada, files_of(mission), {"path": "demande.md", "text": ""})

        assert refused.status_code == 409
        assert not KeptAnswer.objects.exists()

    def test_after_a_day_is_another_request(self, ada: User, mission: Mission) -> None:
        ask(ada, files_of(mission), FILE)
        KeptAnswer.objects.update(created_at=timezone.now() - timedelta(hours=25))

        assert ask(ada, files_of(mission), FILE).status_code == 409
        assert forget_answers(now=timezone.now() + timedelta(hours=25)) == 0


class TestKey:
    def test_of_another_person_is_another_key(self, ada: User) -> None:
        body = {"title": "Words", "request": "Count.\n", "language": "en"}

        mine = ask(ada, "/api/v1/missions/", body)
        hers = ask(make_user(), "/api/v1/missions/", body)

        assert mine.json()["id"] != hers.json()["id"]

    @pytest.mark.parametrize(
        "other", [{"path": "plan.md", "text": "# Another\n"}, {"path": "other.md", "text": ""}]
    )
    def test_of_another_request_is_refused(
        self, ada: User, mission: Mission, other: dict[str, str]
    ) -> None:
        ask(ada, files_of(mission), FILE)

        answer = ask(ada, files_of(mission), other)

        assert (answer.status_code, answer.json()["code"]) == (422, "idempotency_key_reused")

    @pytest.mark.parametrize("key", ["", " ", "with space", "é", "x" * 201])
    def test_that_is_none_is_refused(self, ada: User, mission: Mission, key: str) -> None:
        answer = ask(ada, files_of(mission), FILE, key=key)

        assert (answer.status_code, answer.json()["code"]) == (422, "invalid")

    def test_that_is_at_work_says_so(self, ada: User, mission: Mission) -> None:
        ask(ada, files_of(mission), FILE)
        KeptAnswer.objects.update(status=None)

        assert ask(ada, files_of(mission), FILE).json()["code"] == "idempotency_in_progress"

    def test_whose_request_failed_in_an_unforeseen_way_says_that_nobody_knows(
        self, ada: User, mission: Mission, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(CreateFile, "_perform", lambda _: 1 / 0)
        assert ask(ada, files_of(mission), FILE).status_code == 500
        monkeypatch.undo()

        assert ask(ada, files_of(mission), FILE).json()["code"] == "idempotency_unknown"

    def test_whose_process_died_says_that_nobody_knows(self, ada: User, mission: Mission) -> None:
        ask(ada, files_of(mission), FILE)
        long_ago = timezone.now() - LONGEST_AT_WORK - timedelta(seconds=1)
        KeptAnswer.objects.update(status=None, created_at=long_ago)

        assert ask(ada, files_of(mission), FILE).json()["code"] == "idempotency_unknown"


@pytest.mark.django_db(transaction=True)
def test_many_at_once_are_carried_out_once(transactional_db: None, mission: Mission) -> None:
    answers: list[Any] = []
    body = {"title": "Together", "request": "Count.\n", "language": "en"}

    def send() -> None:
        answers.append(ask(mission.owner, "/api/v1/missions/", body))
        connection.close()

    threads = [threading.Thread(target=send) for _ in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert Mission.objects.filter(title="Together").count() == 1
    assert {answer.status_code for answer in answers} <= {201, 409}
    assert (
        sum("Idempotency-Replayed" not in a.headers and a.status_code == 201 for a in answers) == 1
    )
