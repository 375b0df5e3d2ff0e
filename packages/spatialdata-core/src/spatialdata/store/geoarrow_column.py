"""A column of GeoArrow, whose nested lists are already the arrays of coordinates that are wanted."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    import pyarrow as pa
    from numpy.typing import NDArray

    from spatialdata.models.packed import Packed

__all__ = ["GEOARROW", "packed_geoarrow"]

GEOARROW = ("point", "polygon", "multipolygon")
_POLYGON, _MULTIPOLYGON = 3, 6
_AXES = ["x", "y"]


def packed_geoarrow(column: pa.ChunkedArray) -> Packed | None:
    """The coordinates of a column; None if it holds anything but flat points, polygons and multipolygons.

    Parameters
    ----------
    column
        The column, as GeoParquet has it in the encodings :data:`GEOARROW`.

    Examples
    --------
    >>> import pyarrow as pa
    >>> points = pa.chunked_array([[{"x": 1.0, "y": 2.0}]])
    >>> packed_geoarrow(points).coordinates.tolist()
    [[1.0, 2.0]]
    """
    import pyarrow as pa

    from spatialdata.kernels.polygons import Polygons
    from spatialdata.models.packed import PackedPoints, PackedPolygons

    if column.null_count or not len(column):
        return None
    whole = pa.concat_arrays(column.chunks)
    offsets: list[NDArray[np.int64]] = []
    while pa.types.is_list(whole.type) or pa.types.is_large_list(whole.type):
        places = whole.offsets.to_numpy().astype(np.int64)
        offsets.append(places - places[0])
        whole = whole.flatten()
    coordinates = _coordinates(whole)
    if coordinates is None:
        return None
    if not offsets:
        # An empty point has no coordinates.
        return None if np.isnan(coordinates).any() else PackedPoints(coordinates)
    if len(offsets) not in (2, 3):
        return None
    *outer, rings, start = offsets
    first_ring = rings[outer[0]] if outer else rings
    shells = rings[:-1][np.diff(rings) > 0]
    if outer and len(shells) < len(rings) - 1:
        # Of an empty part nothing would be left.
        return None
    is_hole = np.ones(len(start) - 1, dtype=np.bool_)
    is_hole[shells] = False
    kinds = np.full(len(column), _MULTIPOLYGON if outer else _POLYGON, dtype=np.int8)
    return PackedPolygons(Polygons(coordinates, start, first_ring, is_hole), kinds)


def _coordinates(pairs: Any) -> NDArray[np.float64] | None:
    """Pairs of x and y as an array of shape ``(n, 2)``."""
    import pyarrow as pa

    if not pa.types.is_struct(pairs.type) or [field.name for field in pairs.type] != _AXES:
        return None
    axes = pairs.flatten()
    if pairs.null_count or any(axis.null_count or axis.type != pa.float64() for axis in axes):
        return None
    return np.stack([axis.to_numpy() for axis in axes], axis=1)
