"""Colours layers by values of their instances."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from napari_spatialdata.layers.colors import MISSING, Legend, colorize
from napari_spatialdata.model.reference import LayerRef, reference_of
from napari_spatialdata.model.values import ValueKey, palette_of, values_of
from spatialdata.errors import UnsupportedElementError

if TYPE_CHECKING:
    import pandas as pd
    from napari.layers import Layer
    from numpy.typing import NDArray

__all__ = ["color_layer"]


def color_layer(layer: Layer, key: ValueKey, *, colormap: str = "viridis") -> Legend:
    """Colour a layer by a column of its element or of a table.

    Values are joined by instance id, never by position; instances without a value are grey.

    Parameters
    ----------
    layer
        A labels, points, shapes or mesh layer that shows an element.
    key
        Where the values are found.
    colormap
        Name of a napari colormap, for numbers.

    Returns
    -------
    Legend
        What the colours stand for.

    Raises
    ------
    UnsupportedElementError
        The layer shows no element, or an image (also a ``TypeError``).
    """
    reference = reference_of(layer)
    if reference is None or reference.container == "images":
        raise UnsupportedElementError(
            f"Layer {layer.name!r} cannot be coloured by values. Layers of labels, points and shapes elements can."
        )
    values = values_of(reference.dataset, reference.element, key)
    if reference.instances is not None:
        values = _aligned(values, reference.instances)
    values = values.rename(str(key))
    colors, legend = colorize(values, palette=palette_of(reference.dataset, key), colormap=colormap)
    if reference.rows is None:
        _color_labels(layer, values, colors)
    else:
        _color_items(layer, reference, values, colors)
    return legend


def _aligned(values: pd.Series[Any], instances: pd.Index) -> pd.Series[Any]:
    """The values in the order of the drawn instances; positional where both sides have the same repeated ids."""
    if values.index.equals(instances):
        return values
    return values.reindex(instances)


def _color_labels(layer: Any, values: pd.Series[Any], colors: NDArray[np.float64]) -> None:
    from napari.utils.colormaps import DirectLabelColormap

    table: dict[int | None, Any] = {int(label): color for label, color in zip(values.index, colors, strict=True)}
    layer.colormap = DirectLabelColormap(color_dict={None: MISSING} | table | {0: "transparent"})
    layer.features = values.rename_axis("index").reset_index()


def _color_items(layer: Any, reference: LayerRef, values: pd.Series[Any], colors: NDArray[np.float64]) -> None:
    from napari.layers import Surface

    rows = reference.rows
    if isinstance(layer, Surface):
        layer.vertex_colors = np.asarray(colors[rows], dtype=np.float32)
        return
    layer.face_color = colors[rows]
    if reference.container == "points":
        layer.border_color = colors[rows]
    layer.features = layer.features.assign(**{str(values.name): values.to_numpy()[rows]})
