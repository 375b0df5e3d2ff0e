"""Tables of molecules as lazy frames, one partition per run of Parquet row groups."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from spatialdata_io._shared.frames import check_columns, data_columns, texts_decoded
from spatialdata_io.errors import reading

if TYPE_CHECKING:
    import dask.dataframe as dd
    import pandas as pd
    import pyarrow as pa

__all__ = ["lazy_frame"]

ROWS = 1_000_000
"""Row groups are joined to partitions of up to this many rows."""
_CSV_BLOCK = 64 * 2**20


@dataclass(frozen=True, slots=True)
class _Part:
    """Consecutive row groups of a Parquet file."""

    path: Path
    groups: tuple[int, ...]
    start: int
    rows: int


@dataclass(frozen=True, slots=True)
class _ReadPart:
    """Reads one part; holds no open file, so that it can be sent to another process."""

    categorical: str
    categories: tuple[str, ...]
    all_columns: tuple[str, ...]

    def __call__(self, part: _Part, columns: Sequence[str] | None = None) -> pd.DataFrame:
        """Read the columns that are used; dask passes them where a computation needs few."""
        import pyarrow.parquet

        names = list(self.all_columns if columns is None else columns)
        with (
            reading(part.path, f"row groups {part.groups[0]} to {part.groups[-1]}"),
            pyarrow.parquet.ParquetFile(part.path) as file,
        ):
            table = file.read_row_groups(list(part.groups), columns=names).select(names)
            return _to_frame(table, self.categorical, self.categories, part.start, part.rows)


def _to_frame(table: pa.Table, categorical: str, categories: Sequence[str], start: int, rows: int) -> pd.DataFrame:
    import pandas as pd
    import pyarrow as pa
    import pyarrow.compute as pc

    table = texts_decoded(table)
    codes = None
    if categorical in table.column_names:
        codes = pc.index_in(table[categorical].cast(pa.string()), value_set=pa.array(categories, pa.string()))
        position = table.column_names.index(categorical)
        table = table.set_column(position, categorical, codes)
    text = {pa.string(): pd.StringDtype("pyarrow")}
    frame: pd.DataFrame = table.to_pandas(ignore_metadata=True, types_mapper=text.get, integer_object_nulls=False)
    if codes is not None:
        numbers = codes.fill_null(-1).to_numpy()
        frame[categorical] = pd.Categorical.from_codes(numbers, dtype=pd.CategoricalDtype(list(categories)))
    frame.index = pd.RangeIndex(start, start + rows)
    return frame


def _distinct(batches: Any, column: str) -> tuple[str, ...]:
    """Collect the distinct texts of a column in the order in which they first appear."""
    import pyarrow as pa

    seen: dict[str, None] = {}
    for batch in batches:
        values = batch.column(column)
        if not pa.types.is_dictionary(values.type):
            values = values.dictionary_encode()
        words = values.dictionary
        text = words if pa.types.is_string(words.type) else words.cast(pa.string())
        used = values.indices.unique().drop_null()
        seen.update(dict.fromkeys(text.take(used).to_pylist()))
    return tuple(seen)


def lazy_frame(
    path: Path, wanted: Sequence[str], categorical: str, csv_types: Mapping[str, str] | None = None
) -> dd.DataFrame:
    """Open a table of molecules without reading its rows.

    Parameters
    ----------
    path
        A Parquet file, or a CSV file (plain or gzip).  A gzip file cannot be read in parts: it makes one partition.
    wanted
        Columns that it must have.
    categorical
        Column of text with few distinct values; it is scanned once, so that its categories are known.
    csv_types
        Types of columns in a CSV file, which does not say them; those of the first rows where not given.

    Returns
    -------
    The frame, all columns; rows of a Parquet file are numbered from 0 on.

    Raises
    ------
    BrokenFileError
        If the file is truncated or lacks a wanted column.
    """
    with reading(path, "a table with the columns " + ", ".join(wanted)):
        if path.suffix == ".parquet":
            return _from_parquet(path, wanted, categorical)
        return _from_csv(path, wanted, categorical, csv_types or {})


def _from_parquet(path: Path, wanted: Sequence[str], categorical: str) -> dd.DataFrame:
    import dask.dataframe as dd
    import pyarrow.parquet

    with pyarrow.parquet.ParquetFile(path, read_dictionary=[categorical]) as file:
        names = file.schema_arrow.names
        check_columns(path, names, wanted)
        parts = _parts(path, [file.metadata.row_group(k).num_rows for k in range(file.num_row_groups)])
        categories = _distinct(file.iter_batches(columns=[categorical]), categorical)
        columns = tuple(data_columns(names))
        empty = file.schema_arrow.empty_table().select(list(columns))
    meta = _to_frame(empty, categorical, categories, 0, 0)
    read = _ReadPart(categorical, categories, columns)
    if not parts:
        return dd.from_pandas(meta, npartitions=1)
    divisions = (*(part.start for part in parts), parts[-1].start + parts[-1].rows - 1)
    return dd.from_map(read, parts, meta=meta, divisions=divisions, enforce_metadata=False)


def _parts(path: Path, rows: Sequence[int]) -> list[_Part]:
    parts: list[_Part] = []
    groups: list[int] = []
    start = total = 0
    for group, count in enumerate(rows):
        if groups and total + count > ROWS:
            parts.append(_Part(path, tuple(groups), start, total))
            groups, start, total = [], start + total, 0
        groups.append(group)
        total += count
    if total:
        parts.append(_Part(path, tuple(groups), start, total))
    return parts


def _from_csv(path: Path, wanted: Sequence[str], categorical: str, known: Mapping[str, str]) -> dd.DataFrame:
    import dask.dataframe as dd
    import pandas as pd
    import pyarrow as pa
    import pyarrow.csv

    convert = pyarrow.csv.ConvertOptions(include_columns=[categorical], column_types={categorical: pa.string()})
    head = pd.read_csv(path, nrows=10_000)
    check_columns(path, head.columns, wanted)
    with pyarrow.csv.open_csv(path, convert_options=convert) as batches:
        categories = _distinct(batches, categorical)
    columns = [name for name in data_columns(head.columns) if not name.startswith("Unnamed:")]
    texts = {name: "string[pyarrow]" for name in columns if pd.api.types.is_object_dtype(head[name].dtype)}
    given = {name: kind for name, kind in known.items() if name in columns}
    types: dict[str, Any] = {**texts, **given, categorical: pd.CategoricalDtype(list(categories))}
    block = None if path.suffix == ".gz" else _CSV_BLOCK
    return dd.read_csv(str(path), usecols=columns, dtype=types, blocksize=block)
