"""Files as they are now."""

from typing import Any

from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers

from missions import standard
from missions.api.serializers.base import FileKeyField, Shape, TextField
from missions.authors import Author
from missions.models import (
    Revision,
)
from missions.selectors import LARGEST_ID
from parallagon.core.api import PageSerializer


class AuthorSerializer(Shape):
    kind = serializers.ChoiceField(Revision.AuthorKind.choices)
    name = serializers.CharField()
    role = serializers.CharField(allow_null=True)
    run = serializers.UUIDField(allow_null=True)


class RemovalSerializer(Shape):
    at = serializers.DateTimeField()
    author = AuthorSerializer()


class FileSerializer(Shape):
    """A file as of one revision, whose ``file``, ``blob`` and ``user`` are loaded.

    Of a removed file it is the last one with a text; ``file.current`` removed it.
    """

    id = serializers.IntegerField(source="file_id", help_text="stays when the file moves")
    path = serializers.CharField(source="file.path")
    label = serializers.SerializerMethodField()  # type: ignore[assignment] # the base has a hint of this name
    role = serializers.SerializerMethodField(help_text="whose document it is; “request” is no role")
    revision = serializers.IntegerField(source="number")
    hash = serializers.CharField(source="blob_id", help_text="SHA-256 of the bytes")
    size = serializers.IntegerField(source="blob.size", help_text="bytes")
    author = serializers.SerializerMethodField()
    updated_at = serializers.DateTimeField(source="created_at")
    removed = serializers.SerializerMethodField(help_text="who removed the file, and when")

    @extend_schema_field(RemovalSerializer(allow_null=True))
    def get_removed(self, revision: Revision) -> dict[str, Any] | None:
        removal = revision.file.current if revision.file.is_removed else None
        if removal is None:
            return None
        return {"at": removal.created_at, "author": Author.of(removal).as_data()}

    def get_label(self, revision: Revision) -> str:
        return standard.label_of(revision.file.path)

    def get_role(self, revision: Revision) -> str | None:
        return standard.role_of(revision.file.path)

    @extend_schema_field(AuthorSerializer)
    def get_author(self, revision: Revision) -> dict[str, Any]:
        return Author.of(revision).as_data()


class FileTextSerializer(FileSerializer):
    text = serializers.CharField()


class SavedFileSerializer(FileTextSerializer):
    is_merged = serializers.BooleanField(help_text="others had written: the text is not as sent")


class FilePageSerializer(PageSerializer):
    results = FileSerializer(many=True)


class FileFilterSerializer(Shape):
    removed = serializers.BooleanField(default=False, help_text="those that were removed instead")


class FileKeySerializer(Shape):
    file = FileKeyField(help_text="the file's id, where several were at the path")


class FileMoveSerializer(Shape):
    """``path`` is where the file, or the folder, is to be."""

    path = serializers.CharField(max_length=1000, trim_whitespace=False)
    allow_invalid = serializers.BooleanField(
        default=False, help_text="keep a text that is not well-formed in its new format"
    )


class FileCreateSerializer(Shape):
    path = serializers.CharField(max_length=1000, trim_whitespace=False)
    text = TextField()
    allow_invalid = serializers.BooleanField(default=False)


class FileSaveSerializer(Shape):
    """``base`` is the revision that the person began with; ``null`` creates the file."""

    text = TextField()
    base = serializers.IntegerField(min_value=1, max_value=LARGEST_ID, allow_null=True)
    file = FileKeyField(help_text="the file's id: it is saved where it is now, if it has moved")
    allow_invalid = serializers.BooleanField(
        default=False, help_text="keep a text that is not well-formed in its format"
    )
