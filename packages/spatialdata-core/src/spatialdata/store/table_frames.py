"""Frames of tables as anndata can store them: columns of types that have no form of their own on disk are recast."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["storable_frame"]

# What Python objects in a column are, and the type that holds them where some are missing.
_WITH_GAPS = {"string": "string", "empty": "string", "boolean": "boolean", "integer": "Int64"}
_WITHOUT_GAPS = {"boolean": "bool", "integer": "int64"}
_FLOATING = ("floating", "mixed-integer-float")


def storable_frame(frame: pd.DataFrame) -> pd.DataFrame:
    """A frame with the same values in columns that can be stored.

    Strings are plain objects where nothing is missing, which every reader knows, and of the type ``string`` of pandas
    otherwise. Columns of Python numbers and truth values become columns of these; floating point numbers with gaps have
    nan there. Columns of Arrow are columns of pandas. What cannot be recast stays as it is.
    """
    plain = frame.copy(deep=False)
    for column in plain.columns:
        plain[column] = _storable(plain[column])
    plain.index = _without_string_type(plain.index)
    return plain


def _storable(column: Any) -> Any:
    import pandas as pd

    if isinstance(column.dtype, pd.ArrowDtype):
        column = column.astype(object).where(column.notna(), None)
    if isinstance(column.dtype, pd.Float32Dtype | pd.Float64Dtype):
        return column.astype("float32" if isinstance(column.dtype, pd.Float32Dtype) else "float64")
    if column.dtype == object and len(column):
        column = _of_objects(column)
    return _without_string_type(column)


def _of_objects(column: Any) -> Any:
    import pandas as pd

    found = pd.api.types.infer_dtype(column, skipna=True)
    if found in _FLOATING:
        return column.astype("float64")
    target: Any = (_WITH_GAPS if column.isna().any() else _WITHOUT_GAPS).get(found)
    if target is None:
        return column
    try:
        return column.astype(target)
    except OverflowError:
        return column


def _without_string_type(values: Any) -> Any:
    import pandas as pd

    return values.astype(object) if isinstance(values.dtype, pd.StringDtype) and not values.isna().any() else values
