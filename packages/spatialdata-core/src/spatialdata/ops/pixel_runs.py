"""Which pixels of a block lie in which regions, as runs along the rows; a pixel lies where its centre does."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Protocol

import numpy as np

from spatialdata.models.label_runs import ids_and_runs
from spatialdata.ops.figures_on_pixels import FiguresOnPixels

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from spatialdata.models.scanlines import Scanlines
    from spatialdata.ops.rasterize_shapes import PlacedFigures
    from spatialdata.regions.lattice import HexagonGrid, SquareGrid
    from spatialdata.regions.project import Projection

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


class FigureRuns(FiguresOnPixels):
    """The pixels under polygons and circles. Of shared borders, the part towards lower coordinates counts."""

    __slots__ = ()

    @staticmethod
    def look(
        placed: PlacedFigures, numbers: NDArray[np.intp], height: int, width: int
    ) -> tuple[NDArray[np.intp], Scanlines]:
        """The numbers and runs of the figures."""
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
