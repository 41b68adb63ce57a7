"""Files below a folder that is not trusted: opened without following links, replaced whole.

A mission's folder is open to everyone's tools, so between a check and a use anything may turn
into a symbolic link. Everything here therefore walks from a folder descriptor, one name at a
time, with ``O_NOFOLLOW``.
"""

import contextlib
import errno
import os
import stat
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path, PurePosixPath

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from parallagon.core import kernel
from parallagon.core.errors import FileOperationError, ResourceNotFoundError, ValidationError

_FOLDER = os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC
_READ = os.O_RDONLY | os.O_NOFOLLOW | os.O_CLOEXEC | os.O_NONBLOCK
_CREATE = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC


@contextmanager
def open_parent(root: Path, path: str, *, create: bool = False) -> Iterator[tuple[int, str]]:
    """Open the folder that holds ``path`` and yield its descriptor and the last name.

    Raises:
        ResourceNotFoundError: a folder on the way is missing.
        FileOperationError: a part of the way is not a folder, or is a link.
    """
    *folders, name = PurePosixPath(path).parts
    with contextlib.ExitStack() as stack:
        descriptor = _open_folder(str(root), None, path)
        stack.callback(lambda: os.close(descriptor))
        for folder in folders:
            if create:
                with contextlib.suppress(FileExistsError):
                    os.mkdir(folder, 0o755, dir_fd=descriptor)
            child = _open_folder(folder, descriptor, path)
            os.close(descriptor)
            descriptor = child
        yield descriptor, name


def _open_folder(name: str, parent: int | None, path: str) -> int:
    try:
        return os.open(name, _FOLDER, dir_fd=parent)
    except FileNotFoundError as error:
        raise ResourceNotFoundError(
            _("There is no folder for %(path)s.") % {"path": path}, path=path
        ) from error
    except OSError as error:
        raise failure(error, path) from error


def read_contained(root: Path, path: str, *, limit: int, patience: float | None = None) -> bytes:
    """Return the bytes of the regular file ``path`` below ``root``.

    Args:
        root: the folder that is not left.
        path: relative to it.
        limit: the most bytes.
        patience: seconds to wait for a program that has it open for writing; ``None`` reads what
            is there.

    Raises:
        ResourceNotFoundError: there is no such file.
        ValidationError: it is larger than ``limit`` bytes.
        StillWritten: a program is writing it, longer than ``patience``.
        FileOperationError: it is a link, a FIFO, a device, has a second name, or cannot be read.
    """
    with open_parent(root, path) as (folder, name):
        try:
            descriptor = os.open(name, _READ, dir_fd=folder)
        except FileNotFoundError as error:
            raise ResourceNotFoundError(
                _("There is no file %(path)s.") % {"path": path}, path=path
            ) from error
        except OSError as error:
            raise failure(error, path) from error
        try:
            status = os.fstat(descriptor)
            if not stat.S_ISREG(status.st_mode) or status.st_nlink > 1:
                sentence = _("%(path)s is not a plain file of its own.")
                raise NotAPlainFile(sentence % {"path": path}, path=path)
            content = _read(descriptor, limit + 1, patience)
        except BlockingIOError as error:
            raise StillWritten(
                _("A program is writing %(path)s right now.") % {"path": path}, path=path
            ) from error
        finally:
            os.close(descriptor)
    if len(content) > limit:
        sentence = _("%(path)s is larger than %(limit)s bytes.") % {"path": path, "limit": limit}
        raise ValidationError(sentence, path=path, limit=limit)
    return content


def _read(descriptor: int, size: int, patience: float | None) -> bytes:
    with os.fdopen(descriptor, "rb", closefd=False) as file:
        if patience is None:
            return file.read(size)
        with kernel.held_still(descriptor, patience=patience):
            return file.read(size)


def write_temporary(folder: int, name: str, content: bytes) -> str:
    """Write ``content`` beside ``name`` in an open folder, fsynced; return the temporary name.

    Raises:
        FileOperationError: the disk refused; nothing is left behind.
    """
    temporary = f".{name[:80]}.{os.getpid()}.{os.urandom(4).hex()}.tmp"
    descriptor = None
    try:
        descriptor = os.open(temporary, _CREATE, 0o644, dir_fd=folder)
        with os.fdopen(descriptor, "wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
    except OSError as error:
        if descriptor is not None:
            with contextlib.suppress(OSError):
                os.unlink(temporary, dir_fd=folder)
        raise failure(error, name) from error
    return temporary


def replace_contained(root: Path, path: str, content: bytes) -> None:
    """Put ``content`` at ``path`` below ``root`` in one step: old bytes or new, never a mixture.

    Raises:
        FileOperationError: the folder or the disk refused; the old file is as it was.
    """
    with open_parent(root, path, create=True) as (folder, name):
        temporary = write_temporary(folder, name, content)
        try:
            os.replace(temporary, name, src_dir_fd=folder, dst_dir_fd=folder)
            os.fsync(folder)
        except OSError as error:
            with contextlib.suppress(OSError):
                os.unlink(temporary, dir_fd=folder)
            raise failure(error, path) from error


def swap_contained(root: Path, path: str, content: bytes, *, keep: str) -> bool:
    """Put ``content`` at ``path``, and what lay there under the name ``keep`` beside it.

    Old and new swap in one step, so that nothing that another program saves in the last instant
    is lost: it is what lies at ``keep`` afterwards. Whoever dies in between leaves there either
    the new bytes, whole, or the old ones.

    Returns:
        Whether anything lies at ``keep``: not where there was nothing at ``path``, nor where the
        file system cannot swap.

    Raises:
        FileOperationError: the folder or the disk refused; the old file is as it was.
    """
    with open_parent(root, path, create=True) as (folder, name):
        temporary = write_temporary(folder, name, content)
        try:
            os.rename(temporary, keep, src_dir_fd=folder, dst_dir_fd=folder)
            temporary = keep
            is_kept = _swap(folder, keep, name)
        except OSError as error:
            with contextlib.suppress(OSError):
                os.unlink(temporary, dir_fd=folder)
            raise failure(error, path) from error
        _sync(folder, path)
    return is_kept


def _swap(folder: int, keep: str, name: str) -> bool:
    while True:
        try:
            kernel.exchange(folder, keep, name)
        except FileNotFoundError:
            with contextlib.suppress(FileExistsError):  # it is back: swap after all
                kernel.rename_to_free_name(folder, keep, name)
                return False
        except kernel.NotOffered:
            os.replace(keep, name, src_dir_fd=folder, dst_dir_fd=folder)
            return False
        else:
            return True


def remove_contained(root: Path, path: str, *, keep: str | None = None) -> bool:
    """Remove the file ``path`` below ``root``; a file that is not there is removed already.

    Args:
        root: the folder that is not left.
        path: relative to it.
        keep: a name beside it under which it lies afterwards.

    Returns:
        Whether there was one.

    Raises:
        FileOperationError: the folder or the disk refused.
    """
    try:
        with open_parent(root, path) as (folder, name):
            if keep is None:
                os.unlink(name, dir_fd=folder)
            else:
                os.rename(name, keep, src_dir_fd=folder, dst_dir_fd=folder)
            _sync(folder, path)
    except (FileNotFoundError, ResourceNotFoundError):
        return False
    except OSError as error:
        raise failure(error, path) from error
    return True


def _sync(folder: int, path: str) -> None:
    try:
        os.fsync(folder)
    except OSError as error:
        raise failure(error, path) from error


class StillWritten(FileOperationError):  # noqa: N818 - says what was found
    """Another program has the file open for writing."""

    code = "still_written"
    status = 409


def remove_empty_folders(root: Path, path: str) -> None:
    """Remove the folders of ``path`` below ``root`` that hold nothing, the innermost first.

    The system decides what is empty, so what another program puts there in between stays.
    """
    for folder in PurePosixPath(path).parents[:-1]:
        try:
            with open_parent(root, str(folder)) as (parent, name):
                os.rmdir(name, dir_fd=parent)
                os.fsync(parent)
        except (FileNotFoundError, ResourceNotFoundError):
            continue  # someone who was killed came as far as that
        except (OSError, FileOperationError):
            return


class NotAPlainFile(FileOperationError):  # noqa: N818 - says what was found
    """Something else lies there: a link, a folder, a FIFO, a device, a file with a second name."""

    code = "not_a_plain_file"
    status = 409


_SENTENCES = {
    errno.ENOSPC: gettext_lazy("the disk is full"),
    errno.EDQUOT: gettext_lazy("the disk quota is used up"),
    errno.EROFS: gettext_lazy("the folder is read-only"),
    errno.EACCES: gettext_lazy("permission is missing"),
    errno.ELOOP: gettext_lazy("a part of it is a symbolic link"),
    errno.ENOTDIR: gettext_lazy("a part of it is not a folder"),
    errno.EISDIR: gettext_lazy("it is a folder"),
    errno.ENXIO: gettext_lazy("it is not a plain file"),
}
_NOT_PLAIN = {errno.ELOOP, errno.ENOTDIR, errno.EISDIR, errno.ENXIO}


def failure(error: OSError, path: str) -> FileOperationError:
    """Return what to raise for ``error``, with a sentence for a person."""
    known = _SENTENCES.get(error.errno or 0)
    reason = known or error.strerror or _("the system refused")
    kind = NotAPlainFile if error.errno in _NOT_PLAIN else FileOperationError
    sentence = _("%(path)s cannot be used: %(reason)s.") % {"path": path, "reason": reason}
    return kind(sentence, path=path, errno=error.errno)
