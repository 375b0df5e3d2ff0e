"""Where an element lies in a coordinate system, as the affine matrix of its layer.

napari puts the *centre* of pixel ``i`` at the coordinate ``i``; SpatialData lets pixel ``i`` cover ``[i, i + 1)``.
Rasters therefore get a translation of half a pixel (``PIXEL_CENTRE``) before the affine matrix of the element, which
vector elements get alone.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, cast

import numpy as np

from napari_spatialdata.layers.rasters import levels_of

if TYPE_CHECKING:
    from numpy.typing import NDArray

__all__ = [
    "PIXEL_CENTRE",
    "affine_of",
    "isotropic_scale",
    "layer_axes",
    "mixes_dropped_axes",
    "obstacle",
    "preserves_circles",
    "spatial_axes",
]

PIXEL_CENTRE = 0.5
_ORDER = ("z", "y", "x")


def spatial_axes(element: Any) -> tuple[str, ...]:
    """The spatial axes of an element in the order of napari's dimensions: ``("y", "x")`` or ``("z", "y", "x")``."""
    from spatialdata.models import get_axes_names

    names = get_axes_names(element)
    return tuple(axis for axis in _ORDER if axis in names)


def layer_axes(raster: Any) -> tuple[str, ...]:
    """The axes of the layer of a raster: its spatial axes, after ``"t"`` for one with several points in time."""
    from spatialdata.models import get_axes_names

    return ("t", *spatial_axes(raster)) if "t" in get_axes_names(raster) else spatial_axes(raster)


def _times(raster: Any) -> tuple[float, float]:
    """The first point in time and the distance of two; (0, 1), which counts them, if they are not evenly spaced."""
    times = levels_of(raster)[0].coords["t"].to_numpy().astype(np.float64)
    steps = np.diff(times)
    if not len(steps) or not np.allclose(steps, steps[0]):
        return 0.0, 1.0
    return float(times[0]), float(steps[0])


def _full_matrix(element: Any, coordinate_system: str) -> NDArray[np.float64]:
    from spatialdata.transformations import get_transformation

    axes = spatial_axes(element)
    transformation = cast("Any", get_transformation(element, to_coordinate_system=coordinate_system))
    return np.asarray(transformation.to_affine_matrix(axes, axes), dtype=np.float64)


def affine_of(element: Any, coordinate_system: str, axes: tuple[str, ...]) -> NDArray[np.float64]:
    """Compute the affine matrix from an element to a coordinate system over the axes that are drawn.

    Parameters
    ----------
    element
        Image, labels, points or shapes.
    coordinate_system
        The target; the element must have a transformation to it.
    axes
        The drawn axes, ``("z", "y", "x")`` or ``("y", "x")``, after ``"t"`` or not. Along t the layer is placed by
        the times of the element where these are evenly spaced, and by their number otherwise.

    Returns
    -------
    ndarray of float, shape (len(axes) + 1, len(axes) + 1)
        Maps intrinsic coordinates (column vectors in the order of ``axes``) to the coordinate system.
    """
    matrix = _full_matrix(element, coordinate_system)
    own = spatial_axes(element)
    kept = [own.index(axis) for axis in axes if axis != "t"] + [len(own)]
    space = matrix[np.ix_(kept, kept)]
    if "t" not in axes:
        return space
    placed = np.eye(len(axes) + 1)
    placed[1:, 1:] = space
    placed[0, -1], placed[0, 0] = _times(element)
    return placed


def mixes_dropped_axes(element: Any, coordinate_system: str, axes: tuple[str, ...]) -> bool:
    """Whether the place along the drawn axes depends on an axis that is not drawn."""
    matrix = _full_matrix(element, coordinate_system)
    own = spatial_axes(element)
    kept = [own.index(axis) for axis in axes if axis != "t"]
    dropped = [position for position, axis in enumerate(own) if axis not in axes]
    return bool(np.any(matrix[np.ix_(kept, dropped)] != 0))


def obstacle(element: Any, coordinate_system: str, axes: tuple[str, ...]) -> str:
    """Say why a layer that draws these axes cannot be placed in a coordinate system; empty if it can."""
    if mixes_dropped_axes(element, coordinate_system, axes):
        return f"its place in {coordinate_system!r} depends on z, which the layer does not draw"
    space = tuple(axis for axis in axes if axis != "t")
    if isotropic_scale(affine_of(element, coordinate_system, space)) == 0:
        return f"the transformation to {coordinate_system!r} leaves it without extent"
    return ""


def isotropic_scale(matrix: NDArray[np.float64]) -> float:
    """The factor by which an affine matrix scales lengths on average (the root of its area or volume factor)."""
    linear = np.asarray(matrix)[:-1, :-1]
    return float(abs(np.linalg.det(linear)) ** (1 / len(linear)))


def preserves_circles(matrix: NDArray[np.float64]) -> bool:
    """Whether circles stay circles under an affine matrix (rotation, reflection, uniform scale, translation)."""
    linear = np.asarray(matrix)[:-1, :-1]
    gram = linear.T @ linear
    return bool(np.allclose(gram, np.eye(len(gram)) * gram[0, 0], rtol=1e-6, atol=1e-9 * abs(gram[0, 0])))
