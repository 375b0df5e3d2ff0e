"""The versions of a store that is written anew in its own place: they stay, unless others are asked for."""

from __future__ import annotations

from typing import Any

from spatialdata.errors import StoreError
from spatialdata.store.formats import formats_of
from spatialdata.store.store import Store
from spatialdata.store.versions import CURRENT

__all__ = ["kept_versions"]


def kept_versions(location: Any, formats: Any, ngff: str | None) -> dict[str, Any]:
    """The versions in which the store at a location is written again.

    Parameters
    ----------
    location
        The store. One that has gone, or cannot be read, asks for nothing.
    formats, ngff
        What the caller asks for; None for what the store has.

    Returns
    -------
    ``formats``, ``ngff`` and ``container`` for :meth:`spatialdata.store.options.WriteOptions.of`.
    """
    asked = {"formats": formats, "ngff": ngff, "container": None}
    try:
        store = Store.open(location)
    except StoreError:
        return asked
    # Whoever asks for a version of OME-Zarr asks for Zarr v3 with it.
    container = store.container if formats is None and ngff is None else None
    if ngff is None and formats_of(formats, container).container is CURRENT:
        ngff = store.ngff
    return {"formats": formats, "ngff": ngff, "container": container}
