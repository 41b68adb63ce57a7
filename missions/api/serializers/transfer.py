"""Archives that come and go."""

from rest_framework import serializers

from missions.api.serializers.base import Fields, Shape, TextField
from missions.api.serializers.missions import MissionSerializer
from missions.models import (
    Mission,
)


class ExportFilterSerializer(Shape):
    def get_fields(self) -> Fields:
        # A keyword of Python's cannot name an attribute.
        return {"as": serializers.ChoiceField(["zip", "archive", "git"], default="zip")}


class MissionImportSerializer(Shape):
    file = serializers.FileField(help_text="a ZIP", max_length=1000)
    title = serializers.CharField(max_length=200, required=False, help_text="else the archive's")
    language = serializers.ChoiceField(Mission.Language.choices, required=False)
    request = TextField(required=False, help_text="where the archive has no demande.md")
    model = serializers.CharField(max_length=200, required=False)
    start = serializers.BooleanField(default=False, help_text="its agents begin at once")


class SkippedSerializer(Shape):
    path = serializers.CharField()
    reason = serializers.CharField()


class ImportedSerializer(Shape):
    mission = MissionSerializer()
    skipped = SkippedSerializer(many=True, help_text="what was left out: the first 200")
    skipped_count = serializers.IntegerField()
