"""Instructions, prompts and how agents work, over HTTP: shapes, effects, who may do what."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from django.utils import timezone
from rest_framework.test import APIClient

from agents.models import Agent, AgentRun, Instruction, PromptVersion
from agents.roles import registry
from agents.services import LeaveInstruction
from missions.models import Event, Mission
from missions.services import CreateMission
from parallagon.accounts.models import User
from tests.agents.factories import NOW, make_run
from tests.factories import make_user

pytestmark = pytest.mark.django_db
Ask = Callable[..., Any]


@pytest.fixture
def api(http: APIClient, production: Agent) -> Ask:
    """Ask something about the production agent, as its mission's owner."""

    def ask(method: str, path: str = "", body: Any = None) -> Any:
        address = f"/api/v1/agents/{production.pk}/{path}"
        return getattr(http, method)(address, body, format="json")

    return ask


class TestInstructions:
    def test_is_left_changed_and_taken_back(self, api: Ask, production: Agent):
        left = api("post", "instructions/", {"text": "Write in verse."})
        assert left.status_code == 201
        body = left.json()
        assert set(body) == {
            "id", "text", "author", "created_at", "changed_at", "run", "read_at",
        }  # fmt: skip
        assert (body["text"], body["author"], body["read_at"]) == ("Write in verse.", "Ada", None)

        changed = api("put", f"instructions/{body['id']}/", {"text": " Write in prose. "}).json()
        assert changed["text"] == " Write in prose. "
        assert changed["changed_at"]

        assert api("delete", f"instructions/{body['id']}/").status_code == 204
        assert api("get", "instructions/").json()["results"] == []
        assert api("delete", f"instructions/{body['id']}/").status_code == 404

    def test_what_was_read_stays_as_it_is(self, api: Ask, production: Agent):
        run = make_run(production)
        read = Instruction.objects.create(
            agent=production, text="Old.", created_at=NOW, run=run, read_at=NOW
        )
        for answer in (
            api("put", f"instructions/{read.pk}/", {"text": "New."}),
            api("delete", f"instructions/{read.pk}/"),
        ):
            assert (answer.status_code, answer.json()["code"]) == (409, "already_read")

        [shown] = api("get", "instructions/").json()["results"]
        assert (shown["text"], shown["run"]) == ("Old.", str(run.pk))
        assert api("get", "instructions/?unread=true").json()["results"] == []
        assert len(api("get", "instructions/?unread=false").json()["results"]) == 1

    @pytest.mark.parametrize("text", ["", " \n", "x" * 4001, "a\0b", 7, None, ["x"]])
    def test_refuses_what_says_nothing_or_too_much(self, api: Ask, text: Any):
        answer = api("post", "instructions/", {"text": text})

        assert answer.status_code in {400, 422}
        assert not Instruction.objects.exists()

    def test_takes_the_longest_there_may_be(self, api: Ask):
        assert api("post", "instructions/", {"text": "é" * 4000}).status_code == 201

    def test_twenty_may_wait(self, api: Ask, production: Agent, ada: User):
        for number in range(20):
            LeaveInstruction(
                agent=production, text=str(number), author=ada, now=timezone.now()
            ).execute()

        assert api("post", "instructions/", {"text": "more"}).status_code == 409

    def test_not_in_an_archived_mission(self, api: Ask, mission: Mission):
        Mission.objects.filter(pk=mission.pk).update(state="ARCHIVED")

        assert api("post", "instructions/", {"text": "Write."}).json()["code"] == "archived"

    def test_of_another_agent_is_not_found(self, api: Ask, mission: Mission, ada: User):
        other = LeaveInstruction(
            agent=Agent.objects.get(mission=mission, role="suivi"),
            text="Write.",
            author=ada,
            now=timezone.now(),
        ).execute()

        assert api("put", f"instructions/{other.pk}/", {"text": "x"}).status_code == 404
        assert api("delete", f"instructions/{other.pk}/").status_code == 404

    def test_the_list_costs_the_same_for_one_and_for_many(
        self, api: Ask, production: Agent, ada: User, django_assert_max_num_queries: Any
    ):
        for number in range(9):
            LeaveInstruction(
                agent=production, text=str(number), author=ada, now=timezone.now()
            ).execute()

        # session, user, agent with mission, instructions with authors
        with django_assert_max_num_queries(4):
            answer = api("get", "instructions/")

        assert [one["text"] for one in answer.json()["results"]] == list("876543210")


class TestPrompt:
    def test_is_the_one_that_the_role_ships(self, api: Ask):
        body = api("get", "prompt").json()

        shipped = registry.get("production").shipped_prompt("en")
        assert body == {"text": shipped, "is_shipped": True, "shipped": shipped, "version": 0}

    def test_every_text_is_a_version_and_comes_back(self, api: Ask, production: Agent):
        api("put", "prompt", {"text": "One.\n", "note": "first"})
        body = api("put", "prompt", {"text": "Two.\n", "base": 1}).json()
        assert (body["text"], body["version"], body["is_shipped"]) == ("Two.\n", 2, False)

        body = api("post", "prompt/versions/1/restore").json()
        assert (body["text"], body["version"]) == ("One.\n", 3)
        body = api("post", "prompt/versions/0/restore").json()
        assert (body["is_shipped"], body["version"]) == (True, 4)

        versions = api("get", "prompt/versions/").json()["results"]
        assert [(one["number"], one["is_shipped"]) for one in versions] == [
            (4, True), (3, False), (2, False), (1, False)
        ]  # fmt: skip
        assert [one["note"] for one in versions] == [
            "the prompt that the role ships", "version 1 again", "", "first",
        ]  # fmt: skip
        assert {one["author"] for one in versions} == {"Ada"}
        assert api("get", "prompt/versions/2/").json()["text"] == "Two.\n"
        assert api("get", "prompt/versions/4/").json()["text"] == body["shipped"]

    def test_the_same_text_is_no_version(self, api: Ask):
        api("put", "prompt", {"text": "One."})

        assert api("put", "prompt", {"text": "One."}).json()["version"] == 1
        assert PromptVersion.objects.count() == 1

    def test_tells_who_began_with_an_older_version(self, api: Ask):
        api("put", "prompt", {"text": "One."})

        answer = api("put", "prompt", {"text": "Mine.", "base": 0})

        assert (answer.status_code, answer.json()["code"]) == (409, "prompt_changed")
        assert answer.json()["details"] == {"version": 1}
        assert api("get", "prompt").json()["text"] == "One."

    def test_a_prompt_from_before_there_were_versions_is_one(self, api: Ask, production: Agent):
        Agent.objects.filter(pk=production.pk).update(prompt="Old.")

        api("put", "prompt", {"text": "New."})

        assert api("get", "prompt/versions/1/").json()["text"] == "Old."
        assert api("get", "prompt").json()["version"] == 2

    def test_compares_word_by_word(self, api: Ask):
        api("put", "prompt", {"text": "Write in long verse.\n"})
        api("put", "prompt", {"text": "Write in short verse.\n"})

        body = api("get", "prompt/versions/diff?from=1&to=2").json()

        removed, added = body["hunks"][0]["lines"]
        assert [piece["text"] for piece in removed["pieces"] if piece["kind"] == "removed"] == [
            "long"
        ]
        assert [piece["text"] for piece in added["pieces"] if piece["kind"] == "added"] == ["short"]
        assert api("get", "prompt/versions/diff?from=0&to=2").json()["hunks"]

    @pytest.mark.parametrize(
        ("method", "path"),
        [
            ("get", "prompt/versions/7/"),
            ("post", "prompt/versions/7/restore"),
            ("get", "prompt/versions/diff?from=0&to=7"),
            ("get", f"prompt/versions/{10**30}/"),
            ("post", f"prompt/versions/{10**30}/restore"),
        ],
    )
    def test_a_version_that_is_not_there(self, api: Ask, method: str, path: str):
        assert api(method, path).status_code == 404

    @pytest.mark.parametrize("text", ["x" * 20_001, "a\0b", 7, None])
    def test_refuses_what_is_no_prompt(self, api: Ask, text: Any):
        assert api("put", "prompt", {"text": text}).status_code in {400, 422}

    def test_an_empty_one_goes_back_to_what_is_shipped(self, api: Ask):
        api("put", "prompt", {"text": "One."})

        assert api("put", "prompt", {"text": " \n"}).json()["is_shipped"] is True

    def test_the_list_costs_the_same_for_one_and_for_many(
        self, api: Ask, django_assert_max_num_queries: Any
    ):
        for number in range(5):
            api("put", "prompt", {"text": f"{number}."})

        # session, user, agent with mission, versions with authors
        with django_assert_max_num_queries(4):
            answer = api("get", "prompt/versions/")

        assert len(answer.json()["results"]) == 5

    def test_a_shipped_prompt_is_read_again_once_its_file_changed(
        self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ):
        role = registry.get("production")
        monkeypatch.setattr(type(role), "prompts", tmp_path)
        (tmp_path / "en").mkdir()
        (tmp_path / "en/production.md").write_text("One.")
        assert role.shipped_prompt("en") == "One."

        (tmp_path / "en/production.md").write_text("Another.")

        assert role.shipped_prompt("en") == "Another."


class TestConfig:
    def test_tells_how_the_agent_works_and_what_its_patterns_match(
        self, api: Ask, django_assert_max_num_queries: Any
    ):
        # session, user, agent with mission, files
        with django_assert_max_num_queries(4):
            body = api("get", "config").json()

        assert (body["mode"], body["shortest"], body["longest"]) == ("autonomous", None, None)
        assert (body["effective_shortest"], body["effective_longest"]) == (20, 300)
        assert body["writes"] == ["production.md", "production/**"]
        assert body["matches"]["editable"] == ["production.md"]
        assert "demande.md" in body["matches"]["readonly"]
        assert body["matches"]["creatable"] == ["production/**"]

    def test_changes_what_is_given(self, api: Ask, production: Agent):
        api("patch", "config", {"mode": "review", "longest": 900})

        body = api("patch", "config", {"shortest": 60, "model": "offline/writer"}).json()

        assert (body["mode"], body["shortest"], body["longest"]) == ("review", 60, 900)
        assert body["model"] == "offline/writer"
        assert api("get", "").json()["mode"] == "review"
        told = Event.objects.filter(type="agent.changed", data__agent=production.pk)
        assert told.count() == 3

        assert api("patch", "config", {"shortest": None}).json()["effective_shortest"] == 20

    def test_an_agent_may_have_files_of_its_own(self, api: Ask):
        body = api("patch", "config", {"watches": ["notes/**"], "mode": "review"}).json()

        assert (body["watches"], body["mode"]) == (["notes/**"], "review")
        assert "demande.md" in body["matches"]["readonly"], "it is read as before"
        assert "specifications.md" not in body["matches"]["readonly"]

    def test_changes_all_or_nothing(self, api: Ask, production: Agent):
        given = {"watches": ["notes/**"], "shortest": 100, "longest": 50}

        assert api("patch", "config", given).status_code == 422
        assert api("get", "config").json()["watches"] != ["notes/**"]

    @pytest.mark.parametrize(
        "body",
        [
            {"mode": "wild"},
            {"shortest": 9},
            {"longest": 86_401},
            {"shortest": 100, "longest": 50},
            {"shortest": "x"},
            {"model": "nobody/knows"},
        ],
    )
    def test_refuses_what_cannot_be(self, api: Ask, production: Agent, body: Any):
        assert api("patch", "config", body).status_code == 422

        production.refresh_from_db()
        assert (production.mode, production.shortest, production.model) == ("autonomous", None, "")


class TestEverything:
    """Without a mission, the whole team of every mission that the caller may edit."""

    @pytest.fixture
    def both(self, ada: User, mission: Mission) -> list[int]:
        other = CreateMission(
            owner=ada, title="M", request="It must.\n", language="en", model="offline/writer",
            now=timezone.now(),
        ).execute()  # fmt: skip
        return [mission.pk, other.pk]

    def test_starts_stops_and_cancels(self, http: APIClient, both: list[int]):
        foreign = CreateMission(
            owner=make_user(), title="Theirs", request="It must.\n", language="en",
            model="offline/writer", now=timezone.now(),
        ).execute()  # fmt: skip
        started = http.post("/api/v1/agents/start").json()["results"]
        assert {agent["state"] for agent in started} == {"IDLE"}
        assert {agent["mission"] for agent in started} == set(both)

        http.post(f"/api/v1/agents/{started[0]['id']}/run")
        cancelled = http.post("/api/v1/agents/cancel").json()["results"]
        assert {agent["state"] for agent in cancelled} == {"IDLE"}
        assert AgentRun.objects.get().outcome == "cancelled"

        stopped = http.post("/api/v1/agents/stop").json()["results"]
        assert {agent["state"] for agent in stopped} == {"STOPPED"}
        theirs = Agent.objects.filter(mission=foreign)
        assert set(theirs.values_list("state", flat=True)) == {"STOPPED"}

    def test_leaves_archived_missions_alone(self, http: APIClient, both: list[int]):
        Mission.objects.filter(pk=both[0]).update(state="ARCHIVED")

        started = http.post("/api/v1/agents/start").json()["results"]

        assert {agent["mission"] for agent in started} == {both[1]}

    def test_a_viewer_controls_nothing(self, viewer: APIClient, mission: Mission):
        assert viewer.post("/api/v1/agents/start").json() == {"results": []}
        assert set(Agent.objects.values_list("state", flat=True)) == {"STOPPED"}

    def test_an_agent_that_is_not_at_work_has_nothing_to_cancel(self, api: Ask):
        assert api("post", "cancel").json()["code"] == "conflict"


class TestWhoMay:
    WRITES = (
        ("post", "cancel", None),
        ("patch", "config", {"mode": "review"}),
        ("post", "instructions/", {"text": "x"}),
        ("put", "instructions/{known}/", {"text": "x"}),
        ("delete", "instructions/{known}/", None),
        ("put", "prompt", {"text": "x"}),
        ("post", "prompt/versions/0/restore", None),
    )
    READS = (
        "config",
        "instructions/",
        "prompt",
        "prompt/versions/",
        "prompt/versions/1/",
        "prompt/versions/diff?from=0&to=1",
    )

    @pytest.fixture
    def answers(self, production: Agent, ada: User) -> Callable[[APIClient], tuple[Any, Any]]:
        """Ask everything as somebody; return the statuses of what reads and of what writes."""
        PromptVersion.objects.create(agent=production, number=1, text="One.", created_at=NOW)
        known = Instruction.objects.create(agent=production, text="Wait.", created_at=NOW)
        base = f"/api/v1/agents/{production.pk}/"

        def ask(client: APIClient) -> tuple[Any, Any]:
            reads = {client.get(base + path).status_code for path in self.READS}
            writes = {
                getattr(client, method)(
                    base + path.format(known=known.pk), body, format="json"
                ).status_code
                for method, path, body in self.WRITES
            }
            return reads, writes

        return ask

    def test_a_viewer_reads(self, viewer: APIClient, answers: Any):
        assert answers(viewer) == ({200}, {403})
        assert Instruction.objects.get().text == "Wait."

    def test_a_stranger_finds_nothing(self, stranger: APIClient, answers: Any):
        assert answers(stranger) == ({404}, {404})

    def test_nobody_without_signing_in(self, answers: Any):
        assert answers(APIClient()) == ({401}, {401})
