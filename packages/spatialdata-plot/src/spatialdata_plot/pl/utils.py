"""A function that notebooks import from here."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from matplotlib.colors import Colormap, ListedColormap

__all__ = ["set_zero_in_cmap_to_transparent"]


def set_zero_in_cmap_to_transparent(cmap: Colormap | str, steps: int | None = None) -> ListedColormap:
    """A colormap whose first color is transparent, so that zeros are not seen.

    Parameters
    ----------
    cmap
        A colormap or the name of one.
    steps
        How many colors the result has; None keeps the number.

    Returns
    -------
    The colors of ``cmap``, the first replaced by transparent white.

    Examples
    --------
    >>> float(set_zero_in_cmap_to_transparent("viridis")(0)[3])
    0.0
    """
    import matplotlib as mpl
    from matplotlib.colors import ListedColormap

    base = mpl.colormaps[cmap] if isinstance(cmap, str) else cmap
    colors = base(np.linspace(0, 1, base.N if steps is None else steps))
    colors[0] = (1.0, 1.0, 1.0, 0.0)
    return ListedColormap(colors)
