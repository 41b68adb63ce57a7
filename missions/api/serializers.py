"""The shapes of missions, files and proposals over HTTP."""

from typing import Any

from django.utils.translation import gettext_lazy as _
from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers

from missions import standard
from missions.authors import Author
from missions.models import (
    Membership,
    Mission,
    MissionTransition,
    Proposal,
    ProposalFile,
    Revision,
)
from missions.selectors import LARGEST_ID
from parallagon.core.api import CONTENT_TYPE, PageSerializer, ProblemSerializer
from parallagon.core.money import Dollars

Fields = dict[str, "serializers.Field[Any, Any, Any, Any]"]


class Shape(serializers.Serializer[Any]):
    """A shape whose input is a plain dictionary."""


class TextField(serializers.CharField):
    """A file's text, exactly as it was sent."""

    def __init__(self, **options: Any) -> None:
        super().__init__(trim_whitespace=False, **{"allow_blank": True, **options})

    def to_internal_value(self, data: Any) -> str:
        if not isinstance(data, str):  # a number is no text
            self.fail("invalid")
        return super().to_internal_value(data)


class FileKeyField(serializers.IntegerField):
    """The ``id`` of a file, which stays when it moves; may be left out."""

    def __init__(self, **options: Any) -> None:
        super().__init__(min_value=1, max_value=LARGEST_ID, required=False, **options)


# -- missions ----------------------------------------------------------------------------------


class MissionSerializer(Shape):
    """A mission as one person sees it: ``activity`` and ``role`` come with it."""

    id = serializers.IntegerField()
    title = serializers.CharField()
    language = serializers.ChoiceField(Mission.Language.choices)
    state = serializers.ChoiceField(Mission.State.choices)
    activity = serializers.ChoiceField(["working", "settled", "stopped", "waiting"])
    is_demo = serializers.BooleanField()
    model = serializers.CharField()
    role = serializers.ChoiceField(Membership.Role.choices)
    folder = serializers.CharField(
        help_text="outside of the data directory; empty for one inside, and for who is no owner"
    )
    seq = serializers.IntegerField(help_text="number of the mission's last event")
    cost = Dollars(help_text="US dollars, of the calls whose price is known")
    tokens = serializers.IntegerField(help_text="that models wrote")
    cost_today = Dollars(help_text="since midnight UTC")
    tokens_today = serializers.IntegerField()
    deleted_at = serializers.DateTimeField(allow_null=True)
    purged_after = serializers.DateTimeField(
        allow_null=True, help_text="a deleted mission can be restored until then"
    )
    created_at = serializers.DateTimeField()
    updated_at = serializers.DateTimeField()


class LeftAloneSerializer(Shape):
    path = serializers.CharField()
    reason = serializers.CharField()


class MissionPlacedSerializer(MissionSerializer):
    """A mission after it was made or changed, with what became of its folder."""

    left_alone = LeftAloneSerializer(
        many=True, help_text="files of its folder that cannot be files of a mission; at most 100"
    )
    left_behind = serializers.CharField(help_text="the old folder, where it was not removed")


class MissionFilterSerializer(Shape):
    state = serializers.ChoiceField(
        Mission.State.choices,
        required=False,
        help_text="without it, all but the deleted ones, which only their owners can list",
    )
    search = serializers.CharField(
        required=False,
        allow_blank=True,
        max_length=200,
        help_text="words of the title; case and accents do not matter",
    )


class TransitionSerializer(Shape):
    """One step in the life of a mission; ``user`` is null when the account is gone."""

    before = serializers.ChoiceField(Mission.State.choices)
    after = serializers.ChoiceField(Mission.State.choices)
    user = serializers.SerializerMethodField()
    at = serializers.DateTimeField()

    def get_user(self, transition: MissionTransition) -> str | None:
        return transition.user.display_name() if transition.user else None


class SampleSerializer(Shape):
    """What became of the sample's files."""

    written = serializers.ListField(child=serializers.CharField())
    kept = serializers.ListField(
        child=serializers.CharField(), help_text="they hold somebody's words already"
    )


class MemberSerializer(Shape):
    """Someone who takes part; ``user`` is loaded."""

    user = serializers.IntegerField(source="user_id")
    username = serializers.CharField(source="user.username")
    name = serializers.CharField(source="user.display_name")
    role = serializers.ChoiceField(Membership.Role.choices)
    created_at = serializers.DateTimeField()


class MemberAddSerializer(Shape):
    account = serializers.CharField(
        max_length=254, help_text="a user name or e-mail address, spelled out"
    )
    role = serializers.ChoiceField(Membership.Role.choices)


class RoleSerializer(Shape):
    role = serializers.ChoiceField(Membership.Role.choices)


class MissionCreateSerializer(Shape):
    title = serializers.CharField(max_length=200)
    request = TextField(default="", help_text="may be empty only with a folder")
    folder = serializers.CharField(
        required=False,
        allow_blank=True,
        trim_whitespace=False,
        max_length=500,
        help_text="one that is there, below a root that the installation allows",
    )
    language = serializers.ChoiceField(Mission.Language.choices)
    model = serializers.CharField(max_length=200, required=False)
    start = serializers.BooleanField(default=False, help_text="its agents begin at once")


class MissionUpdateSerializer(Shape):
    title = serializers.CharField(max_length=200, required=False)
    model = serializers.CharField(max_length=200, required=False)
    folder = serializers.CharField(
        required=False,
        allow_blank=True,
        trim_whitespace=False,
        max_length=500,
        help_text="moves the mission, alone in its request; empty: into the data directory",
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


# -- files -------------------------------------------------------------------------------------


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


class RevisionNameSerializer(Shape):
    path = serializers.CharField(max_length=1000, trim_whitespace=False)
    number = serializers.IntegerField(min_value=1, max_value=LARGEST_ID)


class RestoreToSerializer(Shape):
    """The moment: a time, an event's number, or a revision; just one of them."""

    at = serializers.DateTimeField(required=False)
    seq = serializers.IntegerField(min_value=0, max_value=LARGEST_ID, required=False)
    revision = RevisionNameSerializer(required=False)
    preview = serializers.BooleanField(default=False, help_text="write nothing")

    def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:
        if len(attrs.keys() & {"at", "seq", "revision"}) != 1:
            raise serializers.ValidationError(_("Name a time, an event or a revision."))
        return attrs


class RestoredFileSerializer(Shape):
    path = serializers.CharField()
    change = serializers.ChoiceField(["restored", "returned", "moved", "removed"])
    moved_from = serializers.CharField(allow_null=True, help_text="where it is until now")
    then = serializers.IntegerField(
        source="then.number", default=None, allow_null=True, help_text="revision whose text it gets"
    )
    now = serializers.IntegerField(
        source="now.number", default=None, allow_null=True, help_text="revision before"
    )
    added = serializers.IntegerField()
    removed = serializers.IntegerField()


class RestoredMissionSerializer(Shape):
    at = serializers.DateTimeField()
    is_preview = serializers.BooleanField()
    files = RestoredFileSerializer(many=True, help_text="those that differ; none: it is as it was")


class DiffFilterSerializer(Shape):
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


# -- conflicts ---------------------------------------------------------------------------------


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


# -- proposals ---------------------------------------------------------------------------------


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


class ChangesFilterSerializer(Shape):
    mission = serializers.IntegerField(min_value=1, max_value=LARGEST_ID)
    after = serializers.IntegerField(min_value=0, max_value=LARGEST_ID)
    wait = serializers.FloatField(min_value=0, max_value=30, default=0)
