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
    """A picture that takes in values, and reduces those of each pixel to one.

    Parameters
    ----------
    reduction
        One of ``"count"``, ``"sum"``, ``"mean"``, ``"min"``, ``"max"``, ``"first"``.
    pixels
        The number of pixels.
    """

    def __init__(self, reduction: str, pixels: int) -> None:
        self._reduction = reduction
        self._count = np.zeros(pixels, dtype=np.uint32)
        self._value: FloatArray = np.zeros(0 if reduction == "count" else pixels)
        if reduction in ("min", "max"):
            self._value[:] = np.inf if reduction == "min" else -np.inf

    def add(self, pixel: NDArray[np.int64], value: FloatArray | None) -> None:
        """Take in values, in their order; those that are nan do not count."""
        from spatialdata.kernels.pixels import count_into

        if value is not None:
            known = ~np.isnan(value)
            if not known.all():
                pixel, value = pixel[known], value[known]
        size = len(self._count)
        if value is not None:
            self._reduce(pixel, value, size)
        count_into(self._count, pixel)

    def _reduce(self, pixel: NDArray[np.int64], value: FloatArray, size: int) -> None:
        if self._reduction in ("sum", "mean"):
            self._value += np.bincount(pixel, weights=value, minlength=size)
        elif self._reduction == "min":
            np.minimum.at(self._value, pixel, value)
        elif self._reduction == "max":
            np.maximum.at(self._value, pixel, value)
        elif self._reduction == "first":
            pixels, index = np.unique(pixel, return_index=True)
            free = self._count[pixels] == 0
            self._value[pixels[free]] = value[index[free]]

    def occupied(self) -> NDArray[np.bool_]:
        """Which pixels have a value."""
        return np.asarray(self._count > 0)

    def result(self) -> NDArray[Any]:
        """The picture, flat; 0 where no value lies."""
        if self._reduction == "count":
            return self._count
        value = self._value
        if self._reduction == "mean":
            value = value / np.maximum(self._count, 1)
        return np.where(self._count == 0, 0.0, value)
