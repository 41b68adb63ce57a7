"""Inviting people to a mission, by link or by e-mail."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from django.conf import settings
from django.core.mail import send_mail
from django.db import transaction
from django.urls import reverse
from django.utils import translation
from django.utils.translation import gettext as _

from missions import selectors
from missions.models import Invitation, Membership, Mission
from missions.services.members import AddMember
from parallagon.accounts.models import User
from parallagon.accounts.secrets import digest, new_secret
from parallagon.core.errors import DependencyUnavailable, Gone, ValidationError
from parallagon.core.services import BaseService


class InvitationOver(Gone):
    """The invitation was accepted, revoked, or is too old."""

    code = "invitation_over"


class MailUnavailable(DependencyUnavailable):
    """The mail server does not take the message."""

    code = "mail_unavailable"


@dataclass(frozen=True, kw_only=True)
class MadeInvitation:
    """An invitation, and the secret that nobody can read again; none for one that is mailed."""

    invitation: Invitation
    secret: str | None


@dataclass(frozen=True, kw_only=True)
class InviteMember(BaseService[MadeInvitation]):
    """Keep a place in a mission for someone, who may have no account yet."""

    operation = "missions.invitation.make"
    mission: Mission
    invited_by: User
    role: str
    email: str = ""
    base: str = ""
    now: datetime

    def _validate_input(self) -> None:
        if self.role not in Membership.Role.values:
            raise ValidationError(_("There is no such role."), field="role")

    def _perform(self) -> MadeInvitation:
        secret = None if self.email else new_secret()
        invitation = Invitation.objects.create(
            mission=self.mission,
            invited_by=self.invited_by,
            role=self.role,
            email=self.email,
            base=self.base,
            digest=digest(secret) if secret else None,
            created_at=self.now,
            expires_at=self.now + timedelta(days=settings.PARALLAGON_INVITATION_DAYS),
        )
        return MadeInvitation(invitation=invitation, secret=secret)


@dataclass(frozen=True, kw_only=True)
class SendInvitation(BaseService[bool]):
    """Mail an invitation, once; return whether there was something to send.

    Whoever moves ``tried_at`` sends it, so two workers send one message. The secret is made here:
    another try makes another, and only the one that left is good.

    Raises (from ``execute``):
        MailUnavailable: it is tried again later.
    """

    operation = "missions.invitation.send"
    invitation: Invitation
    now: datetime

    def _perform(self) -> bool:
        secret = new_secret()
        mine = Invitation.objects.to_send(self.now).filter(pk=self.invitation.pk)
        if not mine.update(tried_at=self.now, digest=digest(secret)):
            return False
        self._mail(self.invitation, secret)
        Invitation.objects.filter(pk=self.invitation.pk).update(sent_at=self.now)
        return True

    def _mail(self, invitation: Invitation, secret: str) -> None:
        facts = {
            "name": invitation.invited_by.display_name(),
            "mission": " ".join(invitation.mission.title.split()),
            "link": invitation_link(invitation.base, secret),
            "days": settings.PARALLAGON_INVITATION_DAYS,
        }
        with translation.override(invitation.invited_by.language or settings.LANGUAGE_CODE):
            subject = _("%(name)s invites you to “%(mission)s”") % facts
            body = (
                _(
                    "%(name)s invites you to work on “%(mission)s” in Parallagon.\n\n"
                    "Open this address to accept; it works once, for %(days)s days:\n\n%(link)s\n"
                )
                % facts
            )
        try:
            send_mail(subject, body, None, [invitation.email])
        except OSError as error:
            raise MailUnavailable(_("The mail server does not take messages now.")) from error


@dataclass(frozen=True, kw_only=True)
class AcceptInvitation(BaseService[Membership]):
    """Take the place that an invitation keeps; of two who try, one gets it.

    Raises (from ``execute``):
        InvitationOver: somebody took it, it was taken back, or it is too old.
        AlreadyMember: the person has a place, and the invitation stays good for another.
    """

    operation = "missions.invitation.accept"
    secret: str
    user: User
    now: datetime

    def _perform(self) -> Membership:
        invitation = selectors.invitation(secret=self.secret)
        with transaction.atomic():
            mine = Invitation.objects.open(self.now).filter(pk=invitation.pk)
            if not mine.update(accepted_at=self.now, accepted_by=self.user):
                raise InvitationOver(_("This invitation is no longer good: ask for another."))
            return AddMember(
                mission=invitation.mission, user=self.user, role=invitation.role, now=self.now
            ).execute()


@dataclass(frozen=True, kw_only=True)
class RevokeInvitation(BaseService[None]):
    """Take an invitation back; once more does no harm."""

    operation = "missions.invitation.revoke"
    invitation: Invitation
    now: datetime

    def _perform(self) -> None:
        mine = Invitation.objects.filter(pk=self.invitation.pk, accepted_at=None, revoked_at=None)
        mine.update(revoked_at=self.now)


def invitation_link(base: str, secret: str) -> str:
    """Return the address at which an invitation is accepted; never log it."""
    return base.rstrip("/") + reverse("frontend:invitation", args=[secret])
