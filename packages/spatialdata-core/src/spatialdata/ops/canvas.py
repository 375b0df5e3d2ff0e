"""Values gathered pixel by pixel."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from spatialdata.transformations.algebra import FloatArray

__all__ = ["REDUCTIONS", "Canvas", "reduction_of"]

REDUCTIONS = ("count", "count_cat", "sum", "mean", "min", "max", "first")


def reduction_of(agg_func: Any) -> str | None:
    """The name of a reduction.

    Parameters
    ----------
    agg_func
        A name, a reduction of datashader, whose class is named like that, or None.

    Raises
    ------
    ValueError
        There is no such reduction.
    """
    if agg_func is None:
        return None
    name = agg_func if isinstance(agg_func, str) else type(agg_func).__name__
    name = {"by": "count_cat"}.get(name, name)
    if name not in REDUCTIONS:
        raise ValueError(f"agg_func must be one of {', '.join(map(repr, REDUCTIONS))}. Found {agg_func!r}.")
    return name


class Canvas:
    """A picture, or a part of one, that takes in values, and reduces those of each pixel to one.

    Parameters
    ----------
    reduction
        One of ``"count"``, ``"sum"``, ``"mean"``, ``"min"``, ``"max"``, ``"first"``.
    pixels
        The number of pixels.
    start
        The number of the first of them.

    Attributes
    ----------
    start
        The number of the first pixel.
    count
        How many values each pixel has.
    value
        What they were reduced to so far; of length 0 if they are only counted.
    """

    def __init__(self, reduction: str, pixels: int, start: int = 0) -> None:
        self._reduction = reduction
        self.start = start
        self.count = np.zeros(pixels, dtype=np.uint32)
        self.value: FloatArray = np.zeros(0 if reduction == "count" else pixels)
        if reduction in ("min", "max"):
            self.value[:] = np.inf if reduction == "min" else -np.inf

    @classmethod
    def around(cls, reduction: str, pixel: NDArray[np.int64]) -> Canvas:
        """A part of a picture that has room for some pixels."""
        if not len(pixel):
            return cls(reduction, 0)
        start = int(pixel.min())
        return cls(reduction, int(pixel.max()) + 1 - start, start)

    def add(self, pixel: NDArray[np.int64], value: FloatArray | None) -> None:
        """Take in values, in their order; those that are nan do not count, nor pixels of -1 without values."""
        from spatialdata.kernels.pixels import count_into

        if value is not None:
            known = ~np.isnan(value)
            if not known.all():
                pixel, value = pixel[known], value[known]
            self._reduce(pixel - self.start if self.start else pixel, value, len(self.count))
        count_into(self.count, pixel, self.start)

    def _reduce(self, pixel: NDArray[np.int64], value: FloatArray, size: int) -> None:
        if self._reduction in ("sum", "mean"):
            self.value += np.bincount(pixel, weights=value, minlength=size)
        elif self._reduction == "min":
            np.minimum.at(self.value, pixel, value)
        elif self._reduction == "max":
            np.maximum.at(self.value, pixel, value)
        elif self._reduction == "first":
            pixels, index = np.unique(pixel, return_index=True)
            free = self.count[pixels] == 0
            self.value[pixels[free]] = value[index[free]]

    def take_in(self, part: Canvas, shift: float = 0.0) -> None:
        """Take in the values of another part, after those that are here.

        Parameters
        ----------
        part
            The part, whose pixels are among those that are here.
        shift
            What is added to its values.
        """
        place = slice(part.start - self.start, part.start - self.start + len(part.count))
        count, theirs = self.count[place], part.value + shift if shift else part.value
        mine = self.value[place]
        if self._reduction in ("sum", "mean"):
            mine += theirs
        elif self._reduction == "min":
            np.minimum(mine, theirs, out=mine)
        elif self._reduction == "max":
            np.maximum(mine, theirs, out=mine)
        elif self._reduction == "first":
            free = (count == 0) & (part.count > 0)
            mine[free] = theirs[free]
        count += part.count

    def merged(self, *later: Canvas) -> Canvas:
        """What this part and later ones hold together."""
        filled = [part for part in (self, *later) if len(part.count)]
        if len(filled) < 2:
            return filled[0] if filled else self
        start = min(part.start for part in filled)
        stop = max(part.start + len(part.count) for part in filled)
        both = Canvas(self._reduction, stop - start, start)
        for part in filled:
            both.take_in(part)
        return both

    def occupied(self) -> NDArray[np.bool_]:
        """Which pixels have a value."""
        return np.asarray(self.count > 0)

    def result(self) -> NDArray[Any]:
        """The picture, flat; 0 where no value lies."""
        if self._reduction == "count":
            return self.count
        value = self.value
        if self._reduction == "mean":
            value = value / np.maximum(self.count, 1)
        return np.where(self.count == 0, 0.0, value)
