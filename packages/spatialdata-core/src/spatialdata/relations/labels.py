"""Labels cut to some of their instances."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from spatialdata._core.elements import is_tree, lazy_levels_of
from spatialdata.models.label_runs import rows_of
from spatialdata.models.pyramid import tree_of

if TYPE_CHECKING:
    from numpy.typing import NDArray

__all__ = ["ids_like", "keep_labels", "only"]


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
    kept = [_kept(level, ids) for level in lazy_levels_of(labels)]
    return tree_of(kept) if is_tree(labels) else kept[0]


def _kept(level: Any, ids: NDArray[Any]) -> Any:
    data = level.data.map_blocks(only, ids=ids_like(ids, level.dtype), dtype=level.dtype)
    result = level.copy(data=data)
    result.attrs = {key: dict(value) if isinstance(value, dict) else value for key, value in level.attrs.items()}
    return result


def ids_like(ids: NDArray[Any], dtype: np.dtype[Any]) -> NDArray[Any]:
    """The ids that pixels of a dtype can have, sorted and of that dtype.

    Examples
    --------
    >>> ids_like(np.array([300, 7, -1]), np.dtype(np.uint8)).tolist()
    [7]
    """
    own = np.dtype(np.uint8) if dtype.kind == "b" else dtype.newbyteorder("=")
    if ids.dtype.kind not in "biuf":
        return np.zeros(0, dtype=own)
    limits = np.iinfo(own)
    known = ids[(ids >= limits.min) & (ids <= limits.max)]
    cast = known.astype(own)
    return np.unique(cast[cast == known])


def only(block: NDArray[Any], ids: NDArray[Any]) -> NDArray[Any]:
    """A block of labels in which the pixels of others are 0.

    Parameters
    ----------
    block
        The labels.
    ids
        The ids that stay, from :func:`ids_like`.

    Examples
    --------
    >>> only(np.array([[1, 2], [3, 2]]), np.array([2])).tolist()
    [[0, 2], [0, 2]]
    """
    from spatialdata.kernels.labels import replaced

    return replaced(rows_of(block), ids, ids).reshape(block.shape).astype(block.dtype, copy=False)
