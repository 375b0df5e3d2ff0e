"""Labels as labels layers."""

from __future__ import annotations

from typing import TYPE_CHECKING

from napari_spatialdata.layers.layer_data import Sketch
from napari_spatialdata.layers.placement import PIXEL_CENTRE, layer_axes
from napari_spatialdata.layers.rasters import levels_of, pyramid

if TYPE_CHECKING:
    from xarray import DataArray, DataTree

__all__ = ["sketch_labels"]


def sketch_labels(labels: DataArray | DataTree) -> list[Sketch]:
    """Describe the layer of a label image.

    Parameters
    ----------
    labels
        Axes ``([t,] [z,] y, x)``, single-scale or multiscale; 0 is background. No pixel is read.

    Returns
    -------
    list of Sketch
        One labels layer.
    """
    axes = layer_axes(labels)
    data, multiscale = pyramid([level.data for level in levels_of(labels)])
    centre = [0.0 if axis == "t" else PIXEL_CENTRE for axis in axes]
    options = {"translate": centre, "multiscale": multiscale}
    return [Sketch(layer_type="labels", data=data, axes=axes, options=options)]
