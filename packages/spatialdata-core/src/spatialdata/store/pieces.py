"""Pieces of the Parquet files of points, each read on its own, wherever dask works."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeAlias

import numpy as np

from spatialdata.errors import StoreError, listing
from spatialdata.store.files import stamp_of
from spatialdata.store.footers import Footer, footer_of, opened

if TYPE_CHECKING:
    import pandas as pd
    import pyarrow as pa
    from numpy.typing import NDArray

    from spatialdata._core.sources import RowTest, Window

__all__ = [
    "UNNAMED_INDEX",
    "Categories",
    "Piece",
    "Reading",
    "column_names",
    "empty_frame",
    "holds_any",
    "pieces_of",
    "read_categories",
    "read_piece",
]

UNNAMED_INDEX = "__null_dask_index__"
_ROWS_PER_PIECE = 2_000_000

# For each categorical column, its categories in their order and whether they are ordered.
Categories: TypeAlias = dict[str, tuple[list[Any], bool]]


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

    def check(self) -> None:
        """Raise a StoreError if the file is no longer what it was."""
        stamp = stamp_of(self.part)
        if stamp is None and self.stamp is not None:
            raise StoreError(f"{self.part} was removed after the points had been opened. They can no longer be read.")
        if self.groups is not None and stamp != self.stamp:
            raise StoreError(f"{self.part} was rewritten after the points had been opened. Read the store again.")

    @classmethod
    def nothing_of(cls, part: Path) -> Piece:
        """A piece without rows."""
        return cls.of(part, ())

    def __dask_tokenize__(self) -> tuple[Any, ...]:
        return type(self).__name__, str(self.part), self.groups, repr(self.stamp)


@dataclass(frozen=True, slots=True)
class Reading:
    """How pieces are read.

    Attributes
    ----------
    categories
        The categories of the categorical columns.
    test
        Which rows are wanted, by their coordinates; all if None.
    indexed
        Whether the index is needed; otherwise rows are counted from 0 in each piece.
    """

    categories: Categories = field(default_factory=dict)
    test: RowTest | None = None
    indexed: bool = True

    def __dask_tokenize__(self) -> tuple[Any, ...]:
        from dask.base import normalize_token

        return type(self).__name__, repr(self.categories), normalize_token(self.test), self.indexed


def pieces_of(part: Path, window: Window | None) -> list[Piece]:
    """The pieces of a file that may hold points inside a window."""
    footer = footer_of(part)
    groups = footer.groups_in(window).tolist()
    if len(groups) == len(footer.sizes) and footer.metadata.num_rows <= _ROWS_PER_PIECE:
        return [Piece.of(part, None)]
    pieces: list[list[int]] = []
    rows = _ROWS_PER_PIECE
    for group in groups:
        size = int(footer.sizes[group])
        if not pieces or rows + size > _ROWS_PER_PIECE:
            pieces.append([])
            rows = 0
        pieces[-1].append(group)
        rows += size
    return [Piece.of(part, tuple(piece)) for piece in pieces]


def holds_any(pieces: Sequence[Piece], window: Window, test: RowTest) -> bool:
    """Whether any row of some pieces passes a test.

    Only coordinates are read, of one row group after the other, those first of which most lies in the window.
    """
    groups: list[tuple[float, Piece, int]] = []
    for piece in pieces:
        piece.check()
        footer = footer_of(piece.part)
        numbers = np.arange(len(footer.sizes)) if piece.groups is None else np.array(piece.groups, dtype=np.intp)
        parts = footer.covered(window, numbers)
        groups.extend((-part, piece, number) for part, number in zip(parts.tolist(), numbers.tolist(), strict=True))
    for _, piece, number in sorted(groups, key=lambda one: one[0]):
        if _passing(_table(Piece(piece.part, (number,), piece.stamp), test.axes, indexed=False), test).any():
            return True
    return False


def read_piece(piece: Piece, columns: list[str] | None = None, how: Reading | None = None) -> pd.DataFrame:
    """Read some columns of a piece."""
    how = how or Reading()
    piece.check()
    footer = footer_of(piece.part)
    ranged = how.indexed and bool(footer.index_columns) and isinstance(footer.index_columns[0], dict)
    if how.test is None:
        table, rows = _table(piece, columns, indexed=how.indexed), None
    else:
        needed = None if columns is None else list(dict.fromkeys([*columns, *how.test.axes]))
        table = _table(piece, needed, indexed=how.indexed)
        rows = _passing(table, how.test)
        table = _filtered(table, rows)
    frame = table.to_pandas(ignore_metadata=not how.indexed)
    if ranged and (rows is not None or piece.groups is not None):
        frame = _with_range_index(frame, footer, piece.groups, rows)
    frame = _finished(frame, how.categories, piece.part)
    return frame if columns is None or columns == list(frame.columns) else frame[columns]


def _table(piece: Piece, columns: Sequence[str] | None, *, indexed: bool) -> pa.Table:
    """Some columns of a piece, and its index if that is wanted."""
    footer = footer_of(piece.part)
    if columns is None and not indexed:
        columns = column_names(piece.part)
    wanted = None if columns is None else list(columns)
    with opened(piece.part, footer) as file:
        if piece.groups is None:
            return file.read(columns=wanted, use_pandas_metadata=indexed)
        return file.read_row_groups(list(piece.groups), columns=wanted, use_pandas_metadata=indexed)


def _passing(table: pa.Table, test: RowTest) -> NDArray[np.bool_]:
    """Which rows of a table pass a test."""
    columns = [table.column(axis).to_numpy() for axis in test.axes]
    return test(np.stack(columns, dtype=np.float64, casting="unsafe").T)


def _filtered(table: pa.Table, rows: NDArray[np.bool_]) -> pa.Table:
    import pyarrow as pa

    return table if rows.all() else table.filter(pa.array(rows))


def _with_range_index(
    frame: pd.DataFrame, footer: Footer, groups: Sequence[int] | None, kept: NDArray[np.bool_] | None
) -> pd.DataFrame:
    """Give some rows their part of the index, where the file only says where the index starts."""
    starts = np.concatenate([[0], np.cumsum(footer.sizes)])
    numbers = range(len(footer.sizes)) if groups is None else groups
    rows = np.concatenate([np.arange(starts[group], starts[group + 1]) for group in numbers] or [np.arange(0)])
    described = footer.index_columns[0]
    return frame.set_axis(described["start"] + described["step"] * (rows if kept is None else rows[kept]), axis=0)


def _finished(frame: pd.DataFrame, categories: Categories, part: Path) -> pd.DataFrame:
    import pandas as pd

    if frame.index.name == UNNAMED_INDEX:
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


def read_categories(parts: Sequence[Path]) -> Categories:
    """The categories of all categorical columns, from the dictionaries of the files.

    Files that were written here share their categories; of others, the first page of every file is read.
    """
    found: Categories = {}
    for part in parts:
        footer = footer_of(part)
        for column, (values, ordered) in _categories_in(part, footer).items():
            known = found.setdefault(column, ([], ordered))[0]
            seen = set(known)
            known.extend(value for value in values if value not in seen)
        if footer.note.get("shared_categories"):
            break
    return found


def _categories_in(part: Path, footer: Footer) -> Categories:
    import pyarrow as pa

    found: Categories = {}
    names = [entry.name for entry in footer.schema if pa.types.is_dictionary(entry.type)]
    if names:
        with opened(part, footer) as file:
            for name in names:
                batch = next(file.iter_batches(1, columns=[name]), None)
                values = [] if batch is None else batch.column(0).dictionary.to_pylist()
                found[name] = (values, bool(footer.schema.field(name).type.ordered))
    for column, entry in footer.note.get("categories", {}).items():
        found[column] = (list(entry["values"]), bool(entry["ordered"]))
    return found


def column_names(part: Path) -> list[str]:
    """The columns of a file, without its index."""
    footer = footer_of(part)
    if footer.own_columns is not None:
        return footer.own_columns
    return [name for name in footer.schema.names if name not in footer.index_columns]


def empty_frame(part: Path, categories: Categories) -> pd.DataFrame:
    """A frame without rows, with the columns, dtypes and categories of the points."""
    return _finished(footer_of(part).schema.empty_table().to_pandas(), categories, part)
