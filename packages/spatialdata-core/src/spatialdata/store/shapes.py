"""Shapes in a store: one GeoParquet file, or the ragged arrays of old stores."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

from spatialdata._core.elements import axes_of
from spatialdata.errors import StoreError, listing
from spatialdata.models.kind import Kind
from spatialdata.store.dialects.edges import edges_of, transformations_of_edges
from spatialdata.store.documents import array_shape, contents, is_node, write_group
from spatialdata.store.files import is_local, opened_parquet
from spatialdata.store.geometry_column import read_packed_shapes
from spatialdata.store.geoparquet import BBOX, ROWS_PER_GROUP, write_geoparquet
from spatialdata.store.objects.ranged import RangedFile, tail_of
from spatialdata.store.objects.spans import spans_of_groups
from spatialdata.store.ragged import check_ragged, read_ragged, write_ragged
from spatialdata.store.row_order import RowOrder, sort_shapes
from spatialdata.store.source import ElementSource, reading
from spatialdata.transformations.attach import TRANSFORM_KEY, transformations_of

if TYPE_CHECKING:
    import pandas as pd
    import pyarrow.parquet as pq
    from geopandas import GeoDataFrame

    from spatialdata._core.axes import ValidAxis
    from spatialdata._core.sources import Window
    from spatialdata.store.objects.objects import Tail
    from spatialdata.store.options import WriteOptions
    from spatialdata.transformations.algebra import BaseTransformation

__all__ = ["PARQUET", "RAGGED_VERSION", "ShapesSource", "shapes_attributes", "write_shapes"]

PARQUET = "shapes.parquet"
_ENCODING = "ngff:shapes"
RAGGED_VERSION = "0.1"
_RADIUS = "radius"


class ShapesSource(ElementSource):
    """Shapes in a store."""

    _seen: Tail | None = None

    @property
    def attrs(self) -> Mapping[str, Any]:
        """The transformations, under ``"transform"``."""
        _ = self.version
        attributes = self.node.attributes
        edges = attributes.get("coordinateTransformations")
        return {TRANSFORM_KEY: transformations_of_edges(edges, attributes.get("axes") or ("x", "y"), self.where)}

    def load(
        self, *, columns: Sequence[str] | None = None, window: Window | None = None
    ) -> GeoDataFrame | pd.DataFrame:
        """The shapes.

        Parameters
        ----------
        columns
            Only these columns; without the geometry, the result is a pandas frame.
        window
            Only shapes that may lie inside, where the file says what its parts cover.
        """
        self._renew()
        attrs = self.attrs
        with reading(self.where, self.folder):
            if self.version == RAGGED_VERSION:
                frame = read_ragged(self.folder, self.node.attributes)
                frame = frame if columns is None else frame[list(columns)]
            else:
                frame = self._load_parquet(columns, window)
        frame.attrs.update(attrs)
        return frame

    def bounds(self, axes: Sequence[str]) -> tuple[list[float], list[float]] | None:
        """See :meth:`spatialdata._core.sources.PartedShapes.bounds`."""
        if self.version == RAGGED_VERSION or any(axis not in ("x", "y") for axis in axes):
            return None
        with reading(self.where, self.folder), self._opened() as file:
            if not _has_covering(file) or not _described(file).get("geometry_types"):
                return None
            found = _bounds_of_discs(file) if _holds_discs(file) else _bounds_of_outlines(file)
        if found is None:
            return None
        lower, upper = (dict(zip(("x", "y"), side, strict=True)) for side in (found[:2], found[2:]))
        return [lower[axis] for axis in axes], [upper[axis] for axis in axes]

    def are_discs(self) -> bool:
        """See :meth:`spatialdata._core.sources.PartedShapes.are_discs`."""
        if self.version == RAGGED_VERSION:
            return is_node(self.folder / _RADIUS)
        with reading(self.where, self.folder), self._opened() as file:
            return _holds_discs(file)

    def has_parts(self) -> bool:
        """See :meth:`spatialdata._core.sources.PartedShapes.has_parts`."""
        if self.version == RAGGED_VERSION:
            return False
        with reading(self.where, self.folder), self._opened() as file:
            return _has_covering(file) and file.metadata.num_row_groups > 1

    def check(self) -> None:
        """See :meth:`ElementSource.check`."""
        _ = self.attrs
        with reading(self.where, self.folder):
            if self.version == RAGGED_VERSION:
                check_ragged(self.folder, self.node.attributes)
            else:
                with self._opened():
                    pass

    def facts(self) -> dict[str, Any]:
        """See :meth:`ElementSource.facts`."""
        with reading(self.where, self.folder):
            if self.version == RAGGED_VERSION:
                columns = [_RADIUS, "geometry"] if is_node(self.folder / _RADIUS) else ["geometry"]
                rows = array_shape(self.folder / "Index")[0]
                return {"class": "GeoDataFrame", "axes": "xy", "rows": rows, "columns": columns}
            with self._opened() as file:
                index = (file.schema_arrow.pandas_metadata or {}).get("index_columns", [])
                columns = [name for name in self._names(file) if name not in index]
                solid = any(kind.endswith(" Z") for kind in _described(file).get("geometry_types", []))
                axes = "xyz" if solid else "xy"
                return {"class": "GeoDataFrame", "axes": axes, "rows": file.metadata.num_rows, "columns": columns}

    def summary(self) -> str:
        """See :meth:`ElementSource.summary`."""
        facts = self.facts()
        shape = f"({facts['rows']}, {len(facts['columns'])})"
        return f"GeoDataFrame shape: {shape} ({len(facts['axes'])}D shapes)"

    def _names(self, file: pq.ParquetFile) -> list[str]:
        order = self._order(file)
        hidden = [BBOX] if _has_covering(file) else []
        if order is not None and order.column is not None:
            hidden.append(order.column)
        return [name for name in file.schema_arrow.names if name not in hidden]

    def _order(self, file: pq.ParquetFile) -> RowOrder | None:
        return RowOrder.of(self.node.attributes, file.schema_arrow.names)

    def _file(self) -> Path:
        path = self.folder / PARQUET
        if not path.is_file():
            raise StoreError(f"The file {PARQUET} is missing: {contents(self.folder)}.")
        return path

    @property
    def _tail(self) -> Tail | None:
        """The last bytes of a file behind an address, as they were when they were first asked for."""
        path = self.folder / PARQUET
        if is_local(path):
            return None
        known = self._seen
        if known is None:
            try:
                known = tail_of(path)
            except (FileNotFoundError, IsADirectoryError):
                raise StoreError(f"The file {PARQUET} is missing: {contents(self.folder)}.") from None
            # A server that cannot send parts has sent the whole, which is not kept.
            self._seen = known if known.is_short else None
        return known

    @contextmanager
    def _opened(self) -> Iterator[pq.ParquetFile]:
        tail = self._tail
        with opened_parquet(self._file() if tail is None else self.folder / PARQUET, tail=tail) as file:
            yield file

    def _load_parquet(self, columns: Sequence[str] | None, window: Window | None) -> GeoDataFrame | pd.DataFrame:
        tail = self._tail
        path = self._file() if tail is None else self.folder / PARQUET
        wanted = None if columns is None else list(columns)
        with opened_parquet(path, tail=tail) as file:
            names, order = self._names(file), self._order(file)
            missing = [column for column in wanted or () if column not in names]
            if missing:
                raise StoreError(f"There is no column {listing(missing)}. Columns: {listing(names)}.")
            box = _box(file, window) if window is not None and _has_covering(file) else None
            groups = _groups_in(file, box)
            read = wanted
            if wanted is not None and order is not None and order.column is not None:
                read = [*wanted, order.column]
            frame = None
            if tail is None and (wanted is None or "geometry" in wanted):
                hidden = [] if order is None or order.column is None else [order.column]
                known = list(dict.fromkeys([*(names if read is None else read), *hidden]))
                frame = read_packed_shapes(path, file, known, groups, box, order)
            metadata, index = file.metadata, (file.schema_arrow.pandas_metadata or {}).get("index_columns", [])
        if frame is None:
            place: Path | RangedFile = path
            if tail is not None:
                needed = None if read is None else [*read, *map(str, index), "geometry", BBOX]
                place = RangedFile(path, tail)
                place.fetch(spans_of_groups(metadata, groups, needed))
            frame = _read(place, read, box)
        frame = frame if order is None else order.restored(frame)
        return frame if wanted is None else frame[wanted]


def _groups_in(file: pq.ParquetFile, box: tuple[float, float, float, float] | None) -> list[int]:
    """The row groups that may hold shapes that meet a box; all where the file does not say."""
    count = file.metadata.num_row_groups
    found = [] if box is None else [_statistics(file, f"{BBOX}.{side}") for side in ("xmin", "ymin", "xmax", "ymax")]
    if box is None or any(side is None or len(side) != count for side in found):
        return list(range(count))
    left, low, right, high = (side or [] for side in found)
    return [
        group
        for group in range(count)
        if left[group].min <= box[2]
        and low[group].min <= box[3]
        and right[group].max >= box[0]
        and high[group].max >= box[1]
    ]


def _read(
    path: Path | RangedFile, columns: list[str] | None, box: tuple[float, float, float, float] | None
) -> GeoDataFrame | pd.DataFrame:
    """Some columns of a file; a pandas frame if the geometry is not needed."""
    import geopandas

    if columns is not None and "geometry" not in columns:
        if box is None:
            import pyarrow.parquet as pq

            with pq.ParquetFile(path) as file:
                return file.read(columns=columns, use_pandas_metadata=True).to_pandas()
        columns = [*columns, "geometry"]
    return geopandas.read_parquet(path, columns=columns, bbox=box)


def _described(file: pq.ParquetFile) -> dict[str, Any]:
    """What the file says of its geometries."""
    geo = json.loads((file.schema_arrow.metadata or {}).get(b"geo", b"{}"))
    described: dict[str, Any] = geo.get("columns", {}).get(geo.get("primary_column", ""), {})
    return described


def _has_covering(file: pq.ParquetFile) -> bool:
    return "bbox" in _described(file).get("covering", {})


def _box(file: pq.ParquetFile, window: Window) -> tuple[float, float, float, float] | None:
    """The window as a box; wider by the largest radius for circles, whose covering is that of their centres."""
    margin = 0.0
    if _RADIUS in file.schema_arrow.names:
        largest = _largest(file, _RADIUS)
        if largest is None:
            return None
        margin = largest
    (x0, x1), (y0, y1) = window.bounds("x"), window.bounds("y")
    return x0 - margin, y0 - margin, x1 + margin, y1 + margin


def _largest(file: pq.ParquetFile, column: str) -> float | None:
    """The largest value of a column by its statistics; None where they do not say."""
    found = _statistics(file, column)
    return None if found is None else max((float(one.max) for one in found), default=0.0)


def _statistics(file: pq.ParquetFile, column: str) -> list[Any] | None:
    """The statistics of a column in each row group; None where one has none."""
    found: list[Any] = []
    for number in range(file.metadata.num_row_groups):
        group = file.metadata.row_group(number)
        chunks = [group.column(position) for position in range(group.num_columns)]
        found.extend(chunk.statistics for chunk in chunks if chunk.path_in_schema == column)
    return None if any(one is None or not one.has_min_max for one in found) else found


def _holds_discs(file: pq.ParquetFile) -> bool:
    kinds = _described(file).get("geometry_types", [])
    return _RADIUS in file.schema_arrow.names and all(kind.startswith("Point") for kind in kinds)


def _bounds_of_outlines(file: pq.ParquetFile) -> list[float] | None:
    """The box around all geometries by the statistics of their boxes; None unless these are exact."""
    bounds = []
    for path, side in (("xmin", min), ("ymin", min), ("xmax", max), ("ymax", max)):
        found = _statistics(file, f"{BBOX}.{path}")
        if not found or any(one.physical_type != "DOUBLE" for one in found):
            return None
        bounds.append(float(side(one.min if side is min else one.max for one in found)))
    return bounds


def _bounds_of_discs(file: pq.ParquetFile) -> list[float] | None:
    """The box around all discs, by their centres and radii, of which the geometries are not read."""
    import numpy as np
    import pyarrow.compute as pc

    table = file.read(columns=[BBOX, _RADIUS])
    centres = [pc.struct_field(table[BBOX].combine_chunks(), axis) for axis in ("xmin", "ymin")]
    if not table.num_rows or any(str(centre.type) != "double" for centre in centres):
        return None
    radius = table[_RADIUS].to_numpy().astype(np.float64)
    values = [centre.to_numpy(zero_copy_only=False) for centre in centres]
    return [*(float((value - radius).min()) for value in values), *(float((value + radius).max()) for value in values)]


def shapes_attributes(
    transformations: Mapping[str, BaseTransformation], axes: Sequence[ValidAxis], options: WriteOptions
) -> dict[str, Any]:
    """The attributes of the group of shapes."""
    return {
        "encoding-type": _ENCODING,
        "axes": list(axes),
        "coordinateTransformations": edges_of(transformations, tuple(axes), options.units),
        "spatialdata_attrs": {"version": options.formats.version(Kind.SHAPES)},
    }


def write_shapes(folder: Path, shapes: GeoDataFrame, options: WriteOptions) -> None:
    """Write shapes into a folder.

    Parameters
    ----------
    folder
        The folder of the element; it is made a Zarr group beside the file ``shapes.parquet``.
    shapes
        The element; it is not changed. The index of the rows is kept, and their order when they are read again.
    options
        Version, encoding and layout.
    """
    version = options.formats.version(Kind.SHAPES)
    attributes = shapes_attributes(transformations_of(shapes), axes_of(shapes), options)
    zarr_format = options.formats.container.zarr_format
    if version == RAGGED_VERSION:
        attributes["spatialdata_attrs"] = write_ragged(folder, shapes)
        write_group(folder, attributes, zarr_format)
        return
    frame, rows = shapes.copy(deep=False), None
    if options.shapes_layout == "sorted" and len(frame) > ROWS_PER_GROUP:
        frame, rows, order = sort_shapes(frame)
        attributes |= order.as_attributes()
    write_group(folder, attributes, zarr_format)
    frame.attrs = {key: value for key, value in shapes.attrs.items() if key != TRANSFORM_KEY}
    write_geoparquet(folder / PARQUET, frame, options.geometry_encoding, rows)
