"""Who may do what: every operation that the API describes × everyone who may ask.

A new operation belongs in this table; without it the tests fail.
"""

from enum import Enum
from typing import Any

import pytest

from tests.api.world import PEOPLE, Who, World, make_world, operations

OPERATIONS = operations()
MISSING = 404


class Access(Enum):
    """For whom an operation is; to everybody else it is refused, or not there."""

    ANYBODY = PEOPLE
    PEOPLE = ("stranger", "viewer", "editor", "owner")
    MEMBERS = ("viewer", "editor", "owner")
    EDITORS = ("editor", "owner")
    OWNERS = ("owner",)
    ITS_PERSON = ("viewer",)  # whose keys, sessions and notes the world holds

    def refusal(self, who: Who) -> int:
        """Return the status with which someone is turned away."""
        if who == "anonymous":
            return 401
        is_seen = self in {Access.EDITORS, Access.OWNERS} and who != "stranger"
        return 403 if is_seen else MISSING


TABLE = {
    Access.ANYBODY: "auth_token auth_token_refresh auth_token_revoke",
    Access.PEOPLE: """
        agents_list alerts_list alerts_measures alerts_rules_create alerts_rules_list
        agents_cancel_all agents_run_all agents_start_all agents_status agents_stop_all auth_me
        auth_password auth_socket_ticket breakers_list invitations_accept keys_create keys_list
        missions_create missions_import missions_list models_list notification_channels
        notification_channels_remove notification_channels_set notification_channels_test
        notification_preferences notification_preferences_set notifications_create
        notifications_list notifications_read_all overview proposals_list runs_list search
        sessions_end_all sessions_list
    """,
    Access.ITS_PERSON: "keys_revoke notifications_read sessions_end",
    Access.MEMBERS: """
        alerts_rules_get
        agents_budget agents_config agents_retrieve agents_stability agents_transitions changes
        files_diff files_list files_provenance files_rendered files_retrieve instructions_list
        members_list missions_budget missions_costs missions_export missions_history
        missions_retrieve missions_stability prompt_versions_diff prompt_versions_list
        prompt_versions_retrieve prompts_preview prompts_retrieve
        proposals_retrieve revisions_list revisions_retrieve runs_calls runs_diff runs_log
        runs_retrieve runs_transcript runs_transcript_download
    """,
    Access.EDITORS: """
        alerts_acknowledge
        agents_cancel agents_configure agents_run agents_start agents_stop agents_update
        files_create files_move files_remove files_restore files_save instructions_create
        instructions_destroy instructions_update missions_cancel missions_load_sample
        missions_restore_to missions_run missions_start missions_stop missions_update
        prompt_versions_restore
        prompts_preview_draft prompts_update proposals_accept proposals_reject runs_cancel
        runs_revert
    """,
    Access.OWNERS: """
        agents_set_budget alerts_rules_change alerts_rules_delete alerts_rules_test
        invitations_create invitations_list invitations_revoke members_add
        members_remove members_update missions_archive missions_delete missions_reset
        missions_restore missions_set_budget
    """,
}
ACCESS = {name: access for access, names in TABLE.items() for name in names.split()}
# What has no address of its own: the mission is in the query.
QUERIES = {"changes": {"mission": "{mission_id}", "after": "0"}}
# Nobody has one of these in the world: whoever may ask is told so.
ABSENT = {"notification_channels_remove", "notification_channels_test"}


@pytest.fixture
def world(db: None, tmp_path: Any, settings: Any) -> World:
    settings.DATA_DIR = tmp_path
    return make_world()


def ask(world: World, who: Who, name: str) -> Any:
    method, path = OPERATIONS[name]
    query = {key: world.address(value) for key, value in QUERIES.get(name, {}).items()}
    return world.browser(who).generic(
        method.upper(),
        world.address(path),
        "{}" if method != "get" else "",
        content_type="application/json",
        query_params=query,
    )


def test_nothing_is_left_out() -> None:
    assert sorted(ACCESS) == sorted(OPERATIONS)


@pytest.mark.parametrize("name", OPERATIONS)
def test_is_closed_to_everybody_else(name: str, world: World) -> None:
    access = ACCESS[name]
    others: list[Who] = [who for who in PEOPLE if who not in access.value]

    answers = {who: ask(world, who, name).status_code for who in others}

    assert answers == {who: access.refusal(who) for who in others}


@pytest.mark.parametrize(
    ("name", "who"),
    [(name, who) for name in OPERATIONS for who in ACCESS.get(name, Access.PEOPLE).value],
)
def test_is_open_to_those_it_is_for(name: str, who: Who, world: World) -> None:
    """What they send may be refused for what it is, but they are not."""
    status = ask(world, who, name).status_code

    assert status < 500 or status == 503
    if who != "anonymous":  # whose bad token is refused with the status of those who have none
        assert status not in ({401, 403} if name in ABSENT else {401, 403, MISSING})
