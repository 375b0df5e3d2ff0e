"""The grid that a picture is drawn onto: a box of a coordinate system, and how many pixels it gets."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, cast

import numpy as np

from spatialdata._core.axes import get_spatial_axes
from spatialdata.errors import listing
from spatialdata.grids.grid import Grid
from spatialdata.regions.between import unrounded
from spatialdata.regions.region import boxes_of
from spatialdata.transformations.linear import Scale, Translation
from spatialdata.transformations.linear import Sequence as Chain

if TYPE_CHECKING:
    from numpy.typing import ArrayLike

    from spatialdata._core.axes import ValidAxis
    from spatialdata.regions.project import Projection
    from spatialdata.transformations.algebra import FloatArray

__all__ = ["Target", "target_of"]

_ARRAY_ORDER = ("z", "y", "x")
_MOST_PIXELS = 2**40


@dataclass(frozen=True, slots=True)
class Target:
    """A box of a coordinate system, cut into pixels.

    Attributes
    ----------
    axes
        The axes of the box, in the order of arrays: ``("y", "x")`` or ``("z", "y", "x")``.
    lower, upper
        Its bounds along them.
    shape
        The number of pixels along them.
    coordinate_system
        The coordinate system.
    """

    axes: tuple[ValidAxis, ...]
    lower: FloatArray
    upper: FloatArray
    shape: tuple[int, ...]
    coordinate_system: str

    @property
    def pixel(self) -> FloatArray:
        """The size of a pixel along the axes."""
        return (self.upper - self.lower) / np.asarray(self.shape, dtype=np.float64)

    def over(self, axes: Sequence[str]) -> Target:
        """The box over some of its axes only."""
        keep = [index for index, axis in enumerate(self.axes) if axis in axes]
        return Target(
            tuple(self.axes[index] for index in keep),
            self.lower[keep],
            self.upper[keep],
            tuple(self.shape[index] for index in keep),
            self.coordinate_system,
        )

    def grid(self) -> Grid:
        """The pixels: pixel i covers ``lower + i * pixel`` to ``lower + (i + 1) * pixel``."""
        to_world = Chain([Scale(self.pixel, self.axes), Translation(self.lower, self.axes)])
        return Grid(axes=self.axes, shape=self.shape, to_world=to_world, coordinate_system=self.coordinate_system)

    def to_pixels(self, projection: Projection) -> tuple[FloatArray, FloatArray]:
        """The map from the coordinates of an element to pixels.

        Parameters
        ----------
        projection
            The map of the element into the coordinate system, over the axes of the box or more.

        Returns
        -------
        The matrix of shape ``(axes of the box, axes of the element)``, and the offset.
        """
        rows = [projection.axes.index(axis) for axis in self.axes]
        there, offset, side = projection.linear[rows], projection.offset[rows], self.pixel
        linear = unrounded(there / side[:, None], abs(there) / side[:, None])
        return linear, unrounded((offset - self.lower) / side, (abs(offset) + abs(self.lower)) / side)


def target_of(
    axes: Sequence[str],
    min_coordinate: ArrayLike,
    max_coordinate: ArrayLike,
    target_coordinate_system: str,
    *,
    unit_to_pixels: float | None = None,
    width: float | None = None,
    height: float | None = None,
    depth: float | None = None,
) -> Target:
    """The box and its pixels.

    Exactly one of the four sizes is given; the others follow, so that pixels are as close to squares as whole numbers
    of them allow.

    Raises
    ------
    ValueError
        The bounds are not valid, the box is empty, not exactly one size is given, or the pixels are more than 2**40.
    """
    boxes, many = boxes_of(axes, min_coordinate, max_coordinate, target_coordinate_system)
    if many or not {"x", "y"} <= set(axes):
        raise ValueError(
            f"A picture is drawn onto one box with the axes x and y, and z if wanted. Found {tuple(axes)}."
        )
    ordered = cast("tuple[ValidAxis, ...]", tuple(axis for axis in _ARRAY_ORDER if axis in get_spatial_axes(axes)))
    bounds = [boxes[0].bounds(axis) for axis in ordered]
    lower, upper = (np.array(side, dtype=np.float64) for side in zip(*bounds, strict=True))
    extent = upper - lower
    if not (np.isfinite(extent).all() and (extent > 0).all()):
        raise ValueError(f"The box must have an extent along each of its axes {ordered}. Found {extent.tolist()}.")
    density = _density(dict(zip(ordered, extent.tolist(), strict=True)), unit_to_pixels, width, height, depth)
    sizes = np.maximum(np.rint(extent * density), 1)
    if math.prod(sizes.tolist()) > _MOST_PIXELS:
        described = " by ".join(f"{size:.4g}" for size in sizes)
        raise ValueError(
            f"A picture has at most 2**40 pixels, but this one would have {described} along "
            f"{ordered}: {density:.4g} for each unit of the coordinate system. Ask for fewer, or for a smaller box."
        )
    shape = tuple(int(size) for size in sizes)
    return Target(ordered, lower, upper, shape, target_coordinate_system)


def _density(
    extent: dict[str, float],
    unit_to_pixels: float | None,
    width: float | None,
    height: float | None,
    depth: float | None,
) -> float:
    """Pixels for each unit of the coordinate system."""
    given = {
        "target_unit_to_pixels": unit_to_pixels,
        "target_width": width,
        "target_height": height,
        "target_depth": depth,
    }
    sizes = {name: value for name, value in given.items() if value is not None}
    if len(sizes) != 1:
        raise ValueError(f"Give exactly one of {listing(given)}. Found {listing(sizes)}.")
    name, value = next(iter(sizes.items()))
    if not np.isfinite(value) or value <= 0:
        raise ValueError(f"{name} must be a number above 0, not {value!r}.")
    if name == "target_unit_to_pixels":
        return float(value)
    axis = {"target_width": "x", "target_height": "y", "target_depth": "z"}[name]
    if axis not in extent:
        raise ValueError(f"{name} is the number of pixels along {axis}, but the box has only the axes {tuple(extent)}.")
    return float(value) / extent[axis]
