"""Everything that is wrong with a store, at once."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from spatialdata._core.names import names_faults
from spatialdata.errors import Fault, SpatialDataError, StoreError, ValidationError
from spatialdata.models.base import ATTRS_KEY
from spatialdata.models.kind import Kind
from spatialdata.models.model import validate_element
from spatialdata.store.consolidated import stale_paths
from spatialdata.store.damage import damage_of
from spatialdata.store.documents import contents, documents_of
from spatialdata.store.files import is_local
from spatialdata.store.store import Store
from spatialdata.store.transaction import leftovers_of

if TYPE_CHECKING:
    from spatialdata.store.store import Entry

__all__ = ["validate_store"]


def validate_store(location: Any, *, deep: bool = False) -> list[Fault]:
    """Check a store and all its elements.

    Parameters
    ----------
    location
        The store, as for :func:`spatialdata.read_zarr`.
    deep
        Load every element, check it by its model, and read all its pixels and points; otherwise only metadata are
        read.

    Returns
    -------
    Everything that is wrong, each with its path in the store; empty for a valid store.

    Raises
    ------
    StoreError
        There is no store that could be checked.

    Examples
    --------
    >>> import tempfile
    >>> from spatialdata import SpatialData
    >>> path = tempfile.mkdtemp() + "/empty.zarr"
    >>> SpatialData().write(path)
    >>> validate_store(path)
    []
    """
    store = Store.open(location)
    entries = store.entries()
    faults = names_faults([entry.name for entry in entries], ("names",))
    names = [entry.name for entry in entries]
    faults.extend(
        Fault(("names",), f"the name {name!r} is used by several elements")
        for name in sorted({name for name in names if names.count(name) > 1})
    )
    faults.extend(_group_faults(store, entries))
    for entry in entries:
        faults.extend(_element_faults(store, entry, names, deep=deep))
    if is_local(store.path):
        faults.extend(_stale_faults(store))
        faults.extend(
            Fault((str(path),), "an interrupted writer has left this; spatialdata repair removes it")
            for path in leftovers_of(store.path)
        )
    return faults


def _element_faults(store: Store, entry: Entry, names: list[str], *, deep: bool) -> list[Fault]:
    path = (entry.kind.container, entry.name)
    source = store.source(entry)
    try:
        source.check()
        source.summary()
        faults = _region_faults(source.attrs, names, path) if entry.kind is Kind.TABLE else []
        if deep:
            element = source.load()
            validate_element(element)
            faults.extend(damage_of(element, path))
    except ValidationError as error:
        return [Fault((*path, *fault.path), fault.message) for fault in error.faults] or [Fault(path, error.title)]
    except StoreError as error:
        return [Fault(path, str(error))]
    except (SpatialDataError, ValueError, TypeError) as error:
        return [Fault(path, f"{type(error).__name__}: {error}")]
    return faults


def _group_faults(store: Store, entries: list[Entry]) -> list[Fault]:
    """The groups of kinds without a readable document, whose elements other readers do not find."""
    faults = []
    for container in dict.fromkeys(entry.kind.container for entry in entries if entry not in store.links):
        group = store.path / container
        try:
            found = documents_of(group, store.container.zarr_format)
            said = "" if found else f"there is no Zarr document: {contents(group)}."
        except StoreError as error:
            said = str(error)
        if said:
            faults.append(Fault((container,), f"{said} spatialdata repair writes it anew"))
    return faults


def _stale_faults(store: Store) -> list[Fault]:
    try:
        stale = stale_paths(store.path)
    except StoreError:
        # A document that cannot be read is a fault of its element already.
        return []
    message = "the consolidated metadata say something else; spatialdata repair writes them anew"
    return [Fault((path,), message) for path in stale]


def _region_faults(attrs: Any, names: list[str], path: tuple[str, ...]) -> list[Fault]:
    region = attrs.get(ATTRS_KEY, {}).get("region")
    regions = [region] if isinstance(region, str) else list(region or ())
    return [
        Fault(path, f"annotates {json.dumps(name, ensure_ascii=False)}, which the store does not have")
        for name in regions
        if name not in names
    ]
