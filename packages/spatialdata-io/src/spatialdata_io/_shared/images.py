"""Image elements from lazy arrays."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from spatialdata.errors import listing
from spatialdata_io.errors import BrokenFileError, OptionError, reading

if TYPE_CHECKING:
    from dask.array import Array as DaskArray
    from xarray import DataArray, DataTree

    from spatialdata.transformations import BaseTransformation

__all__ = ["check_imread_options", "colour_names", "image_element", "labels_element", "picture"]

SCALE_FACTORS = (2, 2, 2, 2)
"""The pyramid that large rasters get unless the caller asks for another."""
VENDOR_LEVELS = "vendor"
"""The scale factors that stand for the levels that the file holds."""


def check_imread_options(options: Mapping[str, Any]) -> None:
    """Refuse options for an image library that is not used.

    ``nframes`` and ``arraytype`` are taken and have no effect: images are read tile by tile.

    Raises
    ------
    OptionError
        If any other option is given.
    """
    known = ("arraytype", "nframes")
    unknown = [name for name in options if name not in known]
    if unknown:
        msg = (
            f"imread_kwargs has {listing(unknown)}; known are {listing(known)}, which have no effect because images "
            "are read tile by tile. Set the chunks in image_models_kwargs."
        )
        raise OptionError(msg)


def colour_names(count: int) -> list[str] | None:
    """Names of the channels of a colour image of three or four channels, None for other counts."""
    return list("rgba"[:count]) if count in (3, 4) else None


def picture(path: Path) -> DaskArray:
    """Read a PNG or JPEG file whole, as an array (c, y, x).

    Raises
    ------
    BrokenFileError
        If the file is truncated, or so large that it should be a tiled TIFF.
    """
    import dask.array as da
    import imageio.v3 as iio
    import numpy as np
    from PIL.Image import DecompressionBombError

    with reading(path, "an image"):
        try:
            pixels = np.asarray(iio.imread(path, plugin="pillow"))
        except OSError as error:
            if not isinstance(error.__cause__, DecompressionBombError):
                raise
            msg = f"{path} is too large to be read whole: {error.__cause__} Convert it to a tiled TIFF, read in parts."
            raise BrokenFileError(msg) from error
    cyx = pixels[None] if pixels.ndim == 2 else np.moveaxis(pixels, -1, 0)
    return da.from_array(cyx, chunks=cyx.shape)


def image_element(
    levels: Sequence[DaskArray],
    *,
    transformations: Mapping[str, BaseTransformation],
    c_coords: Sequence[str] | None = None,
    options: Mapping[str, Any] | None = None,
) -> DataArray | DataTree:
    """Build an image element.

    Parameters
    ----------
    levels
        Arrays (c, y, x) of the pyramid that the file holds, the finest first.
    transformations
        Transformation to every coordinate system.
    c_coords
        Names of the channels.
    options
        Options of ``Image2DModel.parse``.  By ``scale_factors`` the coarser levels are computed lazily from the
        finest one; with ``scale_factors="vendor"`` those that the file holds are taken as they are.

    Returns
    -------
    The image, a DataTree if scale factors are asked for.
    """
    from spatialdata.models import Image2DModel

    given = dict(options or {})
    names = None if c_coords is None else list(c_coords)
    if given.get("scale_factors") == VENDOR_LEVELS:
        refused = [name for name in given if name != "scale_factors"]
        if refused:
            msg = f"scale_factors={VENDOR_LEVELS!r} takes the levels as they are; it excludes {listing(refused)}."
            raise OptionError(msg)
        return Image2DModel.parse(_tree(levels, names), transformations=dict(transformations))
    return Image2DModel.parse(
        levels[0], dims=("c", "y", "x"), c_coords=names, transformations=dict(transformations), **given
    )


def labels_element(
    pixels: DaskArray, *, transformations: Mapping[str, BaseTransformation], options: Mapping[str, Any]
) -> DataArray | DataTree:
    """Build a labels element from an array (y, x); its pyramid takes every pixel from the nearest one."""
    from spatialdata.models import Labels2DModel

    return Labels2DModel.parse(pixels, dims=("y", "x"), transformations=dict(transformations), **options)


def _tree(levels: Sequence[DaskArray], names: Sequence[str] | None) -> DataTree:
    """Join levels to one multiscale image; every level's coordinates are pixels of the finest one."""
    import numpy as np
    from xarray import DataArray, DataTree

    full = levels[0].shape
    nodes = {}
    for number, level in enumerate(levels):
        coords = {
            axis: (np.arange(size) + 0.5) * (whole / size)
            for axis, size, whole in zip(("y", "x"), level.shape[1:], full[1:], strict=True)
        }
        coords["c"] = np.asarray(names if names is not None else range(full[0]))
        array = DataArray(level, dims=("c", "y", "x"), coords=coords, name="image")
        nodes[f"scale{number}"] = array.to_dataset(name="image")
    return DataTree.from_dict(nodes)
