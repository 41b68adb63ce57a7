"""Revisions, and what differs between two."""

from typing import Any

from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers

from missions.api.serializers.base import Fields, FileKeyField, Shape
from missions.api.serializers.files import AuthorSerializer, FileKeySerializer
from missions.authors import Author
from missions.models import (
    Revision,
)
from missions.selectors import LARGEST_ID


class RevisionSerializer(Shape):
    number = serializers.IntegerField()
    path = serializers.CharField(help_text="of the file as of this revision")
    operation = serializers.ChoiceField(Revision.Operation.choices)
    hash = serializers.CharField(source="blob_id", allow_null=True)
    size = serializers.SerializerMethodField()
    author = serializers.SerializerMethodField()
    reverts_run = serializers.UUIDField(
        allow_null=True, help_text="the run whose changes it took back"
    )
    created_at = serializers.DateTimeField()

    def get_size(self, revision: Revision) -> int:
        return revision.blob.size if revision.blob else 0

    @extend_schema_field(AuthorSerializer)
    def get_author(self, revision: Revision) -> dict[str, Any]:
        return Author.of(revision).as_data()


class RevisionTextSerializer(RevisionSerializer):
    text = serializers.CharField(help_text="empty where the revision removed the file")


class RestoreSerializer(Shape):
    revision = serializers.IntegerField(min_value=1, max_value=LARGEST_ID)
    file = FileKeyField(help_text="the file's id, where several were at the path")


class DiffFilterSerializer(FileKeySerializer):
    """Revision numbers; 0 is the time before the first."""

    to = serializers.IntegerField(min_value=0, max_value=LARGEST_ID)

    def get_fields(self) -> Fields:
        number = serializers.IntegerField(min_value=0, max_value=LARGEST_ID)
        return {"from": number, **super().get_fields()}  # a keyword of the language


class PieceSerializer(Shape):
    kind = serializers.ChoiceField(["equal", "added", "removed"])
    text = serializers.CharField()


class LineSerializer(Shape):
    kind = serializers.ChoiceField(["context", "added", "removed"])
    before = serializers.IntegerField(allow_null=True, help_text="its number in the older text")
    after = serializers.IntegerField(allow_null=True, help_text="its number in the newer text")
    pieces = PieceSerializer(many=True)
    is_ended = serializers.BooleanField(help_text="false: the last line, without a newline")


class HunkSerializer(Shape):
    lines = LineSerializer(many=True)


class DifferenceSerializer(Shape):
    """What differs between two texts: for programs, and word by word for a page."""

    unified = serializers.CharField(help_text="a unified diff; empty when nothing differs")
    hunks = HunkSerializer(many=True, help_text="the same, with the words that changed")
    is_truncated = serializers.BooleanField(help_text="there is more than `hunks` tells")


class DiffSerializer(DifferenceSerializer):
    path = serializers.CharField(help_text="of the file now")
    to = serializers.IntegerField()
    from_path = serializers.CharField(help_text="of the file as of the older revision")
    to_path = serializers.CharField(help_text="of the file as of the newer revision")

    def get_fields(self) -> Fields:
        return {"from": serializers.IntegerField(), **super().get_fields()}
