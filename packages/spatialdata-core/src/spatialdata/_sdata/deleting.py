"""Deleting elements from the store of an object, without losing what the object itself still reads from there."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Any

from spatialdata._core.elements import is_points, is_raster, is_shapes, levels_of
from spatialdata._sdata.io import store_path
from spatialdata.errors import listing, unknown_name

if TYPE_CHECKING:
    from pathlib import Path

    from spatialdata._sdata.holder import ElementHolder
    from spatialdata.models.kind import Kind
    from spatialdata.store.store import Entry, Store

__all__ = ["delete_elements"]

_LOADED_AT_MOST = 2**30


def delete_elements(sdata: ElementHolder, names: list[str]) -> None:
    """Delete elements from the store of the object; those in memory stay."""
    from spatialdata.store.changing import brought_here
    from spatialdata.store.delete import delete_element
    from spatialdata.store.link_changes import set_links
    from spatialdata.store.store import Store

    path = store_path(sdata)
    store = Store.open(path)
    chosen = [_entry(store, name) for name in dict.fromkeys(names)]
    for entry in chosen:
        if entry not in store.links:
            _check_others(sdata, path / str(entry), names)
            _keep(sdata, entry.kind, entry.name, path / str(entry))
    with brought_here(path) as root:
        for entry in chosen:
            if entry not in store.links:
                delete_element(root, entry.kind, entry.name)
        if unlinked := {entry: None for entry in chosen if entry in store.links}:
            set_links(root, unlinked)


def _entry(store: Store, name: str) -> Entry:
    """The element of a name in a store."""
    found = store.named(name)
    if found is None:
        stored = [entry.name for entry in store.entries()]
        raise ValueError(unknown_name(f"element in the store {store.path}", name, stored))
    return found


def _reads_from(element: Any, folder: Path) -> bool:
    from spatialdata.store.backing import get_dask_backing_files
    from spatialdata.store.files import is_local

    place = os.path.realpath(folder) if is_local(folder) else str(folder)
    return any(
        f"{file}/".startswith(f"{place}/") or file.startswith(place + os.sep)
        for file in get_dask_backing_files(element)
    )


def _check_others(sdata: ElementHolder, folder: Path, names: list[str]) -> None:
    """Raise if elements that stay are computed from what lies in a folder."""
    others = [
        name
        for elements in sdata.shelf
        for name in elements.loaded()
        if name not in names and _reads_from(elements[name], folder)
    ]
    if others:
        raise ValueError(
            f"{folder} is not deleted, because {listing(others)} of the object are read from there. Write these first, "
            "or remove them from the object."
        )


def _keep(sdata: ElementHolder, kind: Kind, name: str, folder: Path) -> None:
    """Load what the object reads from a folder, in place."""
    elements = sdata.shelf[kind]
    if name not in elements:
        return
    if not elements.is_loaded(name) and elements.source(name).location != str(folder):
        return
    element = elements[name]
    if is_shapes(element) or not _reads_from(element, folder):
        return
    if is_raster(element):
        _load_levels(element, name, folder)
    elif is_points(element):
        _load_rows(element)
    else:
        raise ValueError(
            f"{folder} is not deleted, because matrices of the table {name!r} of the object are read from there. Load "
            "them, or remove the table from the object."
        )


def _load_levels(element: Any, name: str, folder: Path) -> None:
    import dask.array as da

    levels = levels_of(element)
    size = sum(level.nbytes for level in levels)
    if size > _LOADED_AT_MOST:
        raise ValueError(
            f"{folder} is not deleted, because {name!r} of the object is read from there and takes {size / 2**30:.1f} "
            "GiB in memory. Remove it from the object first, or load it yourself."
        )
    for level in levels:
        level.variable.data = da.from_array(level.data.compute(), chunks=level.data.chunks)


def _load_rows(element: Any) -> None:
    import dask.dataframe as dd

    from spatialdata.models.points_frame import PointsFrame

    loaded = dd.from_pandas(element.compute(), npartitions=element.npartitions, sort=False)
    element.adopt(PointsFrame(loaded, element.attrs))
