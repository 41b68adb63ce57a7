"""Who may do what in a mission. There is always an owner."""

from dataclasses import dataclass
from datetime import datetime

from django.db import IntegrityError, transaction
from django.utils.translation import gettext as _

from missions import events, hooks
from missions.models import Membership, Mission
from missions.services.writing import publish_mission
from missions.turns import turn
from parallagon.accounts.models import User
from parallagon.core.errors import Conflict, ResourceNotFoundError, ValidationError
from parallagon.core.services import BaseService

Role = Membership.Role


class AlreadyMember(Conflict):
    """The person is a member of the mission."""

    code = "already_member"


class LastOwner(Conflict):
    """A mission cannot be without an owner."""

    code = "last_owner"


@dataclass(frozen=True, kw_only=True)
class AddMember(BaseService[Membership]):
    """Let someone who has an account take part in a mission.

    Raises (from ``execute``):
        AlreadyMember: they do; change their role instead.
    """

    operation = "missions.member.add"
    mission: Mission
    user: User
    role: str
    now: datetime

    def _validate_input(self) -> None:
        _check_role(self.role)

    def _perform(self) -> Membership:
        try:
            with turn(self.mission.pk):
                member = Membership.objects.create(
                    mission=self.mission, user=self.user, role=self.role
                )
                joined = hooks.Joined(mission=self.mission, user=self.user, now=self.now)
                for hook in hooks.on_joined:
                    hook(joined)
                publish_mission(self.mission, now=self.now)
        except IntegrityError as error:
            sentence = _("%(name)s is a member already.") % {"name": self.user.display_name()}
            raise AlreadyMember(sentence) from error
        return member


@dataclass(frozen=True, kw_only=True)
class ChangeRole(BaseService[Membership]):
    """Give a member another role.

    Raises (from ``execute``):
        LastOwner: nobody else owns the mission.
    """

    operation = "missions.member.change_role"
    member: Membership
    role: str
    now: datetime

    def _validate_input(self) -> None:
        _check_role(self.role)

    def _perform(self) -> Membership:
        with transaction.atomic():
            member = _lock(self.member)
            if self.role != Role.OWNER:
                _hand_over(member)
            member.role = self.role
            member.save(update_fields=["role"])
            publish_mission(member.mission, now=self.now)
            events.access_changed(member.mission_id)
        return member


@dataclass(frozen=True, kw_only=True)
class RemoveMember(BaseService[None]):
    """End someone's part in a mission; their sockets close, what they wrote stays theirs.

    Raises (from ``execute``):
        LastOwner: nobody else owns the mission.
    """

    operation = "missions.member.remove"
    member: Membership
    now: datetime

    def _perform(self) -> None:
        with transaction.atomic():
            member = _lock(self.member)
            _hand_over(member)
            member.delete()
            publish_mission(member.mission, now=self.now)
            events.access_changed(member.mission_id)


def _check_role(role: str) -> None:
    if role not in Role.values:
        raise ValidationError(_("There is no such role."), field="role")


def _lock(member: Membership) -> Membership:
    """Return the membership as it is now, with the mission's row, so that owners go one by one.

    Raises:
        ResourceNotFoundError: it has ended meanwhile.
    """
    Mission.objects.select_for_update(no_key=True).get(pk=member.mission_id)
    found = Membership.objects.select_related("mission", "user").filter(pk=member.pk).first()
    if found is None:
        raise ResourceNotFoundError(_("There is no such member."))
    return found


def _hand_over(member: Membership) -> None:
    """Let the mission belong to another of its owners than ``member``.

    Raises:
        LastOwner: there is none.
    """
    if member.role != Role.OWNER:
        return
    others = Membership.objects.filter(mission_id=member.mission_id, role=Role.OWNER)
    heir = others.exclude(pk=member.pk).order_by("pk").first()
    if heir is None:
        raise LastOwner(_("A mission needs an owner: make someone else one first."))
    Mission.objects.filter(pk=member.mission_id, owner_id=member.user_id).update(
        owner_id=heir.user_id
    )
