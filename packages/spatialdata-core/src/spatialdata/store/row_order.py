"""Shapes along a space-filling curve, and back in the order that they had.

What is near each other lies in one row group then. A rising index remembers the order that the rows had; where it
does not rise, a column of the file does.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from spatialdata.models.packed import bounds_of
from spatialdata.store.sorting import Bounds, morton_codes, order_of

if TYPE_CHECKING:
    from geopandas import GeoDataFrame
    from numpy.typing import NDArray
    from pandas import DataFrame

__all__ = ["RowOrder", "free_column", "sort_shapes", "tells_order"]

_KEY = "row_order"
_COLUMN = "original_row"


@dataclass(frozen=True, slots=True)
class RowOrder:
    """How the rows of a file get their order back.

    Attributes
    ----------
    column
        The column of their numbers; None if the index tells.
    """

    column: str | None

    @classmethod
    def of(cls, attributes: Mapping[str, Any], names: Sequence[str]) -> RowOrder | None:
        """What the attributes of an element say; None for rows that lie in their order.

        A file that another program has put in place has no such column and is read as it is.
        """
        found = attributes.get(_KEY)
        if not isinstance(found, Mapping):
            return None
        column = found.get("column")
        return cls(column) if column is None or column in names else None

    def as_attributes(self) -> dict[str, Any]:
        """What the attributes of the element say."""
        return {_KEY: {"column": self.column}}

    def rows(self, frame: Any) -> NDArray[np.intp] | None:
        """The rows of a frame, or of a part of it, in their order; None if they lie in it."""
        numbers = frame.index if self.column is None else frame[self.column]
        return None if numbers.is_monotonic_increasing else np.asarray(numbers.argsort())

    def restored(self, frame: Any) -> Any:
        """A frame, or a part of it, with its rows in their order and without the column."""
        rows, attrs = self.rows(frame), frame.attrs
        if rows is not None:
            frame = frame.iloc[rows]
        if self.column is not None:
            frame = frame.drop(columns=self.column)
        frame.attrs = attrs
        return frame


def sort_shapes(shapes: GeoDataFrame) -> tuple[GeoDataFrame, NDArray[np.int64], RowOrder]:
    """The order of shapes along the curve by the centres of their bounding boxes; shapes at one place keep theirs.

    Parameters
    ----------
    shapes
        The shapes, which are not changed.

    Returns
    -------
    shapes
        The shapes in the order that they have, with a column that numbers them if nothing else would give it back.
    rows
        The rows along the curve.
    order
        How they get their order back.
    """
    x0, y0, x1, y1 = bounds_of(shapes).T
    x, y = (x0 + x1) / 2, (y0 + y1) / 2
    rows = order_of(morton_codes(x, y, _bounds(x, y)))
    if tells_order(shapes):
        return shapes, rows, RowOrder(None)
    column = free_column(shapes)
    return shapes.assign(**{column: np.arange(len(shapes), dtype=np.uint32)}), rows, RowOrder(column)


def _bounds(x: np.ndarray[Any, Any], y: np.ndarray[Any, Any]) -> Bounds:
    finite = np.isfinite(x) & np.isfinite(y)
    if not finite.any():
        return Bounds(len(x), (np.inf, np.inf), (-np.inf, -np.inf))
    sides = [(float(values[finite].min()), float(values[finite].max())) for values in (x, y)]
    return Bounds(len(x), (sides[0][0], sides[1][0]), (sides[0][1], sides[1][1]))


def free_column(shapes: DataFrame) -> str:
    """The name of the column that numbers the rows of shapes, which have none of that name."""
    column = _COLUMN
    while column in shapes.columns or column == shapes.index.name:
        column = f"_{column}"
    return column


def tells_order(frame: DataFrame) -> bool:
    """Whether sorting by the index gives the order of the rows."""
    import pandas as pd

    index = frame.index
    plain = pd.api.types.is_integer_dtype(index.dtype) or pd.api.types.is_string_dtype(index.dtype)
    return bool(plain and index.is_unique and index.is_monotonic_increasing)
