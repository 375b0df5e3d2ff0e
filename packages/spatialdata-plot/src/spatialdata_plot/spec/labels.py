"""Layers of labels."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, ClassVar

from spatialdata_plot import check
from spatialdata_plot.spec.base import COLOR_CHECKS, ColoredSpec

__all__ = ["LabelsSpec"]


@dataclass(frozen=True, kw_only=True)
class LabelsSpec(ColoredSpec):
    """How labels are drawn; the parameters are those of ``render_labels``."""

    contour_px: int | None = 3
    outline: bool | None = None
    outline_alpha: float = 0.0
    fill_alpha: float | None = None
    outline_color: Any = None
    scale: str | None = None
    as_points: bool = False
    size: float = 1.0

    container: ClassVar[str] = "labels"
    verb: ClassVar[str] = "render_labels"
    checks: ClassVar[Mapping[str, check.Check]] = {
        **COLOR_CHECKS,
        "color": check.optional(check.color_or_key),
        "contour_px": check.optional(check.integer(2)),
        "outline": check.optional(check.boolean),
        "outline_alpha": check.fraction,
        "fill_alpha": check.optional(check.fraction),
        "outline_color": check.optional(check.color_or_key),
        "scale": check.optional(check.text),
        "as_points": check.boolean,
        "size": check.number(0, above=True),
    }
