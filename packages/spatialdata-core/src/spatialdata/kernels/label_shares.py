"""Which labels fill something, and what part of it each has, collected one by one."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from spatialdata.kernels.compiled import compiled

if TYPE_CHECKING:
    from numpy.typing import NDArray

__all__ = ["place_of_label", "put_shares"]

_NOTHING = 1e-12


@compiled
def place_of_label(names: NDArray[np.int64], known: int, label: int) -> int:
    """Where a label stands among the first ``known`` ones of an array; ``known`` if it is not among them."""
    place = 0
    while place < known and names[place] != label:
        place += 1
    return place


@compiled
def put_shares(
    owner: NDArray[np.int64],
    label: NDArray[np.int64],
    part: NDArray[np.float64],
    count: int,
    number: int,
    names: NDArray[np.int64],
    shares: NDArray[np.float64],
    known: int,
) -> tuple[NDArray[np.int64], NDArray[np.int64], NDArray[np.float64], int]:
    """Put the shares of one thing behind those of others, without what rounding leaves of nothing or lacks of all.

    Parameters
    ----------
    owner, label, part
        The numbers of things, the labels in them, and the part of each; the arrays may be replaced by larger ones.
    count
        How many there are.
    number
        The number of this thing.
    names, shares, known
        Its labels, their shares, and how many labels it has.

    Returns
    -------
    The numbers, labels and parts, and how many there are now.
    """
    if count + known > len(owner):
        room = max(2 * len(owner), count + known)
        owners, labels, parts = np.empty(room, np.int64), np.empty(room, np.int64), np.empty(room)
        owners[:count], labels[:count], parts[:count] = owner[:count], label[:count], part[:count]
        owner, label, part = owners, labels, parts
    for place in range(known):
        if shares[place] > _NOTHING:
            owner[count], label[count] = number, names[place]
            part[count] = 1.0 if shares[place] > 1.0 - _NOTHING else shares[place]
            count += 1
    return owner, label, part, count
