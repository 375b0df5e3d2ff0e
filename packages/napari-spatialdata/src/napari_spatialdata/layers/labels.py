"""Labels as labels layers."""

from __future__ import annotations

from typing import TYPE_CHECKING

from napari_spatialdata.layers.layer_data import Sketch
from napari_spatialdata.layers.placement import PIXEL_CENTRE, spatial_axes
from napari_spatialdata.layers.rasters import levels_of, pyramid

if TYPE_CHECKING:
    from xarray import DataArray, DataTree

__all__ = ["sketch_labels"]


def sketch_labels(labels: DataArray | DataTree) -> list[Sketch]:
    """Describe the layer of a label image.

    Parameters
    ----------
    labels
        Axes ``([z,] y, x)``, single-scale or multiscale; 0 is background. No pixel is read.

    Returns
    -------
    list of Sketch
        One labels layer.
    """
    axes = spatial_axes(labels)
    data, multiscale = pyramid([level.data for level in levels_of(labels)])
    options = {"translate": [PIXEL_CENTRE] * len(axes), "multiscale": multiscale}
    return [Sketch(layer_type="labels", data=data, axes=axes, options=options)]
