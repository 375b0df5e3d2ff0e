"""Figure 8: subclones of spots and of the cells under them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from spatialdata.studies.breast_cancer.common import slide_image
from spatialdata.studies.breast_cancer.figures.style import (
    NOTHING,
    SLIDE_NAMES,
    bare,
    category_legend,
    display,
    label_panels,
    new_figure,
    palette_of,
)
from spatialdata.studies.breast_cancer.findings import subclone_table
from spatialdata.studies.breast_cancer.names import REPLICATES, SPOTS, VISIUM, cells
from spatialdata.studies.breast_cancer.subclones import NONE, SUBCLONE

if TYPE_CHECKING:
    from spatialdata.studies.breast_cancer.findings import Findings

__all__ = ["draw_subclones"]

_OTHERS = "other_cells"


def draw_subclones(findings: Findings) -> Any:
    """Draw the labels of the spots, and what the cells of both replicates get of them."""
    if findings.subclones is None:
        raise ValueError("There are no subclones to draw.")
    names = sorted(set(findings.subclones.spots) - {NONE})
    labelled = int((findings.subclones.spots != NONE).sum())
    colors = {**palette_of(names), NONE: "#7d7d7d"}
    figure = new_figure(13, 3.9)
    axes = figure.subplots(1, 3)
    sdata = findings.sdata
    labels = subclone_table(VISIUM)
    image = slide_image(sdata, VISIUM)
    shown = bare(sdata, {image: sdata.images[image], SPOTS: findings.spots, labels: sdata.tables[labels]})
    chain = shown.pl.render_images(image, alpha=0.6).pl.render_shapes(
        SPOTS, color=SUBCLONE, table_name=labels, palette=colors, outline_alpha=0.0, fill_alpha=0.95
    )
    display(chain, axes[0], f"Visium spots\n{labelled} in a subclone", findings.area.bounds, legend_loc="none")
    for ax, replicate in zip(axes[1:], REPLICATES, strict=True):
        _draw_cells(findings, ax, replicate, colors)
    named = {"no subclone" if name == NONE else name: color for name, color in colors.items()}
    category_legend(axes[-1], {**named, "not under a spot": NOTHING})
    label_panels(axes)
    return figure


def _draw_cells(findings: Findings, ax: Any, replicate: str, colors: dict[str, str]) -> None:
    sdata = findings.sdata
    labels = subclone_table(replicate)
    everything, table = sdata.shapes[cells(replicate)], sdata.tables[labels]
    under = everything.loc[table.obs["cell_id"]]
    shown = bare(sdata, {_OTHERS: everything.drop(under.index), cells(replicate): under, labels: table})
    chain = shown.pl.render_shapes(_OTHERS, color=NOTHING, outline_alpha=0.0).pl.render_shapes(
        cells(replicate), color=SUBCLONE, table_name=labels, palette=colors, outline_alpha=0.0
    )
    right = findings.subclones.accuracy.get(replicate) if findings.subclones else None
    ending = "" if right is None else f"\n{right:.0%} of the tumour cells right"
    display(chain, ax, f"Cells, {SLIDE_NAMES[replicate]}{ending}", findings.area.bounds, legend_loc="none")
