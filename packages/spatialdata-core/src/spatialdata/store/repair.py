"""Putting a store in order after a crash, or after another program has changed it."""

from __future__ import annotations

import os

from spatialdata.models.kind import Kind
from spatialdata.store.consolidated import consolidate
from spatialdata.store.lock import exclusive
from spatialdata.store.scene import write_scene
from spatialdata.store.store import Store, local_path
from spatialdata.store.transaction import leftovers_of, remove_leftover
from spatialdata.store.write import list_labels

__all__ = ["repair_store"]


def repair_store(location: str | os.PathLike[str]) -> list[str]:
    """Finish or sweep interrupted writes, and write the lists and the consolidated metadata anew.

    No element is changed or removed.

    Parameters
    ----------
    location
        A store in a folder of this machine.

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
    root = local_path(location).resolve()
    store = Store.open(root)
    store.entries()
    done = []
    with exclusive(root):
        for path in leftovers_of(root):
            remove_leftover(path)
            done.append(f"removed {path}, which an interrupted writer had left")
        list_labels(root, Kind.LABELS)
        if store.ngff is not None:
            write_scene(root)
        consolidate(root)
    done.append("wrote the consolidated metadata anew")
    return done
