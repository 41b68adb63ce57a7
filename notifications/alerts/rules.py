"""What people change: rules, and whether somebody has seen an alert."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from django.db import transaction
from django.utils.translation import gettext as _

from missions.models import Mission
from notifications.alerts.evaluate import link_of, put_to_rest, readings_of
from notifications.alerts.measures import measure
from notifications.alerts.wording import params_of
from notifications.models import Alert, AlertRule, Channel, Notification
from notifications.services import Notify
from parallagon.accounts.models import User
from parallagon.core.errors import Conflict, ValidationError
from parallagon.core.services import BaseService

MOST_OF_A_MISSION: Final = 20
MOST_OF_ALL: Final = 100
LONGEST_COOL_DOWN: Final = 7 * 86_400
TERMS: Final = ("comparison", "threshold", "clear_at", "window", "is_on")
"""Whoever changes one of these makes another rule of it, which begins anew."""


class TooManyRules(Conflict):
    """There are as many rules there as are looked at."""

    code = "too_many_rules"


@dataclass(frozen=True, kw_only=True)
class CreateRule(BaseService[AlertRule]):
    """Watch a measure, of the installation or of one mission.

    Raises (from ``execute``):
        UnknownMeasure: nothing is measured under that name.
        ValidationError: it cannot be watched there, or the rule makes no sense.
        TooManyRules: there are too many already.
    """

    operation = "notifications.alert_rule.create"
    user: User
    mission: Mission | None
    values: Mapping[str, Any]
    now: datetime

    def _perform(self) -> AlertRule:
        rule = AlertRule(
            mission=self.mission,
            created_by=self.user,
            created_at=self.now,
            updated_at=self.now,
            state_changed_at=self.now,
            **self.values,
        )
        check(rule)
        with transaction.atomic():
            rule.save(force_insert=True)
            most = MOST_OF_A_MISSION if self.mission else MOST_OF_ALL
            if AlertRule.objects.filter(mission=self.mission).count() > most:
                sentence = _("There may be %(most)s rules here at most.")
                raise TooManyRules(sentence % {"most": most}, most=most)
        return rule


@dataclass(frozen=True, kw_only=True)
class ChangeRule(BaseService[AlertRule]):
    """Change a rule; with other terms it begins anew, and what it had fired is over.

    Raises (from ``execute``):
        ValidationError: the rule would make no sense.
    """

    operation = "notifications.alert_rule.change"
    rule: AlertRule
    values: Mapping[str, Any]
    now: datetime

    def _perform(self) -> AlertRule:
        with transaction.atomic():
            rows = AlertRule.objects.select_related("mission")
            rule = rows.select_for_update(no_key=True, of=("self",)).get(pk=self.rule.pk)
            is_another = any(
                name in self.values and self.values[name] != getattr(rule, name) for name in TERMS
            )
            for name, value in self.values.items():
                setattr(rule, name, value)
            check(rule)
            changed = [*self.values, "updated_at", "version"]
            rule.updated_at = self.now
            rule.version = rule.version + 1
            if is_another:
                _begin_anew(rule, now=self.now)
                changed += ["state", "state_changed_at", "breached_since", "silent_since"]
                changed.append("cleared_at")
            rule.save(update_fields=changed)
        return rule


@dataclass(frozen=True, kw_only=True)
class DeleteRule(BaseService[None]):
    """Watch no more; nobody need read what it said last."""

    operation = "notifications.alert_rule.delete"
    rule: AlertRule
    now: datetime

    def _perform(self) -> None:
        with transaction.atomic():
            put_to_rest(self.rule, now=self.now)
            self.rule.delete()


@dataclass(frozen=True, kw_only=True)
class TestRule(BaseService[list[Notification]]):
    """Tell a person what the rule would say now, over the channels that it would take."""

    __test__ = False  # pytest: this is no test
    operation = "notifications.alert_rule.test"
    rule: AlertRule
    user: User
    now: datetime

    def _perform(self) -> list[Notification]:
        rule = self.rule
        reading = readings_of([rule], now=self.now)[rule.pk]
        alert = Alert(rule=rule, measure=rule.measure, value=reading.value)
        alert.params = dict(reading.params)
        return Notify(
            type="alert.fired",
            mission=rule.mission,
            params=params_of(rule, alert, is_test=True),
            to=[self.user],
            link=reading.link or link_of(rule),
            level=rule.level,
            over=rule.channels,
            now=self.now,
        ).execute()


@dataclass(frozen=True, kw_only=True)
class AcknowledgeAlert(BaseService[Alert]):
    """Say that somebody looks after it; the first who says so stays."""

    operation = "notifications.alert.acknowledge"
    alert: Alert
    user: User
    now: datetime

    def _perform(self) -> Alert:
        Alert.objects.filter(pk=self.alert.pk, acknowledged_at=None).update(
            acknowledged_at=self.now, acknowledged_by=self.user
        )
        self.alert.refresh_from_db(fields=["acknowledged_at", "acknowledged_by", "cleared_at"])
        return self.alert


def check(rule: AlertRule) -> None:
    """Refuse a rule that makes no sense.

    Raises:
        ValidationError: with the field at fault.
    """
    kind = measure(rule.measure)
    if rule.mission_id is not None and "mission" not in kind.scopes:
        raise ValidationError(_("This is measured for the installation only."), field="measure")
    _check_numbers(rule.threshold, rule.clear_at)
    if rule.clear_at is not None:
        is_above = rule.comparison == AlertRule.Comparison.ABOVE
        beyond = rule.clear_at > rule.threshold if is_above else rule.clear_at < rule.threshold
        if beyond:
            raise ValidationError(
                _("An alert must be over on the other side of its threshold."), field="clear_at"
            )
    if not 0 <= rule.cool_down <= LONGEST_COOL_DOWN:
        raise ValidationError(_("A cool-down lasts a week at most."), field="cool_down")
    if kind.is_counted and rule.window == AlertRule.Window.AT_ONCE:
        raise ValidationError(_("This is counted over a time: choose one."), field="window")
    _check_channels(rule.channels)


def _check_numbers(*numbers: float | None) -> None:
    for number in numbers:
        if number is not None and (not math.isfinite(number) or not 0 <= number <= 1e9):
            raise ValidationError(
                _("A threshold is a number from 0 to a billion."), field="threshold"
            )


def _check_channels(channels: Sequence[str]) -> None:
    for channel in channels:
        if channel not in Channel.values:
            sentence = _("There is no channel “%(channel)s”.") % {"channel": str(channel)[:40]}
            raise ValidationError(sentence, field="channels")


def _begin_anew(rule: AlertRule, *, now: datetime) -> None:
    put_to_rest(rule, now=now)
    rule.state = AlertRule.State.OK
    rule.state_changed_at = now
    rule.breached_since = rule.silent_since = rule.cleared_at = None
