"""Strings compared by what they say: how pandas stores them depends on its version and on where they came from."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["with_plain_strings"]


def with_plain_strings(frame: pd.DataFrame) -> pd.DataFrame:
    """A copy of a frame whose strings, in columns, categories, index and names of columns, are Python objects."""
    plain = frame.copy()
    plain.index = _plain_index(plain.index)
    plain.columns = _plain_index(plain.columns)
    for name in plain.columns:
        column = plain[name]
        if _is_categorical(column.dtype):
            plain[name] = column.cat.set_categories(_plain_index(column.cat.categories), rename=True)
        elif _is_string(column.dtype):
            plain[name] = column.astype(object)
    return plain


def _plain_index(index: pd.Index) -> pd.Index:
    return index.astype(object) if _is_string(index.dtype) else index


def _is_categorical(dtype: Any) -> bool:
    import pandas as pd

    return isinstance(dtype, pd.CategoricalDtype)


def _is_string(dtype: Any) -> bool:
    import pandas as pd

    return isinstance(dtype, pd.StringDtype)
