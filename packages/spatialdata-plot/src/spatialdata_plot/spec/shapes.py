"""Layers of shapes."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, ClassVar

from spatialdata_plot import check
from spatialdata_plot.spec.base import COLOR_CHECKS, ColoredSpec

__all__ = ["ShapesSpec"]

SHAPES = ("circle", "hex", "square", "visium_hex")


def _outline_color(name: str, value: Any) -> None:
    if isinstance(value, tuple) and len(value) == 2:
        for item in value:
            check.color(name, item)
    else:
        check.color_or_key(name, value)


@dataclass(frozen=True, kw_only=True)
class ShapesSpec(ColoredSpec):
    """How shapes are drawn; the parameters are those of ``render_shapes``."""

    fill_alpha: float | None = None
    outline: bool | None = None
    outline_width: Any = None
    outline_color: Any = None
    outline_alpha: Any = None
    scale: float = 1.0
    shape: str | None = None
    datashader_reduction: str | None = None
    as_points: bool = False
    size: float = 1.0

    container: ClassVar[str] = "shapes"
    verb: ClassVar[str] = "render_shapes"
    checks: ClassVar[Mapping[str, check.Check]] = {
        **COLOR_CHECKS,
        "color": check.optional(check.color_or_key),
        "fill_alpha": check.optional(check.fraction),
        "outline": check.optional(check.boolean),
        "outline_width": check.optional(check.one_or_two(check.number(0))),
        "outline_color": check.optional(_outline_color),
        "outline_alpha": check.optional(check.fractions),
        "scale": check.number(0, above=True),
        "shape": check.optional(check.one_of(SHAPES)),
        "datashader_reduction": check.reduction,
        "as_points": check.boolean,
        "size": check.number(0, above=True),
    }

    def __post_init__(self) -> None:
        super().__post_init__()
        two = isinstance(self.outline_width, (tuple, list)) or isinstance(self.outline_alpha, (tuple, list))
        if two and isinstance(self.outline_color, str) and self.outline_color_is_key:
            raise ValueError(
                f"`outline_color={self.outline_color!r}` names a column, which colors a single outline, "
                "but two outlines are asked for. Give one width and one alpha, or two colors."
            )

    @property
    def outline_color_is_key(self) -> bool:
        """Whether the color of the outline names a column."""
        from spatialdata_plot.resolve.color import is_literal

        return isinstance(self.outline_color, str) and not is_literal(self.outline_color)
