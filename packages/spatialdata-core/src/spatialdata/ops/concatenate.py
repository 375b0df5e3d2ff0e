"""Several objects in one."""

from __future__ import annotations

import warnings
from collections.abc import Iterable, Mapping, Sequence
from functools import partial
from typing import TYPE_CHECKING, Any

from spatialdata._core.container import is_container, new_container
from spatialdata._core.sources import Derived, DerivedShapes, PartedShapes, Pending
from spatialdata.errors import UnsupportedElementError, listing
from spatialdata.models.kind import Kind
from spatialdata.models.shallow import with_transformations
from spatialdata.models.table import TableModel
from spatialdata.ops.concatenate_tables import joined, side_by_side, suffixed, tables_with_suffix
from spatialdata.transformations.attach import TRANSFORM_KEY
from spatialdata.transformations.links import LINKS_KEY, renamed_links
from spatialdata.transformations.units import UNITS_KEY, merged_units

if TYPE_CHECKING:
    from spatialdata._core.sources import Source
    from spatialdata.sdata import SpatialData
    from spatialdata.transformations.algebra import BaseTransformation

__all__ = ["concatenate"]


def concatenate(
    sdatas: Iterable[SpatialData] | Mapping[str, SpatialData],
    region_key: str | None = None,
    instance_key: str | None = None,
    concatenate_tables: bool = False,
    obs_names_make_unique: bool = True,
    modify_tables_inplace: bool = False,  # noqa: ARG001  # kept for the callers that pass it
    merge_coordinate_systems_on_name: bool = False,
    attrs_merge: Any = None,
    **kwargs: Any,
) -> SpatialData:
    """Put several objects into one.

    Parameters
    ----------
    sdatas
        The objects. With a mapping, its keys are put behind the names of elements, of tables, of regions and of
        coordinate systems: ``image`` of the object ``"a"`` becomes ``image-a``.
    region_key, instance_key
        The columns of ``obs`` of the concatenated tables with the element and with the id of each row, where the tables
        name them differently.
    concatenate_tables
        Make one table of those of the same name.
    obs_names_make_unique
        Make the names of the rows of concatenated tables unique: the key of the object is put behind them if
        ``sdatas`` is a mapping, and a number behind those that are there several times.
    modify_tables_inplace
        Accepted for compatibility; the tables of the inputs are never changed.
    merge_coordinate_systems_on_name
        With a mapping, keep the names of coordinate systems, so that those of the same name become one.
    attrs_merge
        How attributes are merged: a strategy of :func:`anndata.concat` (``"same"``, ``"unique"``, ``"first"``,
        ``"only"``) or a function of the list of them. Not merged if not given.
    **kwargs
        For :func:`anndata.concat` of the tables.

    Returns
    -------
    A new object with the same elements. Lazy ones stay lazy, and those that are not loaded yet are loaded when they are
    first used, or one at a time when the object is written; so are tables that are made of such.

    Raises
    ------
    KeyError
        Elements of several objects have the same name; a mapping makes them differ.
    ValueError
        Tables of one name cannot be concatenated.

    Examples
    --------
    >>> from spatialdata import concatenate
    >>> from spatialdata.datasets import blobs
    >>> both = concatenate({"a": blobs(length=32), "b": blobs(length=32)})
    >>> sorted(both.labels)
    ['blobs_labels-a', 'blobs_labels-b', 'blobs_multiscale_labels-a', 'blobs_multiscale_labels-b']
    """
    objects = _named(sdatas)
    elements: dict[str, Any] = {}
    for suffix, sdata in objects:
        new = _elements(sdata, suffix, keep_systems=merge_coordinate_systems_on_name)
        twice = sorted(set(new) & set(elements))
        if twice:
            raise KeyError(
                f"Several objects have the elements {listing(twice)}. Pass a dict, whose keys make the names differ."
            )
        elements.update(new)
    tables = [tables_with_suffix(sdata, suffix) for suffix, sdata in objects]
    if concatenate_tables:
        suffixes = [suffix if obs_names_make_unique else "" for suffix, _ in objects]
        keys = {TableModel.REGION_KEY_KEY: region_key, TableModel.INSTANCE_KEY: instance_key}
        merged = joined(tables, suffixes, keys, kwargs, unique=obs_names_make_unique)
    else:
        merged = side_by_side(tables, [suffix for suffix, _ in objects])
    attrs = _merged_attrs([item.attrs for _, item in objects], attrs_merge)
    return new_container(
        {**elements, **merged}, {**attrs, **_merged_systems(objects, merge_coordinate_systems_on_name)}
    )


def _named(sdatas: Iterable[SpatialData] | Mapping[str, SpatialData]) -> list[tuple[str, SpatialData]]:
    """The objects, each with what is put behind its names."""
    if is_container(sdatas) or not isinstance(sdatas, Iterable):
        raise TypeError(f"concatenate takes a list or a dict of SpatialData objects, not one {type(sdatas).__name__}.")
    objects = (
        [(str(key), item) for key, item in sdatas.items()]
        if isinstance(sdatas, Mapping)
        else [("", item) for item in sdatas]
    )
    for _, item in objects:
        if not is_container(item):
            raise UnsupportedElementError(f"concatenate takes SpatialData objects, not {type(item).__name__}.")
    return objects


def _elements(sdata: SpatialData, suffix: str, *, keep_systems: bool) -> dict[str, Any]:
    """The elements with other names of coordinate systems; those that are not loaded yet stay so."""
    found: dict[str, Any] = {}
    for container, name in sdata.gen_spatial_names():
        elements = sdata.shelf[Kind(container)]
        systems = {
            system if keep_systems else suffixed(system, suffix): transformation
            for system, transformation in elements.transformations(name).items()
        }
        if elements.is_loaded(name):
            found[suffixed(name, suffix)] = with_transformations(elements[name], systems)
            continue
        source = elements.source(name)
        attrs = {**source.attrs, TRANSFORM_KEY: systems}
        kind = DerivedShapes if isinstance(source, PartedShapes) else Derived
        moved = kind(partial(_placed, source, systems), attrs, [source])
        found[suffixed(name, suffix)] = Pending(container, moved)
    return found


def _placed(source: Source, systems: Mapping[str, BaseTransformation], **part: Any) -> Any:
    return with_transformations(source.load(**part), systems)


def _merged_systems(objects: Sequence[tuple[str, SpatialData]], keep_systems: bool) -> dict[str, Any]:
    """What the attributes say of coordinate systems: units that do not contradict one another, and all links."""
    found: list[dict[str, Any]] = []
    links: list[dict[str, Any]] = []
    for suffix, sdata in objects:
        renamed = partial(suffixed, suffix="" if keep_systems else suffix)
        found.append({renamed(system): units for system, units in sdata.attrs.get(UNITS_KEY, {}).items()})
        links.extend(link for link in renamed_links(sdata.attrs.get(LINKS_KEY, ()), renamed) if link not in links)
    units, contradicted = merged_units(found)
    if contradicted:
        warnings.warn(
            f"The objects say different units of the coordinate systems {listing(contradicted)}; none are "
            "kept. Say which they are with set_units.",
            UserWarning,
            stacklevel=3,
        )
    return {key: kept for key, kept in ((UNITS_KEY, units), (LINKS_KEY, links)) if kept}


def _merged_attrs(attrs: Sequence[Mapping[Any, Any]], strategy: Any) -> dict[Any, Any]:
    if strategy is None:
        return {}
    if callable(strategy):
        return dict(strategy([dict(item) for item in attrs]))
    import anndata
    import numpy as np

    empty = [anndata.AnnData(np.empty((1, 0)), uns=dict(item)) for item in attrs]
    for number, table in enumerate(empty):
        table.obs_names = [str(number)]
    return dict(anndata.concat(empty, uns_merge=strategy).uns)
