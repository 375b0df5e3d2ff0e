"""Polygons of labels: their exact outlines along the edges of pixels."""

from __future__ import annotations

from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING, Any

import numpy as np

from spatialdata.models.label_runs import native
from spatialdata.ops.label_rings import LabelRings
from spatialdata.relations.blocks import by_block

if TYPE_CHECKING:
    from collections.abc import Iterator

    from numpy.typing import NDArray

__all__ = ["label_polygons"]

# The pixels of a picture on which labels are put together again.
_PIXELS_AT_ONCE = 4_000_000


def label_polygons(data: Any) -> tuple[NDArray[Any], NDArray[Any]]:
    """The outline of each label of an array.

    Chunks are traced by themselves; what the borders between them cut is put together again.

    Parameters
    ----------
    data
        Dask array of shape ``(height, width)``.

    Returns
    -------
    ids
        The labels, sorted, without the background.
    polygons
        For each a polygon, or a multipolygon if its pixels fall into parts that share no edge. Their corners are those
        of pixels, and their areas the numbers of pixels. They are normalised.
    """
    parts = by_block(partial(_outlines_of_block, shape=data.shape), [data], "outlines of labels")
    whole = [(ids, polygons) for ids, polygons, _ in parts]
    ids, polygons = _together([*whole, *_joined(LabelRings.merged([cut for _, _, cut in parts]))])
    return (ids.astype(np.int64) if ids.dtype.itemsize < 8 else ids), polygons


def _outlines_of_block(
    origin: tuple[int, int], block: NDArray[Any], shape: tuple[int, int]
) -> tuple[NDArray[Any], NDArray[Any], LabelRings]:
    """The labels of a block, their polygons, and the outlines of those labels that the borders of chunks may cut.

    Parameters
    ----------
    origin
        The position y, x of the first pixel of the block.
    block
        The block.
    shape
        The shape of all labels.
    """
    rows = native(block)
    rings = LabelRings.of_rows(rows, origin)
    borders: list[NDArray[Any]] = []
    for axis, (start, size, full) in enumerate(zip(origin, rows.shape, shape, strict=True)):
        borders.extend(
            rows.take(place, axis) for place in ([0] if start else []) + ([-1] if start + size < full else [])
        )
    is_cut = np.isin(rings.labels, np.unique(np.concatenate(borders)) if borders and rows.size else [])
    if not is_cut.any():
        return (*rings.polygons(), rings.part(np.zeros(0, dtype=np.intp)))
    return (*rings.part(np.flatnonzero(~is_cut)).polygons(), rings.part(np.flatnonzero(is_cut)))


def _together(parts: list[tuple[NDArray[Any], NDArray[Any]]]) -> tuple[NDArray[Any], NDArray[Any]]:
    """The sorted labels of all parts, each with all of its polygons, which share no edge."""
    import shapely

    ids, polygons = (np.concatenate([part[k] for part in parts]) for k in range(2))
    order = np.argsort(ids, kind="stable")
    ids, polygons = ids[order], polygons[order]
    unique, first, count = np.unique(ids, return_index=True, return_counts=True)
    result = polygons[first]
    for number in np.flatnonzero(count > 1):
        pieces = shapely.get_parts(polygons[first[number] : first[number] + count[number]])
        result[number] = shapely.normalize(shapely.multipolygons(pieces))
    return unique, result


def _joined(rings: LabelRings) -> Iterator[tuple[NDArray[Any], NDArray[Any]]]:
    """The polygons of labels from the outlines of their pieces, without what the cuts left.

    The pieces are drawn and traced anew, on pictures with several labels below each other. Large labels are united.
    """
    if not len(rings.labels):
        return
    labels, figure = np.unique(rings.labels, return_inverse=True)
    order = np.argsort(figure, kind="stable")
    first = np.searchsorted(figure[order], np.arange(len(labels)))
    bounds = rings.bounds()[order]
    lower = np.minimum.reduceat(bounds[:, :2], first).astype(np.int64)
    size = np.maximum.reduceat(bounds[:, 2:], first).astype(np.int64) - lower
    last = np.append(first[1:], len(order))
    for chosen in _pictures(size):
        own = np.concatenate([order[first[number] : last[number]] for number in chosen])
        place = np.repeat(np.arange(len(chosen)), (last - first)[chosen])
        found = _traced_anew(rings.part(own), place, lower[chosen], size[chosen])
        yield replace(found, labels=labels[chosen][found.labels - 1]).polygons()
    for number in np.flatnonzero(size.prod(axis=1) > _PIXELS_AT_ONCE):
        _, pieces = rings.part(order[first[number] : last[number]]).polygons()
        yield labels[number : number + 1], _united(pieces)


def _pictures(size: NDArray[np.int64]) -> Iterator[NDArray[np.intp]]:
    """The labels that share a picture, by their widths and heights, without those that are too large for one."""
    order = np.argsort(size[:, 0], kind="stable")
    order = order[size[order].prod(axis=1) <= _PIXELS_AT_ONCE]
    start = 0
    while start < len(order):
        # Widths ascend, so that the last one is that of the picture.
        pixels = np.cumsum(size[order[start:], 1]) * size[order[start:], 0]
        stop = start + max(int(np.searchsorted(pixels, _PIXELS_AT_ONCE, side="right")), 1)
        yield order[start:stop]
        start = stop


def _traced_anew(
    rings: LabelRings, figure: NDArray[np.intp], lower: NDArray[np.int64], size: NDArray[np.int64]
) -> LabelRings:
    """The outlines of figures, numbered from 1 on, which several rings make together.

    Parameters
    ----------
    rings, figure
        The rings, and the number of the figure of each, from 0 on.
    lower, size
        The least x, y of each figure, and its width and height.
    """
    from spatialdata.kernels.outlines import filled

    top = np.cumsum(size[:, 1]) - size[:, 1]
    shift = lower - np.stack([np.zeros_like(top), top], axis=1)
    shape = (int(size[:, 1].sum()), int(size[:, 0].max()))
    found = LabelRings.of_rows(filled(rings.coordinates, rings.offsets, figure, shift, shape))
    moved = found.coordinates + np.repeat(shift[found.labels - 1], np.diff(found.offsets), axis=0)
    return replace(found, coordinates=moved)


def _united(pieces: NDArray[Any]) -> NDArray[Any]:
    """The pieces of one label as one geometry, without the corners that the cuts left."""
    import shapely

    # Normalised rings start at a corner with the least x, which no cut leaves in the middle of an edge.
    outline = shapely.simplify(shapely.normalize(shapely.union_all(pieces)), 0, preserve_topology=False)
    return np.array([shapely.normalize(outline)], dtype=object)
