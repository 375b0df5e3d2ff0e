"""Rules for the names of elements and of the columns of a table."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from spatialdata.errors import Fault

if TYPE_CHECKING:
    from collections.abc import Iterable

__all__ = ["check_name", "name_problem", "names_faults", "sanitize_name"]

_PUNCTUATION = "_-."
_RESERVED_COLUMN = "_index"
# What Zarr has in every folder.
_DOCUMENT = "zarr.json"
_IS_WINDOWS = os.name == "nt"
_DEVICES = {"con", "prn", "aux", "nul", *(f"{port}{digit}" for port in ("com", "lpt") for digit in "0123456789¹²³")}


def name_problem(name: object, *, is_dataframe_column: bool = False) -> str | None:
    """Say what is wrong with a name, or return None."""
    if not isinstance(name, str):
        return f"a name must be a string, not {type(name).__name__}"
    if not name:
        return "a name must not be empty"
    if name in (".", "..") or (name == _DOCUMENT and not is_dataframe_column):
        return f"the name {name!r} is reserved"
    if name.startswith(".") and not is_dataframe_column:
        return f"the name {name!r} starts with '.', as what is hidden or being written; readers would pass it over"
    if name.startswith("__"):
        return f"the name {name!r} starts with '__', which is reserved"
    if is_dataframe_column and name == _RESERVED_COLUMN:
        return f"the column name {name!r} is reserved"
    if _IS_WINDOWS and not is_dataframe_column and (name.endswith(".") or name.split(".")[0].casefold() in _DEVICES):
        return f"the name {name!r} cannot be that of a folder on Windows, which knows devices of that name or cuts it"
    invalid = sorted({char for char in name if not (char.isalnum() or char in _PUNCTUATION)})
    if invalid:
        return (
            f"the name {name!r} contains {', '.join(map(repr, invalid))}; valid are letters, digits, '_', '-' and '.'. "
            f"spatialdata.sanitize_name gives {sanitize_name(name, is_dataframe_column=is_dataframe_column)!r}"
        )
    return None


def check_name(name: object, *, is_dataframe_column: bool = False) -> None:
    """Raise a TypeError (no string) or a ValueError (invalid) for a name that may not be used."""
    problem = name_problem(name, is_dataframe_column=is_dataframe_column)
    if problem is None:
        return
    if not isinstance(name, str):
        raise TypeError(problem[0].upper() + problem[1:] + ".")
    raise ValueError(problem[0].upper() + problem[1:] + ".")


def names_faults(names: Iterable[object], path: tuple[str, ...], *, is_dataframe_column: bool = False) -> list[Fault]:
    """Collect invalid names, and names that differ only in upper and lower case."""
    faults: list[Fault] = []
    seen: dict[str, str] = {}
    for name in names:
        problem = name_problem(name, is_dataframe_column=is_dataframe_column)
        if problem is not None:
            faults.append(Fault(path, problem))
        if not isinstance(name, str):
            continue
        other = seen.setdefault(name.casefold(), name)
        if other != name:
            faults.append(Fault(path, f"the names {other!r} and {name!r} differ only in upper and lower case"))
    return faults


def sanitize_name(name: str, is_dataframe_column: bool = False) -> str:
    """Turn any string into a valid name.

    Parameters
    ----------
    name
        The name to clean.
    is_dataframe_column
        Whether the name is that of a column of a table, where ``_index`` is reserved.

    Returns
    -------
    The name with every invalid character replaced by ``_``.

    Examples
    --------
    >>> sanitize_name("my image (1)")
    'my_image__1_'
    """
    if not isinstance(name, str):
        raise TypeError(f"A name must be a string, not {type(name).__name__}.")
    if name in ("", ".", ".."):
        return "unnamed"
    clean = "".join(char if char.isalnum() or char in _PUNCTUATION else "_" for char in name)
    if not is_dataframe_column and (clean.startswith(".") or clean == _DOCUMENT):
        clean = clean.replace(".", "_", 1)
    if clean.startswith("__"):
        clean = "_" + clean.lstrip("_")
    if is_dataframe_column and clean == _RESERVED_COLUMN:
        return "index"
    return clean
