"""Pieces of the Parquet files of points, each read on its own, wherever dask works."""

from __future__ import annotations

import pickle
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from spatialdata.errors import StoreError
from spatialdata.store.categories import Categories, with_categories
from spatialdata.store.files import is_local, stamp_of
from spatialdata.store.footers import Footer, PartFile, footer_of, opened, part_stamp
from spatialdata.store.source import reading

if TYPE_CHECKING:
    import pandas as pd
    import pyarrow as pa
    from numpy.typing import NDArray

    from spatialdata._core.sources import RowTest, Window

__all__ = [
    "UNNAMED_INDEX",
    "Blocks",
    "Piece",
    "Reading",
    "column_names",
    "empty_frame",
    "holds_any",
    "pieces_of",
    "portions_of",
    "read_portion",
]

UNNAMED_INDEX = "__null_dask_index__"
_ROWS_PER_PIECE = 2_000_000
_ROWS_PER_PORTION = 1_000_000


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
        return cls(part, groups, part_stamp(part))

    @property
    def rows(self) -> int:
        """How many rows it has, or may have if only some pass a test."""
        sizes = footer_of(self.part, self.stamp).sizes
        return int((sizes if self.groups is None else sizes[list(self.groups)]).sum())

    def check(self) -> None:
        """Raise a StoreError if the file is no longer what it was; of one behind an address, its server says so."""
        if not is_local(self.part):
            return
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
        return type(self).__name__, repr(self.categories), pickle.dumps(self.test), self.indexed


@dataclass(frozen=True, slots=True)
class Blocks:
    """Some columns of pieces, of which one row group is in memory at a time.

    Attributes
    ----------
    pieces
        The pieces.
    columns
        The columns, in the order in which each block has their values.
    """

    pieces: tuple[Piece, ...]
    columns: tuple[str, ...]

    def __iter__(self) -> Iterator[tuple[NDArray[Any], ...]]:
        for piece in self.pieces:
            piece.check()
            footer = footer_of(piece.part, piece.stamp)
            groups = range(len(footer.sizes)) if piece.groups is None else piece.groups
            with opened(piece.part, footer) as file:
                file.fetch(groups, self.columns, indexed=False)
                for group in groups:
                    table = _table(file, (group,), self.columns, indexed=False)
                    yield tuple(_values(table.column(name)) for name in self.columns)


def _values(column: pa.ChunkedArray) -> NDArray[Any]:
    """The values of a column, which are not copied if they lie in one piece."""
    return np.asarray(column.chunk(0).to_numpy(zero_copy_only=False) if column.num_chunks == 1 else column.to_numpy())


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
        footer = footer_of(piece.part, piece.stamp)
        numbers = np.arange(len(footer.sizes)) if piece.groups is None else np.array(piece.groups, dtype=np.intp)
        parts = footer.covered(window, numbers)
        groups.extend((-part, piece, number) for part, number in zip(parts.tolist(), numbers.tolist(), strict=True))
    for _, piece, number in sorted(groups, key=lambda one: one[0]):
        with opened(piece.part, footer_of(piece.part, piece.stamp)) as file:
            if _passing(_table(file, (number,), test.axes, indexed=False), test).any():
                return True
    return False


def portions_of(pieces: Sequence[Piece]) -> list[tuple[Piece, ...]]:
    """Pieces that are read together, in their order, up to some number of rows."""
    portions: list[tuple[Piece, ...]] = []
    rows = _ROWS_PER_PORTION
    for piece in pieces:
        size = piece.rows
        if rows + size > _ROWS_PER_PORTION:
            portions.append(())
            rows = 0
        portions[-1] += (piece,)
        rows += size
    return portions


def read_portion(pieces: Sequence[Piece], columns: list[str] | None, how: Reading | None = None) -> pd.DataFrame:
    """Read some columns of pieces.

    As ``columns`` has no default, dask says them also where it wants none, but the index only.
    """
    import pandas as pd

    how = how or Reading()
    frames = []
    for piece in pieces:
        with reading(str(piece.part), piece.part.parent):
            frames.append(_read_piece(piece, columns, how))
    filled = [frame for frame in frames if len(frame)] or frames[:1]
    return filled[0] if len(filled) == 1 else pd.concat(filled, ignore_index=not how.indexed)


def _read_piece(piece: Piece, columns: list[str] | None, how: Reading) -> pd.DataFrame:
    piece.check()
    footer = footer_of(piece.part, piece.stamp)
    ranged = how.indexed and bool(footer.index_columns) and isinstance(footer.index_columns[0], dict)
    if how.test is None:
        wanted = column_names(piece.part) if columns is None and not how.indexed else columns
        with opened(piece.part, footer) as file:
            table, rows = _table(file, piece.groups, wanted, indexed=how.indexed), None
    else:
        table, rows = _tested(piece, columns, how.test, indexed=how.indexed)
    frame = table.to_pandas(ignore_metadata=not how.indexed)
    if ranged and (rows is not None or piece.groups is not None):
        frame = _with_range_index(frame, footer, piece.groups, rows)
    frame = _finished(frame, how.categories, piece.part)
    return frame if columns is None or columns == list(frame.columns) else frame[columns]


def _tested(
    piece: Piece, columns: Sequence[str] | None, test: RowTest, *, indexed: bool
) -> tuple[pa.Table, NDArray[np.bool_]]:
    """The rows of a piece that pass a test, and which ones those are.

    Of each row group the coordinates are read first, and the other columns only if a row passes.
    """
    import pyarrow as pa

    footer = footer_of(piece.part, piece.stamp)
    names = column_names(piece.part) if columns is None else list(columns)
    others = [name for name in names if name not in test.axes]
    groups = range(len(footer.sizes)) if piece.groups is None else piece.groups
    tables, found, filled = [], [], []
    with opened(piece.part, footer) as file:
        file.fetch(groups, test.axes, indexed=False)
        for group in groups:
            coordinates = _table(file, (group,), test.axes, indexed=False)
            rows = _passing(coordinates, test)
            found.append(rows)
            if rows.any():
                filled.append((group, coordinates, rows))
        file.fetch([group for group, _, _ in filled], others, indexed=indexed)
        for group, coordinates, rows in filled:
            rest = _table(file, (group,), others, indexed=indexed) if others or indexed else None
            tables.append(_filtered(_ordered(names, coordinates, rest), rows))
    table = pa.concat_tables(tables) if tables else _nothing(footer, names, indexed=indexed)
    return table, np.concatenate(found) if found else np.zeros(0, dtype=bool)


def _ordered(names: Sequence[str], coordinates: pa.Table, rest: pa.Table | None) -> pa.Table:
    """Some columns in their order, and then those of the index."""
    import pyarrow as pa

    if rest is None:
        return coordinates.select(names)
    own = [
        coordinates.schema.field(name) if name in coordinates.column_names else rest.schema.field(name)
        for name in names
    ]
    index = [field for field in rest.schema if field.name not in names]
    columns = [(coordinates if field.name in coordinates.column_names else rest).column(field.name) for field in own]
    columns += [rest.column(field.name) for field in index]
    return pa.Table.from_arrays(columns, schema=pa.schema([*own, *index], rest.schema.metadata))


def _nothing(footer: Footer, names: Sequence[str], *, indexed: bool) -> pa.Table:
    """A table without rows."""
    index = [name for name in footer.index_columns if isinstance(name, str)] if indexed else []
    return footer.schema.empty_table().select([*names, *(name for name in index if name not in names)])


def _table(part: PartFile, groups: Sequence[int] | None, columns: Sequence[str] | None, *, indexed: bool) -> pa.Table:
    """Some columns of row groups, or of all of them, and the index if that is wanted."""
    wanted = None if columns is None else list(columns)
    part.fetch(groups, wanted, indexed=indexed)
    if groups is None:
        return part.file.read(columns=wanted, use_pandas_metadata=indexed)
    # One row group is read faster than a thread is started for it.
    threads = len(groups) > 1
    return part.file.read_row_groups(list(groups), columns=wanted, use_threads=threads, use_pandas_metadata=indexed)


def _passing(table: pa.Table, test: RowTest) -> NDArray[np.bool_]:
    """Which rows of a table pass a test."""
    columns = [_values(table.column(axis)) for axis in test.axes]
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
    if frame.index.name == UNNAMED_INDEX:
        frame.index.name = None
    return with_categories(frame, categories, part)


def column_names(part: Path) -> list[str]:
    """The columns of a file, without its index."""
    footer = footer_of(part)
    if footer.own_columns is not None:
        return footer.own_columns
    return [name for name in footer.schema.names if name not in footer.index_columns]


def empty_frame(part: Path, categories: Categories) -> pd.DataFrame:
    """A frame without rows, with the columns, dtypes and categories of the points."""
    return _finished(footer_of(part).schema.empty_table().to_pandas(), categories, part)
