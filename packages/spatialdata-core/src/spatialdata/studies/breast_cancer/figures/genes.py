"""Figure 6: agreement gene by gene."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from spatialdata.studies.breast_cancer.figures.style import SLIDE_COLORS, SLIDE_NAMES, label_panels, new_figure
from spatialdata.studies.breast_cancer.names import REFERENCE, REPLICATES, VISIUM

if TYPE_CHECKING:
    from spatialdata.studies.breast_cancer.findings import Findings

__all__ = ["draw_genes"]

_BINS = 30
_OTHERS = (REPLICATES[1], VISIUM)


def draw_genes(findings: Findings) -> Any:
    """Draw total counts of genes by slide, and the correlation of each gene over the spots."""
    figure = new_figure(12, 3.9)
    axes = figure.subplots(1, 3)
    for ax, slide in zip(axes, _OTHERS, strict=False):
        _draw_totals(findings, ax, slide)
    _draw_correlations(findings, axes[2])
    label_panels(axes)
    return figure


def _draw_totals(findings: Findings, ax: Any, slide: str) -> None:
    first, second = (findings.genes.counts[name].sum(axis=0).to_numpy() + 1 for name in (REFERENCE, slide))
    limits = (0.8 * min(first.min(), second.min()), 1.3 * max(first.max(), second.max()))
    ax.plot(limits, limits, color="#999999", linewidth=1, linestyle="--")
    ax.scatter(first, second, s=14, color="#33415c", alpha=0.6, linewidths=0)
    ax.set(
        xscale="log",
        yscale="log",
        xlim=limits,
        ylim=limits,
        aspect="equal",
        xlabel=f"{SLIDE_NAMES[REFERENCE]}: counts + 1",
        ylabel=f"{SLIDE_NAMES[slide]}: counts + 1",
        title=f"{len(first)} genes, r = {findings.genes.totals_pearson(slide):.3f}",
    )


def _draw_correlations(findings: Findings, ax: Any) -> None:
    pearson = findings.genes.pearson
    lowest = min(float(np.nanmin(pearson.to_numpy(), initial=0.0)), 0.0)
    bins = np.linspace(lowest, 1, _BINS + 1)
    for slide in _OTHERS:
        values = pearson[slide].dropna()
        what = "replicates 1 and 2" if slide in REPLICATES else "replicate 1 and Visium"
        label = f"{what}\n(median {values.median():.2f})"
        ax.hist(values, bins=bins, color=SLIDE_COLORS[slide], alpha=0.22)
        ax.hist(values, bins=bins, color=SLIDE_COLORS[slide], histtype="step", linewidth=1.6, label=label)
    ax.set(xlabel="Pearson r of a gene over the spots", ylabel="genes", xlim=(lowest, 1.005), title="By gene")
    ax.margins(y=0.25)
    ax.yaxis.get_major_locator().set_params(integer=True)
    ax.legend(loc="upper left")
