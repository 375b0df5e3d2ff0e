"""Writing of transformations and channel names into the store of an object."""

from __future__ import annotations

import warnings
from typing import TYPE_CHECKING, Any

from spatialdata._sdata.io import store_path
from spatialdata._sdata.linked import is_linked
from spatialdata.models.kind import Kind
from spatialdata.transformations.units import UNITS_KEY

if TYPE_CHECKING:
    from spatialdata._sdata.holder import ElementHolder

__all__ = ["write_metadata_of"]


def write_metadata_of(sdata: ElementHolder, names: list[str], *, transformations: bool, channels: bool) -> None:
    """Write transformations and channel names of elements into the store; their data are not touched."""
    from spatialdata.store.changing import brought_here
    from spatialdata.store.metadata import write_channel_names, write_transformations
    from spatialdata.store.store import Entry, Store

    path = store_path(sdata)
    store = Store.open(path)
    found = {}
    for name in names:
        elements = next(mapping for mapping in sdata.shelf if name in mapping)
        if store.has(Entry(elements.kind, name)):
            found[name] = elements
        else:
            _warn(f"The element {name!r} is not in the store {path}; nothing was written.")
    if not found:
        return
    with brought_here(path) as root:
        for name, elements in found.items():
            if transformations and elements.kind is not Kind.TABLE:
                placed = dict(elements.transformations(name))
                write_transformations(root, elements.kind, name, placed, sdata.attrs.get(UNITS_KEY))
            if not channels or elements.kind is not Kind.IMAGE:
                continue
            if Entry(Kind.IMAGE, name) in store.links:
                _warn_of_channels(elements, name)
            else:
                write_channel_names(root, name, _channel_names(elements[name]))


def _channel_names(image: Any) -> list[Any]:
    from spatialdata.models.channels import get_channel_names

    return list(get_channel_names(image))


def _warn_of_channels(images: Any, name: str) -> None:
    """Say that other channel names of a linked image are not written."""
    if not images.is_loaded(name) or not is_linked(images, name):
        return
    if _channel_names(images[name]) != _channel_names(images.source(name).load()):
        _warn(f"The image {name!r} lies in another store, which keeps its channel names; they were not written.")


def _warn(message: str) -> None:
    warnings.warn(message, UserWarning, stacklevel=5)
