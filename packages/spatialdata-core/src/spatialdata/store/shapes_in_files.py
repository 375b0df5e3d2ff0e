"""Shapes that wait in files, written as one element without having all of them in memory.

They are looked through once for what holds of all: their bounds, their types and whether their index tells their order.
Then each piece is sorted on its own and waits on disk until all are merged, as points are.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from tqdm import tqdm

from spatialdata.errors import Fault
from spatialdata.models.base import raise_faults
from spatialdata.models.kind import Kind
from spatialdata.store.documents import write_group
from spatialdata.store.geoarrow_column import geoarrow_of, kind_of_all
from spatialdata.store.geometry_bytes import SOLID, kinds_of
from spatialdata.store.geoparquet import ROWS_PER_GROUP, geo_metadata, opened_geoparquet, table_of_shapes
from spatialdata.store.row_order import RowOrder, free_column, tells_order
from spatialdata.store.shapes import PARQUET, RAGGED_VERSION, shapes_attributes
from spatialdata.store.sorting import Bounds, SortedTable, merged, morton_codes, order_of
from spatialdata.store.spill import opened_spills, spill_sorted
from spatialdata.store.tiling import regrouped

if TYPE_CHECKING:
    import pyarrow as pa
    from geopandas import GeoDataFrame
    from numpy.typing import NDArray

    from spatialdata.store.options import WriteOptions
    from spatialdata.transformations.algebra import BaseTransformation

__all__ = ["ShapesInFiles", "takes_files"]

_ROWS = ROWS_PER_GROUP * 16
_CORNERS = 2**22
_POINT, _POLYGON, _MULTIPOLYGON = 0, 3, 6


def takes_files(options: WriteOptions) -> bool:
    """Whether shapes can be written from files with these options."""
    return options.formats.version(Kind.SHAPES) != RAGGED_VERSION


@dataclass(slots=True)
class _Whole:
    """What holds of all shapes together.

    Attributes
    ----------
    rows, corners
        How many there are.
    kinds
        The kinds of their geometries.
    box
        The least x and y and the greatest of all.
    centres
        The same of the centres of their boxes.
    is_told
        Whether sorting by the index gives the order of the rows.
    schema
        The columns but the geometries, with types that hold the values of all.
    last
        The last index so far.
    """

    rows: int = 0
    corners: int = 0
    kinds: set[int] = field(default_factory=set)
    box: NDArray[np.float64] = field(default_factory=lambda: np.array([np.inf, np.inf, -np.inf, -np.inf]))
    centres: NDArray[np.float64] = field(default_factory=lambda: np.array([np.inf, np.inf, -np.inf, -np.inf]))
    is_told: bool = True
    schema: pa.Schema | None = None
    last: Any = None

    def take(self, frame: GeoDataFrame) -> None:
        """Take a piece into account."""
        import pandas as pd
        import pyarrow as pa
        import shapely

        geometries = frame.geometry.to_numpy()
        boxes = shapely.bounds(geometries)
        self.rows += len(frame)
        self.corners += int(shapely.get_num_coordinates(geometries).sum())
        self.kinds.update(kinds_of(geometries))
        self.box = _around(self.box, boxes)
        self.centres = _around(self.centres, np.tile((boxes[:, :2] + boxes[:, 2:]) / 2, 2))
        self.is_told = self.is_told and tells_order(frame) and (self.last is None or bool(frame.index[0] > self.last))
        self.last = frame.index[-1] if self.is_told else None
        others = pd.DataFrame(frame).drop(columns=frame.geometry.name)
        schema = pa.Schema.from_pandas(others, preserve_index=True)
        known = schema if self.schema is None else self.schema
        self.schema = pa.unify_schemas([known, schema], promote_options="permissive")

    def check(self) -> None:
        """Raise a ValidationError unless the geometries go together."""
        import shapely

        plain = {kind % SOLID for kind in self.kinds}
        if plain == {_POINT} or plain <= {_POLYGON, _MULTIPOLYGON}:
            return
        names = sorted(shapely.GeometryType(kind).name.title() for kind in plain)
        message = f"must be all points, or all polygons and multipolygons; found {', '.join(names)}"
        raise_faults("This is no valid shapes element:", [Fault(("geometry",), message)])


def _around(known: NDArray[np.float64], boxes: NDArray[np.float64]) -> NDArray[np.float64]:
    finite = boxes[np.isfinite(boxes).all(axis=1)]
    if not len(finite):
        return known
    return np.concatenate(
        [np.minimum(known[:2], finite[:, :2].min(axis=0)), np.maximum(known[2:], finite[:, 2:].max(axis=0))]
    )


class ShapesInFiles:
    """Shapes of one element in several files.

    Parameters
    ----------
    files
        The files, in the order of their rows.
    read
        Reads one; all have the same columns and categories.
    transformations
        The transformations of the element, by coordinate system.
    """

    def __init__(
        self,
        files: Sequence[Path],
        read: Callable[[Path], GeoDataFrame],
        transformations: Mapping[str, BaseTransformation],
    ) -> None:
        self._files = files
        self._read = read
        self._transformations = transformations

    def _pieces(self) -> Iterator[GeoDataFrame]:
        """All rows in pieces of bounded size."""
        import shapely

        for path in self._files:
            frame = self._read(path)
            frame.attrs = {}
            corners = np.cumsum(shapely.get_num_coordinates(frame.geometry.to_numpy()))
            start = 0
            while start < len(frame):
                before = int(corners[start - 1]) if start else 0
                stop = max(int(np.searchsorted(corners, before + _CORNERS, side="right")), start + 1)
                stop = min(stop, start + _ROWS)
                yield frame.iloc[start:stop]
                start = stop

    def write(self, folder: Path, options: WriteOptions) -> None:
        """Write the element into a folder, as :func:`spatialdata.store.shapes.write_shapes` does."""
        whole = _Whole()
        for frame in self._pieces():
            whole.take(frame)
        whole.check()
        first = next(self._pieces()).iloc[:0]
        is_sorted = options.shapes_layout == "sorted"
        order = RowOrder(None if whole.is_told else free_column(first)) if is_sorted else None
        solid = any(kind >= SOLID for kind in whole.kinds) or "z" in first.columns
        attributes = shapes_attributes(self._transformations, ("x", "y", "z") if solid else ("x", "y"), options)
        write_group(
            folder,
            {**attributes, **({} if order is None else order.as_attributes())},
            options.formats.container.zarr_format,
        )
        encoding = "WKB" if options.geometry_encoding == "WKB" else kind_of_all({kind % SOLID for kind in whole.kinds})
        metadata = geo_metadata(first, sorted(whole.kinds), whole.box[None], encoding)
        tables = self._tables(whole, None if order is None else order.column, metadata)
        spelled = _Spelling(first.geometry.name, encoding, solid=max(whole.kinds) >= SOLID)
        if order is None:
            _write(folder / PARQUET, regrouped((table for _, table in tables), ROWS_PER_GROUP), spelled)
        else:
            self._write_sorted(folder, tables, whole, spelled)

    def _tables(
        self, whole: _Whole, column: str | None, metadata: Mapping[bytes, bytes]
    ) -> Iterator[tuple[NDArray[np.uint32], pa.Table]]:
        """The pieces as tables of one schema, each with the places of its rows along the curve."""
        import shapely

        centres = whole.centres.tolist()
        bounds = Bounds(whole.rows, (centres[0], centres[1]), (centres[2], centres[3]))
        start, schema = 0, None
        with tqdm(total=whole.rows, desc="Writing", unit="row", disable=None, leave=False) as bar:
            for frame in self._pieces():
                x0, y0, x1, y1 = shapely.bounds(frame.geometry.to_numpy()).T
                numbers = np.arange(start, start + len(frame), dtype=np.uint32)
                numbered = frame if column is None else frame.assign(**{column: numbers})
                table = table_of_shapes(numbered)
                schema = schema or _shared(table.schema, whole.schema, metadata)
                yield morton_codes((x0 + x1) / 2, (y0 + y1) / 2, bounds), table.cast(schema)
                start += len(frame)
                bar.update(len(frame))

    @staticmethod
    def _write_sorted(
        folder: Path, tables: Iterator[tuple[NDArray[np.uint32], pa.Table]], whole: _Whole, spelled: _Spelling
    ) -> None:
        paths = []
        for number, (codes, table) in enumerate(tables):
            order = order_of(codes)
            paths.append(folder / f".sorted-{number:06d}.arrow")
            spill_sorted(SortedTable(codes[order], table.take(order)), paths[-1])
        rows = int(min(_ROWS, max(whole.rows * _CORNERS // max(whole.corners, 1), 1)))
        with opened_spills(paths) as spills:
            _write(folder / PARQUET, spills.forgetting(merged(spills.parts, rows)), spelled)
        for path in paths:
            path.unlink()


def _shared(schema: pa.Schema, known: Any, metadata: Mapping[bytes, bytes]) -> pa.Schema:
    """The schema of all pieces, by that of the first and the types that hold the values of all."""
    import pyarrow as pa

    fields = [known.field(name) if name in known.names else schema.field(name) for name in schema.names]
    return pa.schema(fields, metadata={**schema.metadata, **metadata})


@dataclass(frozen=True, slots=True)
class _Spelling:
    """How the geometries are spelled in the file; while they wait they are well-known binary.

    Attributes
    ----------
    geometry
        The name of their column.
    encoding
        ``"WKB"``, or one of GeoArrow.
    solid
        Whether they have a z.
    """

    geometry: str
    encoding: str
    solid: bool

    def of(self, table: pa.Table) -> pa.Table:
        """The table with geometries spelled so."""
        import pyarrow as pa
        import shapely

        if self.encoding == "WKB":
            return table
        geometries = shapely.from_wkb(table[self.geometry].to_numpy(zero_copy_only=False))
        column = geoarrow_of(geometries, self.encoding, solid=self.solid)
        known = table.schema.field(self.geometry).metadata[b"ARROW:extension:metadata"]
        extension = {"ARROW:extension:name": f"geoarrow.{self.encoding}", "ARROW:extension:metadata": known}
        field = pa.field(self.geometry, column.type, metadata=extension)
        return table.set_column(table.column_names.index(self.geometry), field, column)


def _write(path: Path, tables: Iterator[pa.Table], spelled: _Spelling) -> None:
    first = spelled.of(next(tables))
    with opened_geoparquet(path, first.schema, spelled.geometry) as writer:
        writer.write_table(first, row_group_size=ROWS_PER_GROUP)
        del first
        for table in tables:
            writer.write_table(spelled.of(table), row_group_size=ROWS_PER_GROUP)
