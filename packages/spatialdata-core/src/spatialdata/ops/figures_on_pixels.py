"""Polygons and circles over pixels, looked at block by block."""

from __future__ import annotations

from abc import ABC, abstractmethod
from dataclasses import dataclass
from itertools import product
from typing import TYPE_CHECKING, Any

import numpy as np

from spatialdata.ops.rasterize_shapes import PlacedFigures, figures_reaching
from spatialdata.ops.split_regions import in_several

if TYPE_CHECKING:
    from collections.abc import Sequence
    from typing import Self

    from numpy.typing import NDArray

    from spatialdata.ops.figures import Figures
    from spatialdata.regions.between import Between
    from spatialdata.transformations.algebra import FloatArray

__all__ = ["FiguresOnPixels"]


@dataclass(frozen=True, slots=True)
class FiguresOnPixels(ABC):
    """Figures, of which :meth:`look` tells what is to be known of their pixels.

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
    def of(cls, figures: Figures, to_pixels: Between) -> Self:
        """The figures, given the map from their coordinates, x and y, to pixels, y and x."""
        placed = PlacedFigures(figures, to_pixels.linear, to_pixels.offset)
        return cls(placed, placed.bounds())

    def __len__(self) -> int:
        return len(self.bounds)

    def in_several(self, chunks: Sequence[Sequence[int]]) -> NDArray[np.intp]:
        """The numbers of the figures that may reach several blocks of pixels, whose sizes are given along y and x."""
        heights, widths = chunks
        y, x = (np.cumsum([0, *sizes]).tolist() for sizes in chunks)
        corners, sizes = product(y[:-1], x[:-1]), product(heights, widths)
        return in_several([figures_reaching(self.bounds, *block) for block in zip(corners, sizes, strict=True)])

    def task(self, corner: Sequence[int], shape: Sequence[int]) -> Any:
        """What :meth:`look` tells of a block, delayed; None if no figure reaches it.

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
        return dask.delayed(self.look, pure=False, traverse=False)(part, chosen, height, width)

    @staticmethod
    @abstractmethod
    def look(placed: PlacedFigures, numbers: NDArray[Any], height: int, width: int) -> Any:
        """What is to be known of the figures with these numbers, placed on the block."""
