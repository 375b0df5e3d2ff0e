"""Another name for an element, and for what the tables say that they annotate."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from spatialdata._core.names import check_name
from spatialdata._sdata.io import read_from_store_again
from spatialdata.models.base import ATTRS_KEY
from spatialdata.models.kind import Kind

if TYPE_CHECKING:
    from anndata import AnnData

    from spatialdata._sdata.holder import ElementHolder

__all__ = ["rename"]


def rename(sdata: ElementHolder, name: str, new_name: str) -> None:
    """Rename an element of an object and of its store."""
    from spatialdata.store.link_changes import set_links
    from spatialdata.store.rename import rename_element
    from spatialdata.store.store import Entry, Store
    from spatialdata.store.write import write_element

    elements = sdata.shelf.find(name)
    if elements is None or name == new_name:
        return
    check_name(new_name)
    sdata.shelf.check_renamed(name, new_name)
    tables = {table: _renamed(sdata.tables[table], name, new_name) for table in _annotating(sdata, name)}
    store = None if sdata.path is None else Store.open(sdata.path)
    old, new = Entry(elements.kind, name), Entry(elements.kind, new_name)
    if store is not None and old in store.links:
        set_links(store.path, {old: None, new: store.links[old]})
        elements.rename(name, new_name)
    elif store is not None and store.has(old):
        rename_element(store.path, elements.kind, name, new_name)
        elements.rename(name, new_name)
        # What was loaded lazily reads from the new place.
        read_from_store_again(sdata, [new_name])
    else:
        elements.rename(name, new_name)
    for table, renamed in tables.items():
        sdata.tables[table] = renamed
        if store is not None and store.has(Entry(Kind.TABLE, table)):
            write_element(store.path, Kind.TABLE, table, renamed, overwrite=True)


def _annotating(sdata: ElementHolder, name: str) -> list[str]:
    found = []
    for table in sdata.tables:
        region = sdata.tables[table].uns.get(ATTRS_KEY, {}).get("region")
        if name in ([region] if isinstance(region, str) else list(region or ())):
            found.append(table)
    return found


def _renamed(table: AnnData, name: str, new_name: str) -> AnnData:
    """A table that annotates the element under its new name."""
    fresh = table.copy()
    attrs: dict[str, Any] = dict(fresh.uns[ATTRS_KEY])
    region = attrs["region"]
    attrs["region"] = new_name if isinstance(region, str) else [new_name if r == name else r for r in region]
    fresh.uns[ATTRS_KEY] = attrs
    column = fresh.obs[attrs["region_key"]]
    if hasattr(column, "cat"):
        fresh.obs[attrs["region_key"]] = column.cat.rename_categories({name: new_name})
    else:
        fresh.obs[attrs["region_key"]] = column.replace({name: new_name})
    return fresh
