"""Legends of categories and channels."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from spatialdata_plot._logging import logger
from spatialdata_plot.decor.margin import GAP, beyond, overflow

if TYPE_CHECKING:
    from collections.abc import Sequence

    from matplotlib.axes import Axes
    from matplotlib.legend import Legend

    from spatialdata_plot.draw.panel import LegendGuide
    from spatialdata_plot.spec.legend import LegendSpec

__all__ = ["MAX_ENTRIES", "add_legends", "merged"]

MAX_ENTRIES = 103
_PLACES = {
    "right": ("center left", (1.0, 0.5)),
    "left": ("center right", (0.0, 0.5)),
    "top": ("lower center", (0.5, 1.0)),
    "bottom": ("upper center", (0.5, 0.0)),
}


def add_legends(ax: Axes, guides: Sequence[LegendGuide], spec: LegendSpec) -> list[Legend]:
    """Add the legends of all layers, one beside the other.

    A legend has a title where the caller gives one, or where there are several.
    """
    if spec.loc in (None, "none"):
        return []
    shown = merged(guides)
    added = []
    for guide in shown:
        if len(guide.entries) > MAX_ENTRIES:
            logger.warning(
                "The %d categories of %r are too many for a legend, which is left out. Choose some with `groups`.",
                len(guide.entries),
                guide.title,
            )
            continue
        title = spec.outline_title if guide.role == "outline" else spec.title
        if title is None and len(shown) > 1:
            title = guide.title
        added.append(_add(ax, guide, spec, title))
    return added


def merged(guides: Sequence[LegendGuide]) -> list[LegendGuide]:
    """Channels of all images make one legend; a legend that repeats another is left out."""
    from dataclasses import replace

    result: list[LegendGuide] = []
    for guide in guides:
        channels = next((other for other in result if other.role == guide.role == "channels"), None)
        if channels is not None:
            entries = dict(channels.entries) | dict(guide.entries)
            result[result.index(channels)] = replace(channels, entries=tuple(entries.items()))
        elif guide not in result:
            result.append(guide)
    return result


def _add(ax: Axes, guide: LegendGuide, spec: LegendSpec, title: str | None) -> Legend:
    side = spec.loc.removesuffix(" margin") if spec.loc and spec.loc.endswith(" margin") else None
    handles = _handles(guide, spec)
    offset = 0.0 if side is None else overflow(ax)[side] + GAP
    sideways = side in ("top", "bottom")
    columns = len(handles) if sideways else _columns(len(handles))
    legend = _place(ax, handles, spec, title, side, offset, columns)
    limit = _limit(ax, side)
    while not _fits(legend, limit, sideways=sideways) and (columns > 1 if sideways else columns < min(len(handles), 6)):
        legend.remove()
        columns += -1 if sideways else 1
        legend = _place(ax, handles, spec, title, side, offset, columns)
    return legend


def _columns(entries: int) -> int:
    if entries <= 14:
        return 1
    return 2 if entries <= 30 else 3


def _limit(ax: Axes, side: str | None) -> float:
    """How long a legend may be, in pixels: as the axes, or beside them as the place that the layout gives them."""
    figure = ax.get_figure(root=True)
    own = ax.bbox.width if side in ("top", "bottom") else ax.bbox.height
    if side is None or figure is None:
        return float(own)
    slot = ax.get_position(original=True).transformed(figure.transFigure)
    return float(max(own, slot.width if side in ("top", "bottom") else slot.height))


def _fits(legend: Legend, limit: float, *, sideways: bool) -> bool:
    box = legend.get_window_extent()
    return bool((box.width if sideways else box.height) <= limit)


def _handles(guide: LegendGuide, spec: LegendSpec) -> list[Any]:
    from matplotlib.lines import Line2D

    entries: list[tuple[str, Any]] = [*guide.entries]
    if guide.na is not None and spec.na_in_legend:
        entries.append(("NA", guide.na))
    filled = guide.role != "outline"
    return [
        Line2D(
            [],
            [],
            linestyle="none",
            marker="o",
            markersize=7,
            markerfacecolor=color if filled else "none",
            markeredgecolor="none" if filled else color,
            markeredgewidth=0 if filled else 1.5,
            label=_visible(name),
        )
        for name, color in ((name, _opaque(color)) for name, color in entries)
    ]


def _opaque(color: tuple[float, ...]) -> tuple[float, float, float, float]:
    """The color of a swatch, which stays readable however transparent the layer is."""
    red, green, blue, alpha = color
    return red, green, blue, 1.0 if alpha > 0 else 0.0


def _visible(name: str) -> str:
    """Matplotlib leaves out entries that start with an underscore."""
    return f"\u200b{name}" if name.startswith("_") else name


def _place(
    ax: Axes,
    handles: Sequence[Any],
    spec: LegendSpec,
    title: str | None,
    side: str | None,
    offset: float,
    columns: int,
) -> Legend:
    from matplotlib.legend import Legend

    place: dict[str, Any] = {"loc": spec.loc, "frameon": True, "framealpha": 0.8}
    if side is not None:
        loc, anchor = _PLACES[side]
        place = {"loc": loc, "bbox_to_anchor": anchor, "bbox_transform": beyond(ax, side, offset), "frameon": False}
    legend = Legend(
        ax,
        list(handles),
        [handle.get_label() for handle in handles],
        title=title,
        ncols=columns,
        fontsize=spec.fontsize,
        title_fontproperties={"weight": spec.fontweight} | ({} if spec.fontsize is None else {"size": spec.fontsize}),
        borderaxespad=0.0 if side is not None else None,
        borderpad=0.0 if side is not None else None,
        handletextpad=0.4,
        columnspacing=1.0,
        **place,
    )
    if spec.fontoutline:
        _outline(legend, spec.fontoutline)
    ax.add_artist(legend)
    legend.set_clip_on(False)
    legend.set_clip_path(None)
    return legend


def _outline(legend: Legend, width: int) -> None:
    from matplotlib.patheffects import withStroke

    for text in [*legend.get_texts(), legend.get_title()]:
        text.set_path_effects([withStroke(linewidth=width, foreground="white")])
