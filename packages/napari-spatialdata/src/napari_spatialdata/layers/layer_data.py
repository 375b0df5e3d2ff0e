"""The form in which a layer is described before it exists."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import numpy as np
    import pandas as pd
    from numpy.typing import NDArray

__all__ = ["Sketch", "features_of"]


def features_of(columns: pd.DataFrame) -> pd.DataFrame:
    """The features of a layer: the columns of an element, after the ids of its rows as ``index``.

    The ids are called ``instance_id`` where the element has a column ``index`` of its own.
    """
    free = (name for name in ("index", "instance_id", "instance_id_") if name not in columns.columns)
    return columns.reset_index(names=next(free, "instance_index"))


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Sketch:
    """What one layer will show, in intrinsic coordinates and without a name.

    Attributes
    ----------
    layer_type
        napari's name of the layer: ``"image"``, ``"labels"``, ``"points"``, ``"shapes"`` or ``"surface"``.
    data
        The data of the layer, axes in the order of ``axes``.
    axes
        The spatial axes of the layer, after ``"t"`` for a raster with several points in time.
    options
        Arguments of the layer's constructor.
    suffix
        What is appended to the name of the element, for example a channel.
    note
        What the layer leaves out; empty when it shows everything.
    instances, rows
        See ``LayerRef``.
    scaled
        Names of options that are lengths in intrinsic units but that napari takes in units of the coordinate system.
    """

    layer_type: str
    data: Any
    axes: tuple[str, ...]
    options: dict[str, Any] = field(default_factory=dict)
    suffix: str = ""
    note: str = ""
    instances: pd.Index | None = None
    rows: NDArray[np.intp] | None = None
    scaled: tuple[str, ...] = ()
