"""Contrast limits of image channels, read from as few pixels as give a fair picture."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

__all__ = ["contrast_limits", "finite_range"]

_WHOLE = 2**22
_BLOCK = 256
_GRID = 4


def contrast_limits(coarsest: Any) -> list[tuple[float, float]]:
    """Find the range of values of every channel.

    Parameters
    ----------
    coarsest
        The smallest level of an image, an array with axes ``(c, [z,] y, x)``. Up to 2**22 pixels are looked at
        whole, of a larger plane 4 × 4 blocks of 256 × 256 pixels spread over it (of the middle plane in 3D).

    Returns
    -------
    list of (float, float)
        Per channel the smallest and the largest finite value; of a constant channel the value and the value plus 1,
        of a channel without finite values (0, 1).
    """
    return [_limits(channel) for channel in _sample(coarsest)]


def finite_range(coarsest: Any) -> tuple[float, float]:
    """Find the smallest and the largest finite value of all channels, in as many pixels as ``contrast_limits`` reads.

    Both are 0 where no value is finite.
    """
    values = _sample(coarsest)
    finite = values[np.isfinite(values)]
    return (float(finite.min()), float(finite.max())) if finite.size else (0.0, 0.0)


def _sample(coarsest: Any) -> NDArray[Any]:
    """The values that are looked at, shape (c, n)."""
    sample = np.asarray(coarsest if coarsest[0].size <= _WHOLE else _blocks(coarsest))
    return sample.reshape(len(sample), -1)


def _blocks(image: Any) -> Any:
    """Cut blocks out of a large image: shape (c, 4 · 256, 4 · 256) at most."""
    import dask.array as da

    plane = image[:, image.shape[1] // 2] if image.ndim == 4 else image
    rows, columns = (_starts(length) for length in plane.shape[-2:])
    grid = [[plane[:, y : y + _BLOCK, x : x + _BLOCK] for x in columns] for y in rows]
    return da.concatenate([da.concatenate(row, axis=2) for row in grid], axis=1)


def _starts(length: int) -> list[int]:
    count = min(_GRID, max(1, length // _BLOCK))
    return [int(start) for start in np.linspace(0, max(0, length - _BLOCK), count)]


def _limits(values: NDArray[Any]) -> tuple[float, float]:
    finite = values[np.isfinite(values)]
    if finite.size == 0:
        return 0.0, 1.0
    low, high = float(finite.min()), float(finite.max())
    return (low, high) if high > low else (low, low + 1.0)
