"""Queries of whole objects: the elements in the coordinate system, and the tables that annotate what remains."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any

from spatialdata._core.container import new_container
from spatialdata.errors import UnknownCoordinateSystemError, unknown_name
from spatialdata.ops.stored_shapes import candidates
from spatialdata.relations.filter import tables_of

if TYPE_CHECKING:
    from spatialdata.regions.kinds import Region
    from spatialdata.sdata import SpatialData

__all__ = ["select_object"]


def select_object(
    sdata: SpatialData,
    regions: Sequence[Region],
    select_element: Callable[[Any, Sequence[Region]], list[Any]],
    *,
    filter_table: bool,
) -> list[SpatialData]:
    """What of an object lies in each of several regions.

    Parameters
    ----------
    sdata
        The object.
    regions
        The regions.
    select_element
        Selects from one element, for all regions at once.
    filter_table
        Keep only the rows of tables that annotate what remains; otherwise keep all tables whole.

    Returns
    -------
    One object for each region, with the elements of which something lies inside and the attributes of the input.

    Raises
    ------
    UnknownCoordinateSystemError
        No element is in the coordinate system of a region.
    """
    elements: list[dict[str, Any]] = [{} for _ in regions]
    for system in {region.target_coordinate_system for region in regions}:
        numbers = [number for number, region in enumerate(regions) if region.target_coordinate_system == system]
        for name in _names_in(sdata, system):
            asked = [regions[number] for number in numbers]
            for number, result in zip(numbers, select_element(candidates(sdata, name, asked), asked), strict=True):
                if result is not None:
                    elements[number][name] = result
    return [_object(sdata, kept, filter_table=filter_table) for kept in elements]


def _names_in(sdata: SpatialData, system: str) -> list[str]:
    transformations = dict(sdata.gen_transformations())
    names = [name for name, found in transformations.items() if system in found]
    if transformations and not names:
        known = sorted({other for found in transformations.values() for other in found})
        raise UnknownCoordinateSystemError(unknown_name("coordinate system", system, known))
    return names


def _object(sdata: SpatialData, kept: dict[str, Any], *, filter_table: bool) -> SpatialData:
    tables = dict(sdata.tables.items())
    if filter_table:
        tables = tables_of(kept, tables)
    return new_container({**kept, **tables}, sdata.attrs)
