"""What a client wants to hear of: types of frames, and files."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Self, get_args

from django.utils.translation import gettext as _

from missions import paths
from missions.events import EventType
from parallagon.core.errors import ValidationError

TYPES = frozenset({*get_args(EventType), "run.output", "presence"})
MOST_FILES = 100
BELOW = "/**"


class BadFilter(ValidationError):  # noqa: N818 - says what was given
    """A filter names what cannot be filtered by."""

    code = "bad_filter"


@dataclass(frozen=True, kw_only=True)
class Filter:
    """Which frames pass; ``None`` is no condition.

    Attributes:
        types: of frames.
        files: paths, or ``folder/**`` for all below a folder. It is a condition for what is about a
            file; everything else passes.
        patches: whether small changes of large files come with what changed in their text.
    """

    types: frozenset[str] | None = None
    files: frozenset[str] | None = None
    patches: bool = False

    @classmethod
    def read(cls, given: Mapping[str, Any]) -> Self:
        """Return the filter that a client's message asks for.

        Raises:
            BadFilter: a name is unknown, a path cannot be one, or the shape is wrong.
        """
        types, files = _names(given, "types"), _names(given, "files")
        if types is not None and not types <= TYPES:
            unknown = ", ".join(sorted(types - TYPES))[:200]
            raise BadFilter(_("There are no events of the type %(type)s.") % {"type": unknown})
        if files is not None:
            if len(files) > MOST_FILES:
                raise BadFilter(_("A filter names at most %(most)s files.") % {"most": MOST_FILES})
            files = frozenset(_checked(file) for file in files)
        patches = given.get("patches", False)
        if not isinstance(patches, bool):
            raise BadFilter(_("This filter cannot be read."))
        return cls(types=types, files=files, patches=patches)

    @classmethod
    def from_query(cls, given: Mapping[str, list[str]]) -> Self:
        """Return the filter of an address: ``types`` and ``files`` with commas, or repeated.

        Raises:
            BadFilter: as `read`.
        """
        names: dict[str, Any] = {
            name: [part for value in given[name] for part in value.split(",") if part]
            for name in ("types", "files")
            if name in given
        }
        return cls.read({**names, "patches": given.get("patches", ["0"])[-1] == "1"})

    def passes(self, kind: str, data: Mapping[str, Any]) -> bool:
        """Return whether a frame is for this client."""
        if self.types is not None and kind not in self.types:
            return False
        if self.files is None or not kind.startswith("file."):
            return True
        about = (data.get(name) for name in ("path", "moved_from", "moved_to"))
        return any(self._names(path) for path in about if path)

    def as_data(self) -> dict[str, Any]:
        """Return it as it is told to the client."""
        return {
            "types": None if self.types is None else sorted(self.types),
            "files": None if self.files is None else sorted(self.files),
            "patches": self.patches,
        }

    def _names(self, path: str) -> bool:
        files = self.files or frozenset()
        folders = path.split("/")[:-1]
        below = ("/".join(folders[: level + 1]) + BELOW for level in range(len(folders)))
        return path in files or any(folder in files for folder in below)


ALL = Filter()


def _names(given: Mapping[str, Any], name: str) -> frozenset[str] | None:
    values = given.get(name)
    if values is None:
        return None
    if not isinstance(values, list) or not all(isinstance(value, str) for value in values):
        raise BadFilter(_("This filter cannot be read."))
    return frozenset(values)


def _checked(file: str) -> str:
    """Return a path, or the pattern of a folder, in the form in which paths are kept."""
    folder = file.removesuffix(BELOW)
    try:
        if folder == file:
            return paths.validate_path(file)
        paths.validate_path(f"{folder}/file.md")
    except ValidationError as error:
        raise BadFilter(error.message) from error
    return paths.normal(file)
