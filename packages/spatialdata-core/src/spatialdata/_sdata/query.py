"""Queries as methods: ``sdata.query.bounding_box(…)``."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from geopandas import GeoDataFrame, GeoSeries
    from shapely import MultiPolygon, Polygon

    from spatialdata.sdata import SpatialData

__all__ = ["BoundingBoxRequest", "QueryManager"]


@dataclass(frozen=True)
class BoundingBoxRequest:
    """A question for what lies in a box, to be answered by ``sdata.query(request)``.

    Attributes
    ----------
    target_coordinate_system
        The coordinate system of the box.
    min_coordinate, max_coordinate
        The corners, one number for each axis.
    axes
        The names of the axes.
    """

    target_coordinate_system: str
    min_coordinate: Any
    max_coordinate: Any
    axes: tuple[str, ...]

    def to_dict(self) -> dict[str, Any]:
        """The arguments of :func:`spatialdata.bounding_box_query`."""
        return asdict(self)


class QueryManager:
    """Spatial queries on one SpatialData object.

    Parameters
    ----------
    sdata
        The object.
    """

    def __init__(self, sdata: SpatialData) -> None:
        self._sdata = sdata

    def bounding_box(
        self,
        axes: tuple[str, ...],
        min_coordinate: Any,
        max_coordinate: Any,
        target_coordinate_system: str,
        filter_table: bool = True,
    ) -> SpatialData:
        """What lies in a box; see :func:`spatialdata.bounding_box_query`."""
        from spatialdata.ops.select import bounding_box_query

        found: SpatialData = bounding_box_query(
            self._sdata,
            axes=axes,
            min_coordinate=min_coordinate,
            max_coordinate=max_coordinate,
            target_coordinate_system=target_coordinate_system,
            filter_table=filter_table,
        )
        return found

    def polygon(
        self,
        polygon: Polygon | MultiPolygon | GeoDataFrame | GeoSeries,
        target_coordinate_system: str,
        filter_table: bool = True,
        clip: bool = False,
    ) -> Any:
        """What lies in a polygon, or in each region of a frame; see :func:`spatialdata.polygon_query`."""
        from spatialdata.ops.select import polygon_query

        return polygon_query(
            self._sdata,
            polygon=polygon,
            target_coordinate_system=target_coordinate_system,
            filter_table=filter_table,
            clip=clip,
        )

    def __call__(self, request: BoundingBoxRequest, **kwargs: Any) -> SpatialData:
        """Answer a request for a bounding box."""
        return self.bounding_box(**request.to_dict(), **kwargs)
