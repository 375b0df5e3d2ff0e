"""Pairs of points that are near to each other."""

from __future__ import annotations

from itertools import chain
from typing import TYPE_CHECKING, Any, TypeAlias

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from spatialdata.transformations.algebra import FloatArray

__all__ = ["Pairs", "near_points", "nearest_points", "points_within", "reach_of_points"]

# Positions among the ones, positions among the others, and distances.
Pairs: TypeAlias = "tuple[NDArray[np.intp], NDArray[np.intp], FloatArray]"

_ROUNDING = 1e-12
_TILES = 256


def reach_of_points(tree: Any, places: FloatArray, k: int) -> FloatArray:
    """The distance of the k-th nearest point of a tree to each place."""
    distance, _ = tree.query(places, k=[k])
    return np.asarray(distance[:, 0])


def near_points(tree: Any, places: FloatArray, reach: FloatArray) -> Pairs:
    """Pairs of a place and a point of a tree that is within reach of it, by place and point."""
    found = tree.query_ball_point(places, reach, return_sorted=True)
    first = np.repeat(np.arange(len(places)), [len(one) for one in found])
    second = np.fromiter(chain.from_iterable(found), dtype=np.intp, count=len(first))
    return first, second, np.sqrt(((places[first] - tree.data[second]) ** 2).sum(axis=1))


def nearest_points(tree: Any, places: FloatArray, k: int) -> Pairs:
    """Pairs of each place with the k nearest points of a tree, and with more of them where distances are equal.

    Parameters
    ----------
    tree
        A ``scipy.spatial.cKDTree`` of k points or more.
    places
        Array of shape ``(n, axes)``.
    k
        How many.
    """
    # Neighbours are looked for one after another, so that what is touched is in the cache.
    order = _by_tile(places)
    distance, nearest = np.empty((len(places), k + 1)), np.empty((len(places), k + 1), dtype=np.intp)
    distance[order], nearest[order] = tree.query(places[order], k=np.arange(1, k + 2))
    # Rounding might decide about neighbours that are about as far, and their order.
    clear = (distance[:, 1:] > distance[:, :-1] * (1 + _ROUNDING)).all(axis=1)
    if clear.all():
        return np.repeat(np.arange(len(places)), k), nearest[:, :k].ravel(), distance[:, :k].ravel()
    own = np.repeat(np.flatnonzero(clear), k), nearest[clear, :k].ravel(), distance[clear, :k].ravel()
    unclear = np.flatnonzero(~clear)
    reach = np.nextafter(distance[unclear, k - 1] * (1 + _ROUNDING), np.inf)
    row, second, length = near_points(tree, places[unclear], reach)
    others = unclear[row], second, length
    return tuple(np.concatenate(pair) for pair in zip(own, others, strict=True))  # type: ignore[return-value]


def points_within(tree: Any, places: FloatArray, distance: float) -> Pairs:
    """Pairs of a place and a point of a tree that are no farther from each other than a distance, in any order."""
    from scipy.spatial import cKDTree

    found = cKDTree(places).sparse_distance_matrix(tree, distance, output_type="ndarray")
    return found["i"].astype(np.intp), found["j"].astype(np.intp), np.ascontiguousarray(found["v"])


def _by_tile(places: FloatArray) -> NDArray[np.intp]:
    """An order in which places that are near to each other along the first two axes are near to each other."""
    if not len(places):
        return np.zeros(0, dtype=np.intp)
    low, high = places.min(axis=0), places.max(axis=0)
    with np.errstate(divide="ignore", invalid="ignore"):
        share = np.nan_to_num((places - low) / (high - low))
    tile = np.minimum(share * _TILES, _TILES - 1).astype(np.uint16)
    return np.argsort(tile[:, 0] * _TILES + tile[:, min(1, tile.shape[1] - 1)], kind="stable")
