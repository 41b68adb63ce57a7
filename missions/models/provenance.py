"""Who wrote each line, as far as it has been worked out."""

from django.db import models

from missions.models.files import Revision


class Provenance(models.Model):
    """Who wrote each line of a file as of one revision: a place to begin, not to go back further.

    There is a row now and then, not for each revision; ``missions.provenance.origins`` reads it. It
    is needed once earlier revisions are removed, and goes away with its own.
    """

    revision = models.OneToOneField(
        Revision, on_delete=models.CASCADE, primary_key=True, related_name="provenance"
    )
    data = models.BinaryField()

    def __str__(self) -> str:
        return f"provenance at {self.revision_id}"
