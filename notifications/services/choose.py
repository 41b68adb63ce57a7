"""What a person wants to be told over which channel."""

from collections.abc import Mapping
from dataclasses import dataclass

from django.db import transaction
from django.utils.translation import gettext as _

from notifications.messages import CHOSEN, message_type
from notifications.models import Channel, Preference
from parallagon.accounts.models import User
from parallagon.core.errors import ValidationError
from parallagon.core.services import BaseService


@dataclass(frozen=True, kw_only=True)
class SetPreferences(BaseService[None]):
    """Keep a person's choices (type → channel → whether); what is not named stays as it was.

    Raises (from ``execute``):
        UnknownType: there is no such type.
        ValidationError: there is no such channel.
    """

    operation = "notifications.preferences.set"
    user: User
    choices: Mapping[str, Mapping[str, bool]]

    def _validate_input(self) -> None:
        for key, channels in self.choices.items():
            if message_type(key).key not in CHOSEN:
                raise ValidationError(_("About this type there is no choice."), type=key)
            for channel in channels:
                if channel not in Channel.values:
                    sentence = _("There is no channel “%(channel)s”.") % {"channel": channel[:40]}
                    raise ValidationError(sentence, channel=channel[:40])

    def _perform(self) -> None:
        rows = [
            Preference(user=self.user, type=key, channel=channel, is_on=is_on)
            for key, channels in self.choices.items()
            for channel, is_on in channels.items()
        ]
        with transaction.atomic():
            Preference.objects.bulk_create(
                rows,
                update_conflicts=True,
                unique_fields=["user", "type", "channel"],
                update_fields=["is_on"],
            )
