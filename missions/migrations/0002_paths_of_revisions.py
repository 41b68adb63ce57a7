"""A revision knows the path it was landed at, so that a file can move and keep its history."""

from typing import Any

from django.db import migrations, models
from django.db.models import OuterRef, Q, Subquery


def fill(apps: Any, schema_editor: Any) -> None:
    del schema_editor
    file_model = apps.get_model("missions", "MissionFile")
    revision = apps.get_model("missions", "Revision")
    path = file_model.objects.filter(pk=OuterRef("file_id")).values("path")[:1]
    revision.objects.filter(path="").update(path=Subquery(path))
    file_model.objects.filter(current__isnull=False, current__blob__isnull=True).update(
        is_removed=True
    )


class Migration(migrations.Migration):
    dependencies = [("missions", "0001_initial")]

    operations = [
        migrations.AddField(
            model_name="revision",
            name="path",
            field=models.CharField(
                default="", help_text="of the file as of this revision", max_length=200
            ),
            preserve_default=False,
        ),
        migrations.AddField(
            model_name="missionfile",
            name="is_removed",
            field=models.BooleanField(default=False, help_text="its last revision removed it"),
        ),
        migrations.RunPython(fill, migrations.RunPython.noop),
        migrations.AlterField(
            model_name="revision",
            name="operation",
            field=models.CharField(
                choices=[
                    ("CREATE", "created"),
                    ("WRITE", "changed"),
                    ("RESTORE", "restored"),
                    ("MOVE", "moved"),
                    ("DELETE", "removed"),
                ],
                max_length=10,
            ),
        ),
        migrations.RemoveConstraint(model_name="missionfile", name="file_once_by_case"),
        migrations.AddConstraint(
            model_name="missionfile",
            constraint=models.UniqueConstraint(
                condition=Q(is_removed=False),
                fields=("mission", "path_key"),
                name="file_once_by_case",
            ),
        ),
        migrations.AddIndex(
            model_name="missionfile",
            index=models.Index(fields=["mission", "path_key"], name="file_by_path"),
        ),
    ]
