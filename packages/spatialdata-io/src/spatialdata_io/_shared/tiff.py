"""TIFF and OME-TIFF images as lazy arrays, one task per block of tiles."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from spatialdata_io.errors import BrokenFileError, reading

if TYPE_CHECKING:
    import numpy as np
    from dask.array import Array as DaskArray
    from numpy.typing import NDArray

__all__ = ["TiffImage", "lazy_levels", "open_tiff"]

CHUNK = 4096
"""Wanted length of a chunk along y and x, in pixels."""


@dataclass(frozen=True, slots=True, kw_only=True)
class TiffImage:
    """The header of a TIFF image.

    Attributes
    ----------
    path
        The file.
    ome
        Whether the OME-XML was used to find the image's planes (they may then lie in several files).
    axes
        One letter per axis as stored: Y, X, S (samples, that is RGB), C, Z, T, or others.
    shapes
        Shape of every pyramid level as stored, the finest first.
    segments
        Shape (y, x) of the tiles or strips of every level.
    dtype
        Type of the pixels.
    channels
        Names of the channels written in the OME-XML, empty if there are none.
    """

    path: Path
    ome: bool
    axes: str
    shapes: tuple[tuple[int, ...], ...]
    segments: tuple[tuple[int, int], ...]
    dtype: str
    channels: tuple[str, ...]

    @property
    def shape_cyx(self) -> tuple[int, int, int]:
        """Shape of the finest level in the order channel, y, x."""
        return self.level_shape_cyx(0)

    def level_shape_cyx(self, level: int) -> tuple[int, int, int]:
        """Shape of a level in the order channel, y, x."""
        sizes = dict(zip(self.axes, self.shapes[level], strict=True))
        channel = self.channel_axis
        return (sizes[channel] if channel else 1, sizes["Y"], sizes["X"])

    @property
    def channel_axis(self) -> str:
        """Letter of the axis that holds the channels, empty if there is one channel only."""
        others = [axis for axis, size in zip(self.axes, self.shapes[0], strict=True) if axis not in "YX" and size > 1]
        return others[0] if others else ""

    def read(self, level: int, channels: slice, y: slice, x: slice) -> NDArray[Any]:
        """Read a window of a level, as an array (c, y, x)."""
        import numpy as np
        import tifffile
        import zarr

        window = {self.channel_axis: channels, "Y": y, "X": x}
        with (
            reading(self.path, f"the pixels of pyramid level {level}"),
            tifffile.TiffFile(self.path, is_ome=None if self.ome else False) as tif,
        ):
            stored = zarr.open_array(tif.series[0].aszarr(level=level), mode="r")
            pixels = np.asarray(stored[tuple(window.get(axis, 0) for axis in self.axes)])
        kept = [axis for axis in self.axes if axis in window]
        if not self.channel_axis:
            return pixels.transpose([kept.index(axis) for axis in "YX"])[None]
        return pixels.transpose([kept.index(axis) for axis in (self.channel_axis, "Y", "X")])

    @property
    def rgb(self) -> bool:
        """Whether the channels are the samples of a colour image."""
        return self.channel_axis == "S"


@dataclass(frozen=True, slots=True)
class _Level:
    """A pyramid level (c, y, x) of files that hold one or more channels each.

    It reads the tiles under the window that it is asked for, and no others.  It holds no open file.
    """

    images: tuple[TiffImage, ...]
    level: int
    shape: tuple[int, int, int]
    dtype: np.dtype[Any]

    @property
    def ndim(self) -> int:
        return 3

    def __getitem__(self, key: tuple[int | slice, int | slice, int | slice]) -> NDArray[Any]:
        import numpy as np

        channels, y, x = (k if isinstance(k, slice) else slice(k, k + 1) for k in key)
        wanted = range(*channels.indices(self.shape[0]))
        blocks = []
        first = 0
        for image in self.images:
            count = image.shape_cyx[0]
            own = [channel - first for channel in wanted if first <= channel < first + count]
            if own:
                blocks.append(image.read(self.level, slice(own[0], own[-1] + 1, channels.step), y, x))
            first += count
        pixels = np.concatenate(blocks) if len(blocks) > 1 else blocks[0]
        return pixels[tuple(slice(None) if isinstance(k, slice) else 0 for k in key)]


def open_tiff(path: Path, *, ome: bool = True) -> TiffImage:
    """Read the header of a TIFF file and check that its pixels are all there.

    Parameters
    ----------
    path
        The file.
    ome
        Whether to follow the OME-XML, which joins the channels of several files; else the file stands alone.

    Returns
    -------
    The header.

    Raises
    ------
    BrokenFileError
        If the file is no TIFF, is shorter than its header says, or has axes that do not make an image (c, y, x).
    """
    import tifffile

    with reading(path, "a TIFF image"), tifffile.TiffFile(path, is_ome=None if ome else False) as tif:
        series = tif.series[0]
        _check_complete(path, tif.filehandle.size, series.levels)
        image = TiffImage(
            path=path,
            ome=ome,
            axes=series.axes,
            shapes=tuple(tuple(level.shape) for level in series.levels),
            segments=tuple(_segment(level) for level in series.levels),
            dtype=str(series.dtype),
            channels=_channel_names(tif.pages.first.description),
        )
    _check_axes(image)
    return image


def _check_complete(path: Path, size: int, levels: Sequence[Any]) -> None:
    for number, level in enumerate(levels):
        own = [page for page in level.pages if page is not None and Path(page.parent.filehandle.path).name == path.name]
        ends = [
            start + length for page in own for start, length in zip(page.dataoffsets, page.databytecounts, strict=True)
        ]
        if ends and max(ends) > size:
            msg = (
                f"{path} ({size} bytes) is truncated: level {number} of the image has pixels up to byte {max(ends)}. "
                "Copy the file again."
            )
            raise BrokenFileError(msg)


def _segment(level: Any) -> tuple[int, int]:
    page = level.keyframe
    if page.is_tiled:
        return int(page.tilelength), int(page.tilewidth)
    return min(int(page.rowsperstrip), int(page.imagelength)), int(page.imagewidth)


def _channel_names(description: str) -> tuple[str, ...]:
    """Read the channel names of the first image of an OME-XML, in the order of the channels' numbers."""
    xml = description.strip()
    if not xml.endswith("OME>"):
        return ()
    import xml.etree.ElementTree as ET

    root = ET.fromstring(xml)  # noqa: S314  (expands no external entity)
    pixels = root.find(".//{*}Pixels")
    if pixels is None:
        return ()
    found = [(channel.get("ID", ""), channel.get("Name")) for channel in pixels.findall("{*}Channel")]
    if not found or any(not name for _, name in found):
        return ()
    return tuple(str(name) for _, name in sorted(found, key=_channel_number))


def _channel_number(channel: tuple[str, str | None]) -> int:
    number = channel[0].rpartition(":")[2]
    return int(number) if number.isdecimal() else 0


def _check_axes(image: TiffImage) -> None:
    extra = [a for a, size in zip(image.axes, image.shapes[0], strict=True) if a not in "YX" and size > 1]
    if not {"Y", "X"} <= set(image.axes) or len(extra) > 1:
        sizes = ", ".join(f"{axis}={size}" for axis, size in zip(image.axes, image.shapes[0], strict=True))
        msg = (
            f"{image.path} is no plane with channels: its axes are {sizes}, valid are Y, X and one axis of channels. "
            "Project or select the other axes first."
        )
        raise BrokenFileError(msg)


def _chunk(segment: int, length: int) -> int:
    """Round the wanted chunk to whole tiles or strips, so that none is decoded twice."""
    return min(length, max(CHUNK // segment, 1) * segment)


def lazy_levels(images: Sequence[TiffImage]) -> list[DaskArray]:
    """Make a lazy array (c, y, x) of every pyramid level.

    Parameters
    ----------
    images
        Headers from :func:`open_tiff` of the files whose channels make the image, in their order.

    Returns
    -------
    The levels that all files have alike, the finest first.  The channels of a colour image share a chunk, others have
    chunks of their own.
    """
    import dask.array as da
    import numpy as np
    from dask.base import tokenize

    arrays = []
    for level in range(min(len(image.shapes) for image in images)):
        shapes = [image.level_shape_cyx(level) for image in images]
        if len({shape[1:] for shape in shapes}) > 1:
            break
        shape = (sum(count for count, _, _ in shapes), *shapes[0][1:])
        source = _Level(tuple(images), level, shape, np.dtype(images[0].dtype))
        height, width = images[0].segments[level]
        chunks = (shape[0] if images[0].rgb else 1, _chunk(height, shape[1]), _chunk(width, shape[2]))
        token = tokenize([(str(image.path), image.path.stat().st_mtime_ns, image.ome, image.axes) for image in images])
        empty = np.empty((0, 0, 0), source.dtype)
        arrays.append(da.from_array(source, chunks=chunks, name=f"tiff-{token}-{level}", asarray=False, meta=empty))
    return arrays
