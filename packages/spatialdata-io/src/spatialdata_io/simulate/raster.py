"""Polygons drawn on a grid by the rule of pixel centres."""

from __future__ import annotations

from typing import TYPE_CHECKING, TypeVar

if TYPE_CHECKING:
    from collections.abc import Sequence

    import numpy as np
    import numpy.typing as npt
    from shapely import Geometry

    Floats = npt.NDArray[np.floating]
    Value = TypeVar("Value", bound=np.generic)


def rasterise(polygons: Floats, values: npt.NDArray[Value], rows: slice, columns: int) -> npt.NDArray[Value]:
    """Draw polygons of equally many vertices.

    A pixel belongs to a polygon when its centre, at half integers, lies inside; on pixels claimed by several
    polygons the last one stays.

    Parameters
    ----------
    polygons
        Vertices ``(n, k, 2)`` in pixels, x first, not closed.
    values
        What to write for each polygon, (n,); 0 is left for the rest.
    rows, columns
        The window to draw: the rows ``rows.start .. rows.stop`` and the columns ``0 .. columns``.

    Returns
    -------
    Array ``(rows, columns)`` of the type of ``values``.
    """
    import numpy as np

    y = polygons[..., 1]
    here = np.flatnonzero((y.max(axis=1, initial=-np.inf) > rows.start) & (y.min(axis=1, initial=np.inf) < rows.stop))
    polygons, values = polygons[here], values[here]
    n, k = polygons.shape[:2]
    start = polygons.reshape(-1, 2).astype(float)
    stop = np.roll(polygons, -1, axis=1).reshape(-1, 2).astype(float)
    return _fill(start, stop, np.repeat(np.arange(n), k), values, rows, columns)


def rasterise_shapes(
    shapes: Sequence[Geometry], values: npt.NDArray[Value], rows: slice, columns: int
) -> npt.NDArray[Value]:
    """Draw shapely polygons, holes and all, under the rule of ``rasterise``; coordinates are pixels."""
    import numpy as np
    import shapely

    parts, of_part = shapely.get_parts(np.asarray(shapes, dtype=object), return_index=True)
    rings, of_ring = shapely.get_rings(parts, return_index=True)
    xy, of_vertex = shapely.get_coordinates(rings, return_index=True)
    inner = of_vertex[1:] == of_vertex[:-1]
    owner = of_part[of_ring[of_vertex[:-1][inner]]]
    return _fill(xy[:-1][inner], xy[1:][inner], owner, values, rows, columns)


def _fill(
    start: Floats,
    stop: Floats,
    owner: npt.NDArray[np.intp],
    values: npt.NDArray[Value],
    rows: slice,
    columns: int,
) -> npt.NDArray[Value]:
    import numpy as np

    edge, row = _crossed_rows(start[:, 1], stop[:, 1], rows)
    (x0, y0), (x1, y1) = start[edge].T, stop[edge].T
    x = x0 + (row + 0.5 - y0) * (x1 - x0) / (y1 - y0)
    order = np.lexsort((x, row, owner[edge]))
    x, row, polygon = x[order], row[order] - rows.start, owner[edge][order]
    first = np.clip(np.ceil(x[::2] - 0.5).astype(np.int64), 0, columns)
    last = np.clip(np.ceil(x[1::2] - 0.5).astype(np.int64), 0, columns)
    length = last - first
    before = np.cumsum(length) - length
    flat = np.repeat(row[::2] * columns + first - before, length) + np.arange(int(length.sum()))
    image = np.zeros((rows.stop - rows.start) * columns, dtype=values.dtype)
    image[flat] = np.repeat(values[polygon[::2]], length)
    return image.reshape(-1, columns)


def _crossed_rows(y0: Floats, y1: Floats, rows: slice) -> tuple[npt.NDArray[np.intp], npt.NDArray[np.int64]]:
    """Every pair of an edge and a row whose middle line the edge crosses (the lower end counts, the upper not)."""
    import numpy as np

    low = np.ceil(np.minimum(y0, y1) - 0.5).astype(np.int64).clip(rows.start, rows.stop)
    high = np.ceil(np.maximum(y0, y1) - 0.5).astype(np.int64).clip(rows.start, rows.stop)
    count = high - low
    edge = np.repeat(np.arange(len(y0)), count)
    before = np.cumsum(count) - count
    return edge, np.arange(len(edge)) - before[edge] + low[edge]
