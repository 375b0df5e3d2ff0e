"""The shapes of a file, read as coordinates; objects are made of them when someone asks for them."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import numpy as np

from spatialdata.store.geoarrow_column import GEOARROW, packed_geoarrow
from spatialdata.store.packed_column import GeometryPieces

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    import pyarrow as pa
    import pyarrow.parquet as pq
    from geopandas import GeoDataFrame
    from geopandas.array import GeometryArray
    from numpy.typing import NDArray

    from spatialdata.store.row_order import RowOrder

__all__ = ["read_packed_shapes"]

_GEOMETRY = "geometry"
# Of fewer, the objects are made in no time.
_MANY = 8192
_FLAT = ({"Point"}, {"Polygon"}, {"MultiPolygon"}, {"Polygon", "MultiPolygon"})


def read_packed_shapes(
    path: Path,
    file: pq.ParquetFile,
    columns: Sequence[str],
    groups: Sequence[int],
    box: tuple[float, float, float, float] | None,
    order: RowOrder | None,
) -> GeoDataFrame | None:
    """Shapes of a GeoParquet file, without an object for each.

    Parameters
    ----------
    path, file
        The file, and the same opened.
    columns
        The columns to read, the geometry among them.
    groups
        The row groups to read.
    box
        Only shapes whose boxes meet this one, ``x_min, y_min, x_max, y_max``.
    order
        How the rows get their order back.

    Returns
    -------
    The shapes; None if the file says or turns out to hold anything but flat shapes in well-known binary or GeoArrow
    and without a reference system, which geopandas reads.
    """
    described = _described(file.schema_arrow)
    if described is None or (box is not None and "bbox" not in described.get("covering", {})):
        return None
    if box is None:
        others = [name for name in columns if name != _GEOMETRY]
        table = file.read_row_groups(groups, columns=others, use_pandas_metadata=True)
        geometry = None
    else:
        covering = described["covering"]["bbox"]["xmin"][0]
        needed = list(dict.fromkeys([*columns, covering]))
        table = file.read_row_groups(groups, columns=needed, use_pandas_metadata=True)
        table = table.filter(_meets(box, table[covering]))
        geometry = table[_GEOMETRY]
        table = table.drop([_GEOMETRY, *({covering} - set(columns))])
    frame = table.to_pandas()
    attrs = (file.schema_arrow.metadata or {}).get(b"PANDAS_ATTRS")
    if attrs is not None:
        frame.attrs = json.loads(attrs)
    rows = None if order is None else order.rows(frame)
    if described["encoding"] in GEOARROW:
        column = _of_arrow(_geometries(file, groups) if geometry is None else geometry, rows)
    else:
        column = _read(path, file, groups, rows) if geometry is None else _column(geometry, rows)
    if column is None:
        return None
    return _framed(frame if rows is None else frame.iloc[rows], column, _position(file, columns))


def _read(
    path: Path, file: pq.ParquetFile, groups: Sequence[int], rows: NDArray[np.intp] | None
) -> GeometryArray | None:
    """All geometries of row groups as a column, in another order if one is given."""
    import pyarrow.parquet as pq

    sizes = [file.metadata.row_group(group).num_rows for group in groups]
    if sum(sizes) < _MANY:
        return _objects(_geometries(file, groups), rows)

    def read(number: int) -> pa.ChunkedArray:
        with pq.ParquetFile(path, metadata=file.metadata) as own:
            return own.read_row_group(groups[number], columns=[_GEOMETRY], use_threads=False)[_GEOMETRY]

    return _lazy(GeometryPieces(sizes, read, rows))


def _geometries(file: pq.ParquetFile, groups: Sequence[int]) -> pa.ChunkedArray:
    return file.read_row_groups(groups, columns=[_GEOMETRY])[_GEOMETRY]


def _of_arrow(found: pa.ChunkedArray, rows: NDArray[np.intp] | None) -> GeometryArray | None:
    """Geometries in GeoArrow as a column, in another order if one is given."""
    from geopandas.array import GeometryArray

    from spatialdata.models.lazy_geometry import LazyGeometry

    packed = packed_geoarrow(found)
    if packed is None:
        return None
    if len(found) < _MANY:
        return GeometryArray(packed.geometries() if rows is None else packed.geometries()[rows])
    return LazyGeometry(packed if rows is None else packed.take(rows))


def _column(found: pa.ChunkedArray, rows: NDArray[np.intp] | None) -> GeometryArray | None:
    """Geometries as a column, in another order if one is given."""
    if len(found) < _MANY:
        return _objects(found, rows)
    return _lazy(GeometryPieces([len(found)], lambda _: found, rows))


def _objects(found: pa.ChunkedArray, rows: NDArray[np.intp] | None) -> GeometryArray:
    from geopandas.array import from_wkb

    geometry = from_wkb(np.asarray(found))
    return geometry if rows is None else geometry[rows]


def _lazy(pieces: GeometryPieces) -> GeometryArray | None:
    from spatialdata.models.lazy_geometry import LazyGeometry

    packed = pieces.packed()
    return None if packed is None else LazyGeometry(packed)


def _framed(frame: Any, column: GeometryArray, position: int) -> GeoDataFrame:
    import geopandas

    attrs = frame.attrs
    frame = frame.copy(deep=False)
    frame.insert(position, _GEOMETRY, column)
    shapes = geopandas.GeoDataFrame(frame, geometry=_GEOMETRY)
    shapes.attrs = attrs
    return shapes


def _position(file: pq.ParquetFile, columns: Sequence[str]) -> int:
    """Where the geometries are among some columns of a file."""
    names = file.schema_arrow.names
    index = (file.schema_arrow.pandas_metadata or {}).get("index_columns", [])
    before = names[: names.index(_GEOMETRY)]
    return sum(name in columns and name not in index for name in before)


def _described(schema: pa.Schema) -> dict[str, Any] | None:
    """What the file says of its geometries; None if they are to be read by geopandas."""
    geo = json.loads((schema.metadata or {}).get(b"geo", b"{}"))
    columns = geo.get("columns", {})
    if geo.get("primary_column") != _GEOMETRY or list(columns) != [_GEOMETRY]:
        return None
    described: dict[str, Any] = columns[_GEOMETRY]
    # A file that says nothing of the reference system has one; here it has to say that there is none.
    plain = described.get("encoding") in ("WKB", *GEOARROW) and described.get("crs", "") is None
    return described if plain and set(described.get("geometry_types", [])) in _FLAT else None


def _meets(box: tuple[float, float, float, float], boxes: pa.ChunkedArray) -> pa.ChunkedArray:
    """Which of some boxes meet another one."""
    import pyarrow.compute as pc

    low_x, low_y, high_x, high_y = (pc.struct_field(boxes, side) for side in ("xmin", "ymin", "xmax", "ymax"))
    x0, y0, x1, y1 = box
    beside = pc.or_(pc.greater(low_x, x1), pc.less(high_x, x0))
    return pc.invert(pc.or_(beside, pc.or_(pc.greater(low_y, y1), pc.less(high_y, y0))))
