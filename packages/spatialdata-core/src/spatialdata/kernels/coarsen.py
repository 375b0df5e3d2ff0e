"""Blocks of pixels made one: by their mean, by one of them, or by the value that most of them have."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

__all__ = ["mean_of_blocks", "mode_of_blocks", "picked_of_blocks"]

# From so many pixels on, compiled code is worth loading.
_LARGE = 2**20


def mean_of_blocks(pixels: NDArray[Any], factors: Sequence[int]) -> NDArray[Any]:
    """The mean of each block of pixels, rounded to the nearest (half to even) for whole numbers.

    Parameters
    ----------
    pixels
        The pixels; whole blocks along each axis.
    factors
        The sizes of a block.

    Returns
    -------
    Array of the same type with one pixel for each block.
    """
    count = math.prod(factors)
    if count == 1:
        return pixels
    if pixels.size >= _LARGE and pixels.dtype in (np.uint8, np.uint16) and _are_squares(factors):
        return _halved(pixels)
    total = pixels
    for axis, factor in enumerate(factors):
        total = _sum_along(total, axis, factor, _exact(pixels.dtype, count))
    return _divided(total, count, pixels.dtype)


def _are_squares(factors: Sequence[int]) -> bool:
    return tuple(factors[-2:]) == (2, 2) and set(factors[:-2]) <= {1}


def _halved(pixels: NDArray[Any]) -> NDArray[Any]:
    from spatialdata.kernels.halve import halve_planes

    *lead, height, width = pixels.shape
    halved = np.empty((*lead, height // 2, width // 2), dtype=pixels.dtype)
    halve_planes(pixels.reshape(-1, height, width), halved.reshape(-1, height // 2, width // 2))
    return halved


def _exact(dtype: np.dtype[Any], count: int) -> Any:
    """A type in which sums of that many pixels are exact, or else float64."""
    if dtype.kind in "bui" and dtype.itemsize <= 4:
        greatest = 1 if dtype.kind == "b" else np.iinfo(dtype).max + 1
        for wide in (np.int32, np.int64):
            if greatest * (count + 1) <= np.iinfo(wide).max:
                return wide
    return np.complex128 if dtype.kind == "c" else np.float64


def _sum_along(pixels: NDArray[Any], axis: int, factor: int, dtype: Any) -> NDArray[Any]:
    if factor == 1:
        return pixels
    lead = (slice(None),) * axis
    total: NDArray[Any] = np.add(
        pixels[(*lead, slice(0, None, factor))], pixels[(*lead, slice(1, None, factor))], dtype=dtype
    )
    for first in range(2, factor):
        np.add(total, pixels[(*lead, slice(first, None, factor))], out=total)
    return total


def _divided(total: NDArray[Any], count: int, dtype: np.dtype[Any]) -> NDArray[Any]:
    if dtype.kind in "fc":
        return np.asarray((total / count).astype(dtype))
    if total.dtype.kind == "f" or count & (count - 1):
        return np.asarray(np.rint(total / count).astype(dtype))
    # Adding half a block, less one unless the quotient is odd, rounds halves to the even neighbour.
    shift = count.bit_length() - 1
    odd = (total >> shift) & 1
    odd += total
    odd += count // 2 - 1
    odd >>= shift
    return np.asarray(odd.astype(dtype))


def picked_of_blocks(pixels: NDArray[Any], factors: Sequence[int]) -> NDArray[Any]:
    """The pixel in the middle of each block, or before the middle if there is none."""
    return pixels[tuple(slice((factor - 1) // 2, None, factor) for factor in factors)]


def mode_of_blocks(pixels: NDArray[Any], factors: Sequence[int]) -> NDArray[Any]:
    """The value that occurs most often in each block; of several, the least."""
    shape = [part for size, factor in zip(pixels.shape, factors, strict=True) for part in (size // factor, factor)]
    inner = range(1, 2 * pixels.ndim, 2)
    blocks = np.moveaxis(pixels.reshape(shape), inner, range(pixels.ndim, 2 * pixels.ndim))
    flat = np.sort(blocks.reshape(*blocks.shape[: pixels.ndim], math.prod(factors)), axis=-1)
    best, most = flat[..., 0].copy(), np.ones(flat.shape[:-1], dtype=np.int64)
    length = most.copy()
    for place in range(1, flat.shape[-1]):
        length = np.where(flat[..., place] == flat[..., place - 1], length + 1, 1)
        longer = length > most
        best, most = np.where(longer, flat[..., place], best), np.maximum(length, most)
    return best
