"""The morphology images of a Xenium bundle."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from spatialdata_io._shared.tiff import TiffImage, open_tiff
from spatialdata_io.errors import InconsistentFilesError

__all__ = ["channel_names", "open_channels"]

_STAINS = {1: ("DAPI",), 4: ("DAPI", "ATP1A1/CD45/E-Cadherin", "18S", "AlphaSMA/Vimentin")}


def open_channels(files: Sequence[Path]) -> list[TiffImage]:
    """Read the headers of the files of an image, one channel each.

    Raises
    ------
    BrokenFileError
        If a file is truncated or is no TIFF.
    InconsistentFilesError
        If the channels differ in size.
    """
    headers = [open_tiff(path, ome=False) for path in files]
    for header in headers[1:]:
        if header.shape_cyx[1:] != headers[0].shape_cyx[1:]:
            msg = (
                f"The channels of an image differ in size: {headers[0].path.name} has (y, x) = "
                f"{headers[0].shape_cyx[1:]}, {header.path.name} has {header.shape_cyx[1:]} in {header.path.parent}."
            )
            raise InconsistentFilesError(msg)
    return headers


def channel_names(headers: Sequence[TiffImage]) -> list[str]:
    """Name the channels of the focus image.

    Files called ``ch0000_dapi.ome.tif`` carry the names of all channels in their OME-XML.  Older ones are known by
    their number: one file is DAPI, four are the stains of the cell segmentation kit.
    """
    stems = [header.path.name.removesuffix(".ome.tif") for header in headers]
    by_number = _STAINS.get(len(headers))
    if by_number is not None and not stems[0].startswith("ch"):
        return list(by_number)
    written = headers[0].channels
    if len(written) == len(headers) and len(set(written)) == len(written):
        return list(written)
    return stems
