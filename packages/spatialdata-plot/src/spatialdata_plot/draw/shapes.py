"""Shapes: circles, polygons and multipolygons."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from spatialdata_plot._logging import logger
from spatialdata_plot.draw.panel import Drawn, Panel, guides_of
from spatialdata_plot.draw.points import draw_dots
from spatialdata_plot.draw.raster import DeviceGrid, GridImage
from spatialdata_plot.resolve.color import NA_COLOR, Colors, is_literal, literal_colors, resolve_colors
from spatialdata_plot.resolve.column import Column, fetch, locate
from spatialdata_plot.resolve.element import affine_xy, element_of
from spatialdata_plot.resolve.geometry import Circles, Polygons, geometry_of, paths_of
from spatialdata_plot.resolve.outline import Outline, outlines_of
from spatialdata_plot.resolve.straight import straight_vectors

if TYPE_CHECKING:
    from geopandas import GeoDataFrame
    from matplotlib.collections import Collection

    from spatialdata_plot.resolve.canvas import Extent
    from spatialdata_plot.spec import ShapesSpec

__all__ = ["check_shapes", "draw_shapes"]

MAX_VECTOR_SHAPES = 10_000


def check_shapes(sdata: Any, spec: ShapesSpec) -> None:
    """Raise for a color that the shapes do not have, and for an element without any geometry."""
    element = element_of(sdata, spec)
    for key in (spec.color, *spec.panel_colors, spec.outline_color):
        if isinstance(key, str) and not is_literal(key):
            locate(sdata, spec, key)
    if bool(element.geometry.is_empty.all()):
        raise ValueError(f"All {len(element)} geometries of {spec.element!r} are empty, so there is nothing to draw.")


def draw_shapes(panel: Panel, spec: ShapesSpec) -> Drawn:
    """Draw one shapes element on one panel."""
    check_shapes(panel.sdata, spec)
    whole = straight_vectors(element_of(panel.sdata, spec), panel.coordinate_system)
    matrix = affine_xy(whole, panel.coordinate_system)
    element = _without_empty(whole, spec.element)
    geometry = geometry_of(element, matrix, shape=spec.shape, scale=spec.scale, name=spec.element)
    extent = _extent(geometry)
    fill = _fill(panel, spec, element)
    outlines = outlines_of(spec)
    by_column = spec.outline_color_is_key and bool(outlines)
    edge = _by_column(panel, spec, element, spec.outline_color, outlines[0].alpha) if by_column else None
    legends, colorbars = guides_of(fill, role="fill", colorbar=spec.colorbar, params=spec.colorbar_params)
    if edge is not None and edge.key != fill.key:
        more = guides_of(edge, role="outline", colorbar=spec.colorbar, params=spec.colorbar_params)
        legends, colorbars = legends + more[0], colorbars + more[1]
    rows = _rows(fill, edge, geometry, panel.crop)
    geometry, fill, edge = geometry.take(rows), fill.take(rows), None if edge is None else edge.take(rows)
    prepare = None
    if len(rows):
        prepare = _draw(panel, spec, geometry, fill, edge, outlines)
    return Drawn(extent=extent, legends=legends, colorbars=colorbars, prepare=prepare)


def _without_empty(element: GeoDataFrame, name: str) -> GeoDataFrame:
    empty = element.geometry.is_empty.to_numpy()
    if not empty.any():
        return element
    logger.warning("%d of %d geometries of %r are empty and are not drawn.", int(empty.sum()), len(element), name)
    return element[~empty]


def _extent(geometry: Circles | Polygons) -> Extent:
    bounds = geometry.bounds
    xmin, ymin = bounds[:, :2].min(axis=0)
    xmax, ymax = bounds[:, 2:].max(axis=0)
    return float(xmin), float(xmax), float(ymin), float(ymax)


def _fill(panel: Panel, spec: ShapesSpec, element: GeoDataFrame) -> Colors:
    if spec.color is None or is_literal(spec.color):
        color = NA_COLOR if spec.color is None else spec.color
        return literal_colors(color, len(element), alpha=spec.fill_alpha)
    return _by_column(panel, spec, element, spec.color, spec.fill_alpha)


def _by_column(panel: Panel, spec: ShapesSpec, element: GeoDataFrame, key: str, alpha: float | None) -> Colors:
    if locate(panel.sdata, spec, key).source == "element":
        column = Column(key=key, values=element[key])
    else:
        column = fetch(panel.sdata, spec, key, element.index)
    return resolve_colors(column, spec, alpha=alpha)


def _rows(fill: Colors, edge: Colors | None, geometry: Circles | Polygons, crop: Extent | None) -> Any:
    keep = fill.visible if edge is None else fill.visible & edge.visible
    if crop is not None:
        xmin, xmax, ymin, ymax = crop
        bounds = geometry.bounds
        keep &= (bounds[:, 0] <= xmax) & (bounds[:, 2] >= xmin) & (bounds[:, 1] <= ymax) & (bounds[:, 3] >= ymin)
    return np.flatnonzero(keep)


def _draw(
    panel: Panel,
    spec: ShapesSpec,
    geometry: Circles | Polygons,
    fill: Colors,
    edge: Colors | None,
    outlines: Sequence[Outline],
) -> Any:
    if spec.as_points:
        draw_dots(panel, geometry.centers, fill, size=spec.size, method=spec.method)
        return None
    prepare = None
    paths = paths_of(geometry.polygons()) if isinstance(geometry, Polygons) else []
    if spec.datashader_reduction is not None and fill.values is not None:
        prepare = _draw_aggregated(panel, spec, geometry, fill)
    else:
        if spec.datashader_reduction is not None:
            logger.warning("%r is not colored by numbers, so `datashader_reduction` is ignored.", spec.element)
        if fill.lut[np.unique(fill.codes), 3].any():
            look = {"facecolors": _shades(fill), "edgecolors": "none", "linewidths": 0}
            _add(panel, _collection(panel, geometry, paths, look), spec, len(fill.codes))
    for outline in outlines:
        shades = outline.rgba if edge is None else _shades(edge)
        look = {"facecolors": "none", "edgecolors": shades, "linewidths": outline.width}
        _add(panel, _collection(panel, geometry, paths, look), spec, len(fill.codes))
    return prepare


def _shades(colors: Colors) -> Any:
    return colors.rgba[:1] if len(np.unique(colors.codes)) == 1 else colors.rgba


def _collection(panel: Panel, geometry: Circles | Polygons, paths: Sequence[Any], look: dict[str, Any]) -> Collection:
    from matplotlib.collections import EllipseCollection, PathCollection

    if isinstance(geometry, Circles):
        widths, heights, angle = geometry.ellipses
        return EllipseCollection(
            widths,
            heights,
            np.full(len(widths), angle),
            units="xy",
            offsets=geometry.centers,
            offset_transform=panel.ax.transData,
            **look,
        )
    return PathCollection(list(paths), transform=panel.ax.transData, **look)


def _add(panel: Panel, collection: Collection, spec: ShapesSpec, count: int) -> None:
    collection.set_zorder(panel.zorder)
    collection.set_rasterized(spec.method == "datashader" or (spec.method is None and count > MAX_VECTOR_SHAPES))
    panel.ax.add_collection(collection, autolim=False)


def _draw_aggregated(panel: Panel, spec: ShapesSpec, geometry: Circles | Polygons, fill: Colors) -> Any:
    from spatialdata_plot.draw.aggregate import ShapesAggregate

    aggregate = ShapesAggregate(spec, geometry.polygons(), fill)
    panel.ax.add_image(GridImage(panel.ax, aggregate.paint, zorder=panel.zorder))
    return lambda: aggregate.fit(DeviceGrid(panel.ax, 1.0))
