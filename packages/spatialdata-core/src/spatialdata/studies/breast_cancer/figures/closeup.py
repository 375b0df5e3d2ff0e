"""Figure 3: cells and spots on the H&E image."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from spatialdata.studies.breast_cancer.cell_types import CELL_TYPE
from spatialdata.studies.breast_cancer.common import slide_image
from spatialdata.studies.breast_cancer.figures.style import (
    category_legend,
    display,
    label_panels,
    new_figure,
    palette_of,
)
from spatialdata.studies.breast_cancer.names import ALIGNED, REFERENCE, SPOTS, VISIUM, cells, table

if TYPE_CHECKING:
    from spatialdata.sdata import SpatialData
    from spatialdata.studies.breast_cancer.figures.style import Bounds
    from spatialdata.studies.breast_cancer.findings import Findings

__all__ = ["draw_closeup"]

_HALF = 155.0
"""Micrometres from the middle of the enlarged box to its edges."""


def draw_closeup(findings: Findings) -> Any:
    """Draw the common area, and the surroundings of the spot with the most even mixture of types."""
    sdata = findings.sdata.subset([slide_image(findings.sdata, VISIUM), cells(REFERENCE), table(REFERENCE), SPOTS])
    box = _box(findings)
    figure = new_figure(12, 5.0)
    axes = figure.subplots(1, 2, width_ratios=[1.2, 1])
    colors = palette_of(sdata.tables[table(REFERENCE)].obs[CELL_TYPE].cat.categories)
    _draw(sdata, axes[0], "Common area", findings.area.bounds, colors, enlarged=False)
    x_min, y_min, x_max, y_max = box
    axes[0].plot([x_min, x_max, x_max, x_min, x_min], [y_min, y_min, y_max, y_max, y_min], color="black", linewidth=1.8)
    near = sdata.query.bounding_box(
        axes=("x", "y"), min_coordinate=box[:2], max_coordinate=box[2:], target_coordinate_system=ALIGNED
    )
    _draw(near, axes[1], "Enlarged", box, colors, enlarged=True)
    category_legend(axes[1], colors)
    label_panels(axes)
    return figure


def _draw(sdata: SpatialData, ax: Any, title: str, bounds: Bounds, colors: dict[str, str], *, enlarged: bool) -> None:
    chain = sdata.pl.render_images(slide_image(sdata, VISIUM))
    chain = chain.pl.render_shapes(
        cells(REFERENCE),
        color=CELL_TYPE,
        table_name=table(REFERENCE),
        palette=colors,
        fill_alpha=0.55 if enlarged else 0.9,
        outline_alpha=1.0 if enlarged else 0.0,
        outline_width=0.5,
        outline_color="#333333",
    )
    chain = chain.pl.render_shapes(
        SPOTS, fill_alpha=0.0, outline_alpha=1.0, outline_width=1.8 if enlarged else 0.7, outline_color="#000000"
    )
    display(chain, ax, title, bounds, legend_loc="none")


def _box(findings: Findings) -> Bounds:
    """The box around the spot with many cells that are evenly mixed, in the common coordinate system.

    Spots at the border of the common area are taken only if there are no others.
    """
    import shapely

    from spatialdata import get_centroids

    amount = findings.fractions.amounts[REFERENCE].sum(axis=1)
    fractions = findings.fractions.fractions[REFERENCE].fillna(0.0)
    entropy = -(fractions * np.log(fractions.where(fractions > 0, 1.0))).sum(axis=1)
    mixture = entropy * amount
    centres = get_centroids(findings.spots, coordinate_system=ALIGNED).compute().loc[mixture.index]
    inside = shapely.contains_xy(findings.area.buffer(-_HALF), centres["x"], centres["y"])
    rank = 2 * (amount > 0) + inside
    best = (mixture + rank * (mixture.max() + 1)).idxmax()
    x, y = centres.loc[best, ["x", "y"]]
    return float(x) - _HALF, float(y) - _HALF, float(x) + _HALF, float(y) + _HALF
