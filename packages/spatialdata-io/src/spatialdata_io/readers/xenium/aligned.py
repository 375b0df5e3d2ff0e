"""Images that were aligned to the morphology image, and selections drawn in Xenium Explorer."""

from __future__ import annotations

import warnings
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

from spatialdata_io._shared.coords import affine_matrix
from spatialdata_io._shared.frames import check_columns
from spatialdata_io._shared.images import check_imread_options, colour_names, image_element
from spatialdata_io._shared.tiff import TiffImage, lazy_levels, open_tiff
from spatialdata_io.errors import MissingFileError, OptionError, folder_contents, reading

if TYPE_CHECKING:
    from shapely import Polygon
    from xarray import DataArray, DataTree

__all__ = ["alignment_of", "xenium_aligned_image", "xenium_explorer_selection"]


def alignment_of(image: Path) -> Path | None:
    """Find the alignment file of an image beside it.

    ``X_he_image.ome.tif`` is aligned by ``X_he_imagealignment.csv``, in newer outputs by ``X_he_alignment.csv``.
    Without one the image is taken to lie on the morphology image pixel by pixel, and a warning says so.
    """
    stem = image.name.removesuffix(".ome.tif")
    wanted = [image.with_name(f"{stem}alignment.csv"), image.with_name(f"{stem.removesuffix('image')}alignment.csv")]
    for path in wanted:
        if path.is_file():
            return path
    names = " or ".join(path.name for path in wanted)
    warnings.warn(
        f"{image} has no alignment beside it ({names}); it is placed on the morphology image pixel by pixel.",
        stacklevel=2,
    )
    return None


def xenium_aligned_image(
    image_path: str | Path,
    alignment_file: str | Path | None,
    imread_kwargs: Mapping[str, Any] = MappingProxyType({}),
    image_models_kwargs: Mapping[str, Any] = MappingProxyType({}),
    dims: Sequence[str] | None = None,
    rgba: bool = False,
    c_coords: Sequence[str] | None = None,
) -> DataArray | DataTree:
    """Read an image that was aligned to a Xenium morphology image.

    Parameters
    ----------
    image_path
        A TIFF or OME-TIFF image, for example an H&E image.
    alignment_file
        CSV file of the 3 × 3 matrix that maps its pixels (x, y) to pixels of the morphology image; None if they
        are the same.
    imread_kwargs
        Kept for compatibility; see :func:`spatialdata_io.xenium`.
    image_models_kwargs
        Options of ``Image2DModel.parse``; ``scale_factors="vendor"`` takes the levels that the file holds.
    dims
        Axes of the stored array, for a file that does not say them: ``"c"``, ``"y"``, ``"x"``, and any other name
        for an axis of length one, which is dropped.
    rgba
        Name the channels r, g, b, a.
    c_coords
        Names of the channels; r, g, b(, a) for three or four channels if not given.

    Returns
    -------
    The image, lazy, with a transformation to ``"global"`` (pixels of the morphology image).

    Raises
    ------
    MissingFileError, BrokenFileError
        If the image or the alignment is absent or cannot be read.
    OptionError
        If ``dims`` does not fit the image, or the channels are named twice.

    Examples
    --------
    >>> xenium_aligned_image("he_image.ome.tif", "he_imagealignment.csv")  # doctest: +SKIP
    """
    from spatialdata.transformations import Affine, Identity

    check_imread_options(imread_kwargs)
    header = _with_axes(open_tiff(_existing(image_path)), dims)
    if rgba and c_coords is not None:
        raise OptionError(f"Both rgba=True and c_coords={list(c_coords)} name the channels. Give one of them.")
    if alignment_file is None:
        to_global: Affine | Identity = Identity()
    else:
        to_global = Affine(affine_matrix(_existing(alignment_file)), input_axes=("x", "y"), output_axes=("x", "y"))
    return image_element(
        lazy_levels([header]),
        transformations={"global": to_global},
        c_coords=c_coords if c_coords is not None else list("rgba") if rgba else colour_names(header.shape_cyx[0]),
        options=image_models_kwargs,
    )


def _existing(path: str | Path) -> Path:
    file = Path(path)
    if not file.is_file():
        raise MissingFileError(
            f"There is no file {file}. The folder {file.parent} has: {folder_contents(file.parent)}."
        )
    return file


def _with_axes(image: TiffImage, dims: Sequence[str] | None) -> TiffImage:
    if dims is None:
        return image
    letters = "".join({"c": "C", "y": "Y", "x": "X"}.get(name, "Q") for name in dims)
    fits = len(letters) == len(image.axes) and letters.count("Y") == letters.count("X") == 1
    if not fits or any(size > 1 for axis, size in zip(letters, image.shapes[0], strict=False) if axis == "Q"):
        msg = f"dims={list(dims)} does not fit {image.path}, whose shape is {image.shapes[0]}. Needed: y, x, at most c."
        raise OptionError(msg)
    return replace(image, axes=letters)


def xenium_explorer_selection(
    path: str | Path, pixel_size: float = 0.2125, return_list: bool = False
) -> Polygon | list[Polygon]:
    """Read selections that were drawn and exported in Xenium Explorer.

    Parameters
    ----------
    path
        The CSV file: two lines of comments, then ``X,Y`` for one selection or ``Selection,X,Y`` for several, in
        micrometres.
    pixel_size
        Size of a morphology pixel in micrometres.
    return_list
        Return a list also for one selection.

    Returns
    -------
    The polygon in pixels of the morphology image, which is ``"global"`` of :func:`spatialdata_io.xenium`;
    a list of polygons if the file has several.

    Raises
    ------
    MissingFileError, BrokenFileError
        If the file is absent, or is no export of selections.

    Examples
    --------
    >>> xenium_explorer_selection("Selection_1_coordinates.csv")  # doctest: +SKIP
    """
    import pandas as pd
    import shapely

    file = _existing(path)
    with reading(file, "the columns X and Y after two lines of comments"):
        table = pd.read_csv(file, skiprows=2)
        check_columns(file, table.columns, ("X", "Y"))
        xy = table[["X", "Y"]].to_numpy(float) / pixel_size
        if "Selection" not in table.columns:
            polygon = shapely.Polygon(xy)
            return [polygon] if return_list else polygon
        groups = table.groupby("Selection", sort=False).indices
        return [shapely.Polygon(xy[rows]) for rows in groups.values()]
