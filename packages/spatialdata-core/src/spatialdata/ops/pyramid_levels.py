"""The levels of a multiscale raster as a list."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from spatialdata._core.elements import is_raster, lazy_levels_of, type_name
from spatialdata.errors import UnsupportedElementError

if TYPE_CHECKING:
    from xarray import DataArray, DataTree

__all__ = ["get_pyramid_levels"]


def get_pyramid_levels(image: DataArray | DataTree, attr: str | None = None, n: int | None = None) -> Any:
    """The levels of an image or of labels, the finest first.

    Parameters
    ----------
    image
        An image or labels; a single-scale one has one level.
    attr
        Return an attribute of the levels, for example ``"shape"``, instead of the levels.
    n
        Return only this level.

    Returns
    -------
    The levels as a list of DataArrays, or their attributes; of one level if ``n`` is given.

    Raises
    ------
    UnsupportedElementError
        The object is no raster.
    IndexError
        There is no such level.

    Examples
    --------
    >>> import numpy as np
    >>> from spatialdata.models import Labels2DModel
    >>> get_pyramid_levels(Labels2DModel.parse(np.zeros((8, 8), dtype=int), scale_factors=[2, 2]), attr="shape")
    [(8, 8), (4, 4), (2, 2)]
    """
    if not is_raster(image):
        raise UnsupportedElementError(f"Images and labels have levels, {type_name(image)} has none.")
    levels = lazy_levels_of(image)
    if n is not None and not -len(levels) <= n < len(levels):
        raise IndexError(f"There is no level {n}. The raster has {len(levels)} levels, counted from 0.")
    chosen = levels if n is None else [levels[n]]
    found = chosen if attr is None else [getattr(level, attr) for level in chosen]
    return found if n is None else found[0]
