"""What happened before there were notifications is no news."""

from typing import Any

from django.db import migrations


def begin_now(apps: Any, _editor: Any) -> None:
    missions = apps.get_model("missions", "Mission").objects.values_list("pk", "seq")
    cursor = apps.get_model("notifications", "Cursor")
    cursor.objects.bulk_create(
        [cursor(mission_id=pk, seq=seq) for pk, seq in missions.iterator()], ignore_conflicts=True
    )


class Migration(migrations.Migration):
    dependencies = [("notifications", "0001_messages")]
    operations = [migrations.RunPython(begin_now, migrations.RunPython.noop)]
