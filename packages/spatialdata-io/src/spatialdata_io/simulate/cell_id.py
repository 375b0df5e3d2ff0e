"""The vendor's names of cells."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt


def cell_id_text(prefix: npt.NDArray[np.uint32], suffix: npt.NDArray[np.uint32]) -> npt.NDArray[np.str_]:
    """Names such as ``aaaaaaab-1``: the eight nibbles of the prefix as letters a to p, then the suffix.

    Examples
    --------
    >>> import numpy as np
    >>> cell_id_text(np.array([1, 1437536273], dtype=np.uint32), np.array([1, 2], dtype=np.uint32)).tolist()
    ['aaaaaaab-1', 'ffkpbabb-2']
    """
    import numpy as np

    shifts = np.arange(28, -1, -4, dtype=np.uint32)
    letters = ((prefix[:, None] >> shifts) & 15).astype(np.uint8) + ord("a")
    words = np.ascontiguousarray(letters).view("S8")[:, 0].astype("U8")
    return np.char.add(np.char.add(words, "-"), suffix.astype(str))


def draw_prefixes(count: int, rng: np.random.Generator) -> npt.NDArray[np.uint32]:
    """Different prefixes in rising order, which is also the order of the names."""
    import numpy as np

    prefixes = np.unique(rng.integers(1 << 26, 1 << 32, 2 * count + 8, dtype=np.uint32))
    return np.sort(rng.choice(prefixes, count, replace=False))
