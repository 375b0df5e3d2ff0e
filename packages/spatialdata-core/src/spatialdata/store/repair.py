"""Putting a store in order after a crash, or after another program has changed it."""

from __future__ import annotations

import os
from pathlib import Path

from spatialdata.models.kind import Kind
from spatialdata.store.changing import brought_here
from spatialdata.store.consolidated import consolidate
from spatialdata.store.containers import list_labels
from spatialdata.store.files import archive_of, is_local, path_of
from spatialdata.store.lock import exclusive
from spatialdata.store.mirror import mirrored
from spatialdata.store.scene import write_scene
from spatialdata.store.store import Store
from spatialdata.store.transaction import leftovers_of, remove_leftover

__all__ = ["repair_store"]

_CONSOLIDATED = "wrote the consolidated metadata anew"


def repair_store(location: str | os.PathLike[str]) -> list[str]:
    """Finish or sweep interrupted writes, and write the lists and the consolidated metadata anew.

    No element is changed or removed.

    Parameters
    ----------
    location
        A store in a folder of this machine, in an archive, or behind an address.

    Returns
    -------
    What was done, one line each.

    Raises
    ------
    StoreNotFoundError
        There is no store, also none that an interrupted writer could have left.
    StoreBusyError
        Another process is writing to the store.
    """
    place = path_of(location)
    if is_local(place):
        return _repair_folder(place.resolve())
    if archive_of(place) is not None:
        with brought_here(place) as root:
            return _repair_folder(root)
    done: list[str] = []
    with mirrored(place, afresh=True, repairs=done) as root:
        _write_lists(root, Store.open(root).ngff)
    return [*done, _CONSOLIDATED]


def _repair_folder(root: Path) -> list[str]:
    store = Store.open(root)
    store.entries()
    done = []
    with exclusive(root):
        for path in leftovers_of(root):
            remove_leftover(path)
            done.append(f"removed {path}, which an interrupted writer had left")
        _write_lists(root, store.ngff)
    return [*done, _CONSOLIDATED]


def _write_lists(root: Path, ngff: str | None) -> None:
    """Write what lists elements: that of the labels, the scene, and the consolidated metadata."""
    list_labels(root, Kind.LABELS)
    if ngff is not None:
        write_scene(root)
    consolidate(root)
