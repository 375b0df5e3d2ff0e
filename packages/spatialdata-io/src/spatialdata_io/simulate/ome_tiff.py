"""Tiled pyramidal OME-TIFF files as the instruments write them."""

from __future__ import annotations

import uuid
from typing import TYPE_CHECKING, Any
from xml.sax.saxutils import quoteattr

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    import numpy as np
    import numpy.typing as npt

    Image = npt.NDArray[np.unsignedinteger]

_LEVELS = 5
_SMALLEST = 128
_ROWS_AT_ONCE = 512
_NAMESPACE = "http://www.openmicroscopy.org/Schemas/OME/2016-06"


def write_planes(
    paths: Sequence[Path], planes: Sequence[Image], channels: Sequence[str], pixel_size: float, *, seed: int
) -> None:
    """Write planes ``(y, x)`` of uint16, each to a file of its own; together they are one OME image.

    Every file is tiled, compressed as JPEG 2000 without loss, and holds its pyramid in sub-IFDs. Its OME-XML
    names the other files, so that opening any one gives all channels.
    """
    uuids = [f"urn:uuid:{uuid.uuid5(uuid.NAMESPACE_URL, f'{path.name}/{seed}')}" for path in paths]
    rows, columns = planes[0].shape
    channel_xml = "".join(
        f'<Channel ID="Channel:{i}" Name={quoteattr(name)} SamplesPerPixel="1"/>' for i, name in enumerate(channels)
    )
    data_xml = "".join(
        f'<TiffData FirstZ="0" FirstT="0" FirstC="{i}" PlaneCount="1">'
        f"<UUID FileName={quoteattr(path.name)}>{name}</UUID></TiffData>"
        for i, (path, name) in enumerate(zip(paths, uuids, strict=True))
    )
    pixels = (
        f'DimensionOrder="XYZCT" Type="uint16" SizeX="{columns}" SizeY="{rows}" SizeZ="1" SizeC="{len(planes)}" '
        f'SizeT="1" {_physical(pixel_size)}'
    )
    for path, plane, name in zip(paths, planes, uuids, strict=True):
        xml = _ome(
            f'<Instrument ID="Instrument:0"><Microscope Manufacturer="10x Genomics" Model="Xenium"/></Instrument>'
            f'<Image ID="Image:0"><InstrumentRef ID="Instrument:0"/><Pixels ID="Pixels:0" {pixels}>'
            f"{channel_xml}{data_xml}</Pixels></Image>",
            f' UUID="{name}"',
        )
        options = {"tile": (1024, 1024), "compression": "jpeg2000", "photometric": "minisblack"}
        _write(path, plane, xml, options)


def write_rgb(path: Path, image: Image, pixel_size: float) -> None:
    """Write an RGB image ``(y, x, 3)`` of uint8, tiled and compressed as JPEG, with its pyramid in sub-IFDs."""
    rows, columns = image.shape[:2]
    xml = _ome(
        f'<Image ID="Image:0" Name="H&amp;E"><Pixels ID="Pixels:0" DimensionOrder="XYCZT" Type="uint8" '
        f'SizeX="{columns}" SizeY="{rows}" SizeC="3" SizeZ="1" SizeT="1" Interleaved="true" {_physical(pixel_size)}>'
        '<Channel ID="Channel:0" Name="RGB" SamplesPerPixel="3"/><TiffData IFD="0" PlaneCount="1"/></Pixels></Image>'
    )
    options = {
        "tile": (512, 512),
        "compression": "jpeg",
        "compressionargs": {"level": 92},
        "photometric": "rgb",
    }
    _write(path, image, xml, options)


def halve(image: Image) -> Image:
    """Mean of every 2 x 2 pixels; an odd last row or column is left out."""
    import numpy as np

    rows, columns = (size // 2 for size in image.shape[:2])
    result = np.empty((rows, columns, *image.shape[2:]), dtype=image.dtype)
    for first in range(0, rows, _ROWS_AT_ONCE):
        part = image[2 * first : 2 * min(first + _ROWS_AT_ONCE, rows), : 2 * columns]
        total = part[::2, ::2].astype(np.uint32)
        for row, column in ((0, 1), (1, 0), (1, 1)):
            total += part[row::2, column::2]
        result[first : first + _ROWS_AT_ONCE] = (total + 2) // 4
    return result


def _write(path: Path, image: Image, xml: str, options: dict[str, Any]) -> None:
    import tifffile

    levels = 1
    while levels < _LEVELS and min(image.shape[:2]) >> (levels - 1) >= _SMALLEST:
        levels += 1
    with tifffile.TiffWriter(path, bigtiff=True, ome=False) as tif:
        level = image
        for number in range(levels):
            place: dict[str, Any] = {"subfiletype": 1}
            if number == 0:
                place = {"subifds": levels - 1, "description": xml.encode()}
            else:
                level = halve(level)
            tif.write(level, metadata=None, software=False, maxworkers=2, **options, **place)


def _physical(pixel_size: float) -> str:
    return f'PhysicalSizeX="{pixel_size}" PhysicalSizeXUnit="µm" PhysicalSizeY="{pixel_size}" PhysicalSizeYUnit="µm"'


def _ome(body: str, attributes: str = "") -> str:
    return (
        f'<?xml version="1.0" encoding="UTF-8"?><OME xmlns="{_NAMESPACE}" '
        'xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance" '
        f'xsi:schemaLocation="{_NAMESPACE} {_NAMESPACE}/ome.xsd"{attributes}>{body}</OME>'
    )
