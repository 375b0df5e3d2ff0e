"""Outlines of shapes."""

from __future__ import annotations

import warnings
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from spatialdata_plot.resolve.color import rgba_of

if TYPE_CHECKING:
    from spatialdata_plot.spec import ShapesSpec

__all__ = ["Outline", "outlines_of"]

COLORS = ("#000000", "#ffffff")
WIDTHS = (1.5, 0.5)


@dataclass(frozen=True, slots=True, kw_only=True)
class Outline:
    """One outline: its width in points, its color, and the alpha of that color."""

    width: float
    rgba: Any
    alpha: float


def outlines_of(spec: ShapesSpec) -> list[Outline]:
    """The outlines of a layer, from the lowest to the highest: none, one, or an outer and an inner one."""
    given = [value is not None for value in (spec.outline_width, spec.outline_color, spec.outline_alpha)]
    if spec.outline is False:
        if any(given):
            warnings.warn(
                "`outline=False` draws no outline, so the other parameters of the outline are ignored.",
                UserWarning,
                stacklevel=2,
            )
        return []
    if spec.outline is None and not any(given):
        return []
    two_colors = isinstance(spec.outline_color, tuple) and len(spec.outline_color) == 2
    two_values = any(isinstance(value, (tuple, list)) for value in (spec.outline_width, spec.outline_alpha))
    count = 2 if two_colors or two_values else 1
    widths = _each(spec.outline_width, count, WIDTHS)
    alphas = _each(spec.outline_alpha, count, (None, None))
    colors: list[Any] = list(COLORS[:count])
    if two_colors:
        colors = list(spec.outline_color)
    elif spec.outline_color is not None and not spec.outline_color_is_key:
        colors[0] = spec.outline_color
    result = []
    for width, color, alpha in zip(widths, colors, alphas, strict=True):
        rgba = rgba_of(color, alpha)
        if rgba[3] > 0 and width > 0:
            result.append(Outline(width=float(width), rgba=tuple(rgba), alpha=float(rgba[3])))
    return result


def _each(value: Any, count: int, default: tuple[Any, ...]) -> list[Any]:
    if value is None:
        return list(default[:count])
    return list(value) if isinstance(value, (tuple, list)) else [value] * count
