"""The part of each pixel of a block that regions cover."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from spatialdata.ops.figures_on_pixels import FiguresOnPixels
from spatialdata.ops.oriented_rings import oriented_rings

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from spatialdata.ops.rasterize_shapes import PlacedFigures
    from spatialdata.transformations.algebra import FloatArray

__all__ = ["FigureFractions"]


class FigureFractions(FiguresOnPixels):
    """The pixels that polygons and circles cover, in part or whole; exact up to rounding."""

    __slots__ = ()

    @staticmethod
    def look(
        placed: PlacedFigures, numbers: NDArray[np.intp], height: int, width: int
    ) -> tuple[NDArray[np.intp], NDArray[np.intp], FloatArray]:
        """The pixels, the regions and the fractions."""
        of = _polygons if placed.figures.radii is None else _circles
        figure, pixel, part = of(placed, height, width)
        return pixel, numbers[figure], part


def _polygons(placed: PlacedFigures, height: int, width: int) -> tuple[NDArray[Any], NDArray[Any], FloatArray]:
    import shapely

    from spatialdata.kernels.coverage import coverage_of_polygons

    rings, owner = oriented_rings(placed.figures.geometry)
    order = np.argsort(owner, kind="stable")
    coordinates, ring = shapely.get_coordinates(rings[order], return_index=True)
    y, x = (coordinates @ placed.linear.T + placed.offset).T
    of_rings = np.searchsorted(ring, np.arange(len(rings) + 1))
    of_figures = np.searchsorted(owner[order], np.arange(len(placed.figures) + 1))
    corners = np.ascontiguousarray(x), np.ascontiguousarray(y)
    return coverage_of_polygons(*corners, of_rings.astype(np.int64), of_figures.astype(np.int64), height, width)


def _circles(placed: PlacedFigures, height: int, width: int) -> tuple[NDArray[Any], NDArray[Any], FloatArray]:
    """The circles are left as they are, and the pixels around them brought to them."""
    from spatialdata.kernels.coverage import coverage_of_discs

    bounds, size = placed.bounds(), [height, width]
    low = np.clip(np.floor(bounds[:, :2]), 0, size).astype(np.int64)
    high = np.clip(np.ceil(bounds[:, 2:]), low, np.maximum(low, size)).astype(np.int64)
    back = np.linalg.inv(placed.linear).astype(np.float64)
    radii = np.asarray(placed.figures.radii, dtype=np.float64)
    return coverage_of_discs(placed.figures.centres, radii, low, high, back, -back @ placed.offset, width)
