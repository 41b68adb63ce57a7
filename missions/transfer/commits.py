"""A mission's history as the input of ``git fast-import``: a commit for each landing."""

from collections.abc import Iterator

from django.utils.translation import gettext as _
from django.utils.translation import override

from missions import standard
from missions.authors import Author
from missions.models import Mission, Revision
from missions.storage import BlobStore
from missions.transfer.history import Landed, Step, landings_of

_DOMAIN = "parallagon.invalid"  # never anyone's address
_NOT_IN_NAMES = dict.fromkeys(map(ord, "<>"), None)
_Kind = Revision.AuthorKind
_Operation = Revision.Operation


def stream(mission: Mission) -> Iterator[bytes]:
    """Yield the whole history, one blob or commit at a time, in the mission's language."""
    writer = _Writer(mission.language)
    for landed in landings_of(mission):
        yield from writer.commit(landed)
    yield b"done\n"


class _Writer:
    """What fast-import was told already: the mark of each content, and how many lines it has."""

    def __init__(self, language: str) -> None:
        self.language = language
        self.store = BlobStore()
        self.marks: dict[str, int] = {}
        self.lines: dict[str, int] = {}

    def commit(self, landed: Landed) -> Iterator[bytes]:
        for step in landed.steps:
            if step.hash and step.hash not in self.marks:
                yield self._blob(step.hash)
        with override(self.language):
            name, address = identity_of(landed.author)
            message = self._message(name, landed)
        seconds = int(landed.at.timestamp())
        head = (
            f"commit refs/heads/main\n"
            f"author {name} <{address}@{_DOMAIN}> {seconds} +0000\n"
            f"committer Parallagon <parallagon@{_DOMAIN}> {seconds} +0000\n"
        )
        yield head.encode() + _data(message.encode()) + self._tree(landed)

    def _blob(self, hash_: str) -> bytes:
        content = self.store.get(hash_)
        self.marks[hash_] = len(self.marks) + 1
        self.lines[hash_] = content.count(b"\n") + (not content.endswith(b"\n") and content != b"")
        return b"blob\nmark :%d\n" % self.marks[hash_] + _data(content)

    def _tree(self, landed: Landed) -> bytes:
        """Return what changes; all that goes away first, since files may change places."""
        gone = [step.old_path for step in landed.steps if step.old_path not in {None, step.path}]
        gone += [step.path for step in landed.steps if step.hash is None]
        lines = [f"D {path}" for path in gone]
        lines += [
            f"M 100644 :{self.marks[step.hash]} {step.path}" for step in landed.steps if step.hash
        ]
        return "\n".join([*lines, "", ""]).encode()

    def _message(self, name: str, landed: Landed) -> str:
        """Return a line that tells what happened, and where there is more, a line for each file."""
        whats = [_what(step) for step in landed.steps]
        is_one = len(whats) == 1
        what = whats[0] if is_one else _("changed %(count)s files") % {"count": len(whats)}
        notes = [self._growth(landed.steps[0])] if is_one else []
        if landed.author.run_id:
            notes.insert(0, _("run %(run)s") % {"run": str(landed.author.run_id)[:8]})
        note = f" ({', '.join(filter(None, notes))})" if any(notes) else ""
        message = _("%(who)s: %(what)s") % {"who": name, "what": what} + note + "\n"
        if not is_one:
            pairs = zip(whats, landed.steps, strict=True)
            items = (f"- {what} ({self._growth(step)})" for what, step in pairs)
            message += "\n" + "\n".join(item.removesuffix(" ()") for item in items) + "\n"
        if landed.author.run_id:
            message += f"\nRun: {landed.author.run_id}\n"
        return message

    def _growth(self, step: Step) -> str:
        count = self.lines.get(step.hash or "", 0) - self.lines.get(step.old_hash or "", 0)
        return _("lines: %(count)+d") % {"count": count} if count else ""


def identity_of(author: Author) -> tuple[str, str]:
    """Return the name and the address, before its “@”, under which a commit is by ``author``.

    An address is nobody's: what people sign in with stays here.
    """
    if author.kind == _Kind.AGENT:
        label = str(standard.LABELS.get(author.role, author.role))
        return _clean(_("%(role)s (agent)") % {"role": label}), _clean(author.role) or "agent"
    if author.kind == _Kind.EXTERNAL:
        return _("Another program"), "external"
    if author.kind == _Kind.SYSTEM:
        return "Parallagon", "parallagon"
    name = _clean(author.name if author.user else author.told) or _("Someone")
    return name, f"person-{author.user.pk}" if author.user else "person"


def _what(step: Step) -> str:
    words = {"path": step.path, "old": step.old_path}
    if step.hash is None:
        return _("removed %(path)s") % words
    if step.old_path is None:
        if step.revision.operation == _Operation.RESTORE:
            return _("brought %(path)s back") % words
        return _("added %(path)s") % words
    if step.revision.operation == _Operation.REVERT:
        return _("took a run out of %(path)s") % words
    if step.old_path != step.path:
        return _("moved %(old)s to %(path)s") % words
    if step.revision.operation == _Operation.RESTORE:
        return _("restored an older %(path)s") % words
    return _("changed %(path)s") % words


def _clean(name: str) -> str:
    """Return a name as Git takes it: in one line, without the signs that end it."""
    return " ".join("".join(filter(str.isprintable, name.translate(_NOT_IN_NAMES))).split())


def _data(content: bytes) -> bytes:
    return b"data %d\n" % len(content) + content + b"\n"
