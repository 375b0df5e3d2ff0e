"""The values that are aggregated: where they come from, and whether they are numbers or categories."""

from __future__ import annotations

import warnings
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from spatialdata._core.elements import is_points
from spatialdata.models.base import ATTRS_KEY
from spatialdata.relations.annotate import get_element_annotators
from spatialdata.relations.ids import as_ids, check_same_type
from spatialdata.relations.values import get_values, places_of

if TYPE_CHECKING:
    import pandas as pd
    from numpy.typing import NDArray

    from spatialdata.sdata import SpatialData
    from spatialdata.transformations.algebra import FloatArray

__all__ = ["Categories", "ValueSource", "as_numbers", "is_categorical", "source_of_values"]

ONES = "__ones_column_aggregate"


@dataclass(frozen=True, slots=True)
class ValueSource:
    """Where the values of rows come from.

    Attributes
    ----------
    keys
        Their names.
    table
        Values by instance, if they are in a table; None if they are columns of the element.
    ones
        Whether every row counts as 1, since no values were asked for.
    """

    keys: list[str]
    table: pd.DataFrame | None = None
    ones: bool = False

    @property
    def columns(self) -> list[str]:
        """The columns of the element that are needed."""
        return [] if self.ones or self.table is not None else self.keys

    def rows(self, frame: pd.DataFrame) -> tuple[pd.DataFrame, NDArray[np.bool_]]:
        """The values of the rows of a frame, and which rows have any."""
        import pandas as pd

        if self.ones:
            return pd.DataFrame({ONES: np.ones(len(frame), dtype=np.int64)}), np.ones(len(frame), dtype=bool)
        if self.table is None:
            return pd.DataFrame(frame[self.keys]), np.ones(len(frame), dtype=bool)
        ids = as_ids(frame.index)
        check_same_type(ids, self.table.index, "values", "instance key")
        position = self.table.index.get_indexer(ids)
        return self.table.iloc[np.maximum(position, 0)], position >= 0


def source_of_values(
    element: Any,
    value_key: list[str] | str | None,
    sdata: SpatialData | None,
    name: str | None,
    table_name: str | None,
) -> ValueSource:
    """Find the values to aggregate.

    The feature key of points is taken if no value is named, and without one every row counts as 1.

    Raises
    ------
    ValueError
        A value is found nowhere, or in several places.
    """
    if value_key is None:
        feature = element.attrs.get(ATTRS_KEY, {}).get("feature_key") if is_points(element) else None
        if feature is None:
            return ValueSource([ONES], ones=True)
        value_key = feature
    keys = [value_key] if isinstance(value_key, str) else list(value_key)
    annotating = _annotating(sdata, name, table_name)
    table = sdata.tables[str(table_name)] if sdata is not None and annotating else None
    if all(places_of(key, element, table) == ["element"] for key in keys):
        return ValueSource(keys)
    if sdata is None or table_name is None or table_name not in sdata.tables:
        get_values(keys, element=element)
    found = get_values(keys, sdata=sdata, element_name=name, table_name=table_name)
    missing = (len(element) if not is_points(element) else len(found)) - len(found)
    if missing:
        warnings.warn(
            f"{missing} of {len(element)} values have no row in the table {table_name!r} and do not count.",
            UserWarning,
            stacklevel=4,
        )
    return ValueSource(list(found.columns), found)


def _annotating(sdata: SpatialData | None, name: str | None, table_name: str | None) -> bool:
    """Whether the table exists and annotates the values; others are not searched."""
    return sdata is not None and name is not None and table_name in get_element_annotators(sdata, name)


def is_categorical(frame: pd.DataFrame) -> bool:
    """Whether values are categories rather than numbers."""
    import pandas as pd

    numeric = [bool(pd.api.types.is_numeric_dtype(dtype)) for dtype in frame.dtypes]
    if not all(numeric) and len(numeric) > 1:
        raise ValueError(
            f"Categories are aggregated one column at a time. Found the columns {list(frame.columns)} "
            f"of the types {[str(dtype) for dtype in frame.dtypes]}."
        )
    return not all(numeric)


def as_numbers(frame: pd.DataFrame) -> FloatArray:
    """Numeric columns as an array of shape ``(rows, columns)``; missing values are nan."""
    columns = [frame[key].to_numpy(dtype=np.float64, na_value=np.nan) for key in frame.columns]
    return np.stack(columns, axis=1)


class Categories:
    """The categories of a column whose partitions may each know their own.

    Parameters
    ----------
    known
        The categories that are known beforehand, in their order; those of the column's type.
    """

    def __init__(self, known: Any = ()) -> None:
        import pandas as pd

        self._names = pd.Index(known)
        self._sorted = not len(self._names)

    def codes(self, column: pd.Series) -> NDArray[np.intp]:
        """The number of the category of each row; -1 where it is missing."""
        import pandas as pd

        part = column.astype("category")
        names = part.cat.categories
        if not names.equals(self._names):
            new = names[~names.isin(self._names)]
            self._names = self._names.append(new) if len(self._names) else pd.Index(new)
        to_all = np.append(self._names.get_indexer(names), -1)
        return np.asarray(to_all[part.cat.codes.to_numpy()])

    def order(self) -> tuple[list[str], NDArray[np.intp]]:
        """The names of the categories, and the number of each: in the order of the type, or sorted if it had none."""
        names = [str(name) for name in self._names]
        if not self._sorted:
            return names, np.arange(len(names))
        order = np.argsort(np.array(names, dtype=object), kind="stable")
        return [names[index] for index in order], order
