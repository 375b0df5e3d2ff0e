"""A lock that lets one process at a time write to a store.

The operating system holds the lock, so that it is gone as soon as its process is, however that ended. Some network
file systems have no locks; there, a file names the process that writes.
"""

from __future__ import annotations

import errno
import json
import os
import socket
import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from spatialdata.errors import StoreBusyError, StoreError

__all__ = ["exclusive"]

# On Windows a file is there while anybody has it open.
_REMOVES_OPEN_FILES = os.name != "nt"
# What a file system answers that has no locks.
_NO_LOCKS = (errno.ENOTSUP, errno.EOPNOTSUPP, errno.ENOSYS, errno.ENOLCK)


if sys.platform == "win32":
    import msvcrt

    def _try_lock(descriptor: int) -> bool:
        try:
            msvcrt.locking(descriptor, msvcrt.LK_NBLCK, 1)
        except OSError:
            return False
        return True

    def _is_running(_process: int) -> bool:
        # To signal a process there would end it.
        return True

else:
    import fcntl

    def _try_lock(descriptor: int) -> bool:
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            return False
        return True

    def _is_running(process: int) -> bool:
        try:
            os.kill(process, 0)
        except ProcessLookupError:
            return False
        except PermissionError:
            return True
        return True


def _lock_path(target: Path) -> Path:
    return target.with_name(f".{target.name}.lock")


def _is_same_file(descriptor: int, path: Path) -> bool:
    """Whether the locked file is still the one at ``path``: its last holder may have removed it meanwhile."""
    try:
        return os.path.samestat(os.fstat(descriptor), path.stat())
    except FileNotFoundError:
        return False


@contextmanager
def exclusive(target: Path) -> Iterator[None]:
    """Hold the lock of the store at ``target``.

    Raises
    ------
    StoreBusyError
        Someone else holds it.
    StoreError
        The folder around the store is not writable.
    """
    path = _lock_path(target)
    try:
        descriptor = os.open(path, os.O_RDWR | os.O_CREAT)
    except OSError as error:
        raise StoreError(
            f"{target} cannot be written: the folder {path.parent} must exist and be writable, because new data are "
            f"staged there ({error})."
        ) from error
    try:
        with _held(descriptor, path, target):
            try:
                yield
            finally:
                if _REMOVES_OPEN_FILES:
                    path.unlink(missing_ok=True)
    finally:
        os.close(descriptor)
        if not _REMOVES_OPEN_FILES:
            # The next writer may have it open already; then it is the one who removes it.
            with suppress(PermissionError):
                path.unlink(missing_ok=True)


@contextmanager
def _held(descriptor: int, path: Path, target: Path) -> Iterator[None]:
    try:
        is_held = _try_lock(descriptor) and _is_same_file(descriptor, path)
    except OSError as error:
        if error.errno not in _NO_LOCKS:
            raise StoreError(f"{target} cannot be locked for writing: {error}.") from error
        with _claimed(path.with_suffix(".owner"), target):
            yield
        return
    if not is_held:
        raise StoreBusyError(
            f"{target} is being written to by another process or thread. Wait until that is done, then try again."
        )
    yield


@contextmanager
def _claimed(claim: Path, target: Path) -> Iterator[None]:
    """Write by a file that names this process and exists once; one of a process that has ended is taken over."""
    _remove_stale(claim)
    try:
        descriptor = os.open(claim, os.O_WRONLY | os.O_CREAT | os.O_EXCL)
    except FileExistsError as error:
        raise StoreBusyError(
            f"{target} is being written to by {_described(claim)}. Wait until that is done, then try again; if no such "
            f"process is running any more, remove {claim}."
        ) from error
    try:
        with os.fdopen(descriptor, "w", encoding="utf-8") as file:
            json.dump({"host": socket.gethostname(), "process": os.getpid()}, file)
        yield
    finally:
        claim.unlink(missing_ok=True)


def _owner(claim: Path) -> tuple[str, int] | None:
    """The machine and the process that a claim names, or None where it names none (yet)."""
    try:
        owner = json.loads(claim.read_bytes())
        return str(owner["host"]), int(owner["process"])
    except (FileNotFoundError, ValueError, KeyError, TypeError):
        return None


def _described(claim: Path) -> str:
    owner = _owner(claim)
    return "another process" if owner is None else f"process {owner[1]} on {owner[0]}"


def _remove_stale(claim: Path) -> None:
    owner = _owner(claim)
    if owner is None or owner[0] != socket.gethostname() or _is_running(owner[1]):
        return
    # Of several that find it, one removes it, and only if it is still the same.
    guard = claim.with_suffix(".takeover")
    try:
        descriptor = os.open(guard, os.O_WRONLY | os.O_CREAT | os.O_EXCL)
    except FileExistsError:
        return
    try:
        if _owner(claim) == owner:
            claim.unlink(missing_ok=True)
    finally:
        os.close(descriptor)
        guard.unlink(missing_ok=True)
