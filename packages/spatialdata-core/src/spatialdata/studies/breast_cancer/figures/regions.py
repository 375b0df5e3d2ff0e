"""Figure 7: composition of regions of interest."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from spatialdata.studies.breast_cancer.common import slide_image
from spatialdata.studies.breast_cancer.figures.style import (
    category_legend,
    display,
    label_panels,
    new_figure,
    palette_of,
)
from spatialdata.studies.breast_cancer.names import ALIGNED, REGIONS, REPLICATES, VISIUM

if TYPE_CHECKING:
    from spatialdata.studies.breast_cancer.findings import Findings

__all__ = ["draw_regions"]

_BAR = 0.4


def draw_regions(findings: Findings) -> Any:
    """Draw the regions, and the fractions of cell types in each."""
    if findings.regions is None:
        raise ValueError("There are no regions to draw.")
    count = len(findings.regions.fractions[REPLICATES[0]])
    figure = new_figure(12.5, min(max(4.8, 0.42 * count + 1.2), 9.5))
    axes = figure.subplots(1, 2, width_ratios=[1.15, 1])
    _draw_map(findings, axes[0])
    _draw_bars(axes[1], findings.regions.fractions)
    label_panels(axes)
    return figure


def _draw_map(findings: Findings, ax: Any) -> None:
    from spatialdata import transform

    sdata = findings.sdata
    chain = sdata.pl.render_images(slide_image(sdata, VISIUM), alpha=0.75).pl.render_shapes(
        REGIONS, fill_alpha=0.0, outline_alpha=1.0, outline_width=1.8, outline_color="#1d3557"
    )
    display(chain, ax, "Regions of interest", findings.area.bounds)
    placed = transform(sdata.shapes[REGIONS], to_coordinate_system=ALIGNED)
    numbers = {name: number for number, name in enumerate(_names(findings), start=1)}
    box = {"boxstyle": "circle,pad=0.25", "facecolor": "white", "edgecolor": "#1d3557", "linewidth": 1.0}
    for name, outline in zip(placed["name"], placed.geometry, strict=True):
        if name in numbers:
            x, y = _roomiest_point(outline.intersection(findings.area))
            ax.text(x, y, numbers[name], ha="center", va="center", fontsize=8, fontweight="bold", bbox=box)


def _roomiest_point(shape: Any) -> tuple[float, float]:
    """The point of a shape that is farthest from its border; lines and points that it may hold too do not count."""
    import shapely

    largest = max(shapely.get_parts(shape), key=shapely.area)
    x, y = shapely.maximum_inscribed_circle(largest).coords[0]
    return float(x), float(y)


def _names(findings: Findings) -> list[str]:
    """The regions, in the order in which they are numbered."""
    return [] if findings.regions is None else list(findings.regions.fractions[REPLICATES[0]].index)


def _draw_bars(ax: Any, fractions: Any) -> None:
    names = list(fractions[REPLICATES[0]].index)
    colors = palette_of(fractions[REPLICATES[0]].columns)
    rows = np.arange(len(names))
    for offset, replicate in zip((-_BAR / 2, _BAR / 2), REPLICATES, strict=True):
        left = np.zeros(len(names))
        for cell_type, color in colors.items():
            width = fractions[replicate][cell_type].fillna(0.0).to_numpy()
            ax.barh(rows + offset, width, _BAR * 0.92, left=left, color=color, edgecolor="white", linewidth=0.3)
            left += width
    ax.set(xlim=(0, 1), ylim=(len(names) - 0.4, -0.6), xlabel="fraction of cells", title="Cell types by region")
    ax.set_yticks(rows, [f"{name}  {number}" for number, name in enumerate(names, start=1)])
    ax.spines["left"].set_visible(False)
    ax.tick_params(axis="y", length=0)
    category_legend(ax, colors)
