"""Labels."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import numpy as np

from spatialdata_plot.draw.images import check_flat
from spatialdata_plot.draw.panel import ColorbarGuide, Drawn, LegendGuide, Panel, extent_of_xy, guides_of
from spatialdata_plot.draw.points import draw_dots
from spatialdata_plot.draw.raster import DeviceGrid, GridImage
from spatialdata_plot.resolve.canvas import Pyramid, extent_of, plan, pyramid_of, read
from spatialdata_plot.resolve.color import Colors, is_literal, literal_colors, resolve_colors, rgba_of
from spatialdata_plot.resolve.column import fetch, locate
from spatialdata_plot.resolve.element import element_of, levels_of, project_corners, raster_affine
from spatialdata_plot.resolve.level_places import level_places
from spatialdata_plot.resolve.straight import straight_levels

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from spatialdata_plot.spec import LabelsSpec

__all__ = ["check_labels", "draw_labels"]

FILL_ALPHA = 0.4


@dataclass(frozen=True, slots=True, kw_only=True)
class LabelPaint:
    """Colors of labels, by their number.

    Attributes
    ----------
    ids
        The labels that are there, in ascending order, without the background.
    fill, outline
        Their colors, None for no fill or no outline.
    contour
        The width of the outline in hundredths of an inch, that is in pixels at 100 dpi; None fills instead.
    """

    ids: NDArray[Any]
    fill: Colors | None
    outline: Colors | None
    contour: int | None

    def paint(self, positions: NDArray[np.int32], dpi: float) -> NDArray[np.uint8]:
        """RGBA of shape (y, x, 4) from positions in ``ids``, −1 for the background."""
        result: NDArray[np.uint8] = np.zeros((*positions.shape, 4), dtype=np.uint8)
        if self.fill is not None:
            result = _lookup(self.fill, positions)
        if self.outline is not None:
            width = 0 if self.contour is None else max(1, round((self.contour - 1) / 2 * dpi / 100))
            ring = _ring(positions, width) if width else positions >= 0
            result[ring] = _over(_lookup(self.outline, positions[ring]), result[ring])
        return result


def _lookup(colors: Colors, positions: NDArray[np.int32]) -> NDArray[np.uint8]:
    table: NDArray[np.uint8] = np.rint(colors.lut * 255).astype(np.uint8)
    by_position = np.append(colors.codes, colors.hidden_code)
    return np.asarray(table[by_position[positions]])


def _over(top: NDArray[np.uint8], below: NDArray[np.uint8]) -> NDArray[np.uint8]:
    front, back = top.astype(np.float32) / 255, below.astype(np.float32) / 255
    alpha = front[:, 3:] + back[:, 3:] * (1 - front[:, 3:])
    color = front[:, :3] * front[:, 3:] + back[:, :3] * back[:, 3:] * (1 - front[:, 3:])
    color = np.divide(color, alpha, out=np.zeros_like(color), where=alpha > 0)
    mixed: NDArray[np.uint8] = np.rint(np.hstack([color, alpha]) * 255).astype(np.uint8)
    return mixed


def _ring(positions: NDArray[np.int32], width: int) -> NDArray[np.bool_]:
    """Pixels of a label that are at most ``width`` pixels from a pixel of another label or of the background."""
    low, high = positions, positions
    for axis in (0, 1):
        low = _window(low, width, axis, np.minimum)
        high = _window(high, width, axis, np.maximum)
    result: NDArray[np.bool_] = (positions >= 0) & (low != high)
    return result


def _window(values: NDArray[np.int32], width: int, axis: int, best: Any) -> NDArray[np.int32]:
    result = values.copy()
    length = values.shape[axis]
    for shift in range(1, min(width, length - 1) + 1):
        ahead = [slice(None), slice(None)]
        behind = [slice(None), slice(None)]
        ahead[axis], behind[axis] = slice(shift, None), slice(None, length - shift)
        near, far = tuple(behind), tuple(ahead)
        result[near] = best(result[near], values[far])
        result[far] = best(result[far], values[near])
    return result


def check_labels(panel_sdata: Any, spec: LabelsSpec) -> None:
    """Raise for labels that cannot be drawn as asked, before anything is drawn."""
    element = element_of(panel_sdata, spec)
    check_flat(element, spec.element)
    levels = levels_of(element)
    if levels[0].dtype.kind not in "iub":
        raise ValueError(
            f"The labels {spec.element!r} are of type {levels[0].dtype}. Labels are whole numbers; convert them first."
        )
    pyramid_of(levels, np.eye(3), spec.scale, spec.element)
    for key in (spec.color, *spec.panel_colors, spec.outline_color):
        if isinstance(key, str) and not is_literal(key):
            locate(panel_sdata, spec, key)
    if not any(_alphas(spec)):
        raise ValueError("`fill_alpha` and `outline_alpha` are both 0, so nothing would be seen. Give one above 0.")


def _alphas(spec: LabelsSpec) -> tuple[float, float]:
    """The alpha of fill and outline."""
    fill = spec.fill_alpha
    if fill is None:
        fill = float(rgba_of(spec.color)[3]) if _has_alpha(spec.color) else FILL_ALPHA
    outline = 0.0 if spec.outline is False else spec.outline_alpha
    if outline == 0 and (spec.outline or (spec.outline is None and spec.outline_color is not None)):
        outline = 1.0
    return fill, outline


def _has_alpha(color: Any) -> bool:
    if isinstance(color, str):
        return color.startswith("#") and len(color) in (5, 9)
    return color is not None and len(color) == 4


def draw_labels(panel: Panel, spec: LabelsSpec) -> Drawn:
    """Draw one labels element on one panel."""
    check_labels(panel.sdata, spec)
    levels = straight_levels(element_of(panel.sdata, spec), panel.coordinate_system)
    matrix = raster_affine(levels[0], panel.coordinate_system, spec.element)
    places = level_places(levels, panel.coordinate_system)
    pyramid = pyramid_of(levels, matrix, spec.scale, spec.element, places)
    ids = _ids(pyramid)
    fill_alpha, outline_alpha = _alphas(spec)
    fill = _colors(panel, spec, ids, spec.color, fill_alpha) if fill_alpha > 0 else None
    outline = _outline(panel, spec, ids, outline_alpha, fill) if outline_alpha > 0 else None
    extent = extent_of_xy(project_corners(pyramid.shape, matrix))
    if spec.as_points:
        return _as_points(panel, spec, ids, fill or outline, extent)
    painter = LabelPaint(ids=ids, fill=fill, outline=outline, contour=spec.contour_px)

    def paint(grid: DeviceGrid) -> NDArray[np.uint8]:
        figure = panel.ax.get_figure(root=True)
        dpi = 100.0 if figure is None else figure.dpi * grid.width / max(panel.ax.bbox.width, 1)
        return painter.paint(_positions(pyramid, ids, grid), dpi)

    panel.ax.add_image(GridImage(panel.ax, paint, zorder=panel.zorder))
    legends: tuple[LegendGuide, ...] = ()
    colorbars: tuple[ColorbarGuide, ...] = ()
    shown = [(fill, "fill"), (outline if outline is not fill else None, "outline")]
    for colors, role in shown:
        if colors is None or (role == "outline" and fill is not None and colors.key == fill.key):
            continue
        more = guides_of(colors, role=role, colorbar=spec.colorbar, params=spec.colorbar_params)
        legends, colorbars = legends + more[0], colorbars + more[1]
    return Drawn(extent=extent, legends=legends, colorbars=colorbars)


def _ids(pyramid: Pyramid) -> NDArray[Any]:
    """The labels of the finest level, without the background; chunks are read one by one."""
    import dask

    blocks = pyramid.arrays[0].to_delayed().ravel()
    found = dask.compute(*[dask.delayed(_distinct)(block) for block in blocks])
    ids: NDArray[Any] = np.unique(np.concatenate(found))
    return np.asarray(ids[ids != 0])


def _distinct(block: NDArray[Any]) -> NDArray[Any]:
    import pandas as pd

    return np.asarray(pd.unique(block.ravel()))


def _colors(panel: Panel, spec: LabelsSpec, ids: NDArray[Any], color: Any, alpha: float) -> Colors:
    if color is None:
        return _by_number(ids, alpha)
    if is_literal(color):
        return literal_colors(color, len(ids), alpha=alpha)
    import pandas as pd

    column = fetch(panel.sdata, spec, color, pd.Index(ids))
    return resolve_colors(column, spec, alpha=alpha)


def _by_number(ids: NDArray[Any], alpha: float) -> Colors:
    """Colors that depend on nothing but the number of the label."""
    from spatialdata_plot.resolve.palette import default_palette

    shades = np.array([rgba_of(color, alpha) for color in default_palette(256)])
    codes = ((ids.astype(np.uint64) * np.uint64(2654435761)) >> np.uint64(16)) % np.uint64(256)
    lut = np.vstack([shades, np.zeros((2, 4))])
    return Colors(codes=codes.astype(np.int32), lut=lut)


def _outline(panel: Panel, spec: LabelsSpec, ids: NDArray[Any], alpha: float, fill: Colors | None) -> Colors:
    if spec.outline_color is not None:
        return _colors(panel, spec, ids, spec.outline_color, alpha)
    if fill is None:
        return _colors(panel, spec, ids, spec.color, alpha)
    lut = fill.lut.copy()
    lut[lut[:, 3] > 0, 3] = alpha
    return replace(fill, lut=lut)


def _positions(pyramid: Pyramid, ids: NDArray[Any], grid: DeviceGrid) -> NDArray[np.int32]:
    """For every device pixel, the position in ``ids`` of the label under its centre, −1 for none."""
    result = np.full((grid.height, grid.width), -1, dtype=np.int32)
    what = plan(pyramid, grid.window(pyramid.matrix), grid.density(pyramid.matrix))
    if what is None or len(ids) == 0:
        return result
    pixels = read(pyramid, what, average=False)
    xmin, xmax, ymin, ymax = extent_of(pyramid, what)
    size = ((xmax - xmin) / pixels.shape[1], (ymax - ymin) / pixels.shape[0])
    inverse = np.linalg.inv(grid.matrix @ pyramid.matrix)
    columns, rows = np.meshgrid(np.arange(grid.width) + 0.5, np.arange(grid.height) + 0.5, sparse=True)
    x = inverse[0, 0] * columns + inverse[0, 1] * rows + inverse[0, 2]
    y = inverse[1, 0] * columns + inverse[1, 1] * rows + inverse[1, 2]
    inside = (x >= 0) & (x < pyramid.shape[1]) & (y >= 0) & (y < pyramid.shape[0])
    column = np.clip(np.floor((x - xmin) / size[0]), 0, pixels.shape[1] - 1).astype(np.intp)
    row = np.clip(np.floor((y - ymin) / size[1]), 0, pixels.shape[0] - 1).astype(np.intp)
    places = np.searchsorted(ids, pixels).astype(np.int32)
    places[ids[np.minimum(places, len(ids) - 1)] != pixels] = -1
    result[inside] = places[row[inside], column[inside]]
    return result


def _as_points(panel: Panel, spec: LabelsSpec, ids: NDArray[Any], colors: Colors | None, extent: Any) -> Drawn:
    from spatialdata import get_centroids

    if colors is None:
        raise ValueError("`fill_alpha` is 0, so the points would not be seen. Give one above 0.")
    element = element_of(panel.sdata, spec)
    frame = get_centroids(element, coordinate_system=panel.coordinate_system).compute()
    xy = frame.reindex(ids)[["x", "y"]].to_numpy(dtype=float)
    draw_dots(panel, xy, colors, size=spec.size, method=spec.method)
    legends, colorbars = guides_of(colors, role="fill", colorbar=spec.colorbar, params=spec.colorbar_params)
    return Drawn(extent=extent, legends=legends, colorbars=colorbars)
