"""Atomic replacement of a folder: stage beside it, bring the stage to disk, swap.

The folder at the target is either the old one or the new one. A process that dies while it stages leaves a hidden
folder that the next writer sweeps; one that dies in the middle of a swap leaves a swap that the next reader or writer
finishes.
"""

from __future__ import annotations

import os
import shutil
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, suppress
from pathlib import Path
from types import TracebackType

from spatialdata.errors import StoreBusyError, StoreError
from spatialdata.store.documents import names_in
from spatialdata.store.lock import exclusive
from spatialdata.store.replacing import put_in_place

__all__ = [
    "Transaction",
    "finish_own_swap",
    "finish_own_swaps_below",
    "finish_swap",
    "finish_swaps_below",
    "leftovers_of",
    "move_folder",
    "remove_folder",
    "remove_leftover",
    "sweep",
]

_REMOVAL_ATTEMPTS = 5
_SWAP_ATTEMPTS = 100


def _stage_of(target: Path) -> Path:
    return target.with_name(f".{target.name}.stage")


def _backup_of(target: Path) -> Path:
    return target.with_name(f".{target.name}.backup")


def _trash_of(target: Path) -> Path:
    return target.with_name(f".{target.name}.trash")


def _remove_tree(folder: Path) -> None:
    """Remove a folder, also while workers that were told to stop still put their last file into it."""
    for attempt in range(_REMOVAL_ATTEMPTS):
        try:
            shutil.rmtree(folder)
        except FileNotFoundError:
            return
        except OSError:
            if attempt == _REMOVAL_ATTEMPTS - 1:
                raise
            time.sleep(0.05 * 2**attempt)
        else:
            return


def _discard(folder: Path) -> None:
    """Remove a folder that no longer matters; what cannot be removed now is swept by the next writer."""
    with suppress(OSError):
        _remove_tree(folder)


def _sync_file(path: Path) -> None:
    descriptor = os.open(path, os.O_RDONLY if os.name == "posix" else os.O_RDWR)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _sync_folder(folder: Path) -> None:
    if os.name == "posix":
        _sync_file(folder)


def _sync_tree(folder: Path) -> None:
    files = [path for path in folder.rglob("*") if path.is_file()]
    folders = [path for path in folder.rglob("*") if path.is_dir()]
    with ThreadPoolExecutor(max_workers=8) as pool:
        list(pool.map(_sync_file, files))
        list(pool.map(_sync_folder, [*folders, folder]))


def finish_swap(target: Path, root: Path) -> bool:
    """Finish a swap of which only the first step was done: the old folder is set aside, the new one not yet in place.

    Parameters
    ----------
    target
        The folder that was being replaced.
    root
        The store whose lock its writer holds.

    Returns
    -------
    Whether there was such a swap.
    """
    if target.exists() or not _backup_of(target).exists():
        return False
    for _ in range(_SWAP_ATTEMPTS):
        try:
            with exclusive(root):
                _finish(target)
        except StoreBusyError:
            time.sleep(0.02)
        if target.exists():
            return True
    raise StoreBusyError(f"{target} is being replaced by another process. Try again when that is done.")


def _finish(target: Path) -> None:
    stage, backup = _stage_of(target), _backup_of(target)
    if target.exists():
        return
    put_in_place(stage if stage.exists() else backup, target)
    _discard(backup)


def finish_swaps_below(folder: Path, root: Path) -> None:
    """Finish the interrupted swaps of the folders in ``folder``, which lies in the store ``root``."""
    for name in _set_aside(folder):
        finish_swap(folder / name, root)


def finish_own_swap(target: Path) -> None:
    """Finish such a swap, if there is one; the caller holds the lock of the store."""
    if not target.exists() and _backup_of(target).exists():
        _finish(target)


def finish_own_swaps_below(folder: Path) -> None:
    """Finish the interrupted swaps of the folders in ``folder``; the caller holds the lock of the store."""
    for name in _set_aside(folder):
        finish_own_swap(folder / name)


def _set_aside(folder: Path) -> list[str]:
    """The folders in a folder whose old data a writer has set aside."""
    hidden = [name for name in names_in(folder) if name.startswith(".") and name.endswith(".backup")]
    return [name.removeprefix(".").removesuffix(".backup") for name in hidden]


def sweep(target: Path) -> None:
    """Remove what writers that died have left beside a target; the caller holds its lock."""
    for leftover in (_stage_of(target), _backup_of(target), _trash_of(target)):
        if leftover.exists():
            _remove_tree(leftover)


def leftovers_of(root: Path) -> list[Path]:
    """What writers that died have left of the store ``root``, its elements and their documents."""
    containers = [entry for entry in root.iterdir() if entry.is_dir()]
    folders = [root, *containers, *(entry for folder in containers for entry in folder.iterdir() if entry.is_dir())]
    found = [entry for folder in folders for entry in folder.iterdir() if _is_leftover(entry)]
    return sorted([*found, *(path for path in (_stage_of(root), _backup_of(root), _trash_of(root)) if path.exists())])


def _is_leftover(path: Path) -> bool:
    return path.name.startswith(".") and path.suffix in (".stage", ".backup", ".trash", ".new")


def remove_leftover(path: Path) -> None:
    """Remove a file or folder that a dead writer has left; the caller holds the lock of the store."""
    if path.is_dir():
        _remove_tree(path)
    else:
        path.unlink(missing_ok=True)


def move_folder(source: Path, target: Path) -> None:
    """Rename a folder in one step; the caller holds the lock and knows that the target is free."""
    sweep(target)
    put_in_place(source, target)
    _sync_folder(target.parent)


def remove_folder(target: Path) -> None:
    """Remove a folder so that it is gone in one step."""
    trash = _trash_of(target)
    put_in_place(target, trash)
    _sync_folder(target.parent)
    _discard(trash)


class Transaction:
    """Write a folder completely, then put it in place in one step.

    Parameters
    ----------
    target
        The folder that is to be written or replaced; its writer holds the lock of the store.

    Notes
    -----
    Write into ``stage`` inside the ``with`` block and call :meth:`commit` at its end. Without a commit, whatever the
    reason, the target stays as it was and the stage is removed.
    """

    def __init__(self, target: Path) -> None:
        self.target = target
        self.stage = _stage_of(target)

    def __enter__(self) -> Transaction:
        with self._writing():
            sweep(self.target)
            self.stage.mkdir(parents=True)
        return self

    @contextmanager
    def _writing(self) -> Iterator[None]:
        try:
            yield
        except OSError as error:
            raise StoreError(
                f"{self.target} cannot be written: {type(error).__name__}: {error}. Nothing was changed."
            ) from error

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        backup = _backup_of(self.target)
        if backup.exists() and not self.target.exists():
            put_in_place(backup, self.target)
        _discard(self.stage)

    def sync(self) -> None:
        """Bring all that was staged to disk."""
        with self._writing():
            _sync_tree(self.stage)

    def commit(self) -> None:
        """Bring the stage to disk and swap it with the target."""
        self.sync()
        backup = _backup_of(self.target)
        with self._writing():
            if self.target.exists():
                put_in_place(self.target, backup)
            put_in_place(self.stage, self.target)
        _sync_folder(self.target.parent)
        _discard(backup)
