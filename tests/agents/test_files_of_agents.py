"""Which files an agent writes, watches and reads: given by hand, or followed as they move."""

from collections.abc import Sequence
from typing import Any

import pytest
from django.utils import timezone
from hypothesis import given
from hypothesis import strategies as st
from rest_framework.test import APIClient

from agents.fingerprint import files_of, fingerprint
from agents.models import Agent
from agents.roles import registry
from agents.roles.base import AgentFiles, RunContext
from agents.roles.patterns import matches
from agents.services import SetFiles
from agents.services.patterns import FilesOverlap, check_pattern
from missions.models import Mission
from missions.services import MoveFile
from parallagon.core.errors import ValidationError


def files(agent: Agent) -> AgentFiles:
    agent.refresh_from_db()
    return registry.of(agent).list_files()


def move(mission: Mission, old: str, new: str) -> None:
    MoveFile(mission=mission, user=mission.owner, path=old, to=new, now=timezone.now()).execute()


@pytest.fixture
def team(mission: Mission) -> dict[str, Agent]:
    return {agent.role: agent for agent in mission.agents.select_related("mission")}


class TestSetFiles:
    def give(self, agent: Agent, **patterns: Sequence[str]) -> AgentFiles:
        SetFiles(agent=agent, now=timezone.now(), **patterns).execute()
        return files(agent)

    def test_an_agent_has_those_of_its_role(self, production: Agent) -> None:
        assert files(production) == registry.get("production").list_files()

    def test_gives_one_list_and_leaves_the_others(self, production: Agent) -> None:
        given = self.give(production, reads=["notes/*.md", "notes/*.md"])

        role = registry.get("production").list_files()
        assert given == AgentFiles(writes=role.writes, watches=role.watches, reads=("notes/*.md",))

    def test_an_empty_list_goes_back_to_the_role(self, production: Agent) -> None:
        self.give(production, writes=["texte/**"])

        assert self.give(production, writes=[]) == registry.get("production").list_files()

    def test_refuses_what_another_agent_writes(self, production: Agent) -> None:
        for pattern in ("suivi.md", "*.md", "**"):
            with pytest.raises(FilesOverlap):
                self.give(production, writes=[pattern])

        assert files(production).writes == registry.get("production").writes

    @pytest.mark.parametrize(
        "pattern",
        ["", "/a.md", "../a.md", "a//b.md", ".git/**", "a.exe", "a", "a\n.md", "x/" * 9 + "*"],
    )
    def test_refuses_what_no_path_matches(self, production: Agent, pattern: str) -> None:
        with pytest.raises(ValidationError):
            self.give(production, watches=[pattern])

    @given(st.sampled_from(["production.md", "a/b/c.txt", "été/1.json"]), st.data())
    def test_takes_every_path_with_wildcards(self, path: str, data: Any) -> None:
        sign = data.draw(st.sampled_from(["*", "?", "**"]))
        at = data.draw(st.integers(0, path.rindex(".") - 1).filter(lambda i: path[i] != "/"))
        pattern = path[:at] + sign + path[at + 1 :]

        check_pattern(pattern)

        assert matches(pattern, path)


class TestFollowFiles:
    def test_owner_and_watchers_go_on_with_a_renamed_file(
        self, mission: Mission, team: dict[str, Agent]
    ) -> None:
        move(mission, "production.md", "rapport.md")

        assert files(team["production"]).writes == ("rapport.md", "production/**")
        assert "rapport.md" in files(team["evaluation"]).watches
        assert "rapport.md" in files(team["specifications"]).reads
        for agent in team.values():
            known = files(agent)
            assert "production.md" not in (*known.writes, *known.watches, *known.reads)

    def test_and_back_to_what_the_role_says(self, mission: Mission, team: dict[str, Agent]) -> None:
        move(mission, "production.md", "rapport.md")
        move(mission, "rapport.md", "production.md")

        for agent in team.values():
            agent.refresh_from_db()
            assert (agent.writes, agent.watches, agent.reads) == ([], [], [])

    def test_a_file_moved_among_those_of_another_is_that_ones(
        self, mission: Mission, team: dict[str, Agent]
    ) -> None:
        move(mission, "suivi.md", "production/suivi.md")

        assert files(team["suivi"]).writes == ("suivi.md",)
        assert "production/suivi.md" in files(team["management"]).reads

    def test_other_missions_stay_as_they_are(
        self, mission: Mission, team: dict[str, Agent]
    ) -> None:
        before = files(team["production"])
        move(mission, "demande.md", "request.md")

        assert files(team["production"]).writes == before.writes

    def test_a_new_name_alone_is_nothing_to_do_for_a_watcher(
        self, mission: Mission, team: dict[str, Agent]
    ) -> None:
        def seen(role: str) -> str:
            agent = team[role]
            agent.refresh_from_db()
            found = files_of(mission.pk)
            return fingerprint(agent, registry.of(agent), mission=mission, files=found)

        before = {role: seen(role) for role in ("evaluation", "suivi")}
        move(mission, "production.md", "rapport.md")

        assert seen("evaluation") == before["evaluation"]
        assert seen("suivi") != before["suivi"], "the journal tells of it"


class TestPrompt:
    def context(self, **texts: str) -> RunContext:
        return RunContext(
            mission_title="M", language="en", prompt="P", edit_format="diff", files=texts
        )

    def test_says_what_a_file_is_called_now(self, mission: Mission, team: dict[str, Agent]) -> None:
        move(mission, "production.md", "rapport.md")
        team["production"].refresh_from_db()
        role = registry.of(team["production"])

        prompt = role._build_prompt(self.context(**{"rapport.md": "x\n"}))

        assert "- renamed: `production.md` is called `rapport.md` now" in prompt
        assert "- write `rapport.md`" in prompt
        assert "production.md`" not in prompt.partition("## Files")[2]

    def test_checks_a_renamed_file_too(self, mission: Mission, team: dict[str, Agent]) -> None:
        texts = {"specifications.md": "- R1 Count.\n", "production.md": "## R1 Count\n\nDone.\n"}
        before = registry.of(team["evaluation"])._facts(self.context(**texts))
        move(mission, "production.md", "rapport.md")
        team["evaluation"].refresh_from_db()

        texts["rapport.md"] = texts.pop("production.md")
        after = registry.of(team["evaluation"])._facts(self.context(**texts))
        assert [fact.replace("rapport.md", "production.md") for fact in after] == before


class TestOverHttp:
    def test_are_read_and_written(self, http: APIClient, production: Agent) -> None:
        url = f"/api/v1/agents/{production.pk}/"

        answer = http.patch(url, {"reads": ["demande.md"]}, format="json")

        assert answer.status_code == 200
        assert http.get(url).json()["reads"] == ["demande.md"]
        assert http.get(url).json()["writes"] == ["production.md", "production/**"]

    @pytest.mark.parametrize(
        ("body", "status", "code"),
        [
            ({"writes": ["suivi.md"]}, 409, "files_overlap"),
            ({"writes": ["../x.md"]}, 422, "invalid"),
            ({"writes": "x.md"}, 422, "invalid"),
            ({"writes": [None]}, 422, "invalid"),
            ({"writes": ["a.md"] * 51}, 422, "invalid"),
        ],
    )
    def test_refuses(
        self, http: APIClient, production: Agent, body: Any, status: int, code: str
    ) -> None:
        answer = http.patch(f"/api/v1/agents/{production.pk}/", body, format="json")

        assert (answer.status_code, answer.json()["code"]) == (status, code)

    def test_are_not_a_viewers_to_change(self, viewer: APIClient, production: Agent) -> None:
        url = f"/api/v1/agents/{production.pk}/"

        assert viewer.patch(url, {"reads": []}, format="json").status_code == 403
