"""An element of a store that is deleted."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from spatialdata.store.changing import existing_folder, opened_for_writing
from spatialdata.store.consolidated import without_consolidated
from spatialdata.store.containers import list_labels
from spatialdata.store.dialects.v06_write import FIELDS
from spatialdata.store.scene import write_scene
from spatialdata.store.transaction import remove_folder

if TYPE_CHECKING:
    from spatialdata.models.kind import Kind

__all__ = ["delete_element"]


def delete_element(store_path: str | os.PathLike[str], kind: Kind, name: str) -> None:
    """Delete an element from a store.

    Raises
    ------
    ElementNotFoundError
        The store has no such element.
    """
    with opened_for_writing(store_path) as store:
        root = store.path
        folder = existing_folder(store, kind, name)
        with without_consolidated(store.root, f"{kind.container}/{name}", FIELDS):
            remove_folder(folder)
            list_labels(root, kind)
            if store.ngff is not None:
                write_scene(root)
