"""What an alert says, in the language of whoever reads it."""

from collections import defaultdict
from collections.abc import Mapping
from typing import Any

from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from notifications.alerts.measures import MEASURES
from notifications.models import Alert, AlertRule


def params_of(rule: AlertRule, alert: Alert, *, is_test: bool = False) -> dict[str, Any]:
    """Return what a message about an alert is kept with."""
    return {
        "rule": rule.name,
        "measure": alert.measure,
        "value": alert.value,
        "threshold": rule.threshold,
        "cause": alert.params,
        "is_test": is_test,
    }


def fill(params: Mapping[str, Any]) -> dict[str, str]:
    """Return the name and the detail that a message's words ask for, from what it is kept with."""
    if "measure" not in params:
        return {}
    key = str(params["measure"])
    name = str(params.get("rule") or label_of(key))
    if params.get("is_test"):
        name = _("%(name)s (a test)") % {"name": name}
    detail = detail_of(key, params.get("value"), params.get("cause") or {})
    if params.get("threshold") is not None:
        limit = shown(key, params["threshold"])
        detail = f"{detail} {_('The limit is %(limit)s.') % {'limit': limit}}"
    return {"name": name, "detail": detail}


def label_of(key: str) -> str:
    """Return what a measure is called; one that is gone by its key."""
    return str(MEASURES[key].label) if key in MEASURES else key


def detail_of(key: str, value: float | None, params: Mapping[str, Any]) -> str:
    """Return the cause of an alert in words."""
    if value is None or key not in MEASURES:
        return _("There was no answer when this was measured.")
    labels = MEASURES[key].labels
    given: defaultdict[str, str] = defaultdict(str)
    for name, one in params.items():
        given[name] = str(labels[name](str(one)) if name in labels else one)
    given["value"] = shown(key, value)
    return str(MEASURES[key].cause) % given


def shown(key: str, value: float) -> str:
    """Return a value with its unit."""
    number = f"{value:.1f}".removesuffix(".0")
    unit = MEASURES[key].unit if key in MEASURES else "count"
    if unit == "percent":
        return _("%(number)s %%") % {"number": number}
    if unit == "a_minute":
        return _("%(number)s a minute") % {"number": number}
    if unit == "seconds":
        return ngettext("%(number)s second", "%(number)s seconds", int(value)) % {"number": number}
    return number
