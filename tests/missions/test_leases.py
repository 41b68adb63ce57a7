from datetime import timedelta
from uuid import uuid4

import pytest

from missions.leases import LeaseBusy, StaleLease, check_fence, release_lease
from missions.models import Lease
from parallagon.core.errors import PermissionDeniedError
from tests.missions.conftest import NOW, Desk

LATER = NOW + timedelta(minutes=20)


class TestTakeLease:
    def test_tokens_grow(self, desk: Desk) -> None:
        first = desk.lease("production")
        second = desk.lease("suivi")

        assert second.token > first.token

    def test_a_role_is_leased_once(self, desk: Desk) -> None:
        desk.lease("production")

        with pytest.raises(LeaseBusy):
            desk.lease("production")

    @pytest.mark.parametrize("pattern", ["production/part.md", "production/**", "production.md"])
    def test_a_file_is_leased_once(self, desk: Desk, pattern: str) -> None:
        desk.lease("production")

        with pytest.raises(LeaseBusy):
            desk.lease("another", pattern)

    def test_one_that_was_given_back_is_free(self, desk: Desk) -> None:
        lease = desk.lease()

        assert release_lease(lease.run_id, now=NOW)
        desk.lease()

    def test_one_that_has_ended_is_taken_over(self, desk: Desk) -> None:
        old = desk.lease()

        new = desk.lease(now=LATER, ends_at=LATER + timedelta(minutes=1))

        assert new.token > old.token
        assert Lease.objects.get(pk=old.pk).released_at == LATER
        with pytest.raises(StaleLease):
            check_fence(desk.mission.pk, old.token, [])

    def test_a_refusal_leaves_no_trace(self, desk: Desk) -> None:
        desk.lease()

        with pytest.raises(LeaseBusy):
            desk.lease()

        assert Lease.objects.count() == 1


class TestReleaseLease:
    def test_tells_whether_there_was_one(self, desk: Desk) -> None:
        assert not release_lease(uuid4(), now=NOW)


class TestCheckFence:
    def test_returns_the_lease(self, desk: Desk) -> None:
        lease = desk.lease()

        assert check_fence(desk.mission.pk, lease.token, ["production/x.md"]) == lease

    def test_refuses_other_files(self, desk: Desk) -> None:
        lease = desk.lease()

        with pytest.raises(PermissionDeniedError, match=r"suivi\.md"):
            check_fence(desk.mission.pk, lease.token, ["suivi.md"])
