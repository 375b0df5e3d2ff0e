"""What is drawn where an instance lies: its id, a number, or the code of its category."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from spatialdata._core.elements import is_points, is_shapes
from spatialdata.relations.values import get_values

if TYPE_CHECKING:
    import pandas as pd
    from numpy.typing import NDArray

    from spatialdata.sdata import SpatialData

__all__ = ["InstanceCodes", "Values", "code_dtype", "is_category", "values_of"]

# Floating point numbers hold each whole number up to this one.
_LARGEST_IN_IMAGES = 2**53


@dataclass(frozen=True, slots=True)
class InstanceCodes:
    """The numbers that stand for instances in a picture; 0 stands for none.

    They are the ids of the instances where these are whole numbers from 1 on (up to 2**53 in images, whose pixels are
    floating point numbers), and otherwise their positions in the whole element, counted from 1. Both are the same
    whatever part of the element is drawn.

    Attributes
    ----------
    codes
        The number of each instance.
    ids
        Its id.
    """

    codes: NDArray[Any]
    ids: NDArray[Any]

    @classmethod
    def of(cls, index: pd.Index, *, in_image: bool = False) -> InstanceCodes:
        """The numbers for the ids of an index; in an image, ids too large for its pixels become positions."""
        ids = index.to_numpy()
        if not (np.issubdtype(ids.dtype, np.integer) and len(ids) and int(ids.min()) > 0 and index.is_unique):
            return cls.by_position(ids)
        largest = int(ids.max())
        if in_image and largest > _LARGEST_IN_IMAGES:
            return cls.by_position(ids)
        return cls(ids.astype(np.int64 if largest <= np.iinfo(np.int64).max else np.uint64), ids)

    @classmethod
    def by_position(cls, ids: NDArray[Any]) -> InstanceCodes:
        """Ids numbered by their positions, counted from 1."""
        return cls(np.arange(1, len(ids) + 1), ids)

    @property
    def dtype(self) -> np.dtype[Any]:
        """The smallest type of labels that holds the numbers."""
        return code_dtype(int(self.codes.max(initial=0)))

    def names(self) -> dict[int, Any]:
        """The id behind each number."""
        return dict(zip(self.codes.tolist(), self.ids.tolist(), strict=True))


def code_dtype(largest: int) -> np.dtype[Any]:
    """The smallest type of labels that holds a number."""
    for candidate in (np.uint16, np.uint32, np.int64):
        if largest <= np.iinfo(candidate).max:
            return np.dtype(candidate)
    return np.dtype(np.uint64)


def is_category(column: pd.Series) -> bool:
    """Whether values are categories rather than numbers."""
    import pandas as pd

    return not pd.api.types.is_numeric_dtype(column.dtype)


@dataclass(frozen=True, slots=True)
class Values:
    """Numbers or codes by instance.

    Attributes
    ----------
    numbers
        One number for each instance, nan where it has none; for categories the code from 1 on, 0 where missing.
    categories
        The names of the categories; None for numbers.
    """

    numbers: NDArray[Any]
    categories: list[Any] | None

    @classmethod
    def of(cls, column: pd.Series) -> Values:
        """The values of a column."""
        if not is_category(column):
            return cls(column.to_numpy(dtype=np.float64, na_value=np.nan), None)
        known = column.astype("category").cat
        return cls(known.codes.to_numpy().astype(np.int64) + 1, known.categories.tolist())

    def names(self) -> dict[int, Any]:
        """The category behind each code."""
        return dict(enumerate(self.categories or [], start=1))


def values_of(
    element: Any, value_key: str, sdata: SpatialData | None, name: str | None, table_name: str | None
) -> pd.Series:
    """The values of the instances of an element, indexed by id, from its columns or its table.

    Raises
    ------
    ValueError
        The values are found nowhere or in several places.
    """
    own = (is_points(element) or is_shapes(element)) and value_key in element.columns
    if own and table_name is None:
        frame = get_values(value_key, element=element)
    elif sdata is not None and name is not None:
        frame = get_values(value_key, sdata=sdata, element_name=name, table_name=table_name)
    else:
        frame = get_values(value_key, element=element)
    column: pd.Series = frame[value_key]
    return column
