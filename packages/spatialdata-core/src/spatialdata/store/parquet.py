"""Parquet files of points: how they are laid out, and how pieces of them are read."""

from __future__ import annotations

import json
from collections.abc import Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeAlias

import numpy as np

from spatialdata.errors import StoreError, listing
from spatialdata.store.files import opened_parquet, stamp_of

if TYPE_CHECKING:
    import pandas as pd
    import pyarrow as pa
    import pyarrow.parquet as pq

    from spatialdata._core.sources import Window

__all__ = [
    "Layout",
    "Piece",
    "bounds_in",
    "empty_frame",
    "noting_columns",
    "opened_writer",
    "own_columns",
    "pieces_of",
    "read_categories",
    "read_piece",
    "row_count",
    "table_of",
    "write_partition",
    "write_table",
]

ROWS_PER_GROUP = 65_536
ROWS_PER_PART = ROWS_PER_GROUP * 16
_ROWS_PER_PIECE = 2_000_000
_INDEX = "__null_dask_index__"
_KEY = b"spatialdata"

# For each categorical column, its categories in their order and whether they are ordered.
Categories: TypeAlias = dict[str, tuple[list[Any], bool]]


@dataclass(frozen=True, slots=True)
class Layout:
    """How the columns of points are encoded.

    Attributes
    ----------
    index
        The column that holds the index.
    dictionary
        Columns with a dictionary: those whose values repeat.
    encodings
        Encodings of the other columns.
    categories
        The categories of all categorical columns.
    """

    index: str
    dictionary: tuple[str, ...]
    encodings: dict[str, str]
    categories: Categories

    @classmethod
    def of(cls, meta: pd.DataFrame) -> Layout:
        """The layout of frames like an empty one with known categories."""
        index = _INDEX if meta.index.name is None else str(meta.index.name)
        dictionary, encodings = [], {}
        for column, dtype in [*meta.dtypes.items(), (index, meta.index.dtype)]:
            if isinstance(dtype, np.dtype) and dtype.kind == "f" and dtype.itemsize >= 4:
                encodings[str(column)] = "BYTE_STREAM_SPLIT"
            elif isinstance(dtype, np.dtype) and dtype.kind in "iu" and dtype.itemsize >= 4 and column == index:
                encodings[str(column)] = "DELTA_BINARY_PACKED"
            else:
                dictionary.append(str(column))
        categories = {
            str(column): (list(meta[column].cat.categories), bool(meta[column].cat.ordered))
            for column in meta.columns
            if str(meta.dtypes[column]) == "category"
        }
        return cls(index, tuple(dictionary), encodings, categories)


def write_partition(frame: pd.DataFrame, directory: Path, number: int, layout: Layout) -> list[tuple[Path, int]]:
    """Write one partition into files of bounded size.

    Returns
    -------
    The files with their numbers of rows.
    """
    table = table_of(frame, layout)
    written = []
    for start in range(0, max(len(frame), 1), ROWS_PER_PART):
        part = table.slice(start, ROWS_PER_PART)
        path = directory / f"part-{number:06d}-{start:012d}.parquet"
        write_table(part, path, layout)
        written.append((path, part.num_rows))
    return written


def table_of(frame: pd.DataFrame, layout: Layout) -> pa.Table:
    """A partition as an Arrow table whose dictionaries hold all categories."""
    import pyarrow as pa

    frame = frame.rename_axis(index=layout.index)
    frame.attrs = {}
    for column, (values, ordered) in layout.categories.items():
        frame[column] = frame[column].cat.set_categories(values, ordered=ordered)
    return _with_note(pa.Table.from_pandas(frame, preserve_index=True), layout.categories)


def write_table(table: pa.Table, path: Path, layout: Layout) -> None:
    """Write a table into one file."""
    with opened_writer(path, table.schema, layout) as writer:
        writer.write_table(table, row_group_size=ROWS_PER_GROUP)


def opened_writer(path: Path, schema: pa.Schema, layout: Layout) -> pq.ParquetWriter:
    """A file into which tables are written one after another."""
    import pyarrow.parquet as pq

    return pq.ParquetWriter(
        path,
        schema,
        compression="lz4",
        use_dictionary=list(layout.dictionary),
        column_encoding=layout.encodings or None,
        write_statistics=True,
    )


def _with_note(table: pa.Table, categories: Categories) -> pa.Table:
    """Note in the file what its dictionaries cannot say.

    Every file has all categories. Parquet keeps a dictionary for strings only, and none without rows; these are
    written out here.
    """
    stored = {
        column: {"values": values, "ordered": ordered}
        for column, (values, ordered) in categories.items()
        if not table.num_rows or not all(isinstance(value, str) for value in values)
    }
    note = json.dumps({"shared_categories": True, "categories": stored}, default=_plain)
    return table.replace_schema_metadata({**(table.schema.metadata or {}), _KEY: note.encode()})


def noting_columns(table: pa.Table, columns: Sequence[str]) -> pa.Table:
    """Note in the file which of its columns are those of the points, and their order."""
    metadata = dict(table.schema.metadata or {})
    note = {**json.loads(metadata.get(_KEY, b"{}")), "columns": list(columns)}
    return table.replace_schema_metadata({**metadata, _KEY: json.dumps(note).encode()})


def _plain(value: Any) -> Any:
    if isinstance(value, np.generic):
        return value.item()
    raise TypeError(f"Categories of points must be strings or numbers, not {type(value).__name__}.")


def _open(part: Path) -> AbstractContextManager[pq.ParquetFile]:
    return opened_parquet(part, pre_buffer=False, buffer_size=65_536)


def _note(schema: pa.Schema) -> dict[str, Any]:
    found = json.loads((schema.metadata or {}).get(_KEY, b"{}"))
    return found if isinstance(found, dict) else {}


def read_categories(parts: Sequence[Path]) -> Categories:
    """The categories of all categorical columns, from the dictionaries of the files.

    Files that were written here share their categories; of others, the first page of every file is read.
    """
    found: Categories = {}
    for part in parts:
        with _open(part) as file:
            note = _note(file.schema_arrow)
            for column, (values, ordered) in _categories_in(file, note).items():
                known = found.setdefault(column, ([], ordered))[0]
                seen = set(known)
                known.extend(value for value in values if value not in seen)
        if note.get("shared_categories"):
            break
    return found


def _categories_in(file: pq.ParquetFile, note: dict[str, Any]) -> Categories:
    import pyarrow as pa

    schema = file.schema_arrow
    found: Categories = {}
    for field in schema:
        if pa.types.is_dictionary(field.type):
            batch = next(file.iter_batches(1, columns=[field.name]), None)
            values = [] if batch is None else batch.column(0).dictionary.to_pylist()
            found[field.name] = (values, bool(field.type.ordered))
    for column, entry in note.get("categories", {}).items():
        found[column] = (list(entry["values"]), bool(entry["ordered"]))
    return found


def row_count(part: Path) -> int:
    """The number of rows of a file, by its footer."""
    with _open(part) as file:
        return int(file.metadata.num_rows)


def bounds_in(part: Path, columns: Sequence[str]) -> tuple[list[float], list[float]] | None:
    """The least and the greatest value of each column, by the statistics in the footer; None if they do not say."""
    lower, upper = dict.fromkeys(columns, np.inf), dict.fromkeys(columns, -np.inf)
    with _open(part) as file:
        metadata = file.metadata
        for number in range(metadata.num_row_groups):
            group = metadata.row_group(number)
            chunks = [group.column(position) for position in range(group.num_columns)]
            for chunk in (chunk for chunk in chunks if chunk.path_in_schema in lower):
                found = chunk.statistics
                if found is None or not found.has_min_max or not np.isfinite([found.min, found.max]).all():
                    return None
                lower[chunk.path_in_schema] = min(lower[chunk.path_in_schema], found.min)
                upper[chunk.path_in_schema] = max(upper[chunk.path_in_schema], found.max)
    return [float(value) for value in lower.values()], [float(value) for value in upper.values()]


def own_columns(part: Path) -> list[str] | None:
    """The columns of the points in their order, where the file has others beside them; None if it has not."""
    with _open(part) as file:
        columns: list[str] | None = _note(file.schema_arrow).get("columns")
        return columns


def column_names(part: Path) -> list[str]:
    """The columns of a file, without its index."""
    own = own_columns(part)
    if own is not None:
        return own
    with _open(part) as file:
        described = (file.schema_arrow.pandas_metadata or {}).get("index_columns", [])
        return [name for name in file.schema_arrow.names if name not in described]


def empty_frame(part: Path, categories: Categories) -> pd.DataFrame:
    """A frame without rows, with the columns, dtypes and categories of the points."""
    with _open(part) as file:
        return _finished(file.schema_arrow.empty_table().to_pandas(), categories, part)


@dataclass(frozen=True, slots=True)
class Piece:
    """Some row groups of a file.

    Attributes
    ----------
    part
        The file.
    groups
        The numbers of the row groups; None for all.
    stamp
        Size and time of the file when it was opened; a rewritten file makes another piece.
    """

    part: Path
    groups: tuple[int, ...] | None
    stamp: tuple[object, int] | None

    @classmethod
    def of(cls, part: Path, groups: tuple[int, ...] | None) -> Piece:
        """The piece of a file as it is now."""
        return cls(part, groups, stamp_of(part))

    @classmethod
    def nothing_of(cls, part: Path) -> Piece:
        """A piece without rows."""
        return cls.of(part, ())


def pieces_of(part: Path, window: Window | None) -> list[Piece]:
    """The pieces of a file that may hold points inside a window."""
    with _open(part) as file:
        metadata = file.metadata
    groups = [
        group
        for group in range(metadata.num_row_groups)
        if window is None or _may_overlap(metadata.row_group(group), window)
    ]
    if len(groups) == metadata.num_row_groups and metadata.num_rows <= _ROWS_PER_PIECE:
        return [Piece.of(part, None)]
    pieces: list[list[int]] = []
    rows = _ROWS_PER_PIECE
    for group in groups:
        size = metadata.row_group(group).num_rows
        if not pieces or rows + size > _ROWS_PER_PIECE:
            pieces.append([])
            rows = 0
        pieces[-1].append(group)
        rows += size
    return [Piece.of(part, tuple(piece)) for piece in pieces]


def _may_overlap(group: Any, window: Window) -> bool:
    for position in range(group.num_columns):
        column = group.column(position)
        if column.path_in_schema not in window.axes:
            continue
        lower, upper = window.bounds(column.path_in_schema)
        statistics = column.statistics
        if statistics is not None and statistics.has_min_max and (statistics.min > upper or statistics.max < lower):
            return False
    return True


def read_piece(piece: Piece, columns: list[str] | None = None, categories: Categories | None = None) -> pd.DataFrame:
    """Read some columns of a piece."""
    part = piece.part
    if piece.groups is not None and stamp_of(part) != piece.stamp:
        raise StoreError(f"{part} was rewritten after the points had been opened. Read the store again.")
    with _open(part) as file:
        if piece.groups is None:
            frame = file.read(columns=columns, use_pandas_metadata=True).to_pandas()
        else:
            table = file.read_row_groups(list(piece.groups), columns=columns, use_pandas_metadata=True)
            frame = _with_range_index(table.to_pandas(), file, piece.groups)
    frame = _finished(frame, categories or {}, part)
    return frame if columns is None else frame[columns]


def _with_range_index(frame: pd.DataFrame, file: pq.ParquetFile, groups: Sequence[int]) -> pd.DataFrame:
    """Give some row groups their part of the index, where the file only says where the index starts."""
    described = (file.schema_arrow.pandas_metadata or {}).get("index_columns", [])
    if not described or not isinstance(described[0], dict):
        return frame
    sizes = [file.metadata.row_group(group).num_rows for group in range(file.metadata.num_row_groups)]
    starts = np.cumsum([0, *sizes])
    rows = np.concatenate([np.arange(starts[group], starts[group + 1]) for group in groups] or [np.arange(0)])
    return frame.set_axis(described[0]["start"] + described[0]["step"] * rows, axis=0)


def _finished(frame: pd.DataFrame, categories: Categories, part: Path) -> pd.DataFrame:
    import pandas as pd

    if frame.index.name == _INDEX:
        frame.index.name = None
    for column, (values, ordered) in categories.items():
        if column not in frame.columns:
            continue
        series = frame[column]
        present = series.cat.categories if isinstance(series.dtype, pd.CategoricalDtype) else series.dropna().unique()
        known = set(values)
        strange = [value for value in present if value not in known]
        if strange:
            raise StoreError(
                f"The column {column!r} of {part} holds {listing(strange)}, which the other files of these points "
                "do not know. "
                "The file was changed by another program, or after the points had been opened."
            )
        frame[column] = series.astype(pd.CategoricalDtype(values, ordered=ordered))
    return frame
