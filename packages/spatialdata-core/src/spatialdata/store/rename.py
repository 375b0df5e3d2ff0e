"""Another name for an element of a store."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from spatialdata._core.names import check_name
from spatialdata.store.changing import check_free, existing_folder, opened_for_writing
from spatialdata.store.consolidated import without_consolidated
from spatialdata.store.containers import list_labels
from spatialdata.store.dialects.v06_write import FIELDS
from spatialdata.store.scene import write_scene
from spatialdata.store.store import Entry
from spatialdata.store.transaction import move_folder

if TYPE_CHECKING:
    from spatialdata.models.kind import Kind

__all__ = ["rename_element"]


def rename_element(store_path: str | os.PathLike[str], kind: Kind, name: str, new_name: str) -> None:
    """Rename an element in a store, in one step; its data are not touched.

    Raises
    ------
    ElementNotFoundError
        The store has no such element.
    StoreExistsError
        The new name is taken.
    """
    check_name(new_name)
    with opened_for_writing(store_path) as store:
        folder = existing_folder(store, kind, name)
        check_free(store, Entry(kind, new_name), overwrite=False, leaving=Entry(kind, name))
        paths = [f"{kind.container}/{each}" for each in (name, new_name)]
        with without_consolidated(store.root, *paths, FIELDS):
            move_folder(folder, folder.with_name(new_name))
            list_labels(store.path, kind)
            if store.ngff is not None:
                write_scene(store.path)
