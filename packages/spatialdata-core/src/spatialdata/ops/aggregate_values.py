"""The values that are aggregated: where they come from, and whether they are numbers or categories."""

from __future__ import annotations

import warnings
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from spatialdata._core.elements import is_points, is_raster
from spatialdata.models.base import ATTRS_KEY
from spatialdata.ops.aggregate_sparse import SparseTable
from spatialdata.relations.annotate import get_element_annotators
from spatialdata.relations.ids import as_ids, check_same_type, fill
from spatialdata.relations.instances import instance_ids
from spatialdata.relations.values import get_values, places_of

if TYPE_CHECKING:
    import pandas as pd
    from numpy.typing import NDArray

    from spatialdata.sdata import SpatialData
    from spatialdata.transformations.algebra import FloatArray

__all__ = ["ValueSource", "as_numbers", "category_codes", "is_categorical", "known_categories", "source_of_values"]

ONES = "__ones_column_aggregate"
_UNKNOWN = "__UNKNOWN_CATEGORIES__"


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
    weighted
        Whether the last key names weights.
    """

    keys: list[str]
    table: pd.DataFrame | SparseTable | None = None
    ones: bool = False
    weighted: bool = False

    def __post_init__(self) -> None:
        if self.table is not None:
            fill(self.table.index)

    @property
    def columns(self) -> list[str]:
        """The columns of the element that are needed."""
        return [] if self.ones or self.table is not None else self.keys

    def rows(self, frame: pd.DataFrame) -> tuple[pd.DataFrame, NDArray[np.bool_]]:
        """The values of the rows of a frame, and which rows have any."""
        import pandas as pd

        if self.ones:
            return pd.DataFrame({ONES: np.ones(len(frame), dtype=np.int64)}), np.ones(len(frame), dtype=bool)
        position, present = self.positions(frame)
        if self.table is None:
            return pd.DataFrame(frame[self.keys]), present
        return self.table.at(position) if isinstance(self.table, SparseTable) else self.table.iloc[position], present

    def positions(self, frame: pd.DataFrame) -> tuple[NDArray[np.intp], NDArray[np.bool_]]:
        """Where the values of the rows of a frame are in the table, and which rows have any; of others any place."""
        if self.table is None:
            return np.arange(len(frame)), np.ones(len(frame), dtype=bool)
        ids = as_ids(frame.index)
        check_same_type(ids, self.table.index, "values", "instance key")
        position = self.table.index.get_indexer(ids)
        return np.maximum(position, 0), position >= 0

    def template(self, meta: pd.DataFrame) -> pd.DataFrame:
        """A frame with the columns and types of the values; ``meta`` has those of the element, without rows."""
        if self.table is None or isinstance(self.table, SparseTable):
            return self.rows(meta)[0]
        return self.table


def source_of_values(
    element: Any,
    value_key: list[str] | str | None,
    sdata: SpatialData | None,
    name: str | None,
    table_name: str | None,
    weights: str | None = None,
) -> ValueSource:
    """Find the values to aggregate, and their weights.

    The feature key of points is taken if no value is named, and without one every row counts as 1.

    Raises
    ------
    ValueError
        A value is found nowhere, or in several places.
    """
    if value_key is None:
        feature = element.attrs.get(ATTRS_KEY, {}).get("feature_key") if is_points(element) else None
        if feature is None and weights is None:
            return ValueSource([ONES], ones=True)
        value_key = weights if feature is None else feature
        weights = None if feature is None else weights
    keys = [value_key] if isinstance(value_key, str) else list(value_key or ())
    if weights is not None:
        keys = [*keys, weights]
    annotating = _annotating(sdata, name, table_name)
    table = sdata.tables[str(table_name)] if sdata is not None and annotating else None
    if all(places_of(key, element, table) == ["element"] for key in keys):
        return ValueSource(keys, weighted=weights is not None)
    if sdata is None or table_name is None or table_name not in sdata.tables:
        get_values(keys, element=element)
    sparse = SparseTable.of(sdata, str(name), str(table_name), keys) if annotating else None
    found = get_values(keys, sdata=sdata, element_name=name, table_name=table_name) if sparse is None else sparse
    total = _size(element, len(found))
    missing = total - len(found)
    if missing:
        warnings.warn(
            f"{missing} of {total} values have no row in the table {table_name!r} and do not count.",
            UserWarning,
            stacklevel=4,
        )
    columns = keys if isinstance(found, SparseTable) else list(found.columns)
    return ValueSource(columns, found, weighted=weights is not None)


def _size(element: Any, known: int) -> int:
    """How many values an element may have; those of points are not counted."""
    if is_points(element):
        return known
    return len(instance_ids(element)) if is_raster(element) else len(element)


def _annotating(sdata: SpatialData | None, name: str | None, table_name: str | None) -> bool:
    """Whether the table exists and annotates the values; others are not searched."""
    return sdata is not None and name is not None and table_name in get_element_annotators(sdata, name)


def is_categorical(frame: pd.DataFrame) -> bool:
    """Whether values are categories rather than numbers."""
    import pandas as pd

    numeric = [bool(pd.api.types.is_numeric_dtype(dtype)) for dtype in frame.dtypes]
    if any(numeric) and not all(numeric):
        raise ValueError(
            f"Categories and numbers are aggregated by calls of their own. Found the columns {list(frame.columns)} "
            f"of the types {[str(dtype) for dtype in frame.dtypes]}."
        )
    return bool(numeric) and not any(numeric)


def as_numbers(frame: pd.DataFrame) -> FloatArray:
    """Numeric columns as an array of shape ``(rows, columns)``; missing values are nan."""
    if all(isinstance(dtype, np.dtype) for dtype in frame.dtypes):
        return frame.to_numpy(dtype=np.float64)
    columns = [frame[key].to_numpy(dtype=np.float64, na_value=np.nan) for key in frame.columns]
    return np.stack(columns, axis=1)


def known_categories(column: pd.Series) -> tuple[Any, ...]:
    """The categories that the type of a column knows, in their order; none if it does not."""
    import pandas as pd

    if not isinstance(column.dtype, pd.CategoricalDtype):
        return ()
    names = tuple(column.cat.categories)
    return () if _UNKNOWN in names else names


def category_codes(column: pd.Series) -> tuple[tuple[Any, ...], NDArray[np.int32]]:
    """The categories of a column, and the number of the category of each row; -1 where it is missing."""
    part = column.astype("category")
    return tuple(part.cat.categories), part.cat.codes.to_numpy().astype(np.int32)
