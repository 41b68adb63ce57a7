"""People whom a provider vouches for."""

import re
from dataclasses import dataclass
from datetime import datetime

from django.core.exceptions import ValidationError as DjangoValidationError
from django.core.validators import validate_email
from django.db import IntegrityError, transaction
from django.utils.translation import gettext as _

from parallagon.accounts.models import Identity, User
from parallagon.accounts.provider import Claims, SignInRefused
from parallagon.core.errors import Conflict
from parallagon.core.services import BaseService

LONGEST_USERNAME = 100


@dataclass(frozen=True, kw_only=True)
class RecognizePerson(BaseService[User]):
    """Return the account of whom a provider vouches for.

    Known again by what the provider calls them for good. Who comes for the first time gets the
    account with their verified e-mail address, or where ``may_create`` says so a new one.

    Raises (from ``execute``):
        SignInRefused: there is no account for them, or not for certain.
    """

    operation = "accounts.identity.recognize"
    claims: Claims
    may_create: bool
    now: datetime

    def _perform(self) -> User:
        user = self._known() or self._first_time()
        if not user.is_active:
            raise SignInRefused(_("This account is closed."))
        return user

    def _known(self) -> User | None:
        identity = (
            Identity.objects.filter(issuer=self.claims.issuer, subject=self.claims.subject)
            .select_related("user")
            .first()
        )
        return identity.user if identity else None

    def _first_time(self) -> User:
        self._require_address()
        try:
            with transaction.atomic():
                user = self._by_address() or self._create()
                identity, _is_new = Identity.objects.get_or_create(
                    issuer=self.claims.issuer,
                    subject=self.claims.subject,
                    defaults={"user": user, "created_at": self.now},
                )
        except IntegrityError as error:  # another tab of theirs was faster
            known = self._known()
            if known is None:
                raise Conflict(_("Somebody else signed in at the same moment: again.")) from error
            return known
        return identity.user

    def _require_address(self) -> None:
        if not self.claims.email_is_verified:
            raise SignInRefused(
                _("The provider does not confirm your e-mail address: confirm it there first.")
            )
        try:
            validate_email(self.claims.email)
        except DjangoValidationError as error:
            raise SignInRefused(_("The provider gives no e-mail address of yours.")) from error

    def _by_address(self) -> User | None:
        found = list(User.objects.filter(email__iexact=self.claims.email)[:2])
        if len(found) > 1:
            raise SignInRefused(_("Several accounts have your e-mail address: ask for help."))
        others = Identity.objects.exclude(subject=self.claims.subject)
        if found and others.filter(user=found[0], issuer=self.claims.issuer).exists():
            # Addresses are given to others when somebody leaves; accounts are not.
            raise SignInRefused(_("The account with your e-mail address is somebody else’s."))
        if found and not found[0].is_active:
            raise SignInRefused(_("This account is closed."))
        return found[0] if found else None

    def _create(self) -> User:
        if not self.may_create:
            raise SignInRefused(_("There is no account for you here yet: ask for one."))
        return User.objects.create_user(
            self._free_name(),
            self.claims.email,
            password=None,
            first_name=self.claims.given_name,
            last_name=self.claims.family_name,
        )

    def _free_name(self) -> str:
        wanted = self.claims.username or self.claims.email.partition("@")[0]
        name = re.sub(r"[^\w.@+-]", "", wanted)[:LONGEST_USERNAME] or "person"
        taken = set(
            User.objects.filter(username__startswith=name).values_list("username", flat=True)
        )
        numbered = (f"{name}-{number}" for number in range(2, len(taken) + 3))
        return name if name not in taken else next(one for one in numbered if one not in taken)
