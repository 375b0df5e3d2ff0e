"""One axes of a figure, and what its layers leave behind."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import numpy as np
    from matplotlib.axes import Axes
    from matplotlib.cm import ScalarMappable
    from numpy.typing import NDArray

    from spatialdata import SpatialData
    from spatialdata_plot.resolve.canvas import Extent
    from spatialdata_plot.resolve.color import Colors

__all__ = ["ColorbarGuide", "Drawn", "LegendGuide", "Panel", "extent_of_xy", "guides_of"]


@dataclass(frozen=True, kw_only=True)
class Panel:
    """Where a layer is drawn.

    Attributes
    ----------
    ax
        The axes.
    sdata
        The object with the elements.
    coordinate_system
        The system whose x and y the axes show.
    crop
        The part shown, xmin, xmax, ymin, ymax; None shows all.
    zorder
        The height of the layer over the others.
    """

    ax: Axes
    sdata: SpatialData
    coordinate_system: str
    crop: Extent | None
    zorder: float


@dataclass(frozen=True, kw_only=True)
class LegendGuide:
    """The entries of a legend: names and colors.

    Attributes
    ----------
    role
        ``"fill"``, ``"outline"`` or ``"channels"``.
    na
        The color of the entry of missing values, None for no such entry.
    title
        What the categories are, such as the name of the column.
    """

    role: str
    title: str
    entries: tuple[tuple[str, tuple[float, ...]], ...]
    na: tuple[float, ...] | None = None


@dataclass(frozen=True, kw_only=True)
class ColorbarGuide:
    """What a colorbar explains.

    Attributes
    ----------
    wanted
        The ``colorbar`` of the layer.
    """

    mappable: ScalarMappable
    label: str | None
    wanted: bool | str | None
    params: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, kw_only=True)
class Drawn:
    """What a layer leaves behind.

    Attributes
    ----------
    extent
        xmin, xmax, ymin, ymax in the coordinate system.
    legends, colorbars
        Its guides.
    prepare
        What remains to be done once the limits of the axes are set.
    """

    extent: Extent
    legends: tuple[LegendGuide, ...] = ()
    colorbars: tuple[ColorbarGuide, ...] = ()
    prepare: Callable[[], None] | None = None


def extent_of_xy(xy: NDArray[np.float64]) -> Extent:
    """The extent of coordinates of shape (n, 2)."""
    (xmin, ymin), (xmax, ymax) = xy.min(axis=0), xy.max(axis=0)
    return float(xmin), float(xmax), float(ymin), float(ymax)


def guides_of(
    colors: Colors, *, role: str, colorbar: bool | str | None, params: Mapping[str, Any] | None
) -> tuple[tuple[LegendGuide, ...], tuple[ColorbarGuide, ...]]:
    """The legend of categories or the colorbar of numbers; nothing for a single color."""
    from matplotlib.cm import ScalarMappable

    if colors.norm is not None:
        mappable = ScalarMappable(norm=colors.norm, cmap=colors.cmap)
        guide = ColorbarGuide(mappable=mappable, label=colors.key, wanted=colorbar, params=params or {})
        return (), (guide,)
    if not colors.names:
        return (), ()
    na = tuple(colors.lut[colors.na_code]) if colors.has_na else None
    return (LegendGuide(role=role, title=colors.key or role, entries=tuple(colors.entries), na=na),), ()
