"""Labels cut to some of their instances."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from spatialdata._core.elements import is_tree, levels_of
from spatialdata.models.pyramid import tree_of

if TYPE_CHECKING:
    from numpy.typing import NDArray

__all__ = ["keep_labels"]


def keep_labels(labels: Any, ids: NDArray[Any]) -> Any:
    """Labels in which the pixels of all other instances are background.

    Parameters
    ----------
    labels
        Labels of one or several scales; they are not changed.
    ids
        The ids of the instances that are kept.

    Returns
    -------
    New lazy labels with the same chunks, levels and attributes.

    Examples
    --------
    >>> import numpy as np
    >>> from spatialdata.models import Labels2DModel
    >>> keep_labels(Labels2DModel.parse(np.array([[1, 2], [3, 2]])), np.array([2])).values.tolist()
    [[0, 2], [0, 2]]
    """
    kept = [_kept(level, np.sort(ids)) for level in levels_of(labels)]
    return tree_of(kept) if is_tree(labels) else kept[0]


def _kept(level: Any, ids: NDArray[Any]) -> Any:
    data = level.data.map_blocks(_without_others, ids=ids, dtype=level.dtype)
    result = level.copy(data=data)
    result.attrs = {key: dict(value) if isinstance(value, dict) else value for key, value in level.attrs.items()}
    return result


def _without_others(block: NDArray[Any], ids: NDArray[Any]) -> NDArray[Any]:
    return np.where(np.isin(block, ids), block, np.zeros((), block.dtype))
