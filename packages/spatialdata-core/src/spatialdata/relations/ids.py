"""Ids of instances: how those of a table are compared with those of an element.

Ids are whole numbers or strings. ``1`` and ``"1"`` are different ids: comparing columns of different types is an
error, since nothing could match and every row would be lost.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from spatialdata.errors import IdTypeError, listing

if TYPE_CHECKING:
    import numpy as np
    import pandas as pd
    from anndata import AnnData
    from numpy.typing import NDArray

__all__ = ["as_ids", "check_same_type", "check_unique", "fill", "id_type", "rows_of_region"]


def as_ids(values: Any) -> pd.Index:
    """Ids as an index of numbers or of plain strings, whatever they were stored as."""
    import numpy as np
    import pandas as pd

    index: pd.Index = pd.Index(values)
    if isinstance(index, pd.CategoricalIndex):
        index = index.categories.take(np.asarray(index.codes))
    if not pd.api.types.is_numeric_dtype(index.dtype):
        index = pd.Index(index.to_numpy(dtype=object), dtype=object)
    return index


def fill(index: pd.Index) -> None:
    """Make an index ready for threads that look up in it at once; pandas does that in the first of them, unlocked.

    A thread that comes meanwhile would find ids that are not unique, or none.
    """
    index.is_unique  # noqa: B018


def id_type(ids: pd.Index) -> str:
    """``"whole numbers"``, ``"strings"``, or ``"no"`` for ids that are not there."""
    import pandas as pd

    if not len(ids):
        return "no"
    return "whole numbers" if pd.api.types.is_numeric_dtype(ids.dtype) else "strings"


def check_same_type(element_ids: pd.Index, table_ids: pd.Index, element: str, instance_key: str) -> None:
    """Raise unless the ids of an element and those of its table can match.

    Raises
    ------
    IdTypeError
        One has numbers, the other strings.
    """
    found = {id_type(element_ids), id_type(table_ids)} - {"no"}
    if len(found) > 1:
        raise IdTypeError(
            f"The table annotates {element!r} with {id_type(table_ids)} in obs[{instance_key!r}] "
            f"(for example {listing(table_ids[:3])}), but the ids of {element!r} are {id_type(element_ids)} "
            f"(for example {listing(element_ids[:3])}): none of the {len(table_ids)} rows can match. "
            "Cast one of them to the type of the other."
        )


def check_unique(ids: pd.Index, what: str) -> None:
    """Raise a ValueError if an id occurs twice."""
    if not ids.is_unique:
        twice = ids[ids.duplicated()].unique()
        raise ValueError(
            f"{what} must be unique. {len(twice)} occur more than once, for example {listing(twice[:5])}. "
            "Give each instance an id of its own."
        )


def rows_of_region(table: AnnData, region: str, region_key: str) -> NDArray[np.intp]:
    """The positions of the rows of a table that annotate one element."""
    import numpy as np
    import pandas as pd

    column = table.obs[region_key]
    if not isinstance(column.dtype, pd.CategoricalDtype):
        return np.flatnonzero((column.astype(object) == region).to_numpy(dtype=bool))
    wanted = np.asarray(column.cat.categories.astype(object) == region)
    # The code -1 of rows without a region is the last place here.
    return np.flatnonzero(np.append(wanted, False)[column.cat.codes.to_numpy()])
