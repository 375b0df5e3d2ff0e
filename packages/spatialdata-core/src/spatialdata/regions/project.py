"""Regions brought into the intrinsic coordinates of an element, so that the data need not move.

A linear map takes a box to a parallelogram and a polygon to a polygon, exactly; what lies inside is tested there.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, cast

import numpy as np

from spatialdata._core.axes import ValidAxis, get_spatial_axes
from spatialdata._core.elements import axes_of, is_shapes, spatial_axes_of
from spatialdata._core.sources import Window
from spatialdata.errors import TransformationError
from spatialdata.regions.bend import Bend, Cells
from spatialdata.regions.region import BoundingBox, Circle, Closed, PolygonRegion, Region
from spatialdata.transformations.attach import get_transformation

if TYPE_CHECKING:
    from numpy.typing import NDArray
    from shapely import MultiPolygon, Polygon

    from spatialdata.transformations.algebra import BaseTransformation, FloatArray

__all__ = [
    "Placed",
    "PlacedBend",
    "PlacedBox",
    "PlacedCircle",
    "PlacedPolygon",
    "Projection",
    "motion_of",
    "place",
    "plane_of",
    "projection_of",
    "window_around",
]


# For so few points, loading compiled code takes longer than the test.
_FEW = 50_000
_PIECES = 1024


@dataclass(frozen=True, slots=True)
class Projection:
    """A linear map over the spatial axes of an element, from its intrinsic coordinates to a coordinate system.

    Attributes
    ----------
    axes
        The axes of input and output, in the same order.
    linear
        Array of shape ``(n, n)``.
    offset
        Array of shape ``(n,)``.
    """

    axes: tuple[ValidAxis, ...]
    linear: FloatArray
    offset: FloatArray

    def __call__(self, coordinates: FloatArray) -> FloatArray:
        """Map coordinates of shape ``(points, n)``; equal ones stay equal."""
        # A product of matrices would start threads for so narrow an array, and round by the place in it.
        mapped = np.empty((len(self.offset), len(coordinates)))
        for column, row, offset in zip(mapped, self.linear, self.offset, strict=True):
            column[:] = offset
            for axis in np.flatnonzero(row):
                column += coordinates[:, axis] * row[axis]
        return mapped.T

    @classmethod
    def identity(cls, axes: tuple[ValidAxis, ...]) -> Projection:
        """The map that changes nothing."""
        return cls(axes, np.eye(len(axes)), np.zeros(len(axes)))

    @property
    def is_identity(self) -> bool:
        """Whether the map changes nothing."""
        return bool(np.array_equal(self.linear, np.eye(len(self.axes))) and not self.offset.any())

    @property
    def is_monomial(self) -> bool:
        """Whether each output axis depends on one input axis only, so that boxes stay boxes."""
        filled = self.linear != 0
        return bool((filled.sum(axis=0) <= 1).all() and (filled.sum(axis=1) <= 1).all())

    def inverse(self) -> Projection:
        """The map back.

        Raises
        ------
        TransformationError
            The map is singular.
        """
        if np.linalg.matrix_rank(self.linear) < len(self.axes):
            raise TransformationError(
                f"The transformation {self.linear.tolist()} over {self.axes} is singular; a region cannot be brought "
                "back into the coordinates of the element."
            )
        linear = np.linalg.inv(self.linear).astype(np.float64)
        return Projection(self.axes, linear, -linear @ self.offset)

    def box(self, lower: FloatArray, upper: FloatArray) -> tuple[FloatArray, FloatArray]:
        """The bounding box of the image of a box; bounds may be infinite."""
        filled = self.linear != 0
        low = np.where(filled, self.linear * np.where(filled, lower, 0.0), 0.0)
        high = np.where(filled, self.linear * np.where(filled, upper, 0.0), 0.0)
        return (
            self.offset + np.minimum(low, high).sum(axis=1),
            self.offset + np.maximum(low, high).sum(axis=1),
        )

    def after(self, first: Projection) -> Projection:
        """The map that does another one first, over the same axes."""
        first = first.over(self.axes)
        return Projection(self.axes, self.linear @ first.linear, self.linear @ first.offset + self.offset)

    def over(self, axes: tuple[ValidAxis, ...]) -> Projection:
        """The same map over the same axes in another order."""
        order = [self.axes.index(axis) for axis in axes]
        return Projection(axes, self.linear[np.ix_(order, order)], self.offset[order])

    def plane(self) -> Projection:
        """The same map over x and y only.

        Raises
        ------
        TransformationError
            The map mixes z with x or y.
        """
        keep = [self.axes.index(axis) for axis in ("x", "y")]
        if "z" in self.axes:
            z = self.axes.index("z")
            if self.linear[keep, z].any() or self.linear[z, keep].any():
                raise TransformationError(
                    "The transformation mixes z with x or y; a region of the x-y plane cannot be brought back."
                )
        return Projection(("x", "y"), self.linear[np.ix_(keep, keep)], self.offset[keep])


def projection_over(transformation: BaseTransformation, axes: tuple[ValidAxis, ...]) -> Projection:
    """A transformation as a map over the spatial ones of the given axes.

    Raises
    ------
    TransformationError
        The transformation drops one of these axes, or mixes channels with space.
    """
    spatial = get_spatial_axes(axes)
    produced, rows = transformation.linear_map(axes)
    if "t" in axes and not ("t" in produced and np.array_equal(rows[produced.index("t")], _unchanged("t", axes))):
        raise TransformationError(
            "The transformation changes the axis t. Times are the coordinate t of an element, which transformations "
            "leave as it is; set them with assign_coords(t=…)."
        )
    missing = [axis for axis in spatial if axis not in produced]
    if missing:
        raise TransformationError(
            f"The transformation takes the axes {axes} to {produced}; the axes {', '.join(missing)} are lost. "
            "Only transformations that keep the axes of the element can be used here."
        )
    chosen = rows[[produced.index(axis) for axis in spatial]]
    others = [index for index, axis in enumerate(axes) if axis not in spatial]
    if chosen[:, others].any():
        raise TransformationError("The transformation mixes the axis of channels or of time with space.")
    columns = [axes.index(axis) for axis in spatial]
    return Projection(spatial, chosen[:, columns], chosen[:, -1])


def _unchanged(axis: ValidAxis, axes: tuple[ValidAxis, ...]) -> FloatArray:
    """The row of a matrix that takes an axis as it is."""
    row = np.zeros(len(axes) + 1)
    row[axes.index(axis)] = 1.0
    return row


def plane_of(element: Any, transformation: BaseTransformation) -> Projection:
    """A transformation over the x-y plane of an element; shapes are always taken as flat."""
    axes: tuple[ValidAxis, ...] = ("x", "y") if is_shapes(element) else axes_of(element)
    return projection_over(transformation, axes).plane()


def projection_of(element: Any, coordinate_system: str) -> Projection:
    """The map from the intrinsic coordinates of an element to one of its coordinate systems.

    Raises
    ------
    UnknownCoordinateSystemError
        The element has no transformation to that coordinate system.
    """
    transformation = get_transformation(element, coordinate_system)
    axes: tuple[ValidAxis, ...] = ("x", "y") if is_shapes(element) else axes_of(element)
    return projection_over(transformation, axes)


def motion_of(element: Any, coordinate_system: str) -> Projection | Bend:
    """The map from the intrinsic coordinates of an element to one of its coordinate systems, linear or not.

    Raises
    ------
    UnknownCoordinateSystemError
        The element has no transformation to that coordinate system.
    """
    transformation = get_transformation(element, coordinate_system)
    if transformation.is_linear:
        return projection_of(element, coordinate_system)
    return Bend.over(transformation, ("x", "y") if is_shapes(element) else spatial_axes_of(element))


def window_around(projection: Projection, lower: FloatArray, upper: FloatArray) -> Window:
    """The window, in the coordinates of an element, around a box of the coordinate system that a projection leads to.

    It is a little larger, so that no rounding matters, and unbounded where the map has no inverse or the box is none.
    """
    if (lower > upper).any() or np.linalg.matrix_rank(projection.linear) < len(projection.axes):
        return Window((), (), ())
    low, high = projection.inverse().box(lower, upper)
    margin = 1e-9 * np.maximum(*(np.where(np.isfinite(side), np.abs(side), 0.0) for side in (low, high)))
    return Window(projection.axes, tuple((low - margin).tolist()), tuple((high + margin).tolist()))


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
        closed = self.closed or ("both" if border else "neither")
        above = np.greater_equal if closed in ("both", "left") else np.greater
        below = np.less_equal if closed in ("both", "right") else np.less
        columns = coordinates.T if self.projection.is_identity else self.projection(coordinates).T
        inside = np.ones(len(coordinates), dtype=bool)
        for column, lower, upper in zip(columns, self.lower, self.upper, strict=True):
            inside &= above(column, lower)
            inside &= below(column, upper)
        return inside

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
    region: PlacedBox | PlacedPolygon | PlacedCircle

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


Placed = PlacedBox | PlacedPolygon | PlacedCircle | PlacedBend


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
        The linear transformation of the element has no inverse, drops axes, or mixes z with x and y for a polygon.
    """
    motion = motion_of(element, region.target_coordinate_system)
    if isinstance(motion, Bend):
        return PlacedBend(motion, _placed(region, Projection.identity(motion.axes)))
    return _placed(region, motion)


def _placed(region: Region, projection: Projection) -> PlacedBox | PlacedPolygon | PlacedCircle:
    if isinstance(region, PolygonRegion):
        return _place_polygon(region, projection)
    if isinstance(region, Circle):
        projection.plane().inverse()
        return PlacedCircle(projection, region.centre, region.radius)
    return _place_box(region, projection)


def _place_polygon(region: PolygonRegion, projection: Projection) -> PlacedPolygon:
    import shapely

    inverse = projection.plane().inverse()
    geometry = region.polygon if inverse.is_identity else shapely.transform(region.polygon, inverse)
    geometry = shapely.force_2d(geometry)
    shapely.prepare(geometry)
    return PlacedPolygon(projection.axes, geometry)


def _place_box(region: BoundingBox, projection: Projection) -> PlacedBox:
    projection.inverse()
    bounds = [region.bounds(axis) for axis in projection.axes]
    lower, upper = (np.array(side) for side in zip(*bounds, strict=True))
    return PlacedBox(projection, lower, upper, region.closed)
