"""Which figures there are, and how they come to files."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from spatialdata._core.optional import require
from spatialdata.studies.breast_cancer.figures.alignment import draw_alignment
from spatialdata.studies.breast_cancer.figures.closeup import draw_closeup
from spatialdata.studies.breast_cancer.figures.correlation import draw_correlation
from spatialdata.studies.breast_cancer.figures.genes import draw_genes
from spatialdata.studies.breast_cancer.figures.overview import draw_overview
from spatialdata.studies.breast_cancer.figures.regions import draw_regions
from spatialdata.studies.breast_cancer.figures.spots import draw_spots
from spatialdata.studies.breast_cancer.figures.style import RESOLUTION, STYLE
from spatialdata.studies.breast_cancer.figures.subclones import draw_subclones

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from spatialdata.studies.breast_cancer.findings import Findings

__all__ = ["FIGURES", "Drawn", "FigurePlan", "draw_figures"]


@dataclass(frozen=True, slots=True, kw_only=True)
class FigurePlan:
    """One figure of the study."""

    name: str
    title: str
    caption: str
    draw: Callable[[Findings], Any]
    needs: str | None = None
    """The finding without which there is nothing to draw."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Drawn:
    """A figure in its file."""

    path: Path
    title: str
    caption: str


FIGURES = (
    FigurePlan(
        name="1_slides",
        title="The three slides",
        caption="Each slide in pixels of its own image: the nuclear stain of both Xenium replicates, and the Visium "
        "slide's H&E image with its spots. Every slide is turned and cropped in its own way.",
        draw=draw_overview,
    ),
    FigurePlan(
        name="2_alignment",
        title="Alignment through landmarks",
        caption="Left: what each slide shows, on the H&E image in the common coordinate system; crosses are landmarks. "
        "Middle: the commonest cell type in both replicates. Right: residuals of the landmarks, enlarged.",
        draw=draw_alignment,
    ),
    FigurePlan(
        name="3_closeup",
        title="Cells and spots on the H&E image",
        caption="Cells of the first replicate, colored by type, under the Visium spots (circles), on the H&E image of "
        "the Visium slide. That is another section, so regions coincide and single cells do not. The box on the left "
        "marks the part that is enlarged on the right.",
        draw=draw_closeup,
    ),
    FigurePlan(
        name="4_fractions",
        title="Cell-type fractions of spots",
        caption="Fractions of the three types that vary most, from the cells of each replicate that overlap a spot, "
        "each counted by the part of its area in the spot. Spots without cells are left out, and all are drawn 1.5 "
        "times as wide. Right: spot by spot.",
        draw=draw_spots,
    ),
    FigurePlan(
        name="5_correlation",
        title="Agreement of the replicates by spot",
        caption="Pearson correlation of the cell-type fractions of each spot between the replicates. The line marks "
        "the median.",
        draw=draw_correlation,
    ),
    FigurePlan(
        name="6_genes",
        title="Agreement gene by gene",
        caption="Left and middle: counts of each gene in all spots. Right: for each gene, the correlation over the "
        "spots of logarithmic counts.",
        draw=draw_genes,
    ),
    FigurePlan(
        name="7_regions",
        title="Composition of regions of interest",
        caption="Left: the regions on the H&E image, by number. Right: cell-type fractions of each region in "
        "replicate 1 (upper bar) and replicate 2 (lower bar).",
        draw=draw_regions,
        needs="regions",
    ),
    FigurePlan(
        name="8_subclones",
        title="Subclones of spots, transferred to cells",
        caption="Left: the subclone of each spot. Then the cells of both replicates that lie under a spot, colored "
        "by the subclone on which most of their area lies; all other cells are grey.",
        draw=draw_subclones,
        needs="subclones",
    ),
)


def draw_figures(findings: Findings, folder: Path) -> list[Drawn]:
    """Draw all figures for which there are findings.

    Parameters
    ----------
    findings
        What the steps of the study found.
    folder
        A folder that does not exist.

    Returns
    -------
    The figures, in order.
    """
    from tqdm import tqdm

    matplotlib = require("matplotlib", "draw the figures")
    require("spatialdata_plot", "draw the figures")
    folder.mkdir(parents=True)
    drawn = []
    plans = [plan for plan in FIGURES if plan.needs is None or getattr(findings, plan.needs) is not None]
    for plan in tqdm(plans, desc="Figures", disable=None, leave=False):
        path = folder / f"{plan.name}.png"
        with matplotlib.rc_context(STYLE):
            plan.draw(findings).savefig(path, dpi=RESOLUTION)
        drawn.append(Drawn(path=path, title=plan.title, caption=plan.caption))
    return drawn
