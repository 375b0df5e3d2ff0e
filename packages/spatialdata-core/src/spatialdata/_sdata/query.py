"""Queries as methods: ``sdata.query.bounding_box(…)``."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from shapely import MultiPolygon, Polygon

    from spatialdata.sdata import SpatialData

__all__ = ["QueryManager"]


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
        polygon: Polygon | MultiPolygon,
        target_coordinate_system: str,
        filter_table: bool = True,
        clip: bool = False,
    ) -> SpatialData:
        """What lies in a polygon; see :func:`spatialdata.polygon_query`."""
        from spatialdata.ops.select import polygon_query

        found: SpatialData = polygon_query(
            self._sdata,
            polygon=polygon,
            target_coordinate_system=target_coordinate_system,
            filter_table=filter_table,
            clip=clip,
        )
        return found

    def __call__(self, request: Any, **kwargs: Any) -> SpatialData:
        """Answer a request for a bounding box."""
        return self.bounding_box(**request.to_dict(), **kwargs)
