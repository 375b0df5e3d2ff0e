"""Axes: limits, direction, labels and titles."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from matplotlib.axes import Axes

    from spatialdata_plot.resolve.canvas import Extent

__all__ = ["limits_of", "next_zorder", "set_limits", "set_texts"]

FIRST_ZORDER = 1.0
ZORDER_STEP = 0.01


def limits_of(ax: Axes) -> Extent | None:
    """xmin, xmax, ymin, ymax of axes that already show something, None of empty ones."""
    if not ax.has_data() and not ax.images:
        return None
    (x0, x1), (y0, y1) = ax.get_xlim(), ax.get_ylim()
    return min(x0, x1), max(x0, x1), min(y0, y1), max(y0, y1)


def next_zorder(ax: Axes) -> float:
    """The height above all layers that are already there, and below ticks and frame."""
    heights = [artist.get_zorder() for artist in (*ax.images, *ax.collections) if artist.get_zorder() < 2]
    return max([FIRST_ZORDER, *(height + ZORDER_STEP for height in heights)])


def set_limits(ax: Axes, extents: Sequence[Extent], *, before: Extent | None, pad: float, crop: Extent | None) -> None:
    """Show all extents, with y pointing down and equal scales.

    Parameters
    ----------
    ax
        The axes.
    extents
        What is drawn.
    before
        What the axes showed before; it stays visible.
    pad
        Room on every side, in units of the coordinate system.
    crop
        What is shown instead of all extents.
    """
    if crop is not None:
        xmin, xmax, ymin, ymax = crop
    else:
        padded = [(e[0] - pad, e[1] + pad, e[2] - pad, e[3] + pad) for e in extents]
        every = [*padded, *([] if before is None else [before])]
        xmin, xmax = min(e[0] for e in every), max(e[1] for e in every)
        ymin, ymax = min(e[2] for e in every), max(e[3] for e in every)
    xmin, xmax = _opened(xmin, xmax)
    ymin, ymax = _opened(ymin, ymax)
    ax.set_aspect("equal", adjustable="box")
    ax.set_xlim(xmin, xmax)
    ax.set_ylim(ymax, ymin)


def _opened(low: float, high: float) -> tuple[float, float]:
    return (low, high) if high > low else (low - 0.5, high + 0.5)


def set_texts(ax: Axes, *, title: str | None, xlabel: str | None, ylabel: str | None, frameon: bool | None) -> None:
    """Write the title and the labels, and hide the frame if asked to."""
    if title is not None:
        ax.set_title(title)
    if xlabel is not None:
        ax.set_xlabel(xlabel)
    if ylabel is not None:
        ax.set_ylabel(ylabel)
    if frameon is False:
        ax.set_axis_off()
