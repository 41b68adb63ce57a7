"""Missions can be deleted and searched, remember their states, and count their settings."""

import unicodedata
from typing import Any

import django.db.models.deletion
from django.conf import settings
from django.db import migrations, models
from django.db.models import Q

STATES = [("ACTIVE", "active"), ("ARCHIVED", "archived"), ("DELETED", "deleted")]


def fill(apps: Any, schema_editor: Any) -> None:
    del schema_editor
    mission_model = apps.get_model("missions", "Mission")
    for pk, title in mission_model.objects.values_list("pk", "title"):
        folded = unicodedata.normalize("NFKD", unicodedata.normalize("NFKC", title).casefold())
        key = "".join(sign for sign in folded if not unicodedata.combining(sign))[:400]
        mission_model.objects.filter(pk=pk).update(title_key=key)


class Migration(migrations.Migration):
    dependencies = [
        ("missions", "0003_sweeps"),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.AddField(
            model_name="mission",
            name="deleted_at",
            field=models.DateTimeField(editable=False, null=True),
        ),
        migrations.AddField(
            model_name="mission",
            name="title_key",
            field=models.CharField(default="", editable=False, max_length=400),
        ),
        migrations.AddField(
            model_name="mission",
            name="version",
            field=models.PositiveIntegerField(
                default=1,
                editable=False,
                help_text="grows with every change of its settings or state",
            ),
        ),
        migrations.RunPython(fill, migrations.RunPython.noop),
        migrations.AlterField(
            model_name="mission",
            name="state",
            field=models.CharField(choices=STATES, default="ACTIVE", max_length=10),
        ),
        migrations.AddIndex(
            model_name="mission",
            index=models.Index(
                condition=Q(deleted_at__isnull=False), fields=["deleted_at"], name="mission_deleted"
            ),
        ),
        migrations.AddConstraint(
            model_name="mission",
            constraint=models.UniqueConstraint(
                condition=~Q(folder=""), fields=("folder",), name="folder_once"
            ),
        ),
        migrations.CreateModel(
            name="MissionTransition",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("before", models.CharField(choices=STATES, max_length=10)),
                ("after", models.CharField(choices=STATES, max_length=10)),
                ("at", models.DateTimeField()),
                (
                    "mission",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="transitions",
                        to="missions.mission",
                    ),
                ),
                (
                    "user",
                    models.ForeignKey(
                        null=True,
                        on_delete=django.db.models.deletion.SET_NULL,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
            ],
            options={"ordering": ["-pk"]},
        ),
    ]
