"""What all layers have in common."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, fields
from typing import Any, ClassVar

from spatialdata_plot import check

__all__ = ["COLOR_CHECKS", "ColoredSpec", "LayerSpec"]


@dataclass(frozen=True, kw_only=True)
class LayerSpec:
    """One layer of a figure: an element and how it is drawn.

    Attributes
    ----------
    element
        The name of the element.
    t
        The point in time that is shown; None for the first of a raster, and for all points or shapes.
    container
        The kind of element, as the name of its container in SpatialData.
    verb
        The name of the function that makes such layers.
    """

    element: str
    t: float | None = None

    container: ClassVar[str]
    verb: ClassVar[str]
    checks: ClassVar[Mapping[str, check.Check]] = {}

    def __post_init__(self) -> None:
        values = {field.name: getattr(self, field.name) for field in fields(self)}
        check.apply_checks(values, {"t": check.optional(check.number()), **self.checks})


COLOR_CHECKS: Mapping[str, check.Check] = {
    "groups": check.optional(check.texts),
    "palette": check.optional(check.palette),
    "na_color": check.na_color,
    "cmap": check.optional(check.cmap),
    "norm": check.optional(check.norm),
    "colorbar": check.colorbar,
    "colorbar_params": check.optional(check.mapping),
    "table_name": check.optional(check.text),
    "table_layer": check.optional(check.text),
    "gene_symbols": check.optional(check.text),
    "transfunc": check.optional(check.transfunc),
    "method": check.method,
}


@dataclass(frozen=True, kw_only=True)
class ColoredSpec(LayerSpec):
    """A layer of instances that are colored one by one.

    Attributes
    ----------
    color
        A color, the name of a column or gene, or None.
    panel_colors
        Names of columns or genes, each of which makes a panel of its own.
    groups
        The categories to show; the others are left out, or drawn in an explicit ``na_color``.
    palette, cmap, norm
        The colors of categories; the colors and the range of numbers.
    na_color
        The color of instances without a value; None is transparent.
    table_name, table_layer, gene_symbols
        Where the values are looked up.
    transfunc
        A function of the values, applied before ``norm``.
    """

    color: Any = None
    panel_colors: tuple[str, ...] = ()
    groups: Any = None
    palette: Any = None
    na_color: Any = "default"
    cmap: Any = None
    norm: Any = None
    colorbar: bool | str | None = "auto"
    colorbar_params: Mapping[str, Any] | None = None
    table_name: str | None = None
    table_layer: str | None = None
    gene_symbols: str | None = None
    transfunc: Any = None
    method: str | None = None

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.palette is not None and self.cmap is not None:
            raise ValueError(
                "Both `palette` and `cmap` are given. Use `palette` for categories, or `cmap` for numbers."
            )

    @property
    def group_names(self) -> list[str] | None:
        """The groups as a list."""
        if self.groups is None:
            return None
        return [self.groups] if isinstance(self.groups, str) else list(self.groups)
