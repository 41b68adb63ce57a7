"""The files every mission starts with, and whose they are."""

from pathlib import Path

from django.utils.translation import gettext_lazy as _

from parallagon.core.errors import ServiceError

REQUEST = "demande.md"
HERE = Path(__file__).resolve().parent

# What a role's document is called, in the reader's language; "request" is nobody's role.
LABELS = {
    "request": _("Request"),
    "specifications": _("Specifications"),
    "production": _("Production"),
    "management": _("Management"),
    "evaluation": _("Evaluation"),
    "suivi": _("Follow-up"),
    "duplication": _("Duplication"),
}
_ROLES = {REQUEST: "request"} | {f"{role}.md": role for role in LABELS if role != "request"}


def role_of(path: str) -> str | None:
    """Return the role whose document ``path`` is, ``"request"``, or ``None``."""
    if path.startswith("production/"):
        return "production"
    return _ROLES.get(path)


def label_of(path: str) -> str:
    """Return what a standard file is called; empty for any other."""
    return str(LABELS[_ROLES[path]]) if path in _ROLES else ""


def templates(language: str) -> dict[str, str]:
    """Return the first text of each standard file: path → text.

    Raises:
        ServiceError: the installation lacks them.
    """
    return _read_all(HERE / f"templates_{language}")


def demo_request(language: str) -> str:
    """Return the request of the demo mission.

    Raises:
        ServiceError: the installation lacks it.
    """
    return _read_all(HERE / f"demo_{language}")[REQUEST]


def sample(language: str) -> dict[str, str]:
    """Return the files of a worked example: path → text.

    Raises:
        ServiceError: the installation lacks them.
    """
    return _read_all(HERE / f"sample_{language}")


def _read_all(folder: Path) -> dict[str, str]:
    files = sorted(file for file in folder.rglob("*") if file.is_file())
    texts = {file.relative_to(folder).as_posix(): file.read_text("utf-8") for file in files}
    if REQUEST not in texts:
        raise ServiceError(f"{folder.name} lacks {REQUEST}: reinstall Parallagon.")
    return texts
