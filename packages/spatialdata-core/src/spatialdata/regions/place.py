"""Regions brought to an element: into its intrinsic coordinates, or before a map that is not linear."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, cast

import numpy as np

from spatialdata._core.sources import Window
from spatialdata.regions.bend import Bend, Cells
from spatialdata.regions.placed import PlacedBox, PlacedCircle, PlacedPolygon
from spatialdata.regions.project import Projection, motion_of
from spatialdata.regions.region import BoundingBox, Circle, PolygonRegion
from spatialdata.regions.volume import PlacedVolume, VolumeRegion, outline_of
from spatialdata.transformations.attach import get_transformation

if TYPE_CHECKING:
    from numpy.typing import NDArray
    from shapely import MultiPolygon, Polygon

    from spatialdata.regions.kinds import Region
    from spatialdata.transformations.algebra import FloatArray

__all__ = ["Placed", "PlacedBend", "place"]

_PIECES = 1024


@dataclass(frozen=True, slots=True)
class PlacedBend:
    """A region that is tested in its own coordinate system, through a non-linear map of an element.

    Attributes
    ----------
    bend
        The map of the element.
    region
        The region, placed in the coordinate system that the map leads to.
    """

    bend: Bend
    region: PlacedBox | PlacedPolygon | PlacedCircle | PlacedVolume

    def window(self) -> Window:
        """Nothing is bounded: where the region lies before the map is only known within bounds."""
        return Window((), (), ())

    def window_within(self, lower: FloatArray, upper: FloatArray) -> Window | None:
        """The box around the part of a box of intrinsic coordinates that the region may meet; None if it meets none."""
        found = Cells.of(self.bend, lower, upper)
        bounds = found.bounds(found.meeting(*self.bounds()))
        if bounds is None:
            return None
        return Window(self.bend.axes, tuple(bounds[0].tolist()), tuple(bounds[1].tolist()))

    def bounds(self) -> tuple[FloatArray, FloatArray]:
        """The bounds of the region in its coordinate system, along the axes of the map; they may be infinite."""
        window = self.region.window()
        lower, upper = zip(*(window.bounds(axis) for axis in self.bend.axes), strict=True)
        return np.array(lower, dtype=np.float64), np.array(upper, dtype=np.float64)

    def contains(self, coordinates: FloatArray, *, border: bool = True) -> NDArray[np.bool_]:
        """Which points, of shape ``(points, n)`` in intrinsic coordinates, lie inside, with the border or without."""
        return self.region.contains(self.bend(coordinates), border=border)

    def polygon(self, bounds: FloatArray) -> Polygon | MultiPolygon:
        """The region brought back into the intrinsic x-y plane, its border split into a thousand pieces and more.

        Parameters
        ----------
        bounds
            Array ``[x_min, y_min, x_max, y_max]`` of the data in the coordinate system of the region, which closes a
            box along axes without bounds.
        """
        import shapely

        region = self.region.polygon(bounds)
        back = Bend.over(self.bend.transformation.inverse(), ("x", "y"))
        return cast("Polygon", shapely.transform(shapely.segmentize(region, region.length / _PIECES), back))


Placed = PlacedBox | PlacedPolygon | PlacedCircle | PlacedVolume | PlacedBend


def place(region: Region, element: Any) -> Placed:
    """Bring a region into the intrinsic coordinates of an element.

    Parameters
    ----------
    region
        The region.
    element
        An image, labels, points or shapes.

    Returns
    -------
    The region, ready to test the element's coordinates. Axes of a box that the element does not have are left out.

    Raises
    ------
    UnknownCoordinateSystemError
        The element is not in the coordinate system of the region.
    TransformationError
        The linear transformation of the element has no inverse or drops axes; or the element is flat, and the region
        has no outline.
    """
    motion = motion_of(element, region.target_coordinate_system)
    if isinstance(motion, Projection) and motion.mixes_depth and isinstance(region, PolygonRegion | Circle):
        # A column along z is none in the element, so that its coordinates are brought to the region instead.
        motion = Bend.over(get_transformation(element, region.target_coordinate_system), motion.axes)
    if isinstance(motion, Bend):
        return PlacedBend(motion, _placed(region, Projection.identity(motion.axes)))
    return _placed(region, motion)


def _placed(region: Region, projection: Projection) -> PlacedBox | PlacedPolygon | PlacedCircle | PlacedVolume:
    if isinstance(region, VolumeRegion):
        if "z" in projection.axes:
            return PlacedVolume(projection, region)
        return _place_polygon(outline_of(region), projection)
    if isinstance(region, PolygonRegion):
        return _place_polygon(region.polygon, projection)
    if isinstance(region, Circle):
        projection.plane().inverse()
        return PlacedCircle(projection, region.centre, region.radius)
    return _place_box(region, projection)


def _place_polygon(polygon: Polygon | MultiPolygon, projection: Projection) -> PlacedPolygon:
    import shapely

    inverse = projection.plane().inverse()
    geometry = polygon if inverse.is_identity else shapely.transform(polygon, inverse)
    geometry = shapely.force_2d(geometry)
    shapely.prepare(geometry)
    return PlacedPolygon(projection.axes, geometry)


def _place_box(region: BoundingBox, projection: Projection) -> PlacedBox:
    projection.inverse()
    bounds = [region.bounds(axis) for axis in projection.axes]
    lower, upper = (np.array(side) for side in zip(*bounds, strict=True))
    return PlacedBox(projection, lower, upper, region.closed)
