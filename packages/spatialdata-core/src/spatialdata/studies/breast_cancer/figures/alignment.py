"""Figure 2: the slides in one coordinate system."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from spatialdata.studies.breast_cancer.cell_types import CELL_TYPE, UNASSIGNED
from spatialdata.studies.breast_cancer.common import footprint, slide_image
from spatialdata.studies.breast_cancer.figures.style import (
    SLIDE_COLORS,
    SLIDE_NAMES,
    category_legend,
    display,
    label_panels,
    new_figure,
    patch,
    zoom,
)
from spatialdata.studies.breast_cancer.names import REFERENCE, REPLICATES, SLIDES, VISIUM, cells, table

if TYPE_CHECKING:
    from spatialdata.studies.breast_cancer.findings import Findings

__all__ = ["draw_alignment"]

_ARROW_SHARE = 0.12
_MARGIN = 0.06
_BELOW = {"loc": "upper center", "bbox_to_anchor": (0.5, -0.02), "ncols": 3, "columnspacing": 1.2}


def draw_alignment(findings: Findings) -> Any:
    """Draw footprints, overlaid replicates, and the residuals of the landmarks."""
    figure = new_figure(13, 4.7)
    axes = figure.subplots(1, 3)
    _draw_footprints(findings, axes[0])
    _draw_replicates(findings, axes[1])
    _draw_residuals(findings, axes[2])
    label_panels(axes)
    return figure


def _draw_footprints(findings: Findings, ax: Any) -> None:
    sdata = findings.sdata
    outlines = {slide: footprint(sdata, slide) for slide in SLIDES}
    bounds = _around([outline.bounds for outline in outlines.values()])
    display(sdata.pl.render_images(slide_image(sdata, VISIUM)), ax, "What the slides show", bounds)
    for slide, outline in outlines.items():
        patch(ax, outline, edgecolor=SLIDE_COLORS[slide], linewidth=1.6, clip_on=False)
    patch(ax, findings.area, edgecolor="#00a86b", linewidth=1.6, linestyle="--")
    places = findings.alignment.slides[REFERENCE].landmarks
    ax.plot(places["x"], places["y"], "+", color="#00e5ff", markersize=9, markeredgewidth=3.0)
    ax.plot(places["x"], places["y"], "+", color="#111111", markersize=8, markeredgewidth=1.2)
    colors = {SLIDE_NAMES[slide]: SLIDE_COLORS[slide] for slide in SLIDES} | {"common area": "#00a86b"}
    category_legend(ax, colors, **{**_BELOW, "ncols": 2})


def _draw_replicates(findings: Findings, ax: Any) -> None:
    sdata = findings.sdata
    types = sdata.tables[table(REFERENCE)].obs[CELL_TYPE]
    commonest = str(types[types != UNASSIGNED].value_counts().idxmax())
    chain: Any = sdata
    for replicate in REPLICATES:
        chain = chain.pl.render_shapes(
            cells(replicate),
            color=CELL_TYPE,
            table_name=table(replicate),
            groups=[commonest],
            palette=[SLIDE_COLORS[replicate]],
            fill_alpha=0.55,
        )
    display(chain, ax, f"Cells of type {commonest}", _around([findings.area.bounds]), legend_loc="none")
    patch(ax, findings.area, edgecolor="#00a86b", linewidth=1.2, linestyle="--")
    category_legend(ax, {SLIDE_NAMES[replicate]: SLIDE_COLORS[replicate] for replicate in REPLICATES}, **_BELOW)


def _draw_residuals(findings: Findings, ax: Any) -> None:
    slides = [one for slide, one in findings.alignment.slides.items() if slide != REFERENCE]
    bounds = _around([findings.area.bounds])
    largest = max(one.landmarks["residual"].max() for one in slides) or 1.0
    magnified = _ARROW_SHARE * (bounds[2] - bounds[0]) / largest
    patch(ax, findings.area, edgecolor="#00a86b", linewidth=1.2, linestyle="--")
    for one in slides:
        places = one.landmarks
        ax.quiver(
            places["x"],
            places["y"],
            places["found_x"] - places["x"],
            places["found_y"] - places["y"],
            angles="xy",
            scale_units="xy",
            scale=1 / magnified,
            width=0.006,
            color=SLIDE_COLORS[one.slide],
        )
    reference = findings.alignment.slides[REFERENCE].landmarks
    ax.plot(reference["x"], reference["y"], "o", color="#777777", markersize=3)
    ax.set_aspect("equal")
    ax.set_anchor("N")
    zoom(ax, _around([findings.area.bounds, (*reference[["x", "y"]].min(), *reference[["x", "y"]].max())]))
    ax.set_axis_off()
    ax.set_title(f"Residuals, {magnified:.0f} times enlarged")
    colors = {_residual_label(one): SLIDE_COLORS[one.slide] for one in slides}
    category_legend(ax, colors, **{**_BELOW, "ncols": 1})


def _residual_label(one: Any) -> str:
    error = "" if one.error is None else f", largest error {one.error:.2f} µm"
    return f"{SLIDE_NAMES[one.slide]}: RMS {one.residual:.2f} µm{error}"


def _around(boxes: list[tuple[float, float, float, float]]) -> tuple[float, float, float, float]:
    """A box around boxes, with a margin."""
    x_min, y_min = (min(box[axis] for box in boxes) for axis in (0, 1))
    x_max, y_max = (max(box[axis] for box in boxes) for axis in (2, 3))
    margin = _MARGIN * max(x_max - x_min, y_max - y_min)
    return x_min - margin, y_min - margin, x_max + margin, y_max + margin
