"""Polygons of labels: their exact outlines along the edges of pixels."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from spatialdata.models.label_runs import native
from spatialdata.relations.blocks import computed

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from spatialdata.transformations.algebra import FloatArray

__all__ = ["label_polygons"]


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
        of pixels, and their areas the numbers of pixels.
    """
    import dask
    import shapely

    starts = [np.concatenate([[0], np.cumsum(sizes)])[:-1] for sizes in data.chunks]
    blocks = data.to_delayed()
    outlines = dask.delayed(_outlines_of_block, pure=False)
    parts = computed(
        [
            outlines(blocks[row, column], int(starts[0][row]), int(starts[1][column]))
            for row, column in np.ndindex(blocks.shape)
        ],
        "outlines of labels",
    )
    ids = np.concatenate([part[0] for part in parts])
    polygons = np.concatenate([part[1] for part in parts])
    order = np.argsort(ids, kind="stable")
    ids, polygons = ids[order], polygons[order]
    unique, first, count = np.unique(ids, return_index=True, return_counts=True)
    result = polygons[first]
    for number in np.flatnonzero(count > 1):
        result[number] = _joined(polygons[first[number] : first[number] + count[number]])
    if unique.dtype.itemsize < 8:
        unique = unique.astype(np.int64)
    return unique, shapely.normalize(result)


def _joined(pieces: NDArray[Any]) -> Any:
    """The pieces of one label that chunks cut, without the corners that the cuts left."""
    import shapely

    # Normalised rings start at a corner with the least x, which no cut leaves in the middle of an edge.
    return shapely.simplify(shapely.normalize(shapely.union_all(pieces)), 0, preserve_topology=False)


def _outlines_of_block(block: NDArray[Any], y: int, x: int) -> tuple[NDArray[Any], NDArray[Any]]:
    """The labels of a block and their polygons; ``y`` and ``x`` are the position of its first pixel."""
    from spatialdata.kernels.outlines import padded_labels, trace

    corners, offsets, labels, touches = trace(padded_labels(native(block)))
    coordinates: FloatArray = corners.astype(np.float64) + np.array([x, y])
    coordinates, offsets, labels = _split(coordinates, offsets, labels, touches)
    return _assembled(coordinates, offsets, labels)


def _split(
    coordinates: FloatArray, offsets: NDArray[np.int64], labels: NDArray[Any], touches: NDArray[np.bool_]
) -> tuple[FloatArray, NDArray[np.int64], NDArray[Any]]:
    """Cut outlines that touch themselves at a corner into ones that do not."""
    suspects = np.flatnonzero(touches)
    if not len(suspects):
        return coordinates, offsets, labels
    rings: list[FloatArray] = []
    owners: list[int] = []
    for ring in suspects.tolist():
        loops = _loops(coordinates[offsets[ring] : offsets[ring + 1]])
        rings.extend(loops)
        owners.extend([int(labels[ring])] * len(loops))
    lengths = np.diff(offsets)
    plain = ~touches
    kept = coordinates[np.repeat(plain, lengths)]
    sizes = np.concatenate([lengths[plain], [len(loop) for loop in rings]])
    return (
        np.concatenate([kept, *rings]),
        np.concatenate([[0], np.cumsum(sizes)]).astype(np.int64),
        np.concatenate([labels[plain], np.array(owners, dtype=labels.dtype)]),
    )


def _loops(ring: FloatArray) -> list[FloatArray]:
    """The parts of a closed outline between the visits to the same corner."""
    points = [tuple(point) for point in ring.tolist()]
    loops: list[FloatArray] = []
    path: list[tuple[float, ...]] = []
    place: dict[tuple[float, ...], int] = {}
    for point in points:
        if point in place:
            start = place[point]
            loop = path[start:]
            loops.append(np.array([*loop, point]))
            for passed in loop[1:]:
                del place[passed]
            del path[start + 1 :]
        else:
            place[point] = len(path)
            path.append(point)
    return loops


def _assembled(
    coordinates: FloatArray, offsets: NDArray[np.int64], labels: NDArray[Any]
) -> tuple[NDArray[Any], NDArray[Any]]:
    """Polygons of outer outlines and the holes in them, one for each label."""
    import shapely

    if not len(labels):
        return labels, np.zeros(0, dtype=object)
    area = _areas(coordinates, offsets)
    outer, holes = np.flatnonzero(area > 0), np.flatnonzero(area < 0)
    owner = _owners(coordinates, offsets, labels, area, outer, holes)
    # Each polygon is its outer outline followed by its holes.
    ring = np.concatenate([outer, holes])
    polygon = np.concatenate([np.arange(len(outer)), owner])
    order = np.argsort(polygon, kind="stable")
    ring, polygon = ring[order], polygon[order]
    lengths = np.diff(offsets)[ring]
    ends = np.concatenate([[0], np.cumsum(lengths)])
    index = np.arange(ends[-1]) + np.repeat(offsets[ring] - ends[:-1], lengths)
    first = np.concatenate([np.searchsorted(polygon, np.arange(len(outer))), [len(ring)]])
    polygons = shapely.from_ragged_array(shapely.GeometryType.POLYGON, coordinates[index], (ends, first))
    return _by_label(labels[outer], polygons)


def _by_label(labels: NDArray[Any], polygons: NDArray[Any]) -> tuple[NDArray[Any], NDArray[Any]]:
    import shapely

    order = np.argsort(labels, kind="stable")
    polygons = polygons[order]
    unique, first, inverse, count = np.unique(labels[order], return_index=True, return_inverse=True, return_counts=True)
    result = polygons[first]
    several = np.flatnonzero(count > 1)
    if len(several):
        part = count[inverse] > 1
        number = np.searchsorted(several, inverse[part])
        result[several] = shapely.multipolygons(polygons[part], indices=number)
    return unique, result


def _areas(coordinates: FloatArray, offsets: NDArray[np.int64]) -> FloatArray:
    """The signed areas of outlines."""
    x, y = coordinates.T
    cross = np.append(x[:-1] * y[1:] - x[1:] * y[:-1], 0.0)
    cross[offsets[1:] - 1] = 0.0
    return np.asarray(np.add.reduceat(cross, offsets[:-1]) / 2)


def _owners(
    coordinates: FloatArray,
    offsets: NDArray[np.int64],
    labels: NDArray[Any],
    area: FloatArray,
    outer: NDArray[np.intp],
    holes: NDArray[np.intp],
) -> NDArray[np.intp]:
    """For each hole the position, among the outer outlines, of the smallest one of its label that encloses it."""
    import shapely

    order = np.argsort(labels[outer], kind="stable")
    ordered = labels[outer][order]
    first = np.searchsorted(ordered, labels[holes], side="left")
    last = np.searchsorted(ordered, labels[holes], side="right")
    owner = order[first]
    for number in np.flatnonzero(last - first > 1):
        candidates = order[first[number] : last[number]]
        shells = shapely.polygons([_ring(coordinates, offsets, int(outer[candidate])) for candidate in candidates])
        hole = shapely.polygons(_ring(coordinates, offsets, int(holes[number])))
        enclosing = candidates[shapely.covers(shells, hole)]
        owner[number] = enclosing[np.argmin(area[outer[enclosing]])]
    return owner


def _ring(coordinates: FloatArray, offsets: NDArray[np.int64], ring: int) -> Any:
    import shapely

    return shapely.linearrings(coordinates[offsets[ring] : offsets[ring + 1]])
