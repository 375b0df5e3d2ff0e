"""What all figures look like."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from spatialdata._core.optional import require
from spatialdata.studies.breast_cancer.cell_types import UNASSIGNED
from spatialdata.studies.breast_cancer.names import ALIGNED

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from spatialdata.sdata import SpatialData

    Bounds = tuple[float, float, float, float]

__all__ = [
    "NOTHING",
    "RESOLUTION",
    "SLIDE_COLORS",
    "SLIDE_NAMES",
    "STYLE",
    "bare",
    "category_legend",
    "display",
    "label_panels",
    "new_figure",
    "palette_of",
    "patch",
    "zoom",
]

RESOLUTION = 150
STYLE: dict[str, Any] = {
    "font.size": 9,
    "axes.titlesize": 10,
    "axes.titleweight": "bold",
    "axes.labelsize": 9,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "legend.fontsize": 8.5,
    "legend.frameon": False,
    "figure.facecolor": "white",
    "savefig.facecolor": "white",
}

SLIDE_NAMES = {"xenium_rep1": "Xenium replicate 1", "xenium_rep2": "Xenium replicate 2", "visium": "Visium"}
SLIDE_COLORS = {"xenium_rep1": "#0072b2", "xenium_rep2": "#e07b00", "visium": "#111111"}
NOTHING = "#c9c9c9"

_COLORS = (
    "#1f77b4", "#ff9d2e", "#d62728", "#17a589", "#7cb518", "#8c564b", "#f4d03f", "#8d99ae", "#6a3d9a",
    "#e377c2", "#7fd1f5", "#1b1b3a",
)  # fmt: skip
_SCALE_BAR = {"location": "lower right", "length_fraction": 0.28, "box_alpha": 0.8, "font_size": 8}


def new_figure(width: float, height: float) -> Any:
    """An empty figure, whose size is in inches."""
    figure = require("matplotlib.figure", "draw the figures")
    return figure.Figure(figsize=(width, height), layout="constrained")


def palette_of(categories: Iterable[str]) -> dict[str, str]:
    """A color for each category; those that stand for nothing are grey."""
    named = [name for name in categories if name not in (UNASSIGNED, "none")]
    colors = {name: _COLORS[number % len(_COLORS)] for number, name in enumerate(named)}
    return {name: colors.get(name, NOTHING) for name in categories}


def display(
    chain: Any, ax: Any, title: str, bounds: Bounds, system: str = ALIGNED, pixel_size: float = 1.0, **options: Any
) -> None:
    """Draw the layers of a plot on axes without a frame, with a scale bar and y downwards.

    Parameters
    ----------
    chain
        What ``sdata.pl.render_…`` returned.
    ax
        The axes.
    title
        The title.
    bounds
        The box ``(x_min, y_min, x_max, y_max)`` to show.
    system
        The coordinate system.
    pixel_size
        Micrometres that one of its units spans.
    **options
        Further options of ``show``.
    """
    chain.pl.show(
        coordinate_systems=system,
        ax=ax,
        title=title,
        frameon=False,
        scalebar_dx=pixel_size,
        scalebar_units="um",
        scalebar_params=_SCALE_BAR,
        crop_coord=(bounds[0], bounds[2], bounds[1], bounds[3]),
        show=False,
        **options,
    )
    ax.set_anchor("N")


def zoom(ax: Any, bounds: Bounds) -> None:
    """Show a box ``(x_min, y_min, x_max, y_max)`` only, with y downwards."""
    x_min, y_min, x_max, y_max = bounds
    ax.set_xlim(x_min, x_max)
    ax.set_ylim(y_max, y_min)


def patch(ax: Any, outline: Any, **style: Any) -> None:
    """Draw the outline of a shapely polygon."""
    patches = require("matplotlib.patches", "draw the figures")
    ax.add_patch(patches.Polygon(list(outline.exterior.coords), closed=True, fill=False, **style))


def category_legend(ax: Any, colors: Mapping[str, str], **options: Any) -> None:
    """List the colors of categories beside axes."""
    patches = require("matplotlib.patches", "draw the figures")
    handles = [patches.Patch(facecolor=color, edgecolor="none", label=name) for name, color in colors.items()]
    place = {"loc": "center left", "bbox_to_anchor": (1.01, 0.5), "handlelength": 1.0, "handleheight": 1.0}
    ax.legend(handles=handles, **{**place, **options})


def label_panels(axes: Iterable[Any]) -> None:
    """Name the panels by letters."""
    for letter, ax in zip("abcdefghijkl", axes, strict=False):
        ax.set_title(letter, loc="left", fontsize=12)


def bare(sdata: SpatialData, elements: Mapping[str, Any]) -> SpatialData:
    """An object of some elements, for drawing."""
    return type(sdata).init_from_elements(dict(elements))
