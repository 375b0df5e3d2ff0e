"""Several objects in one."""

from __future__ import annotations

import warnings
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from functools import partial
from typing import TYPE_CHECKING, Any

from spatialdata._core.container import is_container, new_container
from spatialdata.errors import UnsupportedElementError, listing
from spatialdata.models.base import ATTRS_KEY
from spatialdata.models.shallow import with_transformations
from spatialdata.models.table import TableModel, get_table_keys
from spatialdata.relations.filter import annotates
from spatialdata.transformations.attach import transformations_of
from spatialdata.transformations.links import LINKS_KEY, renamed_links
from spatialdata.transformations.units import UNITS_KEY, merged_units

if TYPE_CHECKING:
    from anndata import AnnData

    from spatialdata.sdata import SpatialData

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
        Put the key of the object behind the names of the rows of concatenated tables, if ``sdatas`` is a mapping.
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
    A new object with the same elements; lazy ones stay lazy.

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
    tables = [[(name, _renamed(table, suffix)) for name, table in sdata.tables.items()] for suffix, sdata in objects]
    if concatenate_tables:
        suffixes = [suffix if obs_names_make_unique else "" for suffix, _ in objects]
        keys = {TableModel.REGION_KEY_KEY: region_key, TableModel.INSTANCE_KEY: instance_key}
        merged = _concatenated(tables, suffixes, keys, kwargs)
    else:
        merged = _side_by_side(tables, [suffix for suffix, _ in objects])
    attrs = _merged_attrs([item.attrs for _, item in objects], attrs_merge)
    return new_container(
        {**elements, **merged}, {**attrs, **_merged_systems(objects, merge_coordinate_systems_on_name)}
    )


def _named(sdatas: Iterable[SpatialData] | Mapping[str, SpatialData]) -> list[tuple[str, SpatialData]]:
    """The objects, each with what is put behind its names."""
    objects = (
        [(str(key), item) for key, item in sdatas.items()]
        if isinstance(sdatas, Mapping)
        else [("", item) for item in sdatas]
    )
    for _, item in objects:
        if not is_container(item):
            raise UnsupportedElementError(f"concatenate takes SpatialData objects, not {type(item).__name__}.")
    return objects


def _suffixed(name: str, suffix: str) -> str:
    return f"{name}-{suffix}" if suffix else name


def _elements(sdata: SpatialData, suffix: str, *, keep_systems: bool) -> dict[str, Any]:
    elements: dict[str, Any] = {}
    for _, name, element in sdata.gen_spatial_elements():
        systems = {
            system if keep_systems else _suffixed(system, suffix): transformation
            for system, transformation in transformations_of(element).items()
        }
        elements[_suffixed(name, suffix)] = with_transformations(element, systems)
    return elements


def _merged_systems(objects: Sequence[tuple[str, SpatialData]], keep_systems: bool) -> dict[str, Any]:
    """What the attributes say of coordinate systems: units that do not contradict one another, and all links."""
    found: list[dict[str, Any]] = []
    links: list[dict[str, Any]] = []
    for suffix, sdata in objects:
        renamed = partial(_suffixed, suffix="" if keep_systems else suffix)
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


def _renamed(table: AnnData, suffix: str) -> AnnData:
    """The table with its regions renamed, as a copy; the table itself without a suffix."""
    if not suffix or not annotates(table):
        return table
    region, region_key, _ = get_table_keys(table)
    twin = table.copy()
    column = twin.obs[region_key].astype("category")
    twin.obs[region_key] = column.cat.rename_categories(lambda name: _suffixed(str(name), suffix))
    renamed = _suffixed(region, suffix) if isinstance(region, str) else [_suffixed(name, suffix) for name in region]
    twin.uns[ATTRS_KEY] = {**twin.uns[ATTRS_KEY], TableModel.REGION_KEY: renamed}
    return twin


def _side_by_side(tables: Sequence[Sequence[tuple[str, AnnData]]], suffixes: Sequence[str]) -> dict[str, AnnData]:
    names = [_suffixed(name, suffix) for of, suffix in zip(tables, suffixes, strict=True) for name, _ in of]
    flat = [table for of in tables for _, table in of]
    counts = Counter(names)
    repeated = sorted(name for name, count in counts.items() if count > 1)
    if repeated:
        warnings.warn(
            f"Several objects have tables of the names {listing(repeated)}; they get a number behind their name. "
            "concatenate_tables=True makes one table of them, a dict of objects makes the names differ.",
            UserWarning,
            stacklevel=3,
        )
    numbers: Counter[str] = Counter()
    result: dict[str, AnnData] = {}
    for name, table in zip(names, flat, strict=True):
        unique = f"{name}_{numbers[name]}" if counts[name] > 1 else name
        numbers[name] += 1
        result[unique] = table
    return result


def _concatenated(
    tables: Sequence[Sequence[tuple[str, AnnData]]],
    suffixes: Sequence[str],
    keys: Mapping[str, str | None],
    kwargs: Mapping[str, Any],
) -> dict[str, AnnData]:
    by_name: dict[str, list[AnnData]] = {}
    for of, suffix in zip(tables, suffixes, strict=True):
        for name, table in of:
            by_name.setdefault(name, []).append(_with_row_suffix(table, suffix))
    return {name: _concatenated_table(name, parts, keys, kwargs) for name, parts in by_name.items()}


def _with_row_suffix(table: AnnData, suffix: str) -> AnnData:
    if not suffix:
        return table
    twin = table.copy()
    twin.obs_names = [_suffixed(str(name), suffix) for name in twin.obs_names]
    return twin


def _concatenated_table(
    name: str, parts: Sequence[AnnData], keys: Mapping[str, str | None], kwargs: Mapping[str, Any]
) -> AnnData:
    import anndata

    annotating = [table for table in parts if annotates(table)]
    if annotating and len(annotating) < len(parts):
        raise ValueError(f"Some tables of the name {name!r} annotate elements and others none; they cannot become one.")
    if not annotating:
        return anndata.concat(parts, **kwargs)
    region_key, instance_key = (_common_key(name, annotating, key, keys[key]) for key in keys)
    regions = [region for table in annotating for region in _regions(table)]
    twice = sorted(region for region, count in Counter(regions).items() if count > 1)
    if twice:
        raise ValueError(
            f"Several tables of the name {name!r} annotate {listing(twice)}; a dict of objects renames them."
        )
    aligned = [_with_keys(table, region_key, instance_key) for table in annotating]
    merged: AnnData = anndata.concat(aligned, **kwargs)
    merged.obs[region_key] = merged.obs[region_key].astype("category")
    return TableModel.parse(
        merged, region=regions, region_key=region_key, instance_key=instance_key, overwrite_metadata=True
    )


def _regions(table: AnnData) -> list[str]:
    region = get_table_keys(table)[0]
    return [region] if isinstance(region, str) else list(region)


def _common_key(name: str, tables: Sequence[AnnData], key: str, given: str | None) -> str:
    found = sorted({str(table.uns[ATTRS_KEY][key]) for table in tables})
    if given is not None:
        return given
    if len(found) > 1:
        raise ValueError(
            f"The tables of the name {name!r} call their {key} {listing(found)}. Pass {key}= to say what it shall be."
        )
    return found[0]


def _with_keys(table: AnnData, region_key: str, instance_key: str) -> AnnData:
    _, old_region, old_instance = get_table_keys(table)
    renames = {old: new for old, new in ((old_region, region_key), (old_instance, instance_key)) if old != new}
    if not renames:
        return table
    twin = table.copy()
    twin.obs = twin.obs.rename(columns=renames)
    return twin


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
