"""Points as points layers."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from napari_spatialdata.layers.layer_data import Sketch, features_of
from napari_spatialdata.layers.placement import spatial_axes

if TYPE_CHECKING:
    import pandas as pd
    from dask.dataframe import DataFrame
    from numpy.typing import NDArray

__all__ = ["sketch_points"]

COLOR = "#ffd166"
_SEED = 0


def sketch_points(points: DataFrame, *, flatten: bool, limit: int | None) -> list[Sketch]:
    """Describe the layer of a points element.

    Parameters
    ----------
    points
        Columns ``x``, ``y``(, ``z``) in intrinsic units, and others, which become the features of the layer.
    flatten
        Leave ``z`` out of the drawing (it stays among the features).
    limit
        More points than this are not drawn; a random sample of about this size, the same every time, stands for
        them and the sketch says so. None draws all.

    Returns
    -------
    list of Sketch
        One points layer.
    """
    own = spatial_axes(points)
    axes = tuple(axis for axis in own if axis != "z") if flatten else own
    total = len(points)
    sampled = limit is not None and total > limit
    chosen = points.sample(frac=limit / total, random_state=_SEED) if sampled and limit is not None else points
    frame: pd.DataFrame = chosen.compute()
    placed = np.isfinite(frame[list(axes)].to_numpy(dtype=np.float64)).all(axis=1)
    notes = [] if placed.all() else [f"{int((~placed).sum()):,} points without finite coordinates are not drawn"]
    frame = frame[placed]
    coordinates = frame[list(axes)].to_numpy(dtype=np.float64)
    suffix = ""
    if sampled:
        suffix = f" ({len(frame):,} of {total:,} points)"
        notes.append(f"a random sample of {len(frame):,} of {total:,} points is drawn")
    return [
        Sketch(
            layer_type="points",
            data=coordinates,
            axes=axes,
            options={
                "features": features_of(frame.drop(columns=list(axes))),
                "size": _spot_size(coordinates),
                "border_width": 0,
                "border_color": COLOR,
                "face_color": COLOR,
            },
            suffix=suffix,
            note="; ".join(notes),
            instances=frame.index,
            rows=np.arange(len(frame), dtype=np.intp),
            scaled=("size",),
        )
    ]


def _spot_size(coordinates: NDArray[np.float64]) -> float:
    """A third of the mean distance between neighbours, at most a hundredth of the extent, in intrinsic units."""
    if len(coordinates) < 2:
        return 1.0
    sides = np.ptp(coordinates, axis=0)[-2:]
    spacing = float(np.sqrt(np.prod(sides) / len(coordinates)))
    size = min(spacing / 3, float(np.hypot(*sides)) / 100) or float(sides.max()) / 100
    return size if size > 0 else 1.0
