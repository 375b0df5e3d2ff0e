"""The Parquet files of an element of points, as they are now."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING

from spatialdata._core.text_types import text_as_dask_says, text_as_it_is
from spatialdata.errors import StoreError, listing
from spatialdata.store.categories import Categories, read_categories
from spatialdata.store.files import is_local
from spatialdata.store.footers import footer_of
from spatialdata.store.pieces import Piece, pieces_of, portions_of
from spatialdata.store.portions import Reading, empty_frame, read_portion

if TYPE_CHECKING:
    import pandas as pd
    from dask.dataframe import DataFrame as DaskDataFrame

    from spatialdata._core.sources import RowMove, RowTest, Window
    from spatialdata.store.objects.objects import Stamp

__all__ = ["PointFiles", "files_of"]

_KEPT = 128


@dataclass(frozen=True, slots=True)
class PointFiles:
    """The Parquet files of one element as they are now.

    Attributes
    ----------
    where
        The element as error messages name it.
    stamps
        The files, and what changes when one of them is replaced.
    categories
        The categories of the categorical columns.
    meta
        A frame without rows, with their columns, dtypes and index.
    """

    where: str
    stamps: tuple[tuple[Path, Stamp | None], ...]
    categories: Categories
    meta: pd.DataFrame
    _whole: list[DaskDataFrame] = field(default_factory=list, init=False, repr=False, compare=False)

    @classmethod
    def read(cls, where: str, stamps: tuple[tuple[Path, Stamp | None], ...]) -> PointFiles:
        """What the files have in common, read from them."""
        parts = [part for part, _ in stamps]
        categories = read_categories(parts)
        return cls(where, stamps, categories, empty_frame(parts[0], categories))

    def pieces(self, window: Window | None) -> list[Piece]:
        """The pieces that may hold points inside a window."""
        return [piece for part, stamp in self.stamps for piece in pieces_of(part, window, stamp)]

    def portions(self, window: Window | None) -> list[tuple[Piece, ...]]:
        """The same as what makes a partition each: of all points every file, or half of a large one."""
        pieces = self.pieces(window)
        return [(piece,) for piece in pieces] if window is None else portions_of(pieces)

    def whole(self) -> DaskDataFrame:
        """A lazy frame of all points, whose partitions are the files; the same one each time, unless it holds text."""
        if _has_text(self.meta):
            # What it is made of depends on the settings of dask.
            return self.frame(None, self.portions(None))
        if not self._whole:
            self._whole.append(self.frame(None, self.portions(None)))
        return self._whole[0]

    @property
    def _first(self) -> Path:
        return self.stamps[0][0]

    def frame(
        self,
        columns: Sequence[str] | None,
        portions: Sequence[tuple[Piece, ...]],
        test: RowTest | None = None,
        *,
        move: RowMove | None = None,
        indexed: bool = True,
    ) -> DaskDataFrame:
        """A lazy frame of some columns of the rows that pass a test, moved; each portion makes a partition."""
        import dask.dataframe as dd

        own = footer_of(self._first).own_columns
        meta = self.meta if own is None else self.meta[own]
        chosen = own if columns is None else list(columns)
        missing = [column for column in chosen or () if column not in meta.columns]
        if missing:
            raise StoreError(f"{self.where} has no column {listing(missing)}. Columns: {listing(meta.columns)}.")
        if not indexed:
            meta = meta.reset_index(drop=True)
        if chosen is not None:
            meta = meta[chosen]
        if move is not None:
            meta = meta.astype(dict.fromkeys(move.axes, "float64"))
        portions = portions or [(Piece.nothing_of(self._first),)]
        how = Reading(self.categories, test, move, indexed)
        # What holds no text need not be looked through for it.
        with text_as_dask_says() if _has_text(meta) else text_as_it_is():
            return dd.from_map(read_portion, portions, columns=chosen, how=how, meta=meta, label="read-points")


def files_of(where: str, stamps: tuple[tuple[Path, Stamp | None], ...]) -> PointFiles:
    """The files of an element; of local ones, what they have in common is known for as long as they stay as they are.

    Parameters
    ----------
    where
        The element as error messages name it.
    stamps
        The files, and what changes when one of them is replaced, if anything tells.
    """
    told = all(stamp is not None and is_local(part) for part, stamp in stamps)
    return _known(where, stamps) if told else PointFiles.read(where, stamps)


@lru_cache(maxsize=_KEPT)
def _known(where: str, stamps: tuple[tuple[Path, Stamp | None], ...]) -> PointFiles:
    return PointFiles.read(where, stamps)


def _has_text(meta: pd.DataFrame) -> bool:
    """Whether dask may take columns or the index for text, which it keeps in a type of its own."""
    import pandas as pd

    types = [*meta.dtypes, meta.index.dtype]
    return any(pd.api.types.is_string_dtype(dtype) or pd.api.types.is_object_dtype(dtype) for dtype in types)
