"""What an installation watches from the beginning; whoever changes or removes a rule is obeyed."""

from typing import Any

from django.db import migrations
from django.utils import timezone

ERROR, WARNING = "error", "warning"
RULES: list[dict[str, Any]] = [
    {"measure": "processes.silent", "threshold": 1, "window": 60, "level": ERROR},
    {"measure": "disk.used", "threshold": 90, "clear_at": 88, "window": 300, "level": ERROR},
    {"measure": "agents.backlog", "threshold": 120, "clear_at": 60, "window": 60, "level": WARNING},
    {"measure": "agents.breakers", "threshold": 1, "window": 300, "level": WARNING},
    {"measure": "agents.stuck", "threshold": 1, "window": 300, "level": WARNING},
    {
        "measure": "agents.failure_rate",
        "threshold": 50,
        "clear_at": 25,
        "window": 900,
        "level": ERROR,
    },
    {"measure": "agents.errors", "threshold": 5, "clear_at": 2, "window": 300, "level": ERROR},
    {"measure": "agents.budget", "threshold": 80, "window": 0, "level": WARNING, "cool_down": 3600},
    {"measure": "agents.budget", "threshold": 100, "window": 0, "level": ERROR, "cool_down": 3600},
]


def watch(apps: Any, _editor: Any) -> None:
    rule = apps.get_model("notifications", "AlertRule")
    now = timezone.now()
    moments = {"created_at": now, "updated_at": now, "state_changed_at": now}
    rule.objects.bulk_create([rule(**{"cool_down": 900, **one, **moments}) for one in RULES])


class Migration(migrations.Migration):
    dependencies = [("notifications", "0003_alerts")]
    operations = [migrations.RunPython(watch, migrations.RunPython.noop)]
