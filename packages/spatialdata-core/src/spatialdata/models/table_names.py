"""Names in tables: of the columns of obs and var, and of the keys of its mappings."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from spatialdata._core.elements import require_table
from spatialdata._core.names import names_faults, sanitize_name
from spatialdata.errors import Fault

if TYPE_CHECKING:
    from collections.abc import Iterable

    from anndata import AnnData

__all__ = ["sanitize_table", "table_name_faults"]

_FRAMES = ("obs", "var")
_MAPPINGS = ("obsm", "obsp", "varm", "varp", "uns", "layers")


def table_name_faults(table: AnnData, path: tuple[str, ...] = ()) -> list[Fault]:
    """What is wrong with the names in a table: columns of obs and var, and keys of its mappings."""
    faults: list[Fault] = []
    for attribute in _FRAMES:
        columns = getattr(table, attribute).columns
        faults.extend(names_faults(columns.unique(), (*path, attribute), is_dataframe_column=True))
        faults.extend(
            Fault((*path, attribute), f"the name {name!r} is that of several columns")
            for name in columns[columns.duplicated()].unique()
        )
    for attribute in _MAPPINGS:
        keys = [key for key in getattr(table, attribute) if key is not None]
        faults.extend(names_faults(keys, (*path, attribute)))
    return faults


def sanitize_table(data: AnnData, inplace: bool = True) -> AnnData | None:
    """Give valid names to the columns and keys of a table.

    Parameters
    ----------
    data
        The table.
    inplace
        Change the table; otherwise return a changed copy.

    Returns
    -------
    None, or the copy with ``inplace=False``.

    Names that would become the same, be it in upper and lower case only, get a number: ``_1``, ``_2``, ….

    Examples
    --------
    >>> import anndata, numpy as np, pandas as pd
    >>> table = anndata.AnnData(np.ones((1, 1)), obs=pd.DataFrame({"my column": [1], "my_column": [2]}, index=["a"]))
    >>> sanitize_table(table, inplace=False).obs.columns.tolist()
    ['my_column', 'my_column_1']
    """
    require_table(data, "sanitize_table")
    frames = {name: _sanitized(getattr(data, name).columns, column=True) for name in _FRAMES}
    mappings = {name: _sanitized(getattr(data, name), column=False) for name in _MAPPINGS}
    table = data if inplace else data.copy()
    for name, renames in frames.items():
        setattr(table, name, getattr(table, name).set_axis(renames, axis=1))
    for name, renames in mappings.items():
        mapping = getattr(table, name)
        keys = [key for key in mapping if key is not None]
        if keys == renames:
            continue
        values = [mapping.pop(key) for key in keys]
        mapping.update(zip(renames, values, strict=True))
    return None if inplace else table


def _sanitized(names: Iterable[Any], *, column: bool) -> list[str]:
    """The clean names, in the same order."""
    clean: list[str] = []
    taken: set[str] = set()
    for name in names:
        if name is None:
            continue
        new = candidate = sanitize_name(str(name), column)
        number = 0
        while candidate.casefold() in taken:
            number += 1
            candidate = f"{new}_{number}"
        taken.add(candidate.casefold())
        clean.append(candidate)
    return clean
