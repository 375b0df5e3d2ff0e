"""Stretches of pixels along the rows of a raster."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

__all__ = ["Scanlines"]


@dataclass(frozen=True, slots=True)
class Scanlines:
    """Stretches of pixels: pixels ``start`` to ``stop`` of a row, which belong to a figure.

    Attributes
    ----------
    figure
        The number of the figure.
    row, start, stop
        The pixels.
    """

    figure: NDArray[np.int64]
    row: NDArray[np.int64]
    start: NDArray[np.int64]
    stop: NDArray[np.int64]

    def within(self, width: int) -> Scanlines:
        """The part between the columns 0 and ``width``, without empty stretches."""
        start, stop = np.clip(self.start, 0, width), np.clip(self.stop, 0, width)
        keep = stop > start
        return Scanlines(self.figure[keep], self.row[keep], start[keep], stop[keep])

    def on_planes(self, depth: int, height: int) -> Scanlines:
        """The same stretches on each of several planes, whose rows are numbered one plane after the other."""
        plane = np.repeat(np.arange(depth), len(self.row)) * height
        figure, row, start, stop = (np.tile(field, depth) for field in self.fields)
        return Scanlines(figure, row + plane, start, stop)

    @property
    def fields(self) -> tuple[NDArray[np.int64], NDArray[np.int64], NDArray[np.int64], NDArray[np.int64]]:
        """The figures, rows, starts and stops."""
        return self.figure, self.row, self.start, self.stop

    def spans(self, width: int) -> tuple[NDArray[np.int32], NDArray[np.int64], NDArray[np.int64]]:
        """The figure of each stretch, and its bounds among all pixels, numbered along the rows."""
        offset = self.row * width
        return self.figure.astype(np.int32), offset + self.start, offset + self.stop

    def pixels(self, width: int) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
        """The pixels one by one, numbered along the rows, and the figure of each."""
        length = self.stop - self.start
        first = self.row * width + self.start
        offset = first - (np.cumsum(length) - length)
        return np.repeat(offset, length) + np.arange(int(length.sum())), np.repeat(self.figure, length)
