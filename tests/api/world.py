"""One of everything that an address of the API can name, and people who may see more or less."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from typing import Any, Literal
from uuid import uuid4

import yaml
from django.utils import timezone
from rest_framework.test import APIClient

from agents.models import Agent, Instruction, PromptVersion
from missions.models import Invitation, Membership, Mission, Proposal
from missions.services import CreateMission
from notifications.models import Alert, AlertRule, Notification
from parallagon.accounts.models import ApiKey, SignedIn, User
from tests.agents.factories import browser, make_run
from tests.factories import make_user
from tests.installation import ROOT

Who = Literal["anonymous", "stranger", "viewer", "editor", "owner"]
PEOPLE: tuple[Who, ...] = ("anonymous", "stranger", "viewer", "editor", "owner")
METHODS = ("get", "post", "put", "patch", "delete")


def schema() -> dict[str, Any]:
    """Return what the API says of itself; another test compares it with the code."""
    described: dict[str, Any] = yaml.safe_load((ROOT / "docs/openapi.yaml").read_text("utf-8"))
    return described


def operations() -> dict[str, tuple[str, str]]:
    """Return method and path of every operation by its name."""
    return {
        operation["operationId"]: (method, path)
        for path, methods in schema()["paths"].items()
        for method, operation in methods.items()
        if method in METHODS
    }


@dataclass(frozen=True)
class World:
    """A mission whose owner, editor and viewer are known, and what its addresses are made of."""

    mission: Mission
    people: Mapping[Who, User]
    names: Mapping[str, Any]

    def browser(self, who: Who) -> APIClient:
        return APIClient() if who == "anonymous" else browser(self.people[who])

    def address(self, path: str) -> str:
        """Fill in the path of an operation.

        Raises:
            KeyError: it has a part that this world lacks: give it one in ``make_world``.
        """
        return path.format_map(self.names)


def make_world() -> World:
    """Make a mission with a team and what comes with it; keys, sessions, notes are the viewer's."""
    now = timezone.now()
    people: dict[Who, User] = {
        name: make_user(username=name) for name in PEOPLE if name != "anonymous"
    }
    mission = CreateMission(
        owner=people["owner"], title="Words", request="It must count.\n", language="en",
        model="offline/writer", now=now,
    ).execute()  # fmt: skip
    for who in ("viewer", "editor"):
        Membership.objects.create(mission=mission, user=people[who], role=who)
    guest = make_user(username="guest")
    Membership.objects.create(mission=mission, user=guest, role="viewer")
    agent = Agent.objects.get(mission=mission, role="production")
    run = make_run(agent, outcome="unchanged", model="offline/writer")
    proposal = Proposal.objects.create(
        mission=mission, role="production", run_id=uuid4(), reason="REVIEW", created_at=now
    )
    instruction = Instruction.objects.create(
        agent=agent, author=people["editor"], text="Be brief.", created_at=now
    )
    note = Notification.objects.create(
        user=people["viewer"], type="note", level="info", priority=1, seq=1, created_at=now,
        repeated_at=now,
    )  # fmt: skip
    PromptVersion.objects.create(
        agent=agent, number=1, text="Write.", author=people["editor"], created_at=now
    )
    invitation = Invitation.objects.create(
        mission=mission, role="viewer", invited_by=people["owner"], created_at=now,
        expires_at=now + timedelta(days=1),
    )  # fmt: skip
    key = ApiKey.objects.create(
        user=people["viewer"], name="tool", prefix="pk_abcdefgh", digest="0" * 64,
        scopes=["read"], created_at=now,
    )  # fmt: skip
    session = SignedIn.objects.create(
        user=people["viewer"], session_key="a" * 32, created_at=now, seen_at=now
    )
    rule = AlertRule.objects.create(
        mission=mission, measure="agents.stuck", threshold=1, created_at=now, updated_at=now,
        state_changed_at=now,
    )  # fmt: skip
    alert = Alert.objects.create(
        rule=rule, mission=mission, measure=rule.measure, level="error", value=1, fired_at=now
    )
    return World(
        mission=mission,
        people=people,
        names={
            "mission_id": mission.pk,
            "agent_id": agent.pk,
            "run_id": str(run.pk),
            "proposal_id": proposal.pk,
            "instruction_id": instruction.pk,
            "user_id": guest.pk,
            "path": "production.md",
            "number": 1,
            "channel": "email",
            "invitation_id": invitation.pk,
            "key_id": key.pk,
            "session_id": session.pk,
            "notification_id": note.pk,
            "rule_id": rule.pk,
            "alert_id": alert.pk,
        },
    )
