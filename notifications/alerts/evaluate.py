"""Looking at all rules: who looks, what was found, and what follows from it."""

import logging
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from django.core.cache import cache
from django.db import transaction
from django.db.models import F, Q

from missions.models import Mission
from notifications.alerts.machine import Standing, Terms, rest, step
from notifications.alerts.measures import MEASURES, Answer, Question, Reading
from notifications.alerts.selectors import told_of, watched_rules
from notifications.alerts.wording import params_of
from notifications.models import Alert, AlertRule, AlertWatch
from notifications.services import Notify, Resolve
from parallagon.core.services import BaseService

logger = logging.getLogger(__name__)

EVERY: Final = timedelta(seconds=10)
NO_ANSWER: Final = Reading(value=None)
_VALUES: Final = "alerts:values"
State = AlertRule.State


@dataclass(frozen=True, kw_only=True)
class EvaluateAlerts(BaseService[int]):
    """Look at every rule, unless somebody did a moment ago; return how many moved.

    Any process may call it as often as it likes: one conditional update decides who looks. Each
    rule moves in a transaction of its own together with what people are told of it, so whoever is
    killed in between leaves it for the next look.
    """

    operation = "notifications.alerts.evaluate"
    log_level = logging.DEBUG
    now: datetime

    def _perform(self) -> int:
        if not _is_my_turn(self.now):
            return 0
        rules = watched_rules()
        readings = readings_of(rules, now=self.now)
        values = {rule.pk: readings[rule.pk].value for rule in rules}
        cache.set(_VALUES, values, timeout=int(6 * EVERY.total_seconds()))
        return sum(self._look(rule, readings[rule.pk]) for rule in rules)

    def _look(self, rule: AlertRule, reading: Reading) -> bool:
        try:
            return _look(rule, reading, now=self.now)
        except Exception:  # one rule must not keep the others from being looked at
            logger.exception("the rule %s could not be looked at", rule.pk)
            return False


def readings_of(rules: Iterable[AlertRule], *, now: datetime) -> dict[int, Reading]:
    """Return what each rule's measure says, by the rule's key.

    A measure is asked once, or once for each window where it counts over one.
    """
    answers: dict[tuple[str, int], Answer | None] = {}
    found = {}
    for rule in rules:
        key = (rule.measure, _span(rule))
        if key not in answers:
            answers[key] = _ask(*key, now=now)
        answer = answers[key]
        found[rule.pk] = NO_ANSWER if answer is None else answer.get(rule.mission_id, Reading())
    return found


def last_values() -> Mapping[int, float | None]:
    """Return what was found at the last look, by the rule's key; empty when nobody looks."""
    found: Mapping[int, float | None] = cache.get(_VALUES) or {}
    return found


def terms_of(rule: AlertRule) -> Terms:
    """Return what a rule asks for."""
    is_counted = rule.measure in MEASURES and MEASURES[rule.measure].is_counted
    return Terms(
        comparison=rule.comparison,
        threshold=rule.threshold,
        clear_at=rule.clear_at,
        hold=timedelta() if is_counted else timedelta(seconds=rule.window),
        cool_down=timedelta(seconds=rule.cool_down),
    )


def put_to_rest(rule: AlertRule, *, now: datetime) -> None:
    """End what a rule has fired, without a word: the rule is another one now, or is going.

    It belongs into the transaction of that change.
    """
    Alert.objects.filter(rule=rule, cleared_at=None).update(cleared_at=now)
    Resolve(type="alert.fired", dedupe_key=_key(rule), now=now).execute()


def _is_my_turn(now: datetime) -> bool:
    # One that lies ahead is of a clock that was wrong: it must not blind everybody.
    due = Q(looked_at__lte=now - EVERY) | Q(looked_at__gt=now + EVERY)
    if AlertWatch.objects.filter(due, pk=1).update(looked_at=now):
        return True
    _watch, is_first = AlertWatch.objects.get_or_create(pk=1, defaults={"looked_at": now})
    return is_first


def _span(rule: AlertRule) -> int:
    counted = rule.measure in MEASURES and MEASURES[rule.measure].is_counted
    return rule.window if counted else 0


def _ask(key: str, seconds: int, *, now: datetime) -> Answer | None:
    """Ask a measure; whatever goes wrong with one must not keep the others from being asked."""
    if key not in MEASURES:
        return None
    try:
        with transaction.atomic():  # a query that fails takes no other with it
            return MEASURES[key].read(Question(now=now, window=timedelta(seconds=seconds)))
    except Exception as error:  # noqa: BLE001, RUF100
        logger.warning("%s gives no answer: %s", key, error)
        return None


def _look(rule: AlertRule, reading: Reading, *, now: datetime) -> bool:
    before = _standing(rule)
    if _is_at_rest(rule):
        after = rest(before, now=now)
    else:
        after = step(before, reading.value, terms_of(rule), now=now)
    if after == before:
        return False
    with transaction.atomic():
        if not _move(rule, after, now=now):
            return False  # somebody changed the rule, or moved it, since it was read
        if after.state == State.FIRING != before.state:
            _fire(rule, reading, now=now)
        if before.state == State.FIRING != after.state:
            _clear(rule, reading, now=now)
    return True


def _is_at_rest(rule: AlertRule) -> bool:
    is_active = rule.mission is None or rule.mission.state == Mission.State.ACTIVE
    return not (rule.is_on and is_active)


def _standing(rule: AlertRule) -> Standing:
    return Standing(
        state=rule.state,
        breached_since=rule.breached_since,
        silent_since=rule.silent_since,
        cleared_at=rule.cleared_at,
    )


def _move(rule: AlertRule, after: Standing, *, now: datetime) -> bool:
    changed = rule.state_changed_at if after.state == rule.state else now
    return bool(
        AlertRule.objects.filter(pk=rule.pk, version=rule.version).update(
            state=after.state,
            state_changed_at=changed,
            breached_since=after.breached_since,
            silent_since=after.silent_since,
            cleared_at=after.cleared_at,
            version=F("version") + 1,
        )
    )


def _fire(rule: AlertRule, reading: Reading, *, now: datetime) -> None:
    alert = Alert.objects.create(
        rule=rule,
        mission_id=rule.mission_id,
        measure=rule.measure,
        level=rule.level,
        value=reading.value,
        params=dict(reading.params),
        link=(reading.link or link_of(rule))[:300],
        fired_at=now,
    )
    logger.warning("alert %s of the rule %s fires: %s", alert.pk, rule.pk, rule.measure)
    Notify(
        type="alert.fired",
        mission=rule.mission,
        params=params_of(rule, alert),
        dedupe_key=_key(rule),
        to=told_of(rule),
        link=alert.link,
        level=rule.level,
        over=rule.channels,
        now=now,
    ).execute()


def _clear(rule: AlertRule, reading: Reading, *, now: datetime) -> None:
    alert = Alert.objects.filter(rule=rule, cleared_at=None).first()
    if alert is None:
        return
    logger.info("alert %s of the rule %s is over", alert.pk, rule.pk)
    Notify(
        type="alert.cleared",
        mission=rule.mission,
        params={**params_of(rule, alert), "value_now": reading.value},
        dedupe_key=_key(rule),
        to=told_of(rule),
        link=alert.link,
        over=rule.channels,
        now=now,
    ).execute()
    # After it, since that takes the inboxes of all in their order.
    put_to_rest(rule, now=now)


def link_of(rule: AlertRule) -> str:
    """Return where a rule's alerts lead when the reading names no better place."""
    if rule.mission_id is not None:
        return f"/editor?mission={rule.mission_id}"
    return f"/admin/notifications/alert/?rule={rule.pk}"


def _key(rule: AlertRule) -> str:
    return f"rule {rule.pk}"
