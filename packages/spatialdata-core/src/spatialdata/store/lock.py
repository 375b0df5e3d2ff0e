"""A lock that lets one process at a time write to a store.

The operating system holds the lock, so that it is gone as soon as its process is, however that ended.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from spatialdata.errors import StoreBusyError, StoreError

__all__ = ["exclusive"]


if sys.platform == "win32":
    import msvcrt

    def _try_lock(descriptor: int) -> bool:
        try:
            msvcrt.locking(descriptor, msvcrt.LK_NBLCK, 1)
        except OSError:
            return False
        return True

else:
    import fcntl

    def _try_lock(descriptor: int) -> bool:
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            return False
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
        if not _try_lock(descriptor) or not _is_same_file(descriptor, path):
            raise StoreBusyError(
                f"{target} is being written to by another process or thread. Wait until that is done, then try again."
            )
        try:
            yield
        finally:
            # Windows does not remove an open file; there it goes with the next writer.
            with suppress(PermissionError):
                path.unlink(missing_ok=True)
    finally:
        os.close(descriptor)
