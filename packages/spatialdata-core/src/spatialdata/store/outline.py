"""What a store holds, as JSON: kinds, shapes, coordinate systems and what tables annotate."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

from spatialdata.errors import StoreError
from spatialdata.models.base import ATTRS_KEY
from spatialdata.store.selection import chosen_entries
from spatialdata.store.space import bytes_in
from spatialdata.transformations.attach import TRANSFORM_KEY

if TYPE_CHECKING:
    from spatialdata.store.store import Entry, Store

__all__ = ["outline"]


def outline(store: Store, selection: Iterable[str] | None = None, *, space: bool = False) -> dict[str, Any]:
    """Describe a store by its metadata; nothing is loaded.

    Parameters
    ----------
    store
        The store.
    selection
        Kinds, names and patterns of elements; all if not given.
    space
        Whether to tell the ``bytes`` of all files of each element, which are listed for that.

    Returns
    -------
    The path, the version, the user's attributes, and one entry for each element. An element that cannot be read has
    the key ``error``.
    """
    return {
        "path": str(store.path),
        "version": store.version,
        "attrs": store.attrs,
        "elements": [_element(store, entry, space) for entry in chosen_entries(store.entries(), selection)],
    }


def _element(store: Store, entry: Entry, space: bool) -> dict[str, Any]:
    source = store.source(entry)
    found: dict[str, Any] = {"kind": entry.kind.container, "name": entry.name}
    if space:
        found["bytes"] = bytes_in(source.folder)
    try:
        attrs = source.attrs
        found.update({"version": source.version, "summary": source.summary(), **source.facts()})
    except StoreError as error:
        return {**found, "error": str(error)}
    if TRANSFORM_KEY in attrs:
        found["coordinate_systems"] = sorted(attrs[TRANSFORM_KEY])
    else:
        region = attrs.get(ATTRS_KEY, {}).get("region")
        found["annotates"] = [region] if isinstance(region, str) else list(region or ())
    return found
