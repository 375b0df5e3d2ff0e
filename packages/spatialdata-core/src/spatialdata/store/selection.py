"""Which elements of a store are meant: by kind, by name, or by a pattern of names."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from fnmatch import fnmatchcase
from typing import TYPE_CHECKING

from spatialdata.errors import ElementNotFoundError, unknown_name
from spatialdata.models.kind import Kind

if TYPE_CHECKING:
    from spatialdata.store.store import Entry

__all__ = ["UnknownSelectionError", "chosen_entries"]


class UnknownSelectionError(ElementNotFoundError, ValueError):
    """A selection names nothing that the store has."""


def chosen_entries(entries: Sequence[Entry], selection: Iterable[str] | None) -> list[Entry]:
    """The elements that a selection means, in the order of the store.

    Parameters
    ----------
    entries
        All elements.
    selection
        Kinds (``"images"``), names (``"dapi"``), kinds with names (``"images/dapi"``) and patterns of either
        (``"rep1_*"``, ``"shapes/*_cells"``); all elements if not given or empty.

    Raises
    ------
    UnknownSelectionError
        A member of the selection means nothing; the message lists what there is. Also a ``ValueError``.

    Examples
    --------
    >>> from spatialdata.store.store import Entry
    >>> entries = [Entry(Kind.IMAGE, "rep1_dapi"), Entry(Kind.SHAPES, "rep1_cells"), Entry(Kind.SHAPES, "rep2_cells")]
    >>> [str(entry) for entry in chosen_entries(entries, ["images", "rep2_*"])]
    ['images/rep1_dapi', 'shapes/rep2_cells']
    """
    patterns = [selection] if isinstance(selection, str) else [str(pattern) for pattern in selection or ()]
    if not patterns:
        return list(entries)
    containers = [kind.container for kind in Kind]
    for pattern in patterns:
        if pattern not in containers and not any(_matches(entry, pattern) for entry in entries):
            known = [*containers, *(entry.name for entry in entries)]
            raise UnknownSelectionError(unknown_name("kind or element", pattern, known))
    return [entry for entry in entries if any(_matches(entry, pattern) for pattern in patterns)]


def _matches(entry: Entry, pattern: str) -> bool:
    if pattern == entry.kind.container:
        return True
    return fnmatchcase(str(entry) if "/" in pattern else entry.name, pattern)
