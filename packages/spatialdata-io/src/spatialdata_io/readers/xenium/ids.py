"""Xenium cell ids: pairs of whole numbers, and the texts that the tables write for them.

The eight half-bytes of the first number become letters, 0 to 15 as a to p, the highest first; the second number
follows after a hyphen: (1437536272, 1) is ``ffkpbaba-1``.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from spatialdata_io.errors import ReaderError

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import ArrayLike, NDArray

__all__ = ["cell_id_str_from_prefix_suffix_uint32", "prefix_suffix_uint32_from_cell_id_str"]

_LETTERS = 8


class CellIdError(ReaderError, ValueError):
    """A text is no Xenium cell id."""


def cell_id_str_from_prefix_suffix_uint32(cell_id_prefix: ArrayLike, dataset_suffix: ArrayLike) -> NDArray[np.str_]:
    """Write Xenium cell ids as text.

    Parameters
    ----------
    cell_id_prefix
        First number of every id, shape (n,).
    dataset_suffix
        Second number of every id, shape (n,).

    Returns
    -------
    The ids as text, shape (n,).

    Examples
    --------
    >>> import numpy as np
    >>> cell_id_str_from_prefix_suffix_uint32(np.array([1, 1437536272]), np.array([1, 1])).tolist()
    ['aaaaaaab-1', 'ffkpbaba-1']
    """
    import numpy as np

    prefix = np.atleast_1d(np.asarray(cell_id_prefix, dtype=np.uint32))
    suffix = np.broadcast_to(np.asarray(dataset_suffix, dtype=np.uint32), prefix.shape)
    shifts = np.arange(4 * (_LETTERS - 1), -1, -4, dtype=np.uint32)
    letters = (prefix[:, None] >> shifts & np.uint32(15)) + np.uint32(ord("a"))
    text = letters.view(f"<U{_LETTERS}")[:, 0] if prefix.size else np.empty(0, f"<U{_LETTERS}")
    return np.strings.add(np.strings.add(text, "-"), suffix.astype(str))


def prefix_suffix_uint32_from_cell_id_str(
    cell_id_str: ArrayLike,
) -> tuple[NDArray[np.uint32], NDArray[np.uint32]]:
    """Read Xenium cell ids from text; the inverse of :func:`cell_id_str_from_prefix_suffix_uint32`.

    Parameters
    ----------
    cell_id_str
        Ids as text, shape (n,).

    Returns
    -------
    The first and the second numbers, each of shape (n,).

    Raises
    ------
    ValueError
        If a text is no eight letters from a to p, a hyphen and a whole number; names the first such text.

    Examples
    --------
    >>> prefix_suffix_uint32_from_cell_id_str(["ffkpbaba-1"])
    (array([1437536272], dtype=uint32), array([1], dtype=uint32))
    """
    import numpy as np

    ids = np.atleast_1d(np.asarray(cell_id_str, dtype=np.str_))
    if not ids.size:
        return np.empty(0, np.uint32), np.empty(0, np.uint32)
    letters, hyphen, suffix = np.strings.partition(ids, "-")
    wide = letters.astype(f"<U{_LETTERS}")
    codes = wide.view(np.uint32).reshape(-1, _LETTERS).astype(np.int64) - ord("a")
    valid = (
        ((codes >= 0) & (codes < 16)).all(axis=1) & (letters == wide) & (hyphen == "-") & np.strings.isdecimal(suffix)
    )
    if not valid.all():
        msg = (
            f"{str(ids[~valid][0])!r} is no Xenium cell id. An id is eight letters from a to p, a hyphen and a number."
        )
        raise CellIdError(msg)
    shifts = np.arange(4 * (_LETTERS - 1), -1, -4)
    return (codes << shifts).sum(axis=1).astype(np.uint32), suffix.astype(np.uint32)
