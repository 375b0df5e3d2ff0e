"""Room beside an axes, for guides that never overlap."""

from __future__ import annotations

from typing import TYPE_CHECKING

from matplotlib.transforms import ScaledTranslation, Transform

if TYPE_CHECKING:
    from matplotlib.axes import Axes

__all__ = ["GAP", "beyond", "overflow"]

GAP = 9.0
_SIGNS = {"right": (1, 0), "left": (-1, 0), "top": (0, 1), "bottom": (0, -1)}


def overflow(ax: Axes) -> dict[str, float]:
    """How far ticks, titles and guides reach out of the axes on every side, in points."""
    ax.apply_aspect()
    outer, inner = ax.get_tightbbox() or ax.bbox, ax.bbox
    reach = {
        "right": outer.x1 - inner.x1,
        "left": inner.x0 - outer.x0,
        "top": outer.y1 - inner.y1,
        "bottom": inner.y0 - outer.y0,
    }
    return {side: max(float(pixels), 0.0) * 72 / _dpi(ax) for side, pixels in reach.items()}


def _dpi(ax: Axes) -> float:
    figure = ax.get_figure(root=True)
    return 72.0 if figure is None else float(figure.dpi)


def beyond(ax: Axes, side: str, points: float) -> Transform:
    """The coordinates of the axes, from 0 to 1, moved outwards by so many points."""
    figure = ax.get_figure(root=True)
    if figure is None:
        raise ValueError("The axes belong to no figure, so nothing can be placed beside them.")
    x, y = _SIGNS[side]
    return ax.transAxes + ScaledTranslation(x * points / 72, y * points / 72, figure.dpi_scale_trans)
