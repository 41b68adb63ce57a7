"""Runs and models over HTTP."""

from datetime import timedelta
from typing import Any
from uuid import uuid4

import pytest
from django.utils import timezone
from rest_framework.test import APIClient

from agents import runlog
from agents.models import Agent, AgentRun
from agents.selectors import run_directory
from missions.models import Mission
from tests.agents.factories import NOW, RUN, make_run


@pytest.fixture
def runs(mission: Mission) -> list[AgentRun]:
    """Two runs of each agent, the newest first; every other one failed."""
    made = [
        make_run(agent, queued_at=NOW + timedelta(minutes=2 * number + turn), outcome=outcome)
        for number, agent in enumerate(Agent.objects.order_by("pk"))
        for turn, outcome in enumerate(("failed", "unchanged"))
    ]
    return made[::-1]


def ids(answer: Any) -> list[str]:
    return [run["id"] for run in answer.json()["results"]]


class TestList:
    def test_shows_the_newest_first(self, http: APIClient, mission: Mission, runs: list[AgentRun]):
        answer = http.get(f"/api/v1/runs/?mission={mission.pk}")

        assert ids(answer) == [str(run.pk) for run in runs]
        body = answer.json()
        assert set(body) == {"results", "next", "previous"}
        assert all(set(run) == RUN for run in body["results"])

    def test_goes_on_by_cursor_without_missing_or_doubling(
        self, http: APIClient, mission: Mission, runs: list[AgentRun]
    ):
        answer = http.get(f"/api/v1/runs/?mission={mission.pk}&page_size=5")
        seen = ids(answer)
        while following := answer.json()["next"]:
            answer = http.get(following)
            seen += ids(answer)

        assert seen == [str(run.pk) for run in runs]

    def test_filters_by_agent_and_outcome(
        self, http: APIClient, production: Agent, runs: list[AgentRun]
    ):
        answer = http.get(f"/api/v1/runs/?agent={production.pk}&outcome=failed")

        assert ids(answer) == [
            str(run.pk) for run in runs if run.agent == production and run.outcome == "failed"
        ]

    def test_costs_the_same_for_few_and_many(
        self, http: APIClient, runs: list[AgentRun], django_assert_max_num_queries: Any
    ):
        # session, user, runs with their agents
        with django_assert_max_num_queries(3):
            answer = http.get("/api/v1/runs/")

        assert len(ids(answer)) == 12

    def test_holds_nothing_of_missions_of_others(self, stranger: APIClient, runs: list[AgentRun]):
        assert ids(stranger.get("/api/v1/runs/")) == []

    def test_of_a_mission_that_one_may_not_see_is_not_found(
        self, stranger: APIClient, mission: Mission, runs: list[AgentRun]
    ):
        assert stranger.get(f"/api/v1/runs/?mission={mission.pk}").status_code == 404

    def test_refuses_an_outcome_that_there_is_not(self, http: APIClient):
        answer = http.get("/api/v1/runs/?outcome=wonderful")

        assert answer.status_code in {400, 422}
        assert "outcome" in answer.json()["details"]


class TestOneRun:
    def test_shows_what_it_changed(self, http: APIClient, changed_run: AgentRun):
        run = http.get(f"/api/v1/runs/{changed_run.pk}/").json()

        assert set(run) == RUN
        assert (run["role"], run["outcome"], run["is_offline"]) == ("production", "changed", True)
        assert run["changes"] == [
            {"path": "production.md", "from": 1, "to": 2, "added": 1, "removed": 5}
        ]
        assert (run["input_tokens"], run["output_tokens"]) == (None, None), "unknown is not zero"

    def test_shows_what_it_was_refused(self, http: APIClient, production: Agent):
        refused = [{"path": "../x", "reason": "the name is not allowed"}]
        made = make_run(production, outcome="rejected", refused=refused)

        assert http.get(f"/api/v1/runs/{made.pk}/").json()["refused"] == refused

    def test_shows_its_log_and_bears_a_torn_line(self, http: APIClient, changed_run: AgentRun):
        log = http.get(f"/api/v1/runs/{changed_run.pk}/log").json()

        assert [(line["stream"], line["text"]) for line in log["lines"]] == [
            ("log", "Applied.\n"), ("reply", "I write.\n"),
        ]  # fmt: skip
        assert log["is_truncated"] is False

    def test_says_when_it_said_more_than_is_kept(
        self, http: APIClient, production: Agent, monkeypatch: pytest.MonkeyPatch
    ):
        monkeypatch.setattr(runlog, "LARGEST", 10)
        run = make_run(production, finished_at=timezone.now())
        log = runlog.RunLog(run, run_directory(run.pk))
        for text in ("Much.\n", "Too much.\n", "Nobody reads this.\n"):
            log.write("log", text)
        log.close()

        answer = http.get(f"/api/v1/runs/{run.pk}/log").json()

        assert "".join(line["text"] for line in answer["lines"]).startswith("Much.\n\n[the rest")
        assert answer["is_truncated"] is True

    def test_shows_an_empty_log_for_a_run_that_said_nothing(
        self, http: APIClient, production: Agent
    ):
        run = make_run(production, outcome="skipped", finished_at=timezone.now())

        log = http.get(f"/api/v1/runs/{run.pk}/log").json()

        assert log == {"lines": [], "is_truncated": False}

    def test_shows_its_diff(self, http: APIClient, changed_run: AgentRun):
        [file] = http.get(f"/api/v1/runs/{changed_run.pk}/diff").json()["files"]

        assert (file["path"], file["from"], file["to"]) == ("production.md", 1, 2)
        assert file["unified"].startswith("--- a/production.md\n+++ b/production.md\n")
        assert "\n+# Written\n" in file["unified"]

    @pytest.mark.parametrize("end", ["", "log", "diff"])
    def test_that_there_is_not(self, http: APIClient, end: str):
        answer = http.get(f"/api/v1/runs/{uuid4()}/{end}")

        assert (answer.status_code, answer.json()["code"]) == (404, "not_found")


class TestCancel:
    def test_a_queued_run(self, http: APIClient, production: Agent):
        queued = http.post(f"/api/v1/agents/{production.pk}/run").json()["last_run"]["id"]

        run = http.post(f"/api/v1/runs/{queued}/cancel").json()

        assert (run["state"], run["outcome"]) == ("FINISHED", "cancelled")

    def test_a_run_at_work_is_asked_to_end(self, http: APIClient, production: Agent):
        Agent.objects.filter(pk=production.pk).update(state="RUNNING")
        at_work = make_run(production, state="RUNNING", outcome="", finished_at=None)

        run = http.post(f"/api/v1/runs/{at_work.pk}/cancel").json()

        assert run["state"] == "RUNNING"
        at_work.refresh_from_db()
        assert at_work.is_cancel_requested

    def test_a_finished_run_is_too_late(self, http: APIClient, changed_run: AgentRun):
        answer = http.post(f"/api/v1/runs/{changed_run.pk}/cancel")

        assert (answer.status_code, answer.json()["code"]) == (409, "conflict")


class TestModels:
    def test_are_those_that_can_be_reached(self, http: APIClient):
        models = http.get("/api/v1/models/").json()

        assert set(models) == {"results", "default", "is_offline_only", "variables"}
        names = [model["name"] for model in models["results"]]
        assert "openai/gpt-4o" in names
        assert names[-1] == "offline/writer"
        assert not [name for name in names if name.startswith("mistral/")]
        assert models["is_offline_only"] is False
        assert "OPENAI_API_KEY" in models["variables"]
        assert all(
            set(model) >= {"name", "label", "provider", "is_offline", "price"}
            for model in models["results"]
        )

    def test_are_the_offline_writer_alone_without_a_key(self, http: APIClient, settings: Any):
        settings.ENVIRONMENT = {}

        models = http.get("/api/v1/models/").json()

        assert [model["name"] for model in models["results"]] == ["offline/writer"]
        assert models["is_offline_only"] is True

    def test_no_key_is_told(self, http: APIClient):
        assert "sk-" not in http.get("/api/v1/models/").content.decode()


class TestRevert:
    def test_takes_back_what_the_run_did(self, http: APIClient, changed_run: AgentRun):
        answer = http.post(f"/api/v1/runs/{changed_run.pk}/revert")

        assert answer.status_code == 200
        body = answer.json()
        assert (body["run"], body["is_preview"], body["is_changed"]) == (
            str(changed_run.pk), False, True,
        )  # fmt: skip
        (file,) = body["files"]
        assert (file["path"], file["status"], file["revision"]) == ("production.md", "reverted", 3)
        url = f"/api/v1/missions/{changed_run.mission_id}/files/production.md/revisions/"
        newest, _run, first = http.get(url).json()["results"]
        assert (newest["operation"], newest["reverts_run"]) == ("REVERT", str(changed_run.pk))
        assert newest["hash"] == first["hash"]

    def test_again_is_no_change_with_a_clear_answer(self, http: APIClient, changed_run: AgentRun):
        http.post(f"/api/v1/runs/{changed_run.pk}/revert")

        body = http.post(f"/api/v1/runs/{changed_run.pk}/revert").json()

        assert body["is_changed"] is False
        assert [file["status"] for file in body["files"]] == ["unchanged"]

    def test_shows_what_it_would_do(self, http: APIClient, changed_run: AgentRun):
        answer = http.post(
            f"/api/v1/runs/{changed_run.pk}/revert", {"preview": True}, format="json"
        )

        assert answer.json()["is_preview"] is True
        assert answer.json()["files"][0]["status"] == "reverted"
        url = f"/api/v1/missions/{changed_run.mission_id}/files/production.md"
        assert http.get(url).json()["text"] == "# Written\n"

    def test_an_overlap_is_shown_with_its_texts(self, http: APIClient, changed_run: AgentRun):
        url = f"/api/v1/missions/{changed_run.mission_id}/files/production.md"
        http.put(url, {"text": "# Written, and more\n", "base": 2}, format="json")

        answer = http.post(f"/api/v1/runs/{changed_run.pk}/revert")

        assert (answer.status_code, answer.json()["code"]) == (409, "revert_overlaps")
        details = answer.json()["details"]
        assert details["clean"] == []
        (file,) = details["files"]
        assert file["base"]["text"] == "# Written\n"
        assert file["theirs"]["text"] == "# Written, and more\n"
        assert file["mine"]["text"].startswith("# ")

    @pytest.mark.parametrize("files", [[], ["other.md"], "production.md", [7.5]])
    def test_refuses_files_that_it_cannot_take_back(
        self, http: APIClient, changed_run: AgentRun, files: Any
    ):
        answer = http.post(f"/api/v1/runs/{changed_run.pk}/revert", {"files": files}, format="json")

        assert answer.status_code == 422

    def test_one_that_changed_nothing_has_nothing(self, http: APIClient, production: Agent):
        answer = http.post(f"/api/v1/runs/{make_run(production).pk}/revert")

        assert (answer.status_code, answer.json()["code"]) == (409, "nothing_to_revert")

    def test_one_at_work_is_cancelled_instead(self, http: APIClient, production: Agent):
        run = make_run(production, state="RUNNING", outcome="", finished_at=None)

        assert http.post(f"/api/v1/runs/{run.pk}/revert").status_code == 409

    def test_is_for_those_who_may_write(
        self, viewer: APIClient, stranger: APIClient, changed_run: AgentRun
    ):
        assert viewer.post(f"/api/v1/runs/{changed_run.pk}/revert").status_code == 403
        assert stranger.post(f"/api/v1/runs/{changed_run.pk}/revert").status_code == 404
