"""Layers of points."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import ClassVar

from spatialdata_plot import check
from spatialdata_plot.spec.base import COLOR_CHECKS, ColoredSpec

__all__ = ["PointsSpec"]

DENSITY_HOW = ("linear", "log", "cbrt", "eq_hist")


@dataclass(frozen=True, kw_only=True)
class PointsSpec(ColoredSpec):
    """How points are drawn; the parameters are those of ``render_points``."""

    alpha: float | None = None
    size: float = 1.0
    datashader_reduction: str | None = None
    density: bool = False
    density_how: str = "linear"

    container: ClassVar[str] = "points"
    verb: ClassVar[str] = "render_points"
    checks: ClassVar[Mapping[str, check.Check]] = {
        **COLOR_CHECKS,
        "color": check.optional(check.color_or_key),
        "alpha": check.optional(check.fraction),
        "size": check.number(0, above=True),
        "datashader_reduction": check.reduction,
        "density": check.boolean,
        "density_how": check.one_of(DENSITY_HOW),
    }

    def __post_init__(self) -> None:
        from spatialdata_plot.resolve.color import is_literal

        super().__post_init__()
        if self.density and self.method == "matplotlib":
            raise ValueError("`density=True` counts points per pixel, which `method='matplotlib'` cannot do.")
        if self.density and self.color is not None and is_literal(self.color):
            raise ValueError(
                f"`density=True` colors by count, so `color={self.color!r}` cannot apply. "
                "Leave it out, or name a column of categories."
            )
