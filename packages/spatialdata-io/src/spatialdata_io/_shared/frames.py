"""Small tables of any of the formats that vendors write, as data frames."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from spatialdata.errors import listing
from spatialdata_io.errors import BrokenFileError, reading

if TYPE_CHECKING:
    import pandas as pd
    import pyarrow as pa

__all__ = ["arrow_table", "check_columns", "data_columns", "frame", "texts_decoded"]


def data_columns(names: Iterable[str]) -> list[str]:
    """Leave out the nameless row numbers that pandas and R write among the columns."""
    return [name for name in names if name and not name.startswith("__index_level_")]


def check_columns(path: Path, found: Iterable[str], wanted: Sequence[str]) -> None:
    """Raise if a file has not all the columns wanted.

    Raises
    ------
    BrokenFileError
        Names the columns that are absent and those that are there.
    """
    have = list(found)
    absent = [name for name in wanted if name not in have]
    if absent:
        raise BrokenFileError(f"{path} has no columns {listing(absent)}. Its columns are {listing(have)}.")


def texts_decoded(table: pa.Table) -> pa.Table:
    """Turn columns of bytes, as older outputs have them, into text."""
    import pyarrow as pa

    for number, column in enumerate(table.schema):
        if pa.types.is_binary(column.type) or pa.types.is_large_binary(column.type):
            table = table.set_column(number, column.name, table.column(number).cast(pa.string()))
    return table


def arrow_table(path: Path, wanted: Sequence[str], columns: Sequence[str] | None = None) -> pa.Table:
    """Read a Parquet file, or a CSV file (plain or gzip), whole.

    Parameters
    ----------
    path
        The file; its name tells the format.
    wanted
        Columns that it must have.
    columns
        Columns to read, where they are there; all if not given.

    Returns
    -------
    The table, text as text.

    Raises
    ------
    BrokenFileError
        If the file cannot be read or lacks a wanted column.
    """
    import pyarrow.csv
    import pyarrow.parquet

    with reading(path, "a table with the columns " + ", ".join(wanted)):
        if path.suffix == ".parquet":
            names = pyarrow.parquet.read_schema(path).names
            kept = [name for name in data_columns(names) if columns is None or name in columns]
            check_columns(path, names, wanted)
            return texts_decoded(pyarrow.parquet.read_table(path, columns=kept))
        table = pyarrow.csv.read_csv(path)
        check_columns(path, table.column_names, wanted)
        return table.select([n for n in data_columns(table.column_names) if columns is None or n in columns])


def frame(path: Path, wanted: Sequence[str], columns: Sequence[str] | None = None) -> pd.DataFrame:
    """Read a table as :func:`arrow_table` does, into a data frame."""
    table: pd.DataFrame = arrow_table(path, wanted, columns).to_pandas(ignore_metadata=True)
    return table
