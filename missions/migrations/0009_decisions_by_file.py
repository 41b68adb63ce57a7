"""Each file of a proposal has a decision of its own."""

from typing import Any

from django.conf import settings
from django.db import migrations, models
from django.db.models import OuterRef, Subquery


def fill(apps: Any, schema_editor: Any) -> None:
    """Give the files of decided proposals their proposal's decision."""
    del schema_editor
    proposal = apps.get_model("missions", "Proposal").objects.filter(pk=OuterRef("proposal_id"))
    files = apps.get_model("missions", "ProposalFile").objects.exclude(proposal__state="OPEN")
    files.update(
        state=Subquery(proposal.values("state")[:1]),
        decided_at=Subquery(proposal.values("decided_at")[:1]),
        decided_by=Subquery(proposal.values("decided_by")[:1]),
    )


class Migration(migrations.Migration):
    dependencies = [
        ("missions", "0008_authors_from_elsewhere"),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.AlterModelOptions(
            name="proposalfile",
            options={"ordering": ["path"]},
        ),
        migrations.AddField(
            model_name="proposalfile",
            name="decided_at",
            field=models.DateTimeField(null=True),
        ),
        migrations.AddField(
            model_name="proposalfile",
            name="decided_by",
            field=models.ForeignKey(
                null=True,
                on_delete=models.SET_NULL,
                related_name="+",
                to=settings.AUTH_USER_MODEL,
            ),
        ),
        migrations.AddField(
            model_name="proposalfile",
            name="state",
            field=models.CharField(
                choices=[
                    ("OPEN", "waiting"),
                    ("ACCEPTED", "accepted"),
                    ("REJECTED", "rejected"),
                    ("EXPIRED", "expired"),
                    ("SUPERSEDED", "replaced by a newer one"),
                ],
                default="OPEN",
                max_length=10,
            ),
        ),
        migrations.AlterField(
            model_name="proposal",
            name="state",
            field=models.CharField(
                choices=[
                    ("OPEN", "waiting"),
                    ("ACCEPTED", "accepted"),
                    ("PARTLY", "accepted in part"),
                    ("REJECTED", "rejected"),
                    ("EXPIRED", "expired"),
                    ("SUPERSEDED", "replaced by a newer one"),
                ],
                default="OPEN",
                max_length=10,
            ),
        ),
        migrations.AddIndex(
            model_name="proposal",
            index=models.Index(
                condition=models.Q(("state", "OPEN")), fields=["created_at"], name="proposal_open"
            ),
        ),
        migrations.RunPython(fill, migrations.RunPython.noop),
    ]
