"""Categorical columns of lazy frames."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import pandas as pd
    from dask.dataframe import DataFrame as DaskDataFrame

__all__ = ["with_known_categories"]


def with_known_categories(frame: DaskDataFrame, columns: Sequence[str]) -> DaskDataFrame:
    """The frame with columns of categories that are known; those that are not are looked for in one pass, and sorted.

    ``DataFrame.categorize`` is of no use: the columns of what it returns cannot be chosen in another order, as of
    dask 2026.1.
    """
    import dask

    columns = [column for column in columns if not _is_known(frame, column)]
    if not columns:
        return frame
    series = {column: frame[column].astype("category") for column in columns}
    # Not the meta of dask, which would be the categories that stand for unknown ones.
    found = {
        column: values.map_partitions(_categories_of, meta=(column, object), enforce_metadata=False)
        for column, values in series.items()
    }
    (computed,) = dask.compute(found)
    return frame.assign(
        **{column: values.cat.set_categories(_sorted(computed[column])) for column, values in series.items()}
    )


def _is_known(frame: DaskDataFrame, column: str) -> bool:
    return str(frame.dtypes[column]) == "category" and bool(frame[column].cat.known)


def _categories_of(part: pd.Series) -> pd.Series:
    import pandas as pd

    return pd.Series(part.cat.categories, name=part.name)


def _sorted(categories: pd.Series) -> Any:
    return categories.drop_duplicates().sort_values().array
