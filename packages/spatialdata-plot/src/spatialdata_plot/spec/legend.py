"""The legends of a figure."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, fields, replace
from typing import Any, ClassVar

from spatialdata_plot import check

__all__ = ["LegendSpec"]

MARGINS = ("right margin", "left margin", "top margin", "bottom margin")
INSIDE = (
    "best",
    "upper right",
    "upper left",
    "lower left",
    "lower right",
    "right",
    "center left",
    "center right",
    "lower center",
    "upper center",
    "center",
)
SIZES = ("xx-small", "x-small", "small", "medium", "large", "x-large", "xx-large")
WEIGHTS = ("light", "normal", "medium", "semibold", "bold", "heavy", "black")


def _size(name: str, value: Any) -> None:
    if isinstance(value, str):
        check.one_of(SIZES)(name, value)
    else:
        check.number(0, above=True)(name, value)


def _weight(name: str, value: Any) -> None:
    if isinstance(value, str):
        check.one_of(WEIGHTS)(name, value)
    else:
        check.integer(0)(name, value)


@dataclass(frozen=True, kw_only=True)
class LegendSpec:
    """Where legends are placed and how they are written.

    Attributes
    ----------
    loc
        A margin, a place inside the axes as matplotlib names it, or None for no legend.
    fontsize, fontweight, fontoutline
        How the titles and entries are written; the weight is that of the titles.
    na_in_legend
        Whether instances without a value have an entry.
    title, outline_title
        The titles of the legends of fill and outline.
    """

    loc: str | None = "right margin"
    fontsize: Any = None
    fontweight: Any = "bold"
    fontoutline: int | None = None
    na_in_legend: bool = True
    title: str | None = None
    outline_title: str | None = None

    checks: ClassVar[Mapping[str, check.Check]] = {
        "loc": check.optional(check.one_of((*MARGINS, *INSIDE, "none"))),
        "fontsize": check.optional(_size),
        "fontweight": _weight,
        "fontoutline": check.optional(check.integer(0)),
        "na_in_legend": check.boolean,
        "title": check.optional(check.text),
        "outline_title": check.optional(check.text),
    }

    def __post_init__(self) -> None:
        check.apply_checks({field.name: getattr(self, field.name) for field in fields(self)}, self.checks)

    def updated(self, params: Mapping[str, Any] | None) -> LegendSpec:
        """Take over the ``legend_params`` of ``show``, which win over its other arguments."""
        if params is None:
            return self
        check.mapping("legend_params", params)
        valid = ("loc", "location", "fontsize", "fontweight", "fontoutline", "na_in_legend")
        unknown = sorted(set(params) - set(valid))
        if unknown:
            raise ValueError(f"'legend_params' has the unknown keys {unknown}. Valid: {', '.join(valid)}.")
        return replace(self, **{"loc" if key == "location" else key: value for key, value in params.items()})
