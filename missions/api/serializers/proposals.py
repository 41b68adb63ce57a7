"""Texts that overlap, and results that wait."""

from typing import Any

from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers

from missions.api.serializers.base import Shape, TextField
from missions.api.serializers.files import AuthorSerializer
from missions.api.serializers.revisions import DifferenceSerializer
from missions.models import (
    Proposal,
    ProposalFile,
)
from missions.selectors import LARGEST_ID
from parallagon.core.api import ProblemSerializer
from parallagon.core.problems import CONTENT_TYPE


class _BaseSide(Shape):
    revision = serializers.IntegerField(allow_null=True)
    text = serializers.CharField(allow_null=True)


class _TheirSide(Shape):
    revision = serializers.IntegerField()
    text = serializers.CharField(allow_null=True)
    author = AuthorSerializer(allow_null=True)


class _MySide(Shape):
    text = serializers.CharField(allow_null=True)


class ConflictSerializer(Shape):
    """What ``details`` of a 409 with code ``conflict`` holds; a text is null for no file."""

    path = serializers.CharField(required=False)
    base = _BaseSide(required=False)
    theirs = _TheirSide(required=False)
    mine = _MySide(required=False)


class ConflictProblemSerializer(ProblemSerializer):
    """A 409: code ``conflict`` has the three texts, any other code has no such details."""

    details = ConflictSerializer()  # type: ignore[assignment] # narrower than any JSON


CONFLICT = {(409, CONTENT_TYPE): ConflictProblemSerializer}


class ProposalFileSerializer(Shape):
    path = serializers.CharField()
    state = serializers.ChoiceField(ProposalFile.State.choices)
    decided_at = serializers.DateTimeField(allow_null=True)
    base = serializers.IntegerField(allow_null=True, help_text="revision the run began with")
    base_text = serializers.CharField(allow_null=True)
    text = serializers.CharField(allow_null=True, help_text="null: the file is to be removed")
    unified = serializers.CharField(help_text="from `base_text` to `text`")


class ProposalFileNowSerializer(ProposalFileSerializer):
    """A file of a proposal beside what is there now."""

    theirs = _TheirSide(help_text="what is there now")
    merges = serializers.BooleanField(help_text="accepting it now needs nobody's help")
    merged_text = serializers.CharField(allow_null=True, help_text="what accepting it would leave")
    difference = DifferenceSerializer(
        help_text="what accepting it would change now; where it overlaps, what the run wanted"
    )


class ProposalSerializer(Shape):
    id = serializers.IntegerField()
    mission = serializers.IntegerField(source="mission_id")
    run = serializers.UUIDField(source="run_id")
    role = serializers.CharField()
    reason = serializers.ChoiceField(Proposal.Reason.choices)
    state = serializers.ChoiceField(Proposal.State.choices)
    created_at = serializers.DateTimeField()
    decided_at = serializers.DateTimeField(allow_null=True)
    files = serializers.SerializerMethodField()

    @extend_schema_field(ProposalFileSerializer(many=True))
    def get_files(self, proposal: Proposal) -> list[Any]:
        files: list[Any] = self.context["files"](proposal)
        return files


class ProposalNowSerializer(ProposalSerializer):
    @extend_schema_field(ProposalFileNowSerializer(many=True))
    def get_files(self, proposal: Proposal) -> list[Any]:
        return super().get_files(proposal)


class FilePathsField(serializers.ListField):
    """Paths of some files; left out, all are meant."""

    def __init__(self, **options: Any) -> None:
        child = serializers.CharField(max_length=1000, trim_whitespace=False)
        options = {"required": False, "allow_empty": False, "max_length": 1000, **options}
        super().__init__(child=child, **options)


class ResolvedSerializer(Shape):
    text = TextField()
    base = serializers.IntegerField(
        min_value=0, max_value=LARGEST_ID, allow_null=True,
        help_text="revision of `theirs` in the conflict; null or 0 where there was no file",
    )  # fmt: skip


class ProposalAcceptSerializer(Shape):
    """Which files to take in (all that wait, unless named), and texts that a person finished."""

    files = FilePathsField()
    resolved = serializers.DictField(
        child=ResolvedSerializer(), required=False, help_text="path → finished text"
    )


class ProposalRejectSerializer(Shape):
    files = FilePathsField()


class ProposalFilterSerializer(Shape):
    mission = serializers.IntegerField(min_value=1, max_value=LARGEST_ID)
    state = serializers.ChoiceField(Proposal.State.choices, required=False)
