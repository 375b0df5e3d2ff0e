"""From numbers to the range of a colormap."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
from matplotlib.colors import LogNorm, Normalize

if TYPE_CHECKING:
    from numpy.typing import ArrayLike, NDArray

__all__ = ["PercentileNormalize", "fitted"]


class PercentileNormalize(Normalize):
    """Scale numbers linearly between two percentiles of the finite values.

    Parameters
    ----------
    pmin, pmax
        The percentiles that become 0 and 1; ``0 <= pmin < pmax <= 100``.
    clip
        Whether values outside are drawn in the first and last color, rather than in the under and over color.

    Raises
    ------
    ValueError
        The percentiles are out of range or out of order.

    Examples
    --------
    >>> import numpy as np
    >>> from spatialdata_plot import PercentileNormalize
    >>> norm = PercentileNormalize(pmin=0, pmax=50)
    >>> norm.autoscale(np.arange(11.0))
    >>> norm.vmin, norm.vmax
    (0.0, 5.0)
    """

    def __init__(self, pmin: float = 0.0, pmax: float = 100.0, clip: bool = False) -> None:
        if not 0 <= pmin < pmax <= 100:
            raise ValueError(f"The percentiles are {pmin!r} and {pmax!r}. They must satisfy 0 <= pmin < pmax <= 100.")
        super().__init__(clip=clip)
        self.pmin = pmin
        self.pmax = pmax

    def autoscale(self, A: ArrayLike) -> None:
        """Set both limits from the values."""
        self.vmin = self.vmax = None
        self.autoscale_None(A)

    def autoscale_None(self, A: ArrayLike) -> None:  # noqa: N802 - the name is matplotlib's
        """Set the limits that are not set yet from the values."""
        values: NDArray[np.float64] = np.ma.masked_invalid(np.ma.asarray(A, dtype=float)).compressed()
        if values.size == 0:
            return
        low, high = np.percentile(values, [self.pmin, self.pmax])
        if self.vmin is None:
            self.vmin = float(low)
        if self.vmax is None:
            self.vmax = float(high)


def fitted(norm: Normalize | None, values: NDArray[Any]) -> Normalize:
    """A copy of the norm whose limits are set, where they were not, from the finite values.

    Values that are all the same get a range from zero to them, so that zeros take the first color.
    """
    from copy import copy

    result = Normalize() if norm is None else copy(norm)
    finite = values[np.isfinite(values)] if values.dtype.kind == "f" else values.ravel()
    if isinstance(result, LogNorm):
        finite = finite[finite > 0]
    if finite.size:
        result.autoscale_None(finite)
    explicit = norm is not None and (norm.vmin is not None or norm.vmax is not None)
    if result.vmin is None or result.vmax is None:
        result.vmin, result.vmax = (1.0, 10.0) if isinstance(result, LogNorm) else (0.0, 1.0)
    elif result.vmin == result.vmax and not explicit:
        low, high = min(0.0, float(result.vmin)), max(0.0, float(result.vmax))
        if isinstance(result, LogNorm):
            low = high / 10
        result.vmin, result.vmax = low, high if high > low else low + 1
    return result
