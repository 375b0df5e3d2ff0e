"""Points and shapes aggregated per pixel of the device by datashader."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from spatialdata_plot.draw.panel import ColorbarGuide, Panel
from spatialdata_plot.draw.points import on_grid, radius_in_pixels
from spatialdata_plot.resolve.color import get_cmap, with_alpha

if TYPE_CHECKING:
    from matplotlib.colors import Colormap, Normalize
    from numpy.typing import NDArray

    from spatialdata_plot.draw.raster import DeviceGrid
    from spatialdata_plot.resolve.color import Colors
    from spatialdata_plot.spec import PointsSpec, ShapesSpec

__all__ = ["PointsAggregate", "ShapesAggregate", "reduction"]

COLUMN = "value"
ADDING = ("sum", "count")


def reduction(name: str) -> Any:
    """The reduction of datashader of that name.

    Raises
    ------
    ValueError
        It is no reduction of points and shapes.
    """
    import datashader as ds

    valid = ("any", "count", "first", "last", "max", "mean", "min", "std", "sum", "var")
    if name not in valid:
        raise ValueError(f"There is no reduction {name!r} of points and shapes. Valid: {', '.join(valid)}.")
    make = getattr(ds, name)
    return make() if name in ("any", "count") else make(COLUMN)


def canvas(grid: DeviceGrid) -> Any:
    """A canvas of datashader with the pixels of the device."""
    import datashader as ds

    return ds.Canvas(plot_width=grid.width, plot_height=grid.height, x_range=(0, grid.width), y_range=(0, grid.height))


def shade(values: NDArray[np.float64], norm: Normalize, cmap: Colormap) -> NDArray[np.uint8]:
    """RGBA of numbers; pixels without one are transparent."""
    result = np.asarray(cmap(norm(np.ma.masked_invalid(values)), bytes=True)).copy()
    result[np.isnan(values), 3] = 0
    return result


class ShapesAggregate:
    """Shapes colored by a reduction of the numbers of all shapes over a pixel.

    Parameters
    ----------
    spec
        The layer.
    polygons
        The polygons in the coordinate system, shape (n,).
    colors
        Their colors, which hold numbers.
    """

    def __init__(self, spec: ShapesSpec, polygons: NDArray[Any], colors: Colors) -> None:
        if colors.norm is None or colors.cmap is None or colors.values is None:
            raise TypeError("Only shapes colored by numbers can be aggregated.")
        self.name = spec.datashader_reduction or "max"
        self.reduction = reduction(self.name)
        self.norm, self.cmap, self.values = colors.norm, colors.cmap, colors.values
        self.fixed = spec.norm is not None or self.name in ("max", "min", "mean", "first", "last")
        self.polygons = polygons

    def values_on(self, grid: DeviceGrid) -> NDArray[np.float64]:
        """The reduced numbers per pixel, shape (height, width), NaN where there is no shape."""
        import geopandas as gpd
        import shapely

        placed = shapely.transform(self.polygons, lambda xy: on_grid(grid, xy))
        frame = gpd.GeoDataFrame({COLUMN: self.values, "geometry": placed})
        result = canvas(grid).polygons(frame, geometry="geometry", agg=self.reduction)
        return without_background(result, self.name)

    def fit(self, grid: DeviceGrid) -> None:
        """Set the range of a reduction whose results leave that of the numbers."""
        if not self.fixed and not grid.empty:
            refit(self.norm, self.values_on(grid))

    def paint(self, grid: DeviceGrid) -> NDArray[np.uint8]:
        """RGBA per device pixel."""
        return shade(self.values_on(grid), self.norm, self.cmap)


def without_background(aggregate: Any, name: str) -> NDArray[np.float64]:
    """The values of an aggregate, NaN where nothing was counted."""
    values = np.asarray(aggregate.data, dtype=float)
    if name in ("any", "count"):
        values[values == 0] = np.nan
    return values


def refit(norm: Normalize, values: NDArray[np.float64]) -> None:
    """Set the limits of a norm to the finite values."""
    finite = values[np.isfinite(values)]
    if finite.size:
        low, high = float(finite.min()), float(finite.max())
        norm.vmin, norm.vmax = (low, high) if high > low else (min(0.0, low), max(low, min(0.0, low) + 1))


class PointsAggregate:
    """Points colored by their density, or by a reduction of their numbers, per pixel.

    Parameters
    ----------
    panel
        Where they are drawn.
    spec
        The layer.
    xy
        The points in the coordinate system, shape (n, 2).
    colors
        Their colors.
    """

    def __init__(self, panel: Panel, spec: PointsSpec, xy: NDArray[np.float64], colors: Colors) -> None:
        if spec.density and colors.values is not None:
            raise ValueError(
                f"`density=True` colors by count or category, but {spec.color!r} holds numbers. Leave `density` out."
            )
        self.panel, self.spec, self.xy, self.colors = panel, spec, xy, colors
        self.name = "count" if spec.density else spec.datashader_reduction or "max"
        self.reduction = reduction(self.name)
        alpha = 1.0 if spec.alpha is None else spec.alpha
        self.cmap = with_alpha(get_cmap(spec.cmap), alpha)
        self.norm: Normalize = density_norm(spec.density_how) if spec.density else _number_norm(colors)
        self.fixed = not spec.density and (
            spec.norm is not None or self.name in ("max", "min", "mean", "first", "last")
        )

    @property
    def colorbars(self) -> tuple[ColorbarGuide, ...]:
        """The colorbar of counts or numbers."""
        from matplotlib.cm import ScalarMappable

        if self.colors.names or (self.spec.density and self.spec.density_how == "eq_hist"):
            return ()
        label = "points per pixel" if self.spec.density else self.spec.color
        mappable = ScalarMappable(norm=self.norm, cmap=self.cmap)
        params = self.spec.colorbar_params or {}
        return (ColorbarGuide(mappable=mappable, label=label, wanted=self.spec.colorbar, params=params),)

    def values_on(self, grid: DeviceGrid) -> NDArray[np.float64]:
        """The reduced numbers per pixel, shape (height, width), NaN where there is no point."""
        return without_background(self._aggregate(grid, self.xy, self.colors.values), self.name)

    def _aggregate(self, grid: DeviceGrid, xy: NDArray[np.float64], values: NDArray[np.float64] | None) -> Any:
        import pandas as pd
        from datashader.transfer_functions import spread

        x, y = on_grid(grid, xy).T
        columns = {"x": x, "y": y} | ({} if values is None else {COLUMN: values})
        result = canvas(grid).points(pd.DataFrame(columns), "x", "y", agg=self.reduction)
        radius = round(radius_in_pixels(grid, self.panel, self.spec.size))
        if radius < 1 or self.spec.density or self.name == "any":
            return result
        return spread(result, px=radius, how="add" if self.name in ADDING else "max")

    def fit(self, grid: DeviceGrid) -> None:
        """Set the range of counts, and of a reduction whose results leave that of the numbers."""
        if not self.fixed and not grid.empty:
            refit(self.norm, self._scaled(self.values_on(grid)))

    def _scaled(self, values: NDArray[np.float64]) -> NDArray[np.float64]:
        if not self.spec.density or self.spec.density_how != "eq_hist":
            return values
        from datashader.transfer_functions import eq_hist

        ranks = eq_hist(np.nan_to_num(values).astype(np.int64), mask=np.isnan(values))
        return np.asarray(ranks[0] if isinstance(ranks, tuple) else ranks, dtype=float)

    def paint(self, grid: DeviceGrid) -> NDArray[np.uint8]:
        """RGBA per device pixel."""
        counts = self.values_on(grid)
        values = self._scaled(counts)
        if not self.colors.names:
            return shade(values, self.norm, self.cmap)
        result = np.zeros((*values.shape, 4))
        for code in np.unique(self.colors.codes):
            chosen = self.colors.codes == code
            part = np.nan_to_num(without_background(self._aggregate(grid, self.xy[chosen], None), "count"))
            result[..., :3] += part[..., None] * self.colors.lut[code, :3]
        np.divide(result[..., :3], counts[..., None], out=result[..., :3], where=counts[..., None] > 0)
        strength = np.ma.filled(np.clip(self.norm(np.ma.masked_invalid(values)), 0, 1), 0)
        result[..., 3] = np.where(np.isnan(counts), 0, 0.15 + 0.85 * strength) * (self.spec.alpha or 1.0)
        painted: NDArray[np.uint8] = np.rint(result * 255).astype(np.uint8)
        return painted


def _number_norm(colors: Colors) -> Normalize:
    if colors.norm is None:
        raise TypeError("Only points colored by numbers can be reduced.")
    return colors.norm


def density_norm(how: str) -> Normalize:
    """The norm of counts."""
    from matplotlib.colors import LogNorm, Normalize, PowerNorm

    if how == "log":
        return LogNorm(1, 10)
    if how == "cbrt":
        return PowerNorm(1 / 3, vmin=0, vmax=1)
    return Normalize(0, 1)
