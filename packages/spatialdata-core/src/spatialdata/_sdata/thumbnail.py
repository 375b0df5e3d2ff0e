"""Small pictures of images and labels, drawn from the coarsest level, which is all that is read."""

from __future__ import annotations

import struct
import zlib
from typing import TYPE_CHECKING, Any

import numpy as np

from spatialdata._core.elements import levels_of

if TYPE_CHECKING:
    from numpy.typing import NDArray
    from xarray import DataArray

__all__ = ["png", "thumbnail"]

_SIDE = 64
_MOST_BYTES = 2**24
_MOST_TASKS = 64
_CHANNELS = 3


def thumbnail(raster: Any) -> bytes | None:
    """A small picture of a raster.

    Parameters
    ----------
    raster
        An image or labels, of one or several scales. Of a stack, the middle plane is drawn, and of a series
        the first point in time; of an image, the first
        three channels as red, green and blue, each stretched over its values.

    Returns
    -------
    A PNG file with at most 64 × 64 pixels; None if the coarsest level is too large to be read, or takes too many
    steps to compute, for a glance.

    Examples
    --------
    >>> import numpy as np
    >>> from spatialdata.models import Labels2DModel
    >>> thumbnail(Labels2DModel.parse(np.eye(4, dtype=int)))[1:4]
    b'PNG'
    """
    level = _plane(levels_of(raster)[-1])
    if 0 in level.shape or level.nbytes > _MOST_BYTES or _tasks(level) > _MOST_TASKS:
        return None
    data = np.asarray(level.data)
    step = max(-(-max(data.shape[-2:]) // _SIDE), 1)
    small = data[..., step // 2 :: step, step // 2 :: step]
    return png(_colors_of_labels(small) if small.ndim == 2 else _colors_of_image(small))


def _plane(level: DataArray) -> DataArray:
    if "c" in level.dims:
        level = level.isel(c=slice(0, _CHANNELS))
    if "t" in level.dims:
        level = level.isel(t=0)
    return level.isel(z=level.sizes["z"] // 2) if "z" in level.dims else level


def _tasks(level: DataArray) -> int:
    import dask

    (optimized,) = dask.optimize(level.data)
    return len(dict(optimized.__dask_graph__()))


def _colors_of_image(channels: NDArray[Any]) -> NDArray[np.uint8]:
    values = channels.astype(np.float64)
    stretched = np.stack([_stretched(plane) for plane in values], axis=-1)
    if stretched.shape[-1] == 1:
        stretched = np.repeat(stretched, 3, axis=-1)
    elif stretched.shape[-1] < _CHANNELS:
        stretched = np.concatenate([stretched, np.zeros_like(stretched[..., :1])], axis=-1)
    return np.rint(stretched * 255).astype(np.uint8)


def _stretched(plane: NDArray[np.float64]) -> NDArray[np.float64]:
    finite = plane[np.isfinite(plane)]
    if not finite.size or finite.min() == finite.max():
        return np.zeros_like(plane)
    low, high = finite.min(), np.percentile(finite, 99.5)
    high = high if high > low else finite.max()
    return np.asarray(np.clip((np.nan_to_num(plane, nan=low) - low) / (high - low), 0, 1))


def _colors_of_labels(ids: NDArray[Any]) -> NDArray[np.uint8]:
    """Colors that differ for neighboring ids; the background is black."""
    hues = (ids.astype(np.uint64) * np.uint64(2654435761) % np.uint64(2**16)) / 2**16
    waves = (hues[..., None] + np.array([0, 1 / 3, 2 / 3])) * 2 * np.pi
    colors = np.rint(150 + 95 * np.cos(waves)).astype(np.uint8)
    return np.where((ids != 0)[..., None], colors, np.uint8(0))


def png(pixels: NDArray[np.uint8]) -> bytes:
    """A PNG file of an array of shape (y, x, 3) with the channels red, green and blue.

    Examples
    --------
    >>> import numpy as np
    >>> len(png(np.zeros((2, 2, 3), dtype=np.uint8))) > 50
    True
    """
    height, width, _ = pixels.shape
    header = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    rows = np.concatenate([np.zeros((height, 1), np.uint8), pixels.reshape(height, -1)], axis=1)
    chunks = (_chunk(b"IHDR", header), _chunk(b"IDAT", zlib.compress(rows.tobytes())), _chunk(b"IEND", b""))
    return b"\x89PNG\r\n\x1a\n" + b"".join(chunks)


def _chunk(name: bytes, body: bytes) -> bytes:
    return struct.pack(">I", len(body)) + name + body + struct.pack(">I", zlib.crc32(name + body))
