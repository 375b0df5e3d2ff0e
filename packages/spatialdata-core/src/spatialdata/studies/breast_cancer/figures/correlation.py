"""Figure 5: agreement of the replicates by spot."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from spatialdata.studies.breast_cancer.figures.style import new_figure

if TYPE_CHECKING:
    from spatialdata.studies.breast_cancer.findings import Findings

__all__ = ["draw_correlation"]

_BINS = 40


def draw_correlation(findings: Findings) -> Any:
    """Draw the distribution of the correlations of the spots."""
    figure = new_figure(6, 3.6)
    ax = figure.subplots()
    pearson = findings.fractions.pearson.dropna()
    lowest = min(float(pearson.min()) if len(pearson) else 0.0, 0.0)
    ax.hist(pearson, bins=np.linspace(lowest, 1, _BINS + 1), color="#5b7aa8", edgecolor="white", linewidth=0.5)
    median = findings.fractions.median
    ax.axvline(median, color="#c0392b", linewidth=1.8)
    ax.annotate(
        f"median {median:.2f}",
        (median, 0.97),
        xycoords=("data", "axes fraction"),
        xytext=(-6, 0),
        textcoords="offset points",
        ha="right",
        va="top",
        color="#c0392b",
        fontweight="bold",
    )
    ax.set(
        xlabel="Pearson r of cell-type fractions, replicate 1 and 2",
        ylabel="spots",
        title=f"{len(pearson):,} spots",
        xlim=(lowest, 1.005),
    )
    return figure
