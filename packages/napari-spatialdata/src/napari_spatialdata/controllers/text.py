"""Texts on polygons."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from napari_spatialdata.model.reference import reference_of

if TYPE_CHECKING:
    from napari.layers import Layer

__all__ = ["write_on_polygons"]


def write_on_polygons(layer: Layer | None, name: str, texts: list[str]) -> None:
    """Write one text on every polygon of a shapes layer, red and centred; ``name`` is how the layer was asked for.

    Raises
    ------
    ValueError
        The layer does not exist, draws no outlines, or has another number of polygons.
    """
    from napari.layers import Shapes

    if layer is None:
        raise ValueError(f"There is no layer {name!r}. Add the element first.")
    if not isinstance(layer, Shapes):
        raise ValueError(  # noqa: TRY004 - the published contract is a ValueError
            f"Layer {name!r} is a {type(layer).__name__} layer. Texts can be written on shapes layers only."
        )
    reference = reference_of(layer)
    rows = reference.rows if reference is not None and reference.rows is not None else np.arange(len(layer.data))
    count = len(reference.instances) if reference is not None and reference.instances is not None else len(layer.data)
    if len(texts) != count:
        raise ValueError(f"{len(texts)} texts were given for the {count} polygons of layer {name!r}. Give one each.")
    layer.text = {"string": [texts[row] for row in rows], "size": 10, "color": "red", "anchor": "center"}
