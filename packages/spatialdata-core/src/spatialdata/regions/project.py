"""Maps from the intrinsic coordinates of an element to a coordinate system, over its spatial axes."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from spatialdata._core.axes import ValidAxis, get_spatial_axes
from spatialdata._core.elements import axes_of, is_shapes, spatial_axes_of
from spatialdata._core.sources import Window
from spatialdata.errors import TransformationError
from spatialdata.regions.bend import Bend
from spatialdata.transformations.attach import get_transformation

if TYPE_CHECKING:
    from spatialdata.transformations.algebra import BaseTransformation, FloatArray

__all__ = ["Projection", "mapped", "motion_of", "plane_of", "projection_of", "projection_over", "window_around"]


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
        return mapped(coordinates, self.linear, self.offset)

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

    @property
    def mixes_depth(self) -> bool:
        """Whether z depends on x or y, or one of these on z."""
        if "z" not in self.axes:
            return False
        z, keep = self.axes.index("z"), [self.axes.index(axis) for axis in ("x", "y")]
        return bool(self.linear[keep, z].any() or self.linear[z, keep].any())

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
        if self.mixes_depth:
            raise TransformationError(
                "The transformation mixes z with x or y, so that planes of the element are none of the coordinate "
                "system; what is flat there cannot be brought back. Move the element first, with "
                "spatialdata.transform(element, to_coordinate_system=…)."
            )
        return Projection(("x", "y"), self.linear[np.ix_(keep, keep)], self.offset[keep])


def mapped(coordinates: FloatArray, linear: FloatArray, offset: FloatArray) -> FloatArray:
    """Coordinates of shape ``(points, axes)`` under an affine map; equal ones stay equal."""
    # A product of matrices would start threads for so narrow an array, and round by the place in it.
    result = np.empty((len(offset), len(coordinates)))
    for column, row, start in zip(result, linear, offset, strict=True):
        column[:] = start
        for axis in np.flatnonzero(row):
            column += coordinates[:, axis] * row[axis]
    return result.T


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
