"""What a layer remembers of the element that it shows."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import numpy as np
    import pandas as pd
    from napari.layers import Layer
    from numpy.typing import NDArray

    from napari_spatialdata.model.dataset import Dataset

__all__ = ["METADATA_KEY", "LayerRef", "reference_of"]

METADATA_KEY = "spatialdata"


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class LayerRef:
    """The link from a layer to its element, kept in ``layer.metadata["spatialdata"]``.

    Attributes
    ----------
    dataset, element, container
        Which element the layer shows.
    coordinate_system
        The system for which it was placed last; the layer is hidden if its element has no place in it.
    axes
        The spatial axes that are drawn, in the order of the layer's dimensions, for example ``("y", "x")``.
    instances
        Ids of the instances that are drawn; None for rasters, whose pixels carry the ids.
    rows
        For every item of the layer (point, shape, mesh vertex) the position of its instance in ``instances``.
    note
        What the display leaves out; empty when it shows everything.
    drawn_in
        The coordinate system that the element was drawn anew for, since no matrix leads there; None for others.
    visibility
        Per coordinate system, whether the layer was visible when that system was last shown.
    """

    dataset: Dataset
    element: str
    container: str
    coordinate_system: str
    axes: tuple[str, ...]
    instances: pd.Index | None = None
    rows: NDArray[np.intp] | None = None
    note: str = ""
    drawn_in: str | None = None
    visibility: Mapping[str, bool] = field(default_factory=dict)


def reference_of(layer: Layer) -> LayerRef | None:
    """The element that a layer shows, or None for a layer that is not from SpatialData.

    Parameters
    ----------
    layer
        Any napari layer.
    """
    reference = layer.metadata.get(METADATA_KEY)
    return reference if isinstance(reference, LayerRef) else None
