"""Circles as polygons, and polygons or points as circles."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from spatialdata._core.elements import is_points
from spatialdata.errors import UnsupportedElementError
from spatialdata.models.kind import Kind, kind_of
from spatialdata.models.shapes import ShapesModel
from spatialdata.ops.circles import RADIUS_KEY, are_circles
from spatialdata.ops.frames import copied_attrs
from spatialdata.transformations.attach import transformations_of

if TYPE_CHECKING:
    from geopandas import GeoDataFrame
    from numpy.typing import ArrayLike

__all__ = ["to_circles", "to_polygons"]

_SEGMENTS = 16


def to_polygons(data: Any, buffer_resolution: int | None = None) -> GeoDataFrame:
    """Circles as polygons.

    Parameters
    ----------
    data
        Shapes; polygons are returned as they are.
    buffer_resolution
        The number of segments in a quarter of a circle; 16 if not given.

    Returns
    -------
    Shapes with the same index, columns and transformations.

    Raises
    ------
    UnsupportedElementError
        The element is no shapes.

    Examples
    --------
    >>> import numpy as np
    >>> from spatialdata.models import ShapesModel
    >>> circles = ShapesModel.parse(np.zeros((1, 2)), geometry=0, radius=1.0)
    >>> to_polygons(circles).geometry[0].geom_type
    'Polygon'
    """
    import shapely

    if kind_of(data) is not Kind.SHAPES:
        raise _refused(data, "polygons", "Shapes")
    if not are_circles(data):
        return data
    segments = _SEGMENTS if buffer_resolution is None else buffer_resolution
    geometry = shapely.buffer(data.geometry.to_numpy(), data[RADIUS_KEY].to_numpy(dtype=np.float64), quad_segs=segments)
    result = data.assign(**{data.geometry.name: geometry})
    result.attrs = copied_attrs(data)
    return result


def to_circles(data: Any, radius: float | ArrayLike | None = None) -> GeoDataFrame:
    """Polygons as circles of the same area and centroid, or points as circles.

    Parameters
    ----------
    data
        Shapes or points; circles are returned as they are.
    radius
        For points, one radius or one for each, in the units of their coordinates; their column ``radius`` if not given.

    Returns
    -------
    Circles with the same index and transformations.

    Raises
    ------
    UnsupportedElementError
        The element is neither shapes nor points.
    ValueError
        A radius is missing, or given for shapes.

    Examples
    --------
    >>> import geopandas, shapely
    >>> from spatialdata.models import ShapesModel
    >>> square = ShapesModel.parse(geopandas.GeoDataFrame(geometry=[shapely.box(0, 0, 2, 2)]))
    >>> round(float(to_circles(square).radius[0]), 4)
    1.1284
    """
    import shapely

    if kind_of(data) not in (Kind.SHAPES, Kind.POINTS):
        raise _refused(data, "circles", "Shapes and points")
    if is_points(data):
        return _circles_of_points(data, radius)
    if radius is not None:
        raise ValueError("radius is for points; circles have one and polygons get that of the circle of the same area.")
    if are_circles(data):
        return data
    geometry = data.geometry.to_numpy()
    return _circles(shapely.centroid(geometry), np.sqrt(shapely.area(geometry) / np.pi), data)


def _circles_of_points(points: Any, radius: Any) -> GeoDataFrame:
    import shapely

    frame = points.compute()
    if radius is None:
        if RADIUS_KEY not in frame.columns:
            raise ValueError("Points need a radius to become circles: give radius, or a column of that name.")
        radius = frame[RADIUS_KEY].to_numpy()
    centres = shapely.points(frame["x"].to_numpy(), frame["y"].to_numpy())
    return _circles(centres, np.broadcast_to(np.asarray(radius, dtype=np.float64), len(frame)), points, frame.index)


def _circles(centres: Any, radius: Any, source: Any, index: Any = None) -> GeoDataFrame:
    import geopandas

    frame = geopandas.GeoDataFrame(
        {RADIUS_KEY: radius}, geometry=centres, index=source.index if index is None else index
    )
    return ShapesModel.parse(frame, transformations=transformations_of(source))


def _refused(data: Any, wanted: str, possible: str) -> UnsupportedElementError:
    return UnsupportedElementError(f"{kind_of(data).value} cannot be made {wanted}. {possible} can.")
