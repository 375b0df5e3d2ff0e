"""GeoParquet files of shapes: well-known binary, with the box of each row beside it."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from spatialdata.store.geometry_bytes import SOLID, geometry_bytes, kinds_of

if TYPE_CHECKING:
    import pyarrow as pa
    import pyarrow.parquet as pq
    from geopandas import GeoDataFrame
    from numpy.typing import NDArray

    from spatialdata.store.options import GeometryEncoding

__all__ = [
    "BBOX",
    "ROWS_PER_GROUP",
    "geo_metadata",
    "opened_geoparquet",
    "table_of_shapes",
    "write_geoparquet",
]

BBOX = "bbox"
_SIDES = ("xmin", "ymin", "xmax", "ymax")
_VERSION = "1.1.0"
ROWS_PER_GROUP = 8192
_KINDS = (
    "Point",
    "LineString",
    "LineString",
    "Polygon",
    "MultiPoint",
    "MultiLineString",
    "MultiPolygon",
    "GeometryCollection",
)


def write_geoparquet(
    path: Path, frame: GeoDataFrame, encoding: GeometryEncoding, rows: NDArray[np.int64] | None = None
) -> None:
    """Write shapes into a file.

    Parameters
    ----------
    path
        The file.
    frame
        The shapes. The index becomes a column, and the attributes of the frame metadata of the file.
    encoding
        How geometries are spelled.
    rows
        The rows in the order of the file; their own if not given.
    """
    import pyarrow.parquet as pq

    is_covered = BBOX not in frame.columns and len(frame) > 0
    if encoding != "WKB" or not is_covered or (frame.dtypes == "geometry").sum() != 1:
        frame = frame if rows is None else frame.iloc[rows]
        frame.to_parquet(
            path,
            index=True,
            geometry_encoding=encoding,
            schema_version=_VERSION,
            write_covering_bbox=is_covered,
            row_group_size=ROWS_PER_GROUP,
        )
        return
    table = table_of_shapes(frame, rows)
    pq.write_table(table, path, row_group_size=ROWS_PER_GROUP, **_options(table.schema, frame.geometry.name))


def opened_geoparquet(path: Path, schema: pa.Schema, geometry: str) -> pq.ParquetWriter:
    """A file into which tables of :func:`table_of_shapes` are written one after another."""
    import pyarrow.parquet as pq

    return pq.ParquetWriter(path, schema, **_options(schema, geometry))


def _options(schema: pa.Schema, geometry: str) -> dict[str, Any]:
    # Values that never repeat gain nothing from a dictionary, nor geometries from a least and a greatest one.
    names = [name for name in schema.names if name not in (geometry, BBOX)]
    statistics = [*names, *(f"{BBOX}.{side}" for side in _SIDES)]
    return {"compression": "snappy", "use_dictionary": names, "write_statistics": statistics}


def table_of_shapes(frame: GeoDataFrame, rows: NDArray[np.int64] | None = None) -> pa.Table:
    """Shapes as a table with the box of each row, in their order or in that of the rows given."""
    import pandas as pd
    import pyarrow as pa
    import shapely

    name = frame.geometry.name
    geometries = frame.geometry.to_numpy()
    kinds, bounds = kinds_of(geometries), shapely.bounds(geometries)
    # The geometries keep their place among the columns, without their values.
    others = pd.DataFrame(frame).assign(**{name: None})
    table = pa.Table.from_pandas(others if rows is None else others.iloc[rows], preserve_index=True)
    extension = {"ARROW:extension:name": "geoarrow.wkb", "ARROW:extension:metadata": _extension(frame)}
    field = pa.field(name, pa.binary(), metadata=extension)
    table = table.set_column(table.column_names.index(name), field, geometry_bytes(geometries, kinds, rows))
    sides = bounds.T if rows is None else bounds[rows].T
    boxes = pa.StructArray.from_arrays([pa.array(np.ascontiguousarray(side)) for side in sides], names=list(_SIDES))
    metadata = {**table.schema.metadata, **geo_metadata(frame, kinds, bounds)}
    if frame.attrs:
        metadata[b"PANDAS_ATTRS"] = json.dumps(frame.attrs).encode()
    return table.append_column(BBOX, boxes).replace_schema_metadata(metadata)


def geo_metadata(
    frame: GeoDataFrame, kinds: Sequence[int], bounds: NDArray[np.float64], encoding: str = "WKB"
) -> dict[bytes, bytes]:
    """What a file says of its geometries, by their kinds and their boxes, which may be more than those of a frame."""
    return {b"geo": json.dumps(_geo(frame, kinds, bounds, encoding)).encode()}


def _extension(frame: GeoDataFrame) -> str:
    return "{}" if frame.crs is None else json.dumps({"crs": frame.crs.to_json_dict()})


def _geo(frame: GeoDataFrame, kinds: Sequence[int], bounds: NDArray[np.float64], encoding: str) -> dict[str, Any]:
    """What GeoParquet says of the file."""
    name = frame.geometry.name
    names = {_KINDS[kind % SOLID] + (" Z" if kind >= SOLID else "") for kind in kinds if kind >= 0}
    column: dict[str, Any] = {
        "encoding": encoding,
        "crs": None if frame.crs is None else _without_ids(frame.crs.to_json_dict()),
        "geometry_types": sorted(names),
    }
    if np.isfinite(bounds).any():
        lower, upper = np.nanmin(bounds[:, :2], axis=0), np.nanmax(bounds[:, 2:], axis=0)
        column["bbox"] = [*lower.tolist(), *upper.tolist()]
    column["covering"] = {BBOX: {side: [BBOX, side] for side in _SIDES}}
    return {"primary_column": name, "columns": {name: column}, "version": _VERSION}


def _without_ids(described: Any) -> Any:
    """A description of a coordinate reference system without the ids of members, which older readers do not know."""
    if isinstance(described, dict):
        found = {key: _without_ids(value) for key, value in described.items()}
        if isinstance(found.get("members"), list):
            found["members"] = [{k: v for k, v in one.items() if k != "id"} for one in found["members"]]
        return found
    return [_without_ids(one) for one in described] if isinstance(described, list) else described
