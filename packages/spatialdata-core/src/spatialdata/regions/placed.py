"""Regions in the intrinsic coordinates of an element, so that the data need not move.

A linear map takes a box to a parallelogram and a polygon to a polygon, exactly; what lies inside is tested there.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, cast

import numpy as np

from spatialdata._core.sources import Window

if TYPE_CHECKING:
    from numpy.typing import NDArray
    from shapely import MultiPolygon, Polygon

    from spatialdata._core.axes import ValidAxis
    from spatialdata.regions.project import Projection
    from spatialdata.regions.region import Closed
    from spatialdata.transformations.algebra import FloatArray

__all__ = ["PlacedBox", "PlacedCircle", "PlacedPolygon"]


# For so few points, loading compiled code takes longer than the test.
_FEW = 50_000


@dataclass(frozen=True, slots=True)
class PlacedBox:
    """A box, tested in its own coordinate system through the map of an element.

    Attributes
    ----------
    projection
        The map of the element.
    lower, upper
        Bounds along the axes of the projection; infinite where the box is not bounded.
    closed
        Which bounds belong to the box, if that is said.
    """

    projection: Projection
    lower: FloatArray
    upper: FloatArray
    closed: Closed | None = None

    @property
    def is_open(self) -> bool:
        """Whether the box has no bound on some side."""
        return not (np.isfinite(self.lower).all() and np.isfinite(self.upper).all())

    def window(self) -> Window:
        """The bounding box of the region in intrinsic coordinates."""
        lower, upper = self.projection.inverse().box(self.lower, self.upper)
        bounded = [index for index in range(len(lower)) if np.isfinite(lower[index]) or np.isfinite(upper[index])]
        return Window(
            tuple(self.projection.axes[index] for index in bounded),
            tuple(float(lower[index]) for index in bounded),
            tuple(float(upper[index]) for index in bounded),
        )

    def contains(self, coordinates: FloatArray, *, border: bool = True) -> NDArray[np.bool_]:
        """Which points, of shape ``(points, n)`` in intrinsic coordinates, lie inside.

        ``border`` says whether the border is inside, where the box does not say it.
        """
        columns = coordinates.T if self.projection.is_identity else self.projection(coordinates).T
        inside = np.ones(len(coordinates), dtype=bool)
        for column, lower, upper in zip(columns, self.lower, self.upper, strict=True):
            inside &= self._within(column, lower, upper, border=border)
        return inside

    def contains_along(self, axis: ValidAxis, values: FloatArray) -> NDArray[np.bool_]:
        """Which values along an axis lie inside, whatever the others; for a map that keeps the axes apart.

        The border is inside, where the box does not say otherwise.
        """
        column = self.projection.axes.index(axis)
        row = int(np.flatnonzero(self.projection.linear[:, column])[0])
        mapped = self.projection.offset[row] + values * self.projection.linear[row, column]
        return self._within(mapped, self.lower[row], self.upper[row], border=True)

    def _within(self, values: FloatArray, lower: float, upper: float, *, border: bool) -> NDArray[np.bool_]:
        closed = self.closed or ("both" if border else "neither")
        above = np.greater_equal if closed in ("both", "left") else np.greater
        below = np.less_equal if closed in ("both", "right") else np.less
        return np.asarray(above(values, lower) & below(values, upper))

    def polygon(self, bounds: FloatArray) -> Polygon:
        """The box as a polygon of the intrinsic x-y plane.

        Parameters
        ----------
        bounds
            Array ``[x_min, y_min, x_max, y_max]`` of the data, which closes the box along axes without bounds.
        """
        import shapely

        plane = self.projection.plane()
        order = [self.projection.axes.index(axis) for axis in plane.axes]
        data_lower, data_upper = plane.box(bounds[:2], bounds[2:])
        lower, upper = self.lower[order], self.upper[order]
        lower = np.where(np.isfinite(lower), lower, np.minimum(data_lower, upper) - 1.0)
        upper = np.where(np.isfinite(upper), upper, np.maximum(data_upper, lower) + 1.0)
        corners = np.array([[lower[0], lower[1]], [upper[0], lower[1]], [upper[0], upper[1]], [lower[0], upper[1]]])
        return cast("Polygon", shapely.polygons(plane.inverse()(corners)))


@dataclass(frozen=True, slots=True)
class PlacedPolygon:
    """A polygon in the intrinsic x-y plane of an element.

    Attributes
    ----------
    axes
        The spatial axes of the element.
    geometry
        The polygon.
    """

    axes: tuple[ValidAxis, ...]
    geometry: Polygon | MultiPolygon

    def window(self) -> Window:
        """The bounding box of the region in intrinsic coordinates."""
        x_min, y_min, x_max, y_max = self.geometry.bounds
        return Window(("x", "y"), (x_min, y_min), (x_max, y_max))

    def contains(self, coordinates: FloatArray, *, border: bool = True) -> NDArray[np.bool_]:
        """Which points, of shape ``(points, n)`` in intrinsic coordinates, lie inside, with the border or without."""
        import shapely

        x, y = (coordinates[:, self.axes.index(axis)] for axis in ("x", "y"))
        if border and len(x) > _FEW:
            return _inside(self.geometry, x, y)
        test = shapely.intersects_xy if border else shapely.contains_xy
        return np.asarray(test(self.geometry, x, y))

    def polygon(self, bounds: FloatArray) -> Polygon | MultiPolygon:  # noqa: ARG002
        """The polygon."""
        return self.geometry


def _inside(geometry: Polygon | MultiPolygon, x: FloatArray, y: FloatArray) -> NDArray[np.bool_]:
    """Which of many points lie in a polygon or on its border."""
    import shapely

    from spatialdata.kernels.edges import INSIDE, UNCERTAIN, outlines_of
    from spatialdata.kernels.locate import places_in_polygon

    places = np.empty(len(x), dtype=np.uint8)
    places_in_polygon(
        np.ascontiguousarray(x), np.ascontiguousarray(y), tuple(outlines_of([geometry], edges_per_slab=1)), places
    )
    inside = places == INSIDE
    doubtful = np.flatnonzero(places == UNCERTAIN)
    inside[doubtful] = shapely.intersects_xy(geometry, x[doubtful], y[doubtful])
    return np.asarray(inside)


@dataclass(frozen=True, slots=True)
class PlacedCircle:
    """A disc, tested in its own coordinate system through the map of an element.

    Attributes
    ----------
    projection
        The map of the element.
    centre, radius
        The disc.
    """

    projection: Projection
    centre: FloatArray
    radius: float

    def window(self) -> Window:
        """The bounding box of the region in intrinsic coordinates."""
        lower, upper = self.projection.plane().inverse().box(self.centre - self.radius, self.centre + self.radius)
        return Window(("x", "y"), tuple(lower.tolist()), tuple(upper.tolist()))

    def contains(self, coordinates: FloatArray, *, border: bool = True) -> NDArray[np.bool_]:
        """Which points, of shape ``(points, n)`` in intrinsic coordinates, lie inside, with the border or without."""
        keep = [self.projection.axes.index(axis) for axis in ("x", "y")]
        square = ((self.projection.plane()(coordinates[:, keep]) - self.centre) ** 2).sum(axis=1)
        return np.asarray(square <= self.radius**2 if border else square < self.radius**2)

    def polygon(self, bounds: FloatArray) -> Polygon:  # noqa: ARG002
        """The disc as a polygon of 1024 sides in the intrinsic x-y plane, with its corners on the border."""
        import shapely

        disc = shapely.Point(self.centre).buffer(self.radius, quad_segs=256)
        return cast("Polygon", shapely.transform(disc, self.projection.plane().inverse()))
