"""Which pixels of a block lie in which regions, as runs along the rows; a pixel lies where its centre does."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Protocol

import numpy as np

from spatialdata.models.label_runs import ids_and_runs
from spatialdata.ops.rasterize_shapes import PlacedFigures, figures_reaching

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from spatialdata.models.scanlines import Scanlines
    from spatialdata.ops.figures import Figures
    from spatialdata.regions.lattice import HexagonGrid, SquareGrid
    from spatialdata.regions.project import Projection
    from spatialdata.transformations.algebra import FloatArray

__all__ = ["FigureRuns", "GridRuns", "PixelRuns"]

_PIXELS_AT_ONCE = 1_000_000


class PixelRuns(Protocol):
    """Finds the pixels of regions."""

    def __len__(self) -> int:
        """The number of regions."""

    def task(self, corner: Sequence[int], shape: Sequence[int]) -> Any:
        """The delayed numbers and runs of the regions on a block; None if none reaches it.

        Parameters
        ----------
        corner, shape
            The first pixel of the block and its size, as y, x.
        """


@dataclass(frozen=True, slots=True)
class FigureRuns:
    """The pixels under polygons and circles. Of shared borders, the part towards lower coordinates counts.

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
    def of(cls, figures: Figures, projection: Projection) -> FigureRuns:
        """The runs of figures, given the map from pixels, over x and y, to the coordinates of the figures."""
        back = projection.over(("y", "x")).inverse()
        placed = PlacedFigures(figures, back.linear[:, ::-1], back.offset)
        return cls(placed, placed.bounds())

    def __len__(self) -> int:
        return len(self.bounds)

    def task(self, corner: Sequence[int], shape: Sequence[int]) -> Any:
        """The delayed numbers and runs of the figures on a block; None if none reaches it."""
        import dask

        height, width = shape
        chosen = figures_reaching(self.bounds, (corner[0], corner[1]), (height, width))
        if not len(chosen):
            return None
        part = self.placed.part(chosen, (corner[0], corner[1]))
        return dask.delayed(_drawn, pure=False, traverse=False)(part, chosen, height, width)


def _drawn(placed: PlacedFigures, numbers: NDArray[np.intp], height: int, width: int) -> tuple[Any, Scanlines]:
    return numbers, placed.scanlines(height, width)


@dataclass(frozen=True, slots=True)
class GridRuns:
    """The pixels in the cells of a grid; each lies in one at most.

    Attributes
    ----------
    grid
        The grid.
    projection
        The map from pixels, over x and y, to the coordinate system of the grid.
    """

    grid: SquareGrid | HexagonGrid
    projection: Projection

    def __len__(self) -> int:
        return len(self.grid)

    def task(self, corner: Sequence[int], shape: Sequence[int]) -> Any:
        """The delayed numbers and runs of the cells on a block; None if the grid does not reach it."""
        import dask

        lower, upper = self.grid.bounds()
        start = np.array(corner, dtype=np.float64)[::-1]
        low, high = self.projection.box(start, start + np.array(shape, dtype=np.float64)[::-1])
        if not ((low <= upper) & (high >= lower)).all():
            return None
        return dask.delayed(self._found, pure=False)(tuple(corner), tuple(shape))

    def _found(self, corner: tuple[int, int], shape: tuple[int, int]) -> tuple[NDArray[Any], Scanlines]:
        cells = np.empty(shape, dtype=np.int32)
        step = max(_PIXELS_AT_ONCE // max(shape[1], 1), 1)
        x = corner[1] + np.arange(shape[1]) + 0.5
        for first in range(0, shape[0], step):
            y = corner[0] + np.arange(first, min(first + step, shape[0])) + 0.5
            centres = np.stack([np.tile(x, len(y)), np.repeat(y, len(x))], axis=1)
            place = np.ascontiguousarray(self.projection(centres).T)
            cells[first : first + len(y)] = self.grid.cell_at(place[0], place[1]).reshape(len(y), len(x))
        cells += 1
        numbers, runs = ids_and_runs(cells)
        return numbers - 1, runs
