"""The pixels of an image on labels of which only one has a depth; what is flat lies at all depths."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np

from spatialdata._core.elements import lazy_levels_of
from spatialdata.models.label_runs import ids_and_runs
from spatialdata.models.scanlines import Scanlines
from spatialdata.ops.label_pixels import labels_of_columns
from spatialdata.ops.pixel_quantiles import WantedQuantiles
from spatialdata.ops.region_pixels import (
    Gathered,
    InstancePart,
    gather_labels,
    gathered_parts,
    image_over,
    part_with_pixels,
)
from spatialdata.relations.blocks import computed

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

__all__ = ["gather_across_depths"]


def gather_across_depths(labels: Any, image: Any, system: str, quantiles: Sequence[float], *, spread: bool) -> Gathered:
    """Look at flat labels and all planes of an image, or at labels with a depth and a flat image.

    Flat labels stand for all planes, and a pixel of a flat image counts once for each label above or below it.

    Parameters
    ----------
    labels, image, system, quantiles, spread
        As for :func:`gather_labels`.
    """
    import dask

    values = image_over(image, labels, system).to_delayed()
    mask = lazy_levels_of(labels)[0].data
    deep = mask.ndim == 3
    blocks = (mask.rechunk({0: -1}) if deep else mask).to_delayed()
    look = dask.delayed(_part_of_columns if deep else _part_of_planes, pure=False)
    kept = WantedQuantiles.of(quantiles)
    tasks = []
    for position in np.ndindex(*values.shape[1:]):
        block = blocks[(0, *position)] if deep else blocks[position[1:]]
        tasks.append(look(block, values[(0, *position)], spread=spread, quantiles=kept))
    parts: list[InstancePart] = list(computed(tasks, "pixels of labels"))
    known = gather_labels(labels)
    owner = np.searchsorted(known.ids, np.concatenate([part.ids for part in parts]))
    return replace(gathered_parts(known.ids, owner, parts, quantiles), shapes=known.shapes)


def _part_of_planes(
    block: NDArray[Any], values: NDArray[Any], *, spread: bool, quantiles: WantedQuantiles | None
) -> InstancePart:
    ids, runs = ids_and_runs(np.asarray(block))
    runs = runs.on_planes(values.shape[1], values.shape[2])
    return part_with_pixels(ids, None, runs, values, spread=spread, quantiles=quantiles)


def _part_of_columns(
    block: NDArray[Any], values: NDArray[Any], *, spread: bool, quantiles: WantedQuantiles | None
) -> InstancePart:
    pixel, label = labels_of_columns(np.asarray(block))
    ids, owner = np.unique(label, return_inverse=True)
    order = np.argsort(owner.ravel(), kind="stable")
    row, column = np.divmod(pixel[order], values.shape[-1])
    runs = Scanlines(owner.ravel()[order], row, column, column + 1)
    return part_with_pixels(ids, None, runs, values, spread=spread, quantiles=quantiles)
