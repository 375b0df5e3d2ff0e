"""A column of GeoArrow, whose nested lists are already the arrays of coordinates that are wanted."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Collection

    import pyarrow as pa
    from numpy.typing import NDArray

    from spatialdata.models.packed import Packed

__all__ = ["GEOARROW", "geoarrow_of", "kind_of_all", "packed_geoarrow"]

GEOARROW = ("point", "polygon", "multipolygon")
_POINT, _POLYGON, _MULTIPOLYGON = 0, 3, 6
_NAMES = dict(zip((_POINT, _POLYGON, _MULTIPOLYGON), GEOARROW, strict=True))
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


def kind_of_all(kinds: Collection[int]) -> str:
    """The encoding in which points, or polygons and multipolygons, lie in one column, by their numbers in shapely.

    Examples
    --------
    >>> kind_of_all({3, 6})
    'multipolygon'
    """
    return _NAMES[max(kinds)]


def geoarrow_of(geometries: NDArray[Any], encoding: str, *, solid: bool) -> pa.Array:
    """Geometries as GeoParquet has them in the encodings :data:`GEOARROW`.

    Parameters
    ----------
    geometries
        Points, or polygons and multipolygons, as objects.
    encoding
        As :func:`kind_of_all` says it; of multipolygons, polygons become some of one part.
    solid
        Whether they have a z.

    Examples
    --------
    >>> import shapely
    >>> geoarrow_of(shapely.points([[1.0, 2.0]]), "point", solid=False).to_pylist()
    [{'x': 1.0, 'y': 2.0}]
    """
    import pyarrow as pa
    import shapely

    if encoding == GEOARROW[2]:
        geometries = geometries.copy()
        single = np.flatnonzero(shapely.get_type_id(geometries) == _POLYGON)
        geometries[single] = shapely.multipolygons(geometries[single][:, None])
    _, coordinates, offsets = shapely.to_ragged_array(geometries, include_z=solid)
    axes = [pa.array(np.ascontiguousarray(column)) for column in coordinates.T]
    fields = [pa.field(axis, pa.float64(), nullable=False) for axis in "xyz"[: len(axes)]]
    found: pa.Array = pa.StructArray.from_arrays(axes, fields=fields)
    for places in offsets:
        kind = pa.list_(pa.field("element", found.type, nullable=False))
        found = pa.ListArray.from_arrays(pa.array(places.astype(np.int32)), found, type=kind)
    return found


def _coordinates(pairs: Any) -> NDArray[np.float64] | None:
    """Pairs of x and y as an array of shape ``(n, 2)``."""
    import pyarrow as pa

    if not pa.types.is_struct(pairs.type) or [field.name for field in pairs.type] != _AXES:
        return None
    axes = pairs.flatten()
    if pairs.null_count or any(axis.null_count or axis.type != pa.float64() for axis in axes):
        return None
    return np.stack([axis.to_numpy() for axis in axes], axis=1)
