"""Pairs of a region and a category counted into a sparse matrix."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from spatialdata.kernels.compiled import compiled

if TYPE_CHECKING:
    from numpy.typing import NDArray

__all__ = ["count_pairs", "sum_pairs"]

# So few numbers are sorted soonest by putting each in its place among those before.
_FEW = 48


@compiled
def _by_region(region: NDArray[np.int32], regions: int) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Where the pairs of each region start, and the pairs in the order of their regions."""
    start = np.zeros(regions + 1, dtype=np.int64)
    for pair in range(len(region)):
        start[region[pair] + 1] += 1
    for number in range(regions):
        start[number + 1] += start[number]
    order = np.empty(len(region), dtype=np.int64)
    place = start[:-1].copy()
    for pair in range(len(region)):
        order[place[region[pair]]] = pair
        place[region[pair]] += 1
    return start, order


@compiled
def _occurring(
    category: NDArray[np.int32], order: NDArray[np.int64], first: int, last: int, seen: NDArray[np.uint8]
) -> NDArray[np.int32]:
    """The categories of some pairs, ascending."""
    names = np.empty(min(last - first, len(seen)), dtype=np.int32)
    found = 0
    for place in range(first, last):
        code = category[order[place]]
        if not seen[code]:
            seen[code] = 1
            names[found] = code
            found += 1
    names = np.sort(names[:found])
    for place in range(found):
        seen[names[place]] = 0
    return names


@compiled
def sum_pairs(
    region: NDArray[np.int32], category: NDArray[np.int32], weight: NDArray[np.float64], regions: int, categories: int
) -> tuple[NDArray[np.int64], NDArray[np.int32], NDArray[np.float64]]:
    """The sums of weights by region and category, as the arrays of a CSR matrix with sorted columns.

    Parameters
    ----------
    region, category
        The pairs.
    weight
        What each pair adds, in an array of the same length.
    regions, categories
        The shape of the matrix.

    Returns
    -------
    ``indptr``, ``indices`` and ``data``. Weights are added in the order of the pairs.
    """
    start, order = _by_region(region, regions)
    indptr = np.zeros(regions + 1, dtype=np.int64)
    indices = np.empty(len(region), dtype=np.int32)
    data = np.empty(len(region), dtype=np.float64)
    seen, sums = np.zeros(categories, dtype=np.uint8), np.zeros(categories)
    filled = 0
    for number in range(regions):
        names = _occurring(category, order, start[number], start[number + 1], seen)
        for place in range(start[number], start[number + 1]):
            sums[category[order[place]]] += weight[order[place]]
        for name in names:
            indices[filled], data[filled] = name, sums[name]
            sums[name] = 0.0
            filled += 1
        indptr[number + 1] = filled
    return indptr, indices[:filled].copy(), data[:filled].copy()


@compiled
def _categories_by_region(
    region: NDArray[np.int32], category: NDArray[np.int32], regions: int
) -> tuple[NDArray[np.int64], NDArray[np.int32]]:
    """Where the pairs of each region start, and the categories of all pairs in the order of their regions."""
    start = np.zeros(regions + 1, dtype=np.int64)
    for pair in range(len(region)):
        start[region[pair] + 1] += 1
    for number in range(regions):
        start[number + 1] += start[number]
    ordered = np.empty(len(region), dtype=np.int32)
    place = start[:-1].copy()
    for pair in range(len(region)):
        ordered[place[region[pair]]] = category[pair]
        place[region[pair]] += 1
    return start, ordered


@compiled
def _sort(codes: NDArray[np.int32], first: int, last: int) -> int:
    """Sort some codes in place.

    Returns
    -------
    How many different ones there are.
    """
    if last - first > _FEW:
        codes[first:last] = np.sort(codes[first:last])
    else:
        for place in range(first + 1, last):
            code = codes[place]
            before = place - 1
            while before >= first and codes[before] > code:
                codes[before + 1] = codes[before]
                before -= 1
            codes[before + 1] = code
    different = 1 if last > first else 0
    for place in range(first + 1, last):
        different += codes[place] != codes[place - 1]
    return different


@compiled
def count_pairs(
    region: NDArray[np.int32], category: NDArray[np.int32], regions: int
) -> tuple[NDArray[np.int64], NDArray[np.int32], NDArray[np.int64]]:
    """The numbers of pairs by region and category; see :func:`sum_pairs`.

    Examples
    --------
    >>> pairs = np.array([1, 1, 0], dtype=np.int32), np.array([2, 2, 0], dtype=np.int32)
    >>> [part.tolist() for part in count_pairs(*pairs, regions=2)]
    [[0, 1, 2], [0, 2], [1, 2]]
    """
    start, ordered = _categories_by_region(region, category, regions)
    indptr = np.zeros(regions + 1, dtype=np.int64)
    for number in range(regions):
        indptr[number + 1] = indptr[number] + _sort(ordered, start[number], start[number + 1])
    indices, data = np.empty(indptr[-1], dtype=np.int32), np.zeros(indptr[-1], dtype=np.int64)
    for number in range(regions):
        filled = indptr[number] - 1
        for place in range(start[number], start[number + 1]):
            if place == start[number] or ordered[place] != ordered[place - 1]:
                filled += 1
                indices[filled] = ordered[place]
            data[filled] += 1
    return indptr, indices, data
