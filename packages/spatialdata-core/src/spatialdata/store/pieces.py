"""Pieces of the Parquet files of points, each read on its own, wherever dask works."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from spatialdata.errors import StoreError
from spatialdata.store.files import is_local, stamp_of
from spatialdata.store.footers import footer_of, footer_seen, part_stamp

if TYPE_CHECKING:
    from spatialdata._core.sources import Window
    from spatialdata.store.objects.objects import Stamp

__all__ = ["UNNAMED_INDEX", "Piece", "column_names", "pieces_of", "portions_of"]

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
    stamp: Stamp | None

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


def pieces_of(part: Path, window: Window | None, stamp: Stamp | None) -> list[Piece]:
    """The pieces of a file that may hold points inside a window.

    Parameters
    ----------
    part
        The file.
    window
        The window.
    stamp
        The stamp of the file, which was just looked at.
    """
    footer = footer_seen(part, stamp)
    groups = footer.groups_in(window).tolist()
    if len(groups) == len(footer.sizes) and footer.metadata.num_rows <= _ROWS_PER_PIECE:
        return [Piece(part, None, stamp)]
    pieces: list[list[int]] = []
    rows = 0
    for group in groups:
        size = int(footer.sizes[group])
        if not pieces or rows + size > _ROWS_PER_PIECE:
            pieces.append([])
            rows = 0
        pieces[-1].append(group)
        rows += size
    return [Piece(part, tuple(piece), stamp) for piece in pieces]


def portions_of(pieces: Sequence[Piece]) -> list[tuple[Piece, ...]]:
    """Pieces that are read together, in their order, up to some number of rows."""
    portions: list[tuple[Piece, ...]] = []
    rows = 0
    for piece in pieces:
        size = piece.rows
        if not portions or rows + size > _ROWS_PER_PORTION:
            portions.append(())
            rows = 0
        portions[-1] += (piece,)
        rows += size
    return portions


def column_names(part: Path) -> list[str]:
    """The columns of a file, without its index."""
    footer = footer_of(part)
    if footer.own_columns is not None:
        return footer.own_columns
    return [name for name in footer.schema.names if name not in footer.index_columns]
