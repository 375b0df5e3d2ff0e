"""Names of the channels of an image."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from spatialdata._core.elements import is_raster, is_tree, levels_of, type_name
from spatialdata.errors import UnsupportedElementError
from spatialdata.models.pyramid import tree_of
from spatialdata.transformations.attach import attach_transformations, transformations_of

if TYPE_CHECKING:
    from collections.abc import Sequence

    from xarray import DataArray, DataTree

__all__ = ["get_channel_names", "set_channel_names"]


def _levels_with_channels(data: Any) -> list[DataArray]:
    if not is_raster(data):
        raise UnsupportedElementError(f"Only images have channels, not {type_name(data)}.")
    levels = levels_of(data)
    if "c" not in levels[0].dims:
        raise UnsupportedElementError("Only images have channels; these are labels.")
    return levels


def get_channel_names(data: Any) -> list[Any]:
    """The names of the channels of an image.

    Parameters
    ----------
    data
        An image of one or several scales.

    Returns
    -------
    The names, in the order of the channels.

    Raises
    ------
    ValueError
        The levels of a multiscale image name their channels differently.

    Examples
    --------
    >>> import numpy as np
    >>> from spatialdata.models import Image2DModel
    >>> get_channel_names(Image2DModel.parse(np.zeros((2, 4, 4)), c_coords=["DAPI", "CD3"]))
    ['DAPI', 'CD3']
    """
    names = [list(level.coords["c"].to_numpy().tolist()) for level in _levels_with_channels(data)]
    if any(other != names[0] for other in names[1:]):
        raise ValueError(f"The levels of the image name their channels differently: {names}.")
    return names[0]


def set_channel_names(element: DataArray | DataTree, channel_names: str | Sequence[str]) -> DataArray | DataTree:
    """The same image with other channel names.

    Parameters
    ----------
    element
        An image of one or several scales; it is not changed.
    channel_names
        One name per channel.

    Returns
    -------
    A new image that shares the data.

    Raises
    ------
    ValueError
        The number of names is not that of the channels.

    Examples
    --------
    >>> import numpy as np
    >>> from spatialdata.models import Image2DModel
    >>> image = set_channel_names(Image2DModel.parse(np.zeros((2, 4, 4))), ["DAPI", "CD3"])
    >>> get_channel_names(image)
    ['DAPI', 'CD3']
    """
    names = [channel_names] if isinstance(channel_names, str) else list(channel_names)
    levels = _levels_with_channels(element)
    count = levels[0].sizes["c"]
    if len(names) != count:
        raise ValueError(f"The image has {count} channels, but {len(names)} channel names were given: {names}.")
    renamed = [level.assign_coords(c=names) for level in levels]
    result = tree_of(renamed) if is_tree(element) else renamed[0]
    attach_transformations(result, transformations_of(element))
    return result
