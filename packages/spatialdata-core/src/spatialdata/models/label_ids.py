"""The ids of several parts of labels together."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

__all__ = ["united_ids"]

# A table with so many places for each id is faster than sorting.
_PLACES = 8
_FEW = 65_536


def united_ids(parts: Sequence[NDArray[Any]]) -> tuple[NDArray[Any], NDArray[np.intp]]:
    """All ids that occur in some parts, sorted, and the position of each id of the parts among them.

    Parameters
    ----------
    parts
        Arrays of whole numbers, of which there is at least one.

    Returns
    -------
    The ids; and for each id of the parts, one after the other, its position.

    Examples
    --------
    >>> ids, place = united_ids([np.array([7, 3]), np.array([9, 3])])
    >>> ids.tolist(), place.tolist()
    ([3, 7, 9], [1, 0, 2, 0])
    """
    every = np.concatenate(parts)
    if not len(every) or int(every.min()) < 0 or int(every.max()) >= max(_PLACES * len(every), _FEW):
        ids, place = np.unique(every, return_inverse=True)
        return ids, place.ravel()
    # Numbers of eight bytes are what places are looked up with.
    places = every.astype(np.intp)
    occurs = np.zeros(int(places.max()) + 1, dtype=bool)
    occurs[places] = True
    ids = np.flatnonzero(occurs)
    table = np.empty(len(occurs), dtype=np.intp)
    table[ids] = np.arange(len(ids))
    return ids.astype(every.dtype), table[places]
