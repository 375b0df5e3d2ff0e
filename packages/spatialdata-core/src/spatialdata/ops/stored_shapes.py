"""Shapes of an object that are not in memory, as far as a question can be answered without loading all of them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from spatialdata._core.sources import PartedShapes
from spatialdata.regions.place import place
from spatialdata.regions.prune import union_of

if TYPE_CHECKING:
    from geopandas import GeoDataFrame

    from spatialdata.regions.kinds import Region
    from spatialdata.sdata import SpatialData

__all__ = ["candidates", "pending_shapes", "stand_in"]


def pending_shapes(sdata: SpatialData, name: str) -> PartedShapes | None:
    """The source of shapes that are not in memory yet; None for any other element."""
    source = sdata.shapes.pending(name) if name in sdata.shapes else None
    return source if isinstance(source, PartedShapes) else None


def stand_in(source: PartedShapes) -> GeoDataFrame:
    """Shapes without rows, in the same coordinate systems."""
    import geopandas

    empty = geopandas.GeoDataFrame(geometry=[])
    empty.attrs = dict(source.attrs)
    return empty


def candidates(sdata: SpatialData, name: str, regions: Sequence[Region]) -> Any:
    """An element of an object; of shapes that are not in memory, those that may lie in one of the regions."""
    source = pending_shapes(sdata, name)
    if source is None or not source.has_parts():
        return sdata[name]
    empty = stand_in(source)
    placed = [place(region, empty) for region in regions]
    window = union_of([one.window() for one in placed])
    return source.load(window=window) if window.axes else sdata[name]
