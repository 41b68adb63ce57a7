from datetime import timedelta
from uuid import uuid4

import pytest
from django.contrib.admin.sites import site
from django.test import Client
from django.utils import timezone
from pytest_django import DjangoAssertNumQueries

from missions import models
from missions.landing import Author, Change, land
from missions.leases import take_lease
from missions.models import Membership, Mission, Proposal, Revision
from missions.services import ArchiveMission, RestoreMission
from parallagon.accounts.models import User
from tests.factories import make_mission, make_user, write_files
from tests.missions_api.conftest import TEXT

SHOWN = [
    models.Mission,
    models.Membership,
    models.MissionTransition,
    models.MissionFile,
    models.Revision,
    models.Event,
    models.LandingRecord,
    models.Lease,
    models.Proposal,
]
EVERYONE = [model._meta.model_name for model in SHOWN]
HISTORY = [name for name in EVERYONE if name != "mission"]


@pytest.fixture
def admin(db: None) -> Client:
    client = Client()
    client.force_login(make_user(is_staff=True, is_superuser=True))
    return client


def fill(mission: Mission) -> None:
    """Give a mission one more of everything."""
    now = timezone.now()
    ArchiveMission(mission=mission, user=mission.owner, now=now).execute()
    RestoreMission(mission=mission, user=mission.owner, now=now).execute()
    write_files(mission, {f"notes/{uuid4()}.md": "x\n"})
    lease = take_lease(
        mission_id=mission.pk,
        role="production",
        run_id=uuid4(),
        patterns=["production.md"],
        now=now,
        ends_at=now + timedelta(minutes=1),
    )
    land(
        mission,
        [Change(path="production.md", text=f"{uuid4()}\n", base=1)],
        author=Author.agent("production", lease.run_id),
        now=now,
        propose=Proposal.Reason.REVIEW,
    )


@pytest.fixture
def full(mission: Mission) -> Mission:
    fill(mission)
    return mission


def test_everything_can_be_looked_at() -> None:
    assert all(site.is_registered(model) for model in SHOWN)


@pytest.mark.parametrize("name", EVERYONE)
class TestLists:
    def test_costs_the_same_however_many(
        self,
        admin: Client,
        full: Mission,
        name: str,
        django_assert_max_num_queries: DjangoAssertNumQueries,
    ) -> None:
        for _ in range(5):
            more = make_mission(owner=make_user(), files={"production.md": TEXT})
            fill(more)

        with django_assert_max_num_queries(9):  # user, filters, dates, count, rows
            assert admin.get(f"/admin/missions/{name}/").status_code == 200

    def test_can_be_searched(self, admin: Client, full: Mission, name: str) -> None:
        assert admin.get(f"/admin/missions/{name}/?q=production").status_code == 200

    def test_one_can_be_opened(self, admin: Client, full: Mission, name: str) -> None:
        model = next(model for model in SHOWN if model._meta.model_name == name)
        pk = model._default_manager.latest("pk").pk

        assert admin.get(f"/admin/missions/{name}/{pk}/change/").status_code == 200


@pytest.mark.parametrize("name", HISTORY)
class TestHistory:
    def test_is_only_read(self, admin: Client, full: Mission, name: str) -> None:
        model = next(model for model in SHOWN if model._meta.model_name == name)
        pk = model._default_manager.latest("pk").pk

        assert admin.get(f"/admin/missions/{name}/add/").status_code == 403
        assert admin.post(f"/admin/missions/{name}/{pk}/change/", {}).status_code == 403
        assert admin.post(f"/admin/missions/{name}/{pk}/delete/", {}).status_code == 403


@pytest.mark.parametrize("name", ["revision", "proposal"])
class TestFilters:
    def test_by_mission(self, admin: Client, full: Mission, name: str) -> None:
        other = make_mission(owner=make_user(), files={"production.md": TEXT}, title="Elsewhere")
        fill(other)

        page = admin.get(f"/admin/missions/{name}/?mission={other.pk}")

        model = models.Revision if name == "revision" else Proposal
        lookup = {"file__mission": other} if name == "revision" else {"mission": other}
        assert page.context["cl"].result_count == model.objects.filter(**lookup).count() > 0

    @pytest.mark.parametrize("value", ["x", "0", "9" * 40])
    def test_by_no_mission_is_empty(
        self, admin: Client, full: Mission, name: str, value: str
    ) -> None:
        page = admin.get(f"/admin/missions/{name}/?mission={value}")

        assert page.status_code == 200
        assert page.context["cl"].result_count == 0

    def test_leads_to_the_mission_and_what_the_run_wrote(
        self, admin: Client, full: Mission, name: str
    ) -> None:
        run = Proposal.objects.get().run_id
        change = Change(path="notes/run.md", text="x\n")
        land(full, [change], author=Author.agent("production", run), now=timezone.now())

        page = admin.get(f"/admin/missions/{name}/").content.decode()

        assert f"/admin/missions/mission/{full.pk}/change/" in page
        address = f"/admin/missions/revision/?q={run}"
        assert address in page
        assert admin.get(address).context["cl"].result_count == 1

    def test_by_state_role_and_kind_of_author(
        self, admin: Client, full: Mission, name: str
    ) -> None:
        query = "author_kind__exact=system" if name == "revision" else "state__exact=OPEN"

        page = admin.get(f"/admin/missions/{name}/?{query}")

        assert page.context["cl"].result_count > 0
        assert admin.get(f"/admin/missions/{name}/?role=none").context["cl"].result_count == 0

    def test_by_path(self, admin: Client, full: Mission, name: str) -> None:
        found = admin.get(f"/admin/missions/{name}/?q=production.md").context["cl"].result_count

        assert found == 1
        assert admin.get(f"/admin/missions/{name}/?q=nowhere.md").context["cl"].result_count == 0


class TestRevision:
    def test_shows_its_text_escaped(self, admin: Client, mission: Mission) -> None:
        write_files(mission, {"evil.md": "<script>alert(1)</script>\n"})
        revision = Revision.objects.get(file__path="evil.md")

        page = admin.get(f"/admin/missions/revision/{revision.pk}/change/").content.decode()

        assert "&lt;script&gt;alert(1)&lt;/script&gt;" in page
        assert "<script>alert(1)" not in page

    def test_shows_the_beginning_of_a_long_text(self, admin: Client, mission: Mission) -> None:
        write_files(mission, {"long.md": "word\n" * 10_000 + "the end\n"})
        revision = Revision.objects.get(file__path="long.md")

        page = admin.get(f"/admin/missions/revision/{revision.pk}/change/").content.decode()

        assert "word" in page
        assert "the end" not in page


class TestMission:
    def act(self, admin: Client, action: str, mission: Mission) -> str:
        wanted = {"action": action, "_selected_action": [mission.pk]}
        page = admin.post("/admin/missions/mission/", wanted, follow=True).content.decode()
        mission.refresh_from_db()
        return page

    def test_goes_through_its_states_by_the_operations(
        self, admin: Client, mission: Mission
    ) -> None:
        for action in ("archive", "put_in_the_bin", "restore", "restore"):
            self.act(admin, action, mission)

        steps = mission.transitions.order_by("pk").values_list("after", flat=True)
        assert list(steps) == ["ARCHIVED", "DELETED", "ARCHIVED", "ACTIVE"]

    def test_says_what_cannot_be_done(self, admin: Client, mission: Mission) -> None:
        assert "This mission is active already." in self.act(admin, "restore", mission)

    def form(self, mission: Mission, *members: dict[str, object], **more: str) -> dict[str, object]:
        known = Membership.objects.filter(mission=mission).count()
        data: dict[str, object] = {
            "title": mission.title,
            "model": mission.model,
            "memberships-TOTAL_FORMS": len(members),
            "memberships-INITIAL_FORMS": known,
            "transitions-TOTAL_FORMS": 0,
            "transitions-INITIAL_FORMS": 0,
        }
        for number, member in enumerate(members):
            for name, value in {"mission": mission.pk, **member}.items():
                data[f"memberships-{number}-{name}"] = value
        return {**data, **more}

    def test_its_members_and_title_are_changed_by_the_operations(
        self, admin: Client, mission: Mission, stranger: User
    ) -> None:
        mine = Membership.objects.get(mission=mission)
        members = (
            {"id": mine.pk, "user": mine.user_id, "role": "owner"},
            {"user": stranger.pk, "role": "editor"},
        )

        admin.post(
            f"/admin/missions/mission/{mission.pk}/change/",
            self.form(mission, *members, title="New"),
        )

        mission.refresh_from_db()
        assert (mission.title, mission.version) == ("New", 2)
        assert Membership.objects.get(mission=mission, user=stranger).role == "editor"
        assert mission.events.filter(type="mission.changed").count() == 2

    def test_the_last_owner_stays(self, admin: Client, mission: Mission) -> None:
        mine = Membership.objects.get(mission=mission)
        gone = {"id": mine.pk, "user": mine.user_id, "role": "owner", "DELETE": "on"}

        page = admin.post(
            f"/admin/missions/mission/{mission.pk}/change/", self.form(mission, gone), follow=True
        )

        assert "A mission needs an owner" in page.content.decode()
        assert Membership.objects.filter(mission=mission).count() == 1


def test_others_stay_out(owner: User, mission: Mission) -> None:
    client = Client()
    client.force_login(owner)

    assert client.get("/admin/missions/mission/").status_code == 302
