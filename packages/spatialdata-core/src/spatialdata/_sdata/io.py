"""Reading and writing of SpatialData objects."""

from __future__ import annotations

import warnings
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from spatialdata._core.elements import is_points, is_raster, is_table, levels_of
from spatialdata._core.matrices import is_lazy, is_lazy_table, matrices_of
from spatialdata._core.names import names_faults
from spatialdata._core.sources import locations_of
from spatialdata.errors import (
    ElementNotFoundError,
    Fault,
    StoreError,
    StoreNotFoundError,
    ValidationError,
    listing,
    unknown_name,
)
from spatialdata.models.base import raise_faults
from spatialdata.models.model import get_model
from spatialdata.models.table_names import table_name_faults
from spatialdata.transformations.links import LINKS_KEY, CoordinateLink
from spatialdata.transformations.units import UNITS_KEY, merged_units

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from spatialdata._sdata.holder import ElementHolder
    from spatialdata.models.kind import Kind
    from spatialdata.store.options import WriteOptions
    from spatialdata.store.store import Entry

__all__ = [
    "check_before_writing",
    "fill_from_store",
    "is_same_place",
    "reads_from",
    "show_stored",
    "store_path",
    "write_elements",
    "write_sdata",
]

OnBadFiles = Literal["error", "warn"]
# Checking reads some metadata of each element. Of very many, and of those behind an address, each is checked when it
# is first used.
_CHECKED_AT_ONCE = 256


def fill_from_store(
    sdata: ElementHolder,
    location: Any,
    selection: Iterable[str] | None,
    on_bad_files: OnBadFiles,
    *,
    lazy: bool = False,
) -> None:
    """Put the elements of a store into an empty object; only metadata are read. With ``lazy``, tables stay lazy."""
    from spatialdata.store.files import is_local, path_of
    from spatialdata.store.plain import plain_store
    from spatialdata.store.selection import chosen_entries
    from spatialdata.store.store import Store

    if on_bad_files not in ("error", "warn"):
        raise ValueError(f"on_bad_files must be 'error' or 'warn', not {on_bad_files!r}.")
    try:
        store = Store.open(location)
    except StoreNotFoundError:
        plain = plain_store(path_of(location))
        if not plain.rasters:
            raise
        found = {entry: plain.rasters[entry] for entry in chosen_entries(list(plain.rasters), selection)}
        sources = _put_sources(sdata, found, on_bad_files, checks=True)
        sdata.attrs = {
            **_said_units([*(source.units for source in sources), plain.units], {}),
            **_as_attrs(plain.links),
        }
        return
    chosen = chosen_entries(store.entries(), selection)
    checks = on_bad_files == "warn" or (len(chosen) <= _CHECKED_AT_ONCE and is_local(store.path))
    found = {entry: _as_lazy(store.source(entry), lazy) for entry in chosen}
    sources = _put_sources(sdata, found, on_bad_files, checks=checks)
    # Where nothing is checked, the metadata of elements are not read for their units either.
    said = [source.units for source in sources] if checks else []
    sdata.attrs = {**store.attrs, **_said_units(said, store.attrs.get(UNITS_KEY, {}))}
    sdata.path = store.path


def _put_sources(
    sdata: ElementHolder, found: Mapping[Entry, Any], on_bad_files: OnBadFiles, *, checks: bool
) -> list[Any]:
    """Put sources into the object, and return those that can be read."""
    good = []
    for entry, source in found.items():
        try:
            # What lies behind an address is opened when it is first used, unless one bad element may not stop all.
            if checks and (on_bad_files == "warn" or not getattr(source, "is_elsewhere", False)):
                source.check()
        except StoreError as error:
            if on_bad_files == "error":
                raise
            warnings.warn(f"{entry.kind.container}/{entry.name}: {error}", UserWarning, stacklevel=5)
            continue
        sdata.shelf[entry.kind].put_source(entry.name, source)
        good.append(source)
    return good


def _said_units(said: list[Mapping[str, Mapping[str, str]]], known: Mapping[str, Any]) -> dict[str, Any]:
    """The units of coordinate systems as attributes: those that are known already, and those that the elements say."""
    units, contradicted = merged_units(said)
    units = {**{system: axes for system, axes in units.items() if system not in known}, **known}
    unclear = [system for system in contradicted if system not in known]
    if unclear:
        warnings.warn(
            f"The elements say different units of the coordinate systems {listing(unclear)}; none are taken over. Say "
            "which they are with set_units.",
            UserWarning,
            stacklevel=5,
        )
    return {UNITS_KEY: units} if units else {}


def _as_attrs(links: list[CoordinateLink]) -> dict[str, Any]:
    from spatialdata.store.dialects.links import link_json

    return {LINKS_KEY: [link_json(link) for link in links]} if links else {}


def _as_lazy(source: Any, lazy: bool) -> Any:
    """The source of a table that loads it lazily, if that is wanted."""
    return source.lazily() if lazy and hasattr(source, "lazily") else source


def check_before_writing(sdata: ElementHolder) -> None:
    """Raise one error with everything that would keep the object from being written.

    Elements that are not loaded come from a store, and are checked when it is their turn.
    """
    faults: list[Fault] = []
    for elements in sdata.shelf:
        container = elements.kind.container
        faults.extend(names_faults(elements, (container,)))
        for name in elements:
            if elements.is_loaded(name):
                faults.extend(_element_faults(elements[name], (container, name)))
    raise_faults("The object cannot be written:", faults)


def _element_faults(element: Any, path: tuple[str, ...]) -> list[Fault]:
    try:
        model = get_model(element)
    except ValidationError as error:
        return [Fault((*path, *fault.path), fault.message) for fault in error.faults] or [Fault(path, error.title)]
    return table_name_faults(element, path) if model.__name__ == "TableModel" else []


def write_sdata(
    sdata: ElementHolder,
    location: Any,
    *,
    overwrite: bool,
    consolidate: bool,
    options: WriteOptions,
    links: str,
) -> Path:
    """Write all elements into a store, as one transaction, and return the path of it."""
    from spatialdata._sdata.linked import kept_links
    from spatialdata.store.publish import write_anywhere

    check_before_writing(sdata)
    kept = kept_links(sdata, location, links)
    linked = {entry.name for entry in kept}
    elements = {mapping.kind: mapping.one_by_one(without=linked) for mapping in sdata.shelf}
    return write_anywhere(
        location,
        elements,
        sdata.attrs,
        overwrite=overwrite,
        consolidate=consolidate,
        options=options,
        links=kept,
    )


def write_elements(sdata: ElementHolder, names: list[str], *, overwrite: bool, given: Mapping[str, Any]) -> None:
    """Write some elements into the store of the object."""
    from spatialdata.store.changing import brought_here
    from spatialdata.store.files import is_local
    from spatialdata.store.options import WriteOptions
    from spatialdata.store.store import Store
    from spatialdata.store.write import write_element

    path = store_path(sdata)
    store = Store.open(path)
    chosen = {**given, "ngff": given["ngff"] or store.ngff}
    options = WriteOptions.of(**chosen, container=store.container, units=sdata.attrs.get(UNITS_KEY))
    for name in names:
        elements = _mapping_of(sdata, name)
        raise_faults(f"The element {name!r} cannot be written:", names_faults([name], (elements.kind.container,)))
        raise_faults(f"The element {name!r} cannot be written:", _element_faults(elements[name], (name,)))
    with brought_here(path) as root:
        for name in names:
            elements = _mapping_of(sdata, name)
            write_element(root, elements.kind, name, elements[name], overwrite=overwrite, options=options)
            if is_local(path):
                read_from_store_again(sdata, [name])
    if not is_local(path):
        read_from_store_again(sdata, names)


def read_from_store_again(sdata: ElementHolder, names: Iterable[str]) -> None:
    """Let lazy elements read from the store of the object, where they were just written, in place."""
    from spatialdata.store.store import Entry, Store

    store = Store.open(store_path(sdata))
    for name in names:
        elements = _mapping_of(sdata, name)
        stored = store.source(Entry(elements.kind, name))
        source: Any = _as_lazy(stored, getattr(elements.source(name), "is_lazy", False))
        if elements.is_loaded(name):
            element = elements[name]
            if is_raster(element):
                _adopt_levels(element, source.load())
            elif is_points(element):
                _adopt_rows(element, source.load())
            elif is_table(element) and is_lazy_table(element):
                source = _as_lazy(source, True)
                if element.is_view:
                    elements.unload(name, source)
                    continue
                _adopt_matrices(element, source.load())
        elements.replace_source(name, source)


def show_stored(sdata: ElementHolder, kind: Kind, name: str) -> None:
    """Put an element that was just written into the store into the object, not loaded; a table as a lazy one."""
    from spatialdata.store.store import Entry, Store

    source = Store.open(store_path(sdata)).source(Entry(kind, name))
    sdata.shelf[kind].put_source(name, _as_lazy(source, True))


def _adopt_matrices(table: Any, stored: Any) -> None:
    fresh = dict(matrices_of(stored))
    for place, matrix in list(matrices_of(table)):
        if not is_lazy(matrix) or place == "raw/X":
            continue
        if place == "X":
            table.X = fresh[place]
        else:
            name, _, key = place.partition("/")
            getattr(table, name)[key] = fresh[place]
    if table.raw is not None and is_lazy(table.raw.X):
        table.raw = stored.raw.to_adata()


def _adopt_levels(element: Any, stored: Any) -> None:
    for level, fresh in zip(levels_of(element), levels_of(stored), strict=True):
        level.variable.data = fresh.data


def _adopt_rows(element: Any, stored: Any) -> None:
    from spatialdata.models.points_frame import PointsFrame

    if isinstance(element, PointsFrame):
        element.adopt(stored)


def store_path(sdata: ElementHolder) -> Path:
    from spatialdata.store.files import path_of

    if sdata.path is None:
        raise ValueError("The object is not backed by a store. Call write(path) first.")
    return path_of(sdata.path)


def reads_from(sdata: ElementHolder, location: Any) -> bool:
    """Whether elements of an object are read from a store that lies at a location."""
    from spatialdata.store.backing import get_dask_backing_files
    from spatialdata.store.files import is_archive, is_local, path_of

    if is_archive(location) or not is_local(path_of(location)):
        return False
    root = path_of(location).resolve()
    for elements in sdata.shelf:
        for name in elements:
            loaded = elements.is_loaded(name)
            files = get_dask_backing_files(elements[name]) if loaded else locations_of(elements.source(name))
            if any(root in Path(file).resolve().parents for file in files):
                return True
    return False


def is_same_place(one: Any, other: Any) -> bool:
    """Whether two locations are one."""
    from spatialdata.store.files import archive_of, is_local, path_of

    if one is None:
        return False
    archives = [archive_of(location) for location in (one, other)]
    resolved = [archive.resolve() for archive in archives if archive is not None]
    if resolved:
        return len(resolved) == len(archives) and resolved[0] == resolved[1]
    paths = [path_of(location) for location in (one, other)]
    return str(paths[0]) == str(paths[1]) or (
        all(is_local(path) for path in paths) and paths[0].resolve() == paths[1].resolve()
    )


def _mapping_of(sdata: ElementHolder, name: str) -> Any:
    elements = sdata.shelf.find(name)
    if elements is None:
        raise _UnknownElementError(unknown_name("element", name, sdata.shelf.names()))
    return elements


class _UnknownElementError(ElementNotFoundError, ValueError):
    """An element was named that the object does not have."""
