"""The categories of the columns of points, which all files of an element share."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeAlias

from spatialdata.errors import StoreError, listing
from spatialdata.store.footers import Footer, footer_of, opened

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["Categories", "read_categories", "with_categories"]

# For each categorical column, its categories in their order and whether they are ordered.
Categories: TypeAlias = dict[str, tuple[list[Any], bool]]


def read_categories(parts: Sequence[Path]) -> Categories:
    """The categories of all categorical columns, from the dictionaries of the files.

    Files that were written here share their categories; of others, the first page of every file is read.
    """
    found: Categories = {}
    for part in parts:
        footer = footer_of(part)
        for column, (values, ordered) in _categories_in(part, footer).items():
            known = found.setdefault(column, ([], ordered))[0]
            seen = set(known)
            known.extend(value for value in values if value not in seen)
        if footer.note.get("shared_categories"):
            break
    return found


def _categories_in(part: Path, footer: Footer) -> Categories:
    import pyarrow as pa

    found: Categories = {}
    names = [entry.name for entry in footer.schema if pa.types.is_dictionary(entry.type)]
    if names:
        with opened(part, footer) as opened_part:
            opened_part.fetch(range(min(1, len(footer.sizes))), names, indexed=False)
            for name in names:
                batch = next(opened_part.file.iter_batches(1, columns=[name]), None)
                values = [] if batch is None else batch.column(0).dictionary.to_pylist()
                found[name] = (values, bool(footer.schema.field(name).type.ordered))
    for column, entry in footer.note.get("categories", {}).items():
        found[column] = (list(entry["values"]), bool(entry["ordered"]))
    return found


def with_categories(frame: pd.DataFrame, categories: Categories, where: str) -> pd.DataFrame:
    """Rows of files whose columns have all categories, as far as they have not; they are changed in place.

    Parameters
    ----------
    frame
        The rows.
    categories
        The categories.
    where
        The files.

    Raises
    ------
    StoreError
        A value is none of the categories.
    """
    import pandas as pd

    for column, (values, ordered) in categories.items():
        if column not in frame.columns:
            continue
        series, wanted = frame[column], pd.CategoricalDtype(values, ordered=ordered)
        if _is_of(series, wanted):
            continue
        present = series.cat.categories if isinstance(series.dtype, pd.CategoricalDtype) else series.dropna().unique()
        known = set(values)
        strange = [value for value in present if value not in known]
        if strange:
            raise StoreError(
                f"The column {column!r} of {where} holds {listing(strange)}, which the other files of these points "
                "do not know. "
                "The file was changed by another program, or after the points had been opened."
            )
        frame[column] = series.astype(wanted)
    return frame


def _is_of(series: pd.Series, wanted: pd.CategoricalDtype) -> bool:
    """Whether a column has these categories in this order."""
    import pandas as pd

    dtype = series.dtype
    return (
        isinstance(dtype, pd.CategoricalDtype)
        and dtype.ordered == wanted.ordered
        and dtype.categories.dtype == wanted.categories.dtype
        and bool(dtype.categories.equals(wanted.categories))
    )
