"""Figure 1: the slides as they were delivered."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from spatialdata._core.optional import require
from spatialdata.studies.breast_cancer.common import footprint, slide_image
from spatialdata.studies.breast_cancer.figures.style import SLIDE_NAMES, display, label_panels, new_figure
from spatialdata.studies.breast_cancer.names import SLIDES, SPOTS, VISIUM

if TYPE_CHECKING:
    from spatialdata.studies.breast_cancer.findings import Findings

__all__ = ["draw_overview"]

_BRIGHT = 99.8


def draw_overview(findings: Findings) -> Any:
    """Draw every slide in its own coordinate system."""
    figure = new_figure(12, 3.9)
    axes = figure.subplots(1, len(SLIDES))
    for ax, slide in zip(axes, SLIDES, strict=True):
        _draw_slide(findings, slide, ax)
    label_panels(axes)
    return figure


def _draw_slide(findings: Findings, slide: str, ax: Any) -> None:
    sdata = findings.sdata
    name = slide_image(sdata, slide)
    pixel_size = findings.alignment.slides[slide].pixel_size
    if slide == VISIUM:
        chain = sdata.pl.render_images(name).pl.render_shapes(
            SPOTS, fill_alpha=0.0, outline_alpha=1.0, outline_width=0.8, outline_color="#111111"
        )
    else:
        colors = require("matplotlib.colors", "draw the figures")
        norm = colors.Normalize(0, _brightness(sdata.images[name]))
        channel = [str(one) for one in _finest(sdata.images[name])["c"].to_numpy()][:1]
        chain = sdata.pl.render_images(name, channel=channel, cmap="gray", norm=norm, colorbar=False)
    bounds = footprint(sdata, slide, slide).bounds
    display(chain, ax, SLIDE_NAMES[slide], bounds, system=slide, pixel_size=pixel_size)


def _finest(raster: Any) -> Any:
    return raster["scale0"]["image"] if "scale0" in getattr(raster, "children", ()) else raster


def _brightness(raster: Any) -> float:
    """The value that is exceeded by the brightest pixels of the coarsest level only."""
    levels = sorted(getattr(raster, "children", ()), key=lambda name: int(name.removeprefix("scale")))
    coarsest = raster[levels[-1]]["image"] if levels else raster
    return max(float(np.percentile(coarsest.isel(c=0).to_numpy(), _BRIGHT)), 1.0)
