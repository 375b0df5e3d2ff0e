"""Non-linear transformations that OME-Zarr 0.6 has no word for, sampled onto a field of displacements."""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np

from spatialdata._core.axes import SPATIAL_AXES, ValidAxis
from spatialdata.errors import TransformationError
from spatialdata.transformations.fields import Displacements

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from spatialdata.transformations.algebra import BaseTransformation

__all__ = ["TOLERANCE", "sampled"]

# In sides of a pixel of the finest level: what is aimed at, and what is good enough where that takes too many nodes.
_WANTED, TOLERANCE = 0.01, 0.1
_FIRST, _MOST_NODES = 16, 2**23


def sampled(
    transformation: BaseTransformation, axes: Sequence[ValidAxis], sizes: Sequence[int], where: str
) -> Displacements:
    """Displacements over the pixels of a raster that say the same as a transformation.

    Parameters
    ----------
    transformation
        The transformation; it must keep the spatial axes.
    axes, sizes
        The axes of the raster and its sizes along them.
    where
        What is transformed, for error messages.

    Returns
    -------
    Displacements over the spatial axes. Halfway between their nodes, where linear interpolation is worst, they miss
    the transformation by no more than a hundredth of the side of a pixel in the target, or by no more than
    :data:`TOLERANCE` of it where that would take more than eight million nodes.

    Raises
    ------
    TransformationError
        The transformation changes the axes, cannot be evaluated everywhere in the raster, or bends so strongly that
        even so many nodes miss it by more.
    """
    space = tuple(axis for axis in axes if axis in SPATIAL_AXES)
    if set(transformation.axes_after(tuple(axes))) != set(axes):
        raise TransformationError(
            f"The transformation of {where} has no form in OME-Zarr 0.6: it bends and changes the axes {tuple(axes)}. "
            "Give the two steps apart, over the same axes."
        )
    extent = np.array([max(sizes[axes.index(axis)], 1) for axis in space], dtype=np.float64)
    steps = np.minimum(extent.astype(int), _FIRST)
    while True:
        field = _field(transformation, space, extent, steps)
        missed, side = _missed(transformation, field, space, extent, steps)
        if missed <= _WANTED * side:
            return field
        if np.prod(2 * steps + 1.0) > _MOST_NODES:
            break
        steps = steps * 2
    if missed > TOLERANCE * side:
        raise TransformationError(
            f"The transformation of {where} bends too strongly for OME-Zarr 0.6: {np.prod(steps + 1)} displacements "
            f"miss it by up to {missed:.3g}, where a pixel is {side:.3g}. Give it as Displacements or Coordinates with "
            'nodes of your choice, or write with ngff="0.5-dev-spatialdata".'
        )
    return field


def _field(
    transformation: BaseTransformation,
    space: tuple[ValidAxis, ...],
    extent: NDArray[np.float64],
    steps: NDArray[np.int_],
) -> Displacements:
    places = [np.linspace(0, size, count + 1) for size, count in zip(extent, steps, strict=True)]
    nodes = np.stack(np.meshgrid(*places, indexing="ij"), axis=-1)
    points = nodes.reshape(-1, len(space))
    moved = transformation.transform_coordinates(points, space) - points
    return Displacements(moved.reshape(nodes.shape), space, extent / steps, np.zeros(len(space)))


def _missed(
    transformation: BaseTransformation,
    field: Displacements,
    space: tuple[ValidAxis, ...],
    extent: NDArray[np.float64],
    steps: NDArray[np.int_],
) -> tuple[float, float]:
    """The largest distance in the middle of a cell of the field, and the shortest side of a pixel there."""
    places = [(np.arange(count) + 0.5) * size / count for size, count in zip(extent, steps, strict=True)]
    points = np.stack(np.meshgrid(*places, indexing="ij"), axis=-1).reshape(-1, len(space))
    exact = transformation.transform_coordinates(points, space)
    missed = np.linalg.norm(field.transform_coordinates(points, space) - exact, axis=1).max()
    corners = np.array(list(itertools.product(*((0.0, size) for size in extent))))
    probes = np.vstack([corners, extent[None] / 2])
    at = transformation.transform_coordinates(probes, space)
    sides = [
        np.linalg.norm(transformation.transform_coordinates(probes + step, space) - at, axis=1).min()
        for step in np.eye(len(space))
    ]
    return float(missed), float(min(sides))
