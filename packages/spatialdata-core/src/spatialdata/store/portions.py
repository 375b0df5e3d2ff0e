"""Portions of stored points: the rows of some pieces, read wherever dask works."""

from __future__ import annotations

import pickle
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from spatialdata.store.categories import Categories, with_categories
from spatialdata.store.footers import Footer, PartFile, footer_of, opened
from spatialdata.store.pieces import UNNAMED_INDEX, Piece, column_names
from spatialdata.store.source import reading

if TYPE_CHECKING:
    import pandas as pd
    import pyarrow as pa
    from numpy.typing import NDArray

    from spatialdata._core.sources import RowMove, RowTest, Window

__all__ = ["Blocks", "Reading", "empty_frame", "holds_any", "read_portion"]


@dataclass(frozen=True, slots=True)
class Reading:
    """How pieces are read.

    Attributes
    ----------
    categories
        The categories of the categorical columns.
    test
        Which rows are wanted, by their coordinates; all if None.
    move
        What gives them other coordinates; they keep theirs if None.
    indexed
        Whether the index is needed; otherwise rows are counted from 0 in each piece.
    """

    categories: Categories = field(default_factory=dict)
    test: RowTest | None = None
    move: RowMove | None = None
    indexed: bool = True

    def moving(self, columns: Sequence[str] | None) -> list[str]:
        """The axes that are needed to move the rows; none if none of them is among the columns."""
        axes = [] if self.move is None else list(self.move.axes)
        return axes if columns is None or not set(axes).isdisjoint(columns) else []

    def __dask_tokenize__(self) -> tuple[Any, ...]:
        return type(self).__name__, repr(self.categories), pickle.dumps((self.test, self.move)), self.indexed


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


class _Rows(NamedTuple):
    """Rows of pieces.

    Attributes
    ----------
    parts
        The files.
    table
        The rows.
    numbers
        Their numbers in the only file, if it only says where the index starts.
    """

    parts: tuple[Path, ...]
    table: pa.Table
    numbers: NDArray[np.int64] | None


def read_portion(pieces: Sequence[Piece], columns: list[str] | None, how: Reading | None = None) -> pd.DataFrame:
    """Read some columns of pieces.

    As ``columns`` has no default, dask says them also where it wants none, but the index only.
    """
    import pandas as pd

    how = how or Reading()
    found = []
    for piece in pieces:
        with reading(str(piece.part), piece.part.parent):
            found.append(_rows(piece, columns, how))
    filled = [rows for rows in found if rows.table.num_rows] or found[:1]
    frames = [_frame(rows, columns, how) for rows in _joined(filled)]
    return frames[0] if len(frames) == 1 else pd.concat(frames, ignore_index=not how.indexed)


def _joined(found: Sequence[_Rows]) -> Sequence[_Rows]:
    """All rows in one table, if the files describe them alike, which is much faster than a frame for each piece."""
    import pyarrow as pa

    first = found[0]
    if len(found) == 1 or not first.table.num_columns:
        return found
    alike = all(
        rows.numbers is None and rows.table.schema.equals(first.table.schema, check_metadata=True) for rows in found
    )
    if not alike:
        return found
    parts = dict.fromkeys(part for rows in found for part in rows.parts)
    return [_Rows(tuple(parts), pa.concat_tables([rows.table for rows in found]), None)]


def _frame(rows: _Rows, columns: Sequence[str] | None, how: Reading) -> pd.DataFrame:
    where = ", ".join(map(str, rows.parts))
    axes = how.moving(columns)
    with reading(where, rows.parts[0].parent):
        kept = rows.table.drop_columns(axes) if axes else rows.table
        frame = kept.to_pandas(ignore_metadata=not how.indexed)
        if rows.numbers is not None:
            described = rows.table.schema.pandas_metadata["index_columns"][0]
            frame = frame.set_axis(described["start"] + described["step"] * rows.numbers, axis=0)
        frame = _finished(frame, how.categories, where)
    if how.move is not None and axes:
        moved = how.move([_values(rows.table.column(axis)) for axis in axes])
        columns = columns or [name for name in rows.table.column_names if name in axes or name in frame.columns]
        return _with_columns(frame, dict(zip(axes, moved, strict=True)), columns)
    return frame if columns is None or columns == list(frame.columns) else frame[columns]


def _with_columns(frame: pd.DataFrame, arrays: dict[str, NDArray[Any]], columns: Sequence[str]) -> pd.DataFrame:
    """Some columns of a frame and arrays beside it, which are not copied, in their order."""
    import pandas as pd

    known = {name: arrays[name] if name in arrays else frame[name] for name in columns}
    return pd.DataFrame(known, index=frame.index, copy=False)


def _rows(piece: Piece, columns: list[str] | None, how: Reading) -> _Rows:
    piece.check()
    columns = None if columns is None else list(dict.fromkeys([*columns, *how.moving(columns)]))
    footer = footer_of(piece.part, piece.stamp)
    ranged = how.indexed and bool(footer.index_columns) and isinstance(footer.index_columns[0], dict)
    if how.test is None:
        wanted = column_names(piece.part) if columns is None and not how.indexed else columns
        with opened(piece.part, footer) as file:
            table, kept = _table(file, piece.groups, wanted, indexed=how.indexed), None
    else:
        # A table without columns would not know how many rows are left.
        table, kept = _tested(piece, how.test.axes if columns == [] else columns, how.test, indexed=how.indexed)
    if not ranged or (kept is None and piece.groups is None):
        return _Rows((piece.part,), table, None)
    numbers = _numbers(footer, piece.groups)
    return _Rows((piece.part,), table, numbers if kept is None else numbers[kept])


def _numbers(footer: Footer, groups: Sequence[int] | None) -> NDArray[np.int64]:
    """The numbers of the rows of row groups, of which the file has the first as 0."""
    starts = np.concatenate([[0], np.cumsum(footer.sizes)])
    chosen = range(len(footer.sizes)) if groups is None else groups
    return np.concatenate([np.arange(starts[group], starts[group + 1]) for group in chosen] or [np.arange(0)])


class _Tried(NamedTuple):
    """A row group of which the coordinates were looked at."""

    group: int
    coordinates: pa.Table
    passing: NDArray[np.bool_]


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
    tables, kept = [], []
    with opened(piece.part, footer) as file:
        for group, coordinates, passing in _tries(file, groups, test, others, indexed=indexed):
            kept.append(passing)
            if passing.any():
                rest = _table(file, (group,), others, indexed=indexed) if others or indexed else None
                tables.append(_filtered(_ordered(names, coordinates, rest), passing))
    table = pa.concat_tables(tables) if tables else _nothing(footer, names, indexed=indexed)
    return table, np.concatenate(kept) if kept else np.zeros(0, dtype=bool)


def _tries(
    file: PartFile, groups: Sequence[int], test: RowTest, others: Sequence[str], *, indexed: bool
) -> Iterable[_Tried]:
    """Row groups, one after the other, so that what is read of one is still near when its other columns are read.

    Behind an address all coordinates are fetched at once, and then the other columns of the row groups that need them.
    """
    file.fetch(groups, test.axes, indexed=False)
    tables = ((group, _table(file, (group,), test.axes, indexed=False)) for group in groups)
    tried = (_Tried(group, table, _passing(table, test)) for group, table in tables)
    if file.stream is None:
        return tried
    known = list(tried)
    file.fetch([one.group for one in known if one.passing.any()], others, indexed=indexed)
    return known


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
    index = footer.stored_index if indexed else []
    return footer.schema.empty_table().select([*names, *(name for name in index if name not in names)])


def _table(part: PartFile, groups: Sequence[int] | None, columns: Sequence[str] | None, *, indexed: bool) -> pa.Table:
    """Some columns of row groups, or of all of them, and the index if that is wanted."""
    wanted = None if columns is None else list(columns)
    part.fetch(groups, wanted, indexed=indexed)
    if wanted is not None and indexed:
        wanted += [name for name in part.footer.stored_index if name not in wanted]
    if groups is None:
        return part.file.read(columns=wanted)
    # One row group is read faster than a thread is started for it.
    return part.file.read_row_groups(list(groups), columns=wanted, use_threads=len(groups) > 1)


def _passing(table: pa.Table, test: RowTest) -> NDArray[np.bool_]:
    """Which rows of a table pass a test."""
    columns = [_values(table.column(axis)) for axis in test.axes]
    return test(np.stack(columns, dtype=np.float64, casting="unsafe").T)


def _filtered(table: pa.Table, rows: NDArray[np.bool_]) -> pa.Table:
    import pyarrow as pa

    return table if rows.all() else table.filter(pa.array(rows))


def _finished(frame: pd.DataFrame, categories: Categories, where: str) -> pd.DataFrame:
    if frame.index.name == UNNAMED_INDEX:
        frame.index.name = None
    return with_categories(frame, categories, where)


def empty_frame(part: Path, categories: Categories) -> pd.DataFrame:
    """A frame without rows, with the columns, dtypes and categories of the points."""
    return _finished(footer_of(part).schema.empty_table().to_pandas(), categories, str(part))
