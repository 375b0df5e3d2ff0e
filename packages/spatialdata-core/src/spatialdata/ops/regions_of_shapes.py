"""Shapes as regions: each row of a frame is one that elements can be asked for."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from spatialdata.errors import listing
from spatialdata.ops.bent import in_system
from spatialdata.ops.circles import RADIUS_KEY, are_circles
from spatialdata.regions.region import Circle, PolygonRegion
from spatialdata.transformations.attach import TRANSFORM_KEY

if TYPE_CHECKING:
    from geopandas import GeoDataFrame
    from numpy.typing import NDArray

__all__ = ["are_regions", "regions_of_shapes"]


def are_regions(given: Any) -> bool:
    """Whether something holds several geometries: a frame or a column of geopandas."""
    return hasattr(given, "geometry") and hasattr(given, "index")


def regions_of_shapes(shapes: Any, system: str) -> list[PolygonRegion | Circle]:
    """The rows of shapes as regions of a coordinate system, in their order.

    Parameters
    ----------
    shapes
        Polygons, or points with a column ``radius``, as a GeoDataFrame; or polygons as a GeoSeries. Those that have
        transformations are brought into the coordinate system by theirs, others are taken as lying there.
    system
        The coordinate system of the regions.

    Raises
    ------
    UnknownCoordinateSystemError
        The shapes have transformations, but none to the coordinate system.
    ValueError
        A row is neither a valid polygon with an area nor a circle.
    """
    frame = shapes if hasattr(shapes, "columns") else shapes.to_frame("geometry")
    placed = in_system(frame, system) if frame.attrs.get(TRANSFORM_KEY) else frame
    geometry = placed.geometry.to_numpy()
    if are_circles(placed) and RADIUS_KEY in placed:
        return _circles(placed, geometry, system)
    _check(placed, geometry)
    return [PolygonRegion(target_coordinate_system=system, polygon=polygon) for polygon in geometry]


def _circles(frame: GeoDataFrame, centres: NDArray[Any], system: str) -> list[PolygonRegion | Circle]:
    radii = frame[RADIUS_KEY].to_numpy(dtype=np.float64)
    return [
        Circle(target_coordinate_system=system, centre=np.array([centre.x, centre.y]), radius=float(radius))
        for centre, radius in zip(centres, radii, strict=True)
    ]


def _check(frame: GeoDataFrame, geometry: NDArray[Any]) -> None:
    import shapely

    polygonal = np.isin(shapely.get_type_id(geometry), (3, 6))
    faults = {
        "no polygons": ~polygonal,
        "empty": polygonal & shapely.is_empty(geometry),
        "not valid": polygonal & ~shapely.is_valid(geometry),
    }
    for fault, where in faults.items():
        if where.any():
            raise ValueError(
                f"Of the {len(frame)} regions {int(where.sum())} are {fault}, for example those of the index "
                f"{listing(frame.index[where][:5])}. Regions are valid polygons with an area, or points with a column "
                f"{RADIUS_KEY!r}; shapely.make_valid may repair polygons."
            )
