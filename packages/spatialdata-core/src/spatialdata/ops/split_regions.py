"""Regions that lie in several blocks of pixels, so that no block knows all of their pixels."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from spatialdata.models.label_ids import united_ids
from spatialdata.models.label_runs import ids_of_block
from spatialdata.relations.blocks import by_block

if TYPE_CHECKING:
    from numpy.typing import NDArray

__all__ = ["in_several", "labels_in_several_blocks"]


def labels_in_several_blocks(labels: Any) -> NDArray[Any]:
    """The ids of labels with pixels in more than one block, sorted; only ids are kept of each block.

    Parameters
    ----------
    labels
        Lazy array of labels, which is looked at once unless it is one block.
    """
    if max(labels.numblocks, default=0) <= 1 or not labels.size:
        return np.zeros(0, dtype=labels.dtype)
    return in_several(by_block(_own_ids, [labels], "ids of labels"))


def in_several(parts: Sequence[NDArray[Any]]) -> NDArray[Any]:
    """The whole numbers that several parts have, sorted; none occurs twice in a part.

    Examples
    --------
    >>> in_several([np.array([7, 3]), np.array([9, 3])]).tolist()
    [3]
    """
    if not parts:
        return np.zeros(0, dtype=np.intp)
    ids, place = united_ids(parts)
    return ids[np.bincount(place, minlength=len(ids)) > 1]


def _own_ids(start: tuple[int, ...], block: NDArray[Any]) -> NDArray[Any]:  # noqa: ARG001
    return ids_of_block(block)
