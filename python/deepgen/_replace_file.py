"""Files for the user: written as a whole or not at all, over regular files only.

The content is written to a temporary file in the same folder, which is then renamed. The writing
process holds a lock on the temporary file, so later calls can distinguish the leftovers of a killed
process from the files of a running one.
"""

from __future__ import annotations

import contextlib
import errno
import hashlib
import os
import secrets
import stat
import sys
from pathlib import Path
from typing import Final

if sys.platform != "win32":
    import fcntl

__all__ = ["check_replaceable", "replace_file"]

KINDS: Final = (
    (stat.S_ISDIR, "a folder"),
    (stat.S_ISCHR, "a character device"),
    (stat.S_ISBLK, "a block device"),
    (stat.S_ISFIFO, "a pipe"),
    (stat.S_ISSOCK, "a socket"),
)


def check_replaceable(path: str | os.PathLike[str]) -> os.stat_result | None:
    """Return the status of an existing file, None if there is none; refuse what must be kept."""
    name = os.fspath(path)
    folder = Path(os.path.realpath(name)).parent
    try:
        known = os.stat(name or os.curdir)
    except FileNotFoundError:
        if not folder.is_dir():
            raise FileNotFoundError(errno.ENOENT, "there is no such folder", str(folder)) from None
        known = None
    if known is not None and not stat.S_ISREG(known.st_mode):
        kind = next((text for is_kind, text in KINDS if is_kind(known.st_mode)), "no regular file")
        raise OSError(errno.EINVAL, f"it is {kind}", name)
    if known is not None and not (known.st_mode & 0o222 and os.access(name, os.W_OK)):
        raise PermissionError(errno.EACCES, "it is read-only", name)
    if not os.access(folder, os.W_OK):
        raise PermissionError(errno.EACCES, f"the folder {folder} is read-only", name)
    return known


def replace_file(path: str | os.PathLike[str], content: bytes) -> None:
    """Write a file in one step; an existing file's mode and owner are kept."""
    known = check_replaceable(path)
    # A link stays a link; the file that it points to is replaced.
    place = Path(os.path.realpath(path))
    # The prefix has a fixed length, since a name may be as long as the file system allows.
    prefix = f".deepgen-{hashlib.sha256(os.fsencode(place.name)).hexdigest()[:16]}-"
    _remove_leftovers(place.parent, prefix)
    try:
        # Until the mode is copied, only the owner may read the file.
        descriptor, temporary = _create(place.parent, prefix, 0o666 if known is None else 0o600)
        try:
            with open(descriptor, "wb") as file:
                if known is not None:
                    _keep_owner_and_mode(temporary, known)
                file.write(content)
                file.flush()
                os.fsync(file.fileno())
                if sys.platform != "win32":
                    os.replace(temporary, place)
            if sys.platform == "win32":  # which moves no open file
                os.replace(temporary, place)
        finally:
            with contextlib.suppress(FileNotFoundError):
                temporary.unlink()
    except OSError as error:
        # The temporary file's name would mean nothing to the user.
        if error.errno is not None:
            error.filename = os.fspath(path)
            del error.filename2
        raise


def _create(folder: Path, prefix: str, mode: int) -> tuple[int, Path]:
    """Create and lock a temporary file; return its descriptor and its path."""
    flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | getattr(os, "O_BINARY", 0)
    while True:
        temporary = folder / f"{prefix}{secrets.token_hex(8)}"
        descriptor = os.open(temporary, flags, mode)
        _lock(descriptor, wait=True)
        # Before it was locked, another process may have removed it as a leftover.
        if temporary.exists():
            return descriptor, temporary
        os.close(descriptor)


def _lock(descriptor: int, wait: bool) -> bool:
    """Lock a file until it is closed; return whether that succeeded."""
    if sys.platform == "win32":  # which removes no open file
        return True
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX if wait else fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        return False
    return True


def _keep_owner_and_mode(temporary: Path, known: os.stat_result) -> None:
    if sys.platform != "win32":
        # Only root may change the owner; users may change the group to one of their own.
        for owner in (known.st_uid, -1):
            with contextlib.suppress(OSError):
                os.chown(temporary, owner, known.st_gid)
                break
    os.chmod(temporary, stat.S_IMODE(known.st_mode))


def _remove_leftovers(folder: Path, prefix: str) -> None:
    """Remove the temporary files for the same path that killed processes have left."""
    with contextlib.suppress(OSError), os.scandir(folder) as entries:
        found = [entry.path for entry in entries if entry.name.startswith(prefix)]
        for path in found:
            with contextlib.suppress(OSError):
                _remove_unless_locked(path)


def _remove_unless_locked(path: str) -> None:
    if not stat.S_ISREG(os.lstat(path).st_mode):
        return
    descriptor = os.open(path, os.O_RDWR)
    try:
        dead = _lock(descriptor, wait=False)
        if dead and sys.platform != "win32":
            os.unlink(path)
    finally:
        os.close(descriptor)
    if dead and sys.platform == "win32":
        os.unlink(path)
