"""Take out of the ledger what never was a call: those that a budget forbade before they were made."""

from typing import Any

from django.db import migrations
from django.db.models import Count

BATCH = 500


def take_out(apps: Any, schema_editor: Any) -> None:
    alias = schema_editor.connection.alias
    runs = apps.get_model("agents", "AgentRun").objects.using(alias)
    calls = apps.get_model("agents", "ModelCall").objects.using(alias)
    # One that was broken off in the middle of its reply has the provider's status.
    refused = calls.filter(failure="over_allowance", status=None)
    counts = refused.order_by().values_list("run").annotate(Count("pk"))
    while batch := dict(counts[:BATCH]):
        changed = list(runs.filter(pk__in=batch).only("call_count", "cost"))
        for run in changed:
            run.call_count = max(0, run.call_count - batch[run.pk])
            if not run.call_count:
                run.cost = 0
        runs.bulk_update(changed, ["call_count", "cost"])
        refused.filter(run__in=batch).delete()


class Migration(migrations.Migration):
    dependencies = [("agents", "0016_origins")]
    operations = [migrations.RunPython(take_out, migrations.RunPython.noop)]
