"""Parquet files of points: how they are laid out and written."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from spatialdata.store.footers import NOTE_KEY
from spatialdata.store.pieces import UNNAMED_INDEX

if TYPE_CHECKING:
    import pandas as pd
    import pyarrow as pa
    import pyarrow.parquet as pq

    from spatialdata.store.categories import Categories

__all__ = ["Layout", "noting_columns", "opened_writer", "table_of", "write_partition", "write_table"]

ROWS_PER_GROUP = 65_536
ROWS_PER_PART = ROWS_PER_GROUP * 16


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
        index = UNNAMED_INDEX if meta.index.name is None else str(meta.index.name)
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
    return table.replace_schema_metadata({**(table.schema.metadata or {}), NOTE_KEY: note.encode()})


def noting_columns(table: pa.Table, columns: Sequence[str]) -> pa.Table:
    """Note in the file which of its columns are those of the points, and their order."""
    metadata = dict(table.schema.metadata or {})
    note = {**json.loads(metadata.get(NOTE_KEY, b"{}")), "columns": list(columns)}
    return table.replace_schema_metadata({**metadata, NOTE_KEY: json.dumps(note).encode()})


def _plain(value: Any) -> Any:
    if isinstance(value, np.generic):
        return value.item()
    raise TypeError(f"Categories of points must be strings or numbers, not {type(value).__name__}.")
