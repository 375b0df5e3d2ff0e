"""Colorbars of numbers."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from spatialdata_plot.decor.margin import GAP, beyond, overflow

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.colorbar import Colorbar

    from spatialdata_plot.draw.panel import ColorbarGuide

__all__ = ["add_colorbars"]

SIDES = ("right", "left", "top", "bottom")
WIDTH = 0.05
PAD = 0.015
# To the right, the label of the last tick reaches out below the height of a colorbar, so it takes no room.
FREE = {"right": 14.0, "left": 2.0, "top": 2.0, "bottom": 2.0}


def add_colorbars(
    ax: Axes, guides: Sequence[ColorbarGuide], *, switch: bool, params: Mapping[str, Any] | None
) -> list[Colorbar]:
    """Add the colorbars of all layers, one beside the other.

    Parameters
    ----------
    ax
        The axes.
    guides
        What the layers explain.
    switch
        The ``colorbar`` of ``show``; False leaves out all of them.
    params
        The ``colorbar_params`` of ``show``, which win over those of the layers.
    """
    if not switch:
        return []
    return [_add(ax, guide, {**guide.params, **(params or {})}) for guide in guides if guide.wanted in (True, "auto")]


def _add(ax: Axes, guide: ColorbarGuide, params: dict[str, Any]) -> Colorbar:
    side = params.pop("loc", params.pop("location", "right"))
    if side not in SIDES:
        raise ValueError(f"A colorbar cannot be placed at {side!r}. Valid: {', '.join(map(repr, SIDES))}.")
    width = params.pop("width", params.pop("fraction", WIDTH))
    pad = params.pop("pad", PAD)
    label = params.pop("label", guide.label)
    occupied = overflow(ax)[side]
    offset = occupied + GAP if occupied > FREE[side] else 0.0
    bounds = {
        "right": (1 + pad, 0.0, width, 1.0),
        "left": (-pad - width, 0.0, width, 1.0),
        "top": (0.0, 1 + pad, 1.0, width),
        "bottom": (0.0, -pad - width, 1.0, width),
    }[side]
    cax = ax.inset_axes(bounds, transform=beyond(ax, side, offset))
    figure = ax.get_figure(root=True)
    if figure is None:
        raise ValueError("The axes belong to no figure, so no colorbar can be drawn.")
    orientation = "vertical" if side in ("left", "right") else "horizontal"
    bar = figure.colorbar(guide.mappable, cax=cax, orientation=orientation, ticklocation=side, **params)
    if label is not None:
        bar.set_label(label)
    return bar
