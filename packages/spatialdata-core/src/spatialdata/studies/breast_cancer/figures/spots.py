"""Figure 4: cell-type fractions of spots."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from spatialdata._core.optional import require
from spatialdata.studies.breast_cancer.figures.style import SLIDE_NAMES, bare, display, label_panels, new_figure
from spatialdata.studies.breast_cancer.findings import cell_type_table
from spatialdata.studies.breast_cancer.names import REPLICATES, SPOTS

if TYPE_CHECKING:
    from spatialdata.studies.breast_cancer.findings import Findings

__all__ = ["draw_spots"]

_TYPES = 3
_CMAP = "viridis"


def draw_spots(findings: Findings) -> Any:
    """Draw maps of the fractions of three types by replicate, and both replicates against each other."""
    first, second = (findings.fractions.fractions[replicate] for replicate in REPLICATES)
    chosen = first.var().nlargest(_TYPES).index
    figure = new_figure(12, 3.3 * len(chosen))
    axes = figure.subplots(len(chosen), 3, width_ratios=[1, 1.12, 0.85], squeeze=False)
    for row, name in zip(axes, chosen, strict=True):
        top = float(np.nanmax([first[name].max(), second[name].max(), 0.01]))
        for ax, replicate in zip(row, REPLICATES, strict=False):
            _draw_map(findings, ax, replicate, name, top, colorbar=replicate == REPLICATES[-1])
        _draw_scatter(row[-1], first[name].to_numpy(), second[name].to_numpy(), name, top)
    label_panels(axes.ravel())
    return figure


def _draw_map(findings: Findings, ax: Any, replicate: str, name: str, top: float, *, colorbar: bool) -> None:
    colors = require("matplotlib.colors", "draw the figures")
    fractions = cell_type_table(replicate)
    table = findings.sdata.tables[fractions]
    known = np.isfinite(np.asarray(table.X)).all(axis=1)
    shown = bare(findings.sdata, {SPOTS: findings.spots[known], fractions: table[known].copy()})
    chain = shown.pl.render_shapes(
        SPOTS,
        color=name,
        table_name=fractions,
        cmap=_CMAP,
        norm=colors.Normalize(0, top),
        outline_alpha=0.0,
        scale=1.5,
        colorbar=colorbar,
        colorbar_params={"label": "fraction"},
    )
    display(chain, ax, f"{name}, {SLIDE_NAMES[replicate].removeprefix('Xenium ')}", findings.area.bounds)


def _draw_scatter(ax: Any, first: Any, second: Any, name: str, top: float) -> None:
    both = np.isfinite(first) & np.isfinite(second)
    varied = both.sum() > 1 and first[both].std() > 0 and second[both].std() > 0
    title = f"r = {np.corrcoef(first[both], second[both])[0, 1]:.2f}" if varied else "r not defined"
    ax.plot([0, top], [0, top], color="#999999", linewidth=1, linestyle="--")
    ax.scatter(first[both], second[both], s=12, color="#33415c", alpha=0.55, linewidths=0)
    ax.set(
        xlabel=f"{name}, replicate 1",
        ylabel="replicate 2",
        xlim=(-0.03 * top, 1.04 * top),
        ylim=(-0.03 * top, 1.04 * top),
        aspect="equal",
        title=title,
    )
