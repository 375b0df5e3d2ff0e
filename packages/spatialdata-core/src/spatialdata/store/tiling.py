"""Points in tiles: the files that Vitessce loads by row group, only where somebody looks.

Its readers find the row groups of a rectangle by a column with the Z-order codes, take features from a column of whole
numbers, and learn the box of all points from the first rows: up to four points that reach farthest, with the code 0.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import chain
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from spatialdata.errors import listing
from spatialdata.store.parquet import ROWS_PER_GROUP, ROWS_PER_PART, Layout, noting_columns, opened_writer, write_table
from spatialdata.store.sorting import SortedTable, merged

if TYPE_CHECKING:
    import pandas as pd
    import pyarrow as pa
    from numpy.typing import NDArray

    from spatialdata.store.spill import Spills

__all__ = ["Tiling", "regrouped", "write_tiles"]

MORTON = "morton_code_2d"
_FEWEST_ROWS_PER_GROUP = 25_000


@dataclass(frozen=True, slots=True)
class Tiling:
    """The columns that are added to points.

    Attributes
    ----------
    columns
        The columns of the points, in their order; those of the file are in another, and more.
    feature
        The categorical column whose codes are added; None for points without features.
    """

    columns: tuple[str, ...]
    feature: str | None

    @classmethod
    def of(cls, meta: pd.DataFrame, feature: str | None) -> Tiling:
        """The tiling of frames like an empty one.

        Raises
        ------
        ValueError
            The feature is not categorical, or the points have columns of the names that are added.
        """
        if feature is not None and str(meta.dtypes[feature]) != "category":
            raise ValueError(
                f"points_layout='vitessce' numbers the features, so their column {feature!r} must be categorical, not "
                f"{meta.dtypes[feature]}. Convert it with astype('category')."
            )
        tiling = cls(tuple(str(column) for column in meta.columns), feature)
        clash = [name for name in tiling.added if name in tiling.columns]
        if clash:
            raise ValueError(
                f"points_layout='vitessce' adds the columns {listing(tiling.added)}, but the points have "
                f"{listing(clash)} already. Drop or rename them."
            )
        return tiling

    @property
    def added(self) -> list[str]:
        """The names of the columns that are added."""
        return [MORTON, *([] if self.feature is None else [f"{self.feature}_codes"])]

    def apply(self, part: SortedTable) -> SortedTable:
        """Add the columns to a sorted partition.

        Dictionaries and text go to the right end, since readers of single row groups stumble over them.
        """
        import pyarrow as pa

        table = part.table.append_column(MORTON, pa.array(part.codes, pa.uint32()))
        if self.feature is not None:
            codes = pa.array(_codes(table.column(self.feature)), pa.int32())
            table = table.append_column(f"{self.feature}_codes", codes)
        plain = [field.name for field in table.schema if _is_plain(field.type)]
        others = [name for name in table.column_names if name not in plain]
        return SortedTable(part.codes, noting_columns(table.select([*plain, *others]), self.columns))


def _is_plain(kind: pa.DataType) -> bool:
    import pyarrow.types as types

    return bool(types.is_primitive(kind) or types.is_boolean(kind))


def _codes(column: pa.ChunkedArray) -> NDArray[np.int32]:
    """The codes of a categorical column; -1 where there is no value."""
    indices = column.combine_chunks().indices.to_numpy(zero_copy_only=False)
    return np.asarray(np.nan_to_num(indices, nan=-1), dtype=np.int32)


def write_tiles(spills: Spills, directory: Path, layout: Layout) -> None:
    """Merge sorted partitions into files of the tiled layout.

    All row groups of a file have the same number of rows, because Vitessce expects it. One file holds all points but
    the few that are left over when they are dealt to its row groups.

    Parameters
    ----------
    spills
        The partitions with the columns of the tiling. They have at least one row.
    directory
        The folder of the files.
    layout
        The encodings of the columns.
    """
    parts = spills.parts
    rows = sum(len(part.codes) for part in parts)
    size = rows // _group_count(rows)
    schema = parts[0].table.schema
    extremes = _extremes(parts)
    rest = list(_without(parts, extremes))
    inner = spills.forgetting(merged(rest, ROWS_PER_PART)) if rest else ()
    tables = chain([_sentinels(parts, extremes)] if extremes else [], inner)
    left: pa.Table | None = None
    with opened_writer(directory / "part.0.parquet", schema, layout) as writer:
        for table in regrouped(tables, size):
            if table.num_rows % size:
                left = table
            else:
                writer.write_table(table, row_group_size=size)
    if left is not None:
        write_table(left, directory / "part.1.parquet", layout)


def _group_count(rows: int) -> int:
    """How many row groups of a good size leave the fewest rows over."""
    least = -(-rows // ROWS_PER_GROUP)
    return min(range(least, max(rows // _FEWEST_ROWS_PER_GROUP, least) + 1), key=lambda count: (rows % count, count))


def _extremes(parts: Sequence[SortedTable]) -> list[tuple[int, int]]:
    """The points that reach farthest to each of the four sides: the numbers of their partitions and rows."""
    found: set[tuple[int, int]] = set()
    for axis in ("x", "y"):
        for sign in (1, -1):
            best: tuple[float, int, int] | None = None
            for number, part in enumerate(parts):
                values = sign * part.table.column(axis).to_numpy().astype(np.float64)
                values[~np.isfinite(values)] = np.inf
                row = int(values.argmin())
                if np.isfinite(values[row]) and (best is None or values[row] < best[0]):
                    best = (float(values[row]), number, row)
            if best is not None:
                found.add(best[1:])
    return sorted(found)


def _without(parts: Sequence[SortedTable], rows: Sequence[tuple[int, int]]) -> Iterator[SortedTable]:
    """The partitions without some of their rows: views of what lies between these."""
    for number, part in enumerate(parts):
        start = 0
        for stop in [*(row for owner, row in rows if owner == number), len(part.codes)]:
            if stop > start:
                yield SortedTable(part.codes[start:stop], part.table.slice(start, stop - start))
            start = stop + 1


def _sentinels(parts: Sequence[SortedTable], rows: Sequence[tuple[int, int]]) -> pa.Table:
    """Some rows, with the code 0."""
    import pyarrow as pa

    table = pa.concat_tables([parts[number].table.slice(row, 1) for number, row in rows])
    codes = pa.array(np.zeros(len(rows)), pa.uint32())
    return table.set_column(table.column_names.index(MORTON), MORTON, codes)


def regrouped(tables: Iterator[pa.Table], size: int) -> Iterator[pa.Table]:
    """The same rows in tables of a multiple of ``size`` rows; what is left over comes last."""
    import pyarrow as pa

    waiting: list[pa.Table] = []
    for table in tables:
        waiting.append(table)
        joined = pa.concat_tables(waiting)
        whole = joined.num_rows // size * size
        if whole:
            yield joined.slice(0, whole).combine_chunks()
        waiting = [joined.slice(whole)]
    if waiting and waiting[0].num_rows:
        yield waiting[0].combine_chunks()
