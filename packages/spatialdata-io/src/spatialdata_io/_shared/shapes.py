"""Polygons from runs of vertices, and circles from centres, without a loop over the shapes."""

from __future__ import annotations

import warnings
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

__all__ = ["closed_rings", "polygons", "run_starts"]


def run_starts(key: NDArray[Any]) -> NDArray[np.int64]:
    """Return the row of the first of every run of equal keys."""
    import numpy as np

    if not len(key):
        return np.empty(0, np.int64)
    return np.flatnonzero(np.r_[True, key[1:] != key[:-1]]).astype(np.int64)


def closed_rings(starts: NDArray[np.int64], x: NDArray[np.floating], y: NDArray[np.floating]) -> NDArray[np.int64]:
    """Split runs of vertices after every vertex that closes a ring.

    Some outputs write the several nuclei of a cell one after the other under the same cell.

    Parameters
    ----------
    starts
        Row of the first vertex of every run.
    x, y
        Coordinates of the vertices of all runs.

    Returns
    -------
    Row of the first vertex of every ring; ``starts`` itself if no run holds more than one ring.
    """
    import numpy as np

    ends = np.r_[starts[1:], len(x)].astype(np.int64)
    run = np.repeat(np.arange(len(starts)), ends - starts)
    row = np.arange(len(x))
    back = (x == x[starts][run]) & (y == y[starts][run]) & (row > starts[run]) & (row < ends[run] - 1)
    several = np.unique(run[back])
    extra = [_inner_starts(x, y, int(starts[number]), int(ends[number])) for number in several]
    return np.sort(np.concatenate([starts, *map(np.asarray, extra)])).astype(np.int64)


def _inner_starts(x: NDArray[np.floating], y: NDArray[np.floating], start: int, end: int) -> list[int]:
    """Walk the rings of one run; return where those after the first begin."""
    import numpy as np

    found: list[int] = []
    while True:
        closing = np.flatnonzero((x[start + 1 : end] == x[start]) & (y[start + 1 : end] == y[start]))
        if not closing.size or start + 2 + int(closing[0]) >= end:
            return found
        start += 2 + int(closing[0])
        found.append(start)


def polygons(
    x: NDArray[np.floating], y: NDArray[np.floating], starts: NDArray[np.int64]
) -> tuple[NDArray[np.object_], NDArray[np.bool_]]:
    """Build one polygon per ring.

    Parameters
    ----------
    x, y
        Coordinates of the vertices of all rings, one ring after the other; a ring may repeat its first vertex.
    starts
        Row of the first vertex of every ring.

    Returns
    -------
    The polygons, and which of the rings they are: rings of less than three vertices bound no area and are left out,
    with a warning that counts them.
    """
    import numpy as np
    import shapely

    lengths = np.diff(np.r_[starts, len(x)])
    last = starts + lengths - 1
    closed = (lengths > 1) & (x[starts] == x[last]) & (y[starts] == y[last]) if len(starts) else np.empty(0, bool)
    usable = lengths - closed >= 3
    if not usable.all():
        warnings.warn(
            f"{int((~usable).sum())} of {len(usable)} outlines have less than three vertices and are left out.",
            stacklevel=3,
        )
    kept = np.repeat(usable, lengths)
    ring = np.repeat(np.arange(int(usable.sum())), lengths[usable])
    coordinates = np.column_stack([x[kept], y[kept]]).astype(np.float64)
    return shapely.polygons(shapely.linearrings(coordinates, indices=ring)), usable
