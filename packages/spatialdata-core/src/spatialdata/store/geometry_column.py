"""The geometries of a file, read as coordinates; objects are made of them when someone asks for them."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from pathlib import Path

    import pyarrow as pa
    from geopandas import GeoDataFrame
    from geopandas.array import GeometryArray
    from numpy.typing import NDArray

    from spatialdata.models.packed import Packed
    from spatialdata.store.row_order import RowOrder

__all__ = ["read_packed_shapes"]

# For fewer, loading compiled code takes longer than making the objects.
_MANY = 8192
# The offsets within one array have 32 bits.
_MOST_BYTES = 2**30
_FLAT = ({"Point"}, {"Polygon"}, {"MultiPolygon"}, {"Polygon", "MultiPolygon"})


def read_packed_shapes(
    file: Path,
    columns: list[str],
    box: tuple[float, float, float, float] | None,
    order: RowOrder | None,
) -> GeoDataFrame | None:
    """Shapes of a GeoParquet file, without an object for each.

    Parameters
    ----------
    file
        The file.
    columns
        The columns to read, the geometry among them.
    box
        Only shapes whose boxes meet this one, ``x_min, y_min, x_max, y_max``.
    order
        How the rows get their order back.

    Returns
    -------
    The shapes; None if the file says or turns out to hold anything but flat shapes in well-known binary and without
    a reference system, which geopandas reads.
    """
    import pyarrow.parquet as pq

    schema = pq.read_schema(file)
    described = _described(schema)
    if described is None or (box is not None and "bbox" not in described.get("covering", {})):
        return None
    filters = None if box is None else _meets(box, described["covering"]["bbox"]["xmin"][0])
    table = pq.read_table(file, columns=columns, filters=filters, use_pandas_metadata=True)
    frame = table.drop(["geometry"]).to_pandas()
    attrs = (schema.metadata or {}).get(b"PANDAS_ATTRS")
    if attrs is not None:
        frame.attrs = json.loads(attrs)
    rows = None if order is None else order.rows(frame)
    column = _column(table["geometry"], rows)
    if column is None:
        return None
    return _framed(frame if rows is None else frame.iloc[rows], column, list(table.slice(0, 0).to_pandas().columns))


def _column(found: pa.ChunkedArray, rows: NDArray[np.intp] | None) -> GeometryArray | None:
    """Geometries as a column, in another order if one is given."""
    from geopandas.array import from_wkb

    if len(found) < _MANY:
        geometry = from_wkb(np.asarray(found))
        return geometry if rows is None else geometry[rows]
    from spatialdata.models.lazy_geometry import LazyGeometry

    packed = _packed(found, rows)
    return None if packed is None else LazyGeometry(packed)


def _framed(frame: Any, column: GeometryArray, names: list[str]) -> GeoDataFrame:
    import geopandas

    attrs = frame.attrs
    frame = frame.copy(deep=False)
    frame.insert(names.index("geometry"), "geometry", column)
    shapes = geopandas.GeoDataFrame(frame, geometry="geometry")
    shapes.attrs = attrs
    return shapes


def _described(schema: pa.Schema) -> dict[str, Any] | None:
    """What the file says of its geometries; None if they are to be read by geopandas."""
    geo = json.loads((schema.metadata or {}).get(b"geo", b"{}"))
    columns = geo.get("columns", {})
    if geo.get("primary_column") != "geometry" or list(columns) != ["geometry"]:
        return None
    described: dict[str, Any] = columns["geometry"]
    # A file that says nothing of the reference system has one; here it has to say that there is none.
    plain = described.get("encoding") == "WKB" and described.get("crs", "") is None
    return described if plain and set(described.get("geometry_types", [])) in _FLAT else None


def _meets(box: tuple[float, float, float, float], column: str) -> Any:
    import pyarrow.compute as pc

    low_x, low_y, high_x, high_y = (pc.field(column, side) for side in ("xmin", "ymin", "xmax", "ymax"))
    x0, y0, x1, y1 = box
    return ~((low_x > x1) | (low_y > y1) | (high_x < x0) | (high_y < y0))


def _packed(column: pa.ChunkedArray, rows: NDArray[np.intp] | None) -> Packed | None:
    """The coordinates of geometries, in another order if one is given."""
    import pyarrow as pa

    from spatialdata.kernels.wkb_reading import points_of_wkb, polygons_of_wkb
    from spatialdata.models.packed import PackedPoints, PackedPolygons

    if column.null_count or not (pa.types.is_binary(column.type) or pa.types.is_large_binary(column.type)):
        return None
    if column.nbytes > _MOST_BYTES:
        column = column.cast(pa.large_binary())
    whole = pa.concat_arrays(column.chunks)
    _, places, content = whole.buffers()
    wide = np.int64 if pa.types.is_large_binary(whole.type) else np.int32
    offsets = np.frombuffer(places, dtype=wide)[whole.offset : whole.offset + len(whole) + 1].astype(np.int64)
    data = np.frombuffer(content, dtype=np.uint8)
    begin, end = (offsets[:-1], offsets[1:]) if rows is None else (offsets[:-1][rows], offsets[1:][rows])
    points = points_of_wkb(data, begin, end)
    if points is not None:
        return PackedPoints(points)
    found = polygons_of_wkb(data, begin, end)
    return None if found is None else PackedPolygons(*found)
