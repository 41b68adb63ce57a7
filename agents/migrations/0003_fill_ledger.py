"""Write into each call which mission, agent and day it belongs to; the offline writer cost nothing."""

from datetime import UTC
from typing import Any

from django.db import migrations

BATCH = 500


def fill(apps: Any, schema_editor: Any) -> None:
    calls = apps.get_model("agents", "ModelCall").objects.using(schema_editor.connection.alias)
    while batch := list(calls.filter(day=None).select_related("run")[:BATCH]):
        for call in batch:
            run = call.run
            call.mission_id, call.agent_id, call.model = run.mission_id, run.agent_id, run.model
            call.day = call.started_at.astimezone(UTC).date()
            call.cost = 0 if run.model.startswith("offline/") else None
        calls.bulk_update(batch, ["mission", "agent", "model", "day", "cost"])
    runs = apps.get_model("agents", "AgentRun").objects.using(schema_editor.connection.alias)
    runs.filter(state="FINISHED", model__startswith="offline/").update(cost=0)


class Migration(migrations.Migration):
    dependencies = [("agents", "0002_money")]
    operations = [migrations.RunPython(fill, migrations.RunPython.noop)]
