"""The part of each pixel of a block that regions cover."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from spatialdata.ops.circle_area import circle_polygon_area
from spatialdata.ops.polygon_moments import oriented_rings
from spatialdata.ops.rasterize_shapes import PlacedFigures, figures_reaching

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from spatialdata.ops.figures import Figures
    from spatialdata.regions.project import Projection
    from spatialdata.transformations.algebra import FloatArray

__all__ = ["FigureFractions"]

_PIXELS_AT_ONCE = 500_000
_NOTHING = 1e-12
_CORNERS = np.array([[0.0, 0], [0, 1], [1, 1], [1, 0]])


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
    bounds = placed.bounds()
    low = np.clip(np.floor(bounds[:, :2]), 0, [height, width]).astype(np.int64)
    size = np.clip(np.ceil(bounds[:, 2:]), low, [height, width]).astype(np.int64) - low
    ends = np.cumsum(size.prod(axis=1))
    parts = [(np.zeros(0, dtype=np.intp), np.zeros(0, dtype=np.intp), np.zeros(0))]
    start = 0
    while start < len(size):
        before = ends[start - 1] if start else 0
        stop = max(int(np.searchsorted(ends, before + _PIXELS_AT_ONCE)), start + 1)
        parts.append(_some_circles(placed, np.arange(start, stop), low, size, width))
        start = stop
    figure, pixel, part = (np.concatenate(found) for found in zip(*parts, strict=True))
    return figure, pixel, part


def _some_circles(
    placed: PlacedFigures, numbers: NDArray[np.intp], low: NDArray[np.int64], size: NDArray[np.int64], width: int
) -> tuple[NDArray[np.intp], NDArray[np.intp], FloatArray]:
    import shapely

    count = size[numbers].prod(axis=1)
    figure = np.repeat(numbers, count)
    place = np.arange(len(figure)) - np.repeat(np.cumsum(count) - count, count)
    row, column = np.divmod(place, np.maximum(size[figure, 1], 1))
    row, column = row + low[figure, 0], column + low[figure, 1]
    back = np.linalg.inv(placed.linear)
    corners = (np.stack([row, column], axis=1)[:, None] + _CORNERS - placed.offset) @ back.T
    centres, radii = placed.figures.centres[figure], np.asarray(placed.figures.radii)[figure]
    distance = np.linalg.norm(corners - centres[:, None], axis=2)
    part = (distance <= radii[:, None]).all(axis=1).astype(np.float64)
    edge = np.flatnonzero(part == 0)
    squares = shapely.polygons(corners[edge])
    part[edge] = circle_polygon_area(centres[edge], radii[edge], squares) / abs(np.linalg.det(back))
    keep = part > _NOTHING
    return figure[keep], (row * width + column)[keep], np.minimum(part[keep], 1.0)
