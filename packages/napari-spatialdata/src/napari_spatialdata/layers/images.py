"""Images as image layers: colour photographs as one layer, other images as one layer per channel."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from napari_spatialdata.layers.contrast import contrast_limits, finite_range
from napari_spatialdata.layers.layer_data import Sketch
from napari_spatialdata.layers.placement import PIXEL_CENTRE, layer_axes
from napari_spatialdata.layers.rasters import levels_of, pyramid

if TYPE_CHECKING:
    from collections.abc import Callable

    from xarray import DataArray, DataTree

__all__ = ["color_channels", "sketch_image"]

_COLORS = ("red", "green", "blue", "cyan", "magenta", "yellow", "gray")
_SHOWN_AT_FIRST = len(_COLORS)


def color_channels(names: list[Any]) -> list[int] | None:
    """Say in which order channels make a colour image.

    Parameters
    ----------
    names
        Channel names in their order.

    Returns
    -------
    list of int or None
        Positions of the channels red, green, blue and, if there is one, alpha, when the names are exactly
        ``r, g, b`` or ``r, g, b, a`` in any order; None otherwise: three channels alone do not make a photograph.

    Examples
    --------
    >>> color_channels(["b", "g", "r"])
    [2, 1, 0]
    >>> color_channels(["DAPI", "CD45", "CD3"]) is None
    True
    """
    for wanted in ("rgb", "rgba"):
        if sorted(map(str, names)) == sorted(wanted):
            return [list(map(str, names)).index(channel) for channel in wanted]
    return None


def _color_scale(coarsest: Any) -> Callable[[Any], Any]:
    """How colours get the range that napari draws, bytes or 0 to 1, all by the same numbers.

    Whole numbers count from 0 to the largest of their type; fractions from 0 to 1, or from the smallest to the
    largest where these lie outside.
    """
    dtype = coarsest.dtype
    low, high = 0.0, 1.0
    if dtype.kind in "iu":
        high = float(np.iinfo(dtype).max)
    elif dtype.kind == "f":
        least, most = finite_range(coarsest)
        if least < 0 or most > 1:
            low, high = least, most if most > least else least + 1
    if dtype == np.uint8 or (low, high) == (0.0, 1.0):
        return lambda colors: colors
    return lambda colors: ((colors - low) / (high - low)).astype(np.float32)


def _sampled(coarsest: DataArray) -> Any:
    """The pixels in which the range of values is looked for: those of the middle time, with the channels first."""
    if "t" in coarsest.dims:
        coarsest = coarsest.isel(t=coarsest.sizes["t"] // 2)
    return coarsest.data


def sketch_image(image: DataArray | DataTree) -> list[Sketch]:
    """Describe the layers of an image.

    Parameters
    ----------
    image
        Axes ``([t,] c, [z,] y, x)``, single-scale or multiscale. Nothing is read but the pixels that set the contrast.

    Returns
    -------
    list of Sketch
        One RGB layer if the channels are named r, g, b(, a); otherwise one grey layer per channel, coloured and
        added up when there are several. Of more than seven channels the first seven are visible at first.
    """
    from spatialdata.models import get_channel_names

    levels = levels_of(image)
    axes = layer_axes(image)
    names = get_channel_names(image)
    placed = {"translate": [0.0 if axis == "t" else PIXEL_CENTRE for axis in axes]}
    order = color_channels(names)
    if order is not None:
        scale = _color_scale(_sampled(levels[-1]))
        data, multiscale = pyramid([scale(level.transpose(*axes, "c").data[..., order]) for level in levels])
        return [
            Sketch(
                layer_type="image",
                data=data,
                axes=axes,
                options=placed | {"rgb": True, "multiscale": multiscale},
            )
        ]
    limits = contrast_limits(_sampled(levels[-1]))
    sketches = []
    for channel, name in enumerate(names):
        data, multiscale = pyramid([level.isel(c=channel).data for level in levels])
        options = placed | {"rgb": False, "multiscale": multiscale, "contrast_limits": limits[channel]}
        if len(names) > 1:
            color = _COLORS[channel % len(_COLORS)]
            options |= {"colormap": color, "blending": "additive", "visible": channel < _SHOWN_AT_FIRST}
        sketches.append(
            Sketch(
                layer_type="image",
                data=data,
                axes=axes,
                options=options,
                suffix=f": {name}" if len(names) > 1 else "",
            )
        )
    return sketches
