"""Putting a store in order after a crash, or after another program has changed it."""

from __future__ import annotations

import os
from pathlib import Path

from spatialdata.errors import StoreError
from spatialdata.models.kind import Kind
from spatialdata.store.changing import brought_here
from spatialdata.store.consolidated import consolidate
from spatialdata.store.containers import list_labels
from spatialdata.store.documents import child_names, documents_of, is_node, write_group
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
        written = _write_lists(Store.open(root))
    return [*done, *written]


def _repair_folder(root: Path) -> list[str]:
    store = Store.open(root)
    store.entries()
    done = []
    with exclusive(root):
        for path in leftovers_of(root):
            remove_leftover(path)
            done.append(f"removed {path}, which an interrupted writer had left")
        return [*done, *_write_lists(store)]


def _write_lists(store: Store) -> list[str]:
    """Write what lists elements: their groups, that of the labels, the scene, and the consolidated metadata."""
    root = store.path
    restored = [kind.container for kind in Kind if _restore_group(root / kind.container, kind, store)]
    list_labels(root, Kind.LABELS)
    if store.ngff is not None:
        write_scene(root)
    consolidate(root)
    return [*(f"wrote the document of {container} anew" for container in restored), _CONSOLIDATED]


def _restore_group(group: Path, kind: Kind, store: Store) -> bool:
    """Write the document of a group of elements if it cannot be read; it says nothing of its own."""
    zarr_format = store.container.zarr_format
    if _is_readable(group, zarr_format) or not any(is_node(group / name) for name in child_names(group)):
        return False
    # The list of labels, which is brought up to date afterwards, is written in that version.
    is_in_06 = kind is Kind.LABELS and store.ngff is not None
    write_group(group, {"ome": {"version": store.ngff}} if is_in_06 else None, zarr_format)
    return True


def _is_readable(group: Path, zarr_format: int) -> bool:
    try:
        return bool(documents_of(group, zarr_format))
    except StoreError:
        return False
