"""The part of each pixel of a block that regions cover."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from spatialdata.ops.polygon_moments import oriented_rings
from spatialdata.ops.rasterize_shapes import PlacedFigures, figures_reaching

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from spatialdata.ops.figures import Figures
    from spatialdata.regions.project import Projection
    from spatialdata.transformations.algebra import FloatArray

__all__ = ["FigureFractions"]


@dataclass(frozen=True, slots=True)
class FigureFractions:
    """The pixels that polygons and circles cover, in part or whole; exact up to rounding.

    Attributes
    ----------
    placed
        The figures over the pixels.
    bounds
        The boxes around them.
    """

    placed: PlacedFigures
    bounds: FloatArray

    @classmethod
    def of(cls, figures: Figures, projection: Projection) -> FigureFractions:
        """The fractions of figures, given the map from pixels, over x and y, to the coordinates of the figures."""
        back = projection.over(("y", "x")).inverse()
        placed = PlacedFigures(figures, back.linear[:, ::-1], back.offset)
        return cls(placed, placed.bounds())

    def __len__(self) -> int:
        return len(self.bounds)

    def task(self, corner: Sequence[int], shape: Sequence[int]) -> Any:
        """The delayed pixels, regions and fractions of a block; None if no figure reaches it.

        Parameters
        ----------
        corner, shape
            The first pixel of the block and its size, as y, x.
        """
        import dask

        height, width = shape
        chosen = figures_reaching(self.bounds, (corner[0], corner[1]), (height, width))
        if not len(chosen):
            return None
        part = self.placed.part(chosen, (corner[0], corner[1]))
        return dask.delayed(_covered, pure=False, traverse=False)(part, chosen, height, width)


def _covered(
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
