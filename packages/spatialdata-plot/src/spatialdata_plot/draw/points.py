"""Points."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from spatialdata_plot._logging import logger
from spatialdata_plot.draw.panel import Drawn, Panel, extent_of_xy, guides_of
from spatialdata_plot.draw.raster import DeviceGrid, GridImage
from spatialdata_plot.resolve.color import NA_COLOR, Colors, is_literal, literal_colors, resolve_colors
from spatialdata_plot.resolve.column import Column, fetch, locate
from spatialdata_plot.resolve.element import affine_xy, apply_affine, element_of
from spatialdata_plot.resolve.straight import straight_vectors

if TYPE_CHECKING:
    import pandas as pd
    from numpy.typing import NDArray

    from spatialdata_plot.spec import PointsSpec

__all__ = ["check_points", "draw_dots", "draw_points"]

MAX_VECTOR_POINTS = 10_000
MAX_STAMP = 2_000.0
MIN_RADIUS = 2.0
MAX_FINER = 4


def check_points(sdata: Any, spec: PointsSpec) -> None:
    """Raise for a color that the points do not have."""
    element_of(sdata, spec)
    if spec.color is not None and not is_literal(spec.color):
        locate(sdata, spec, spec.color)


def draw_points(panel: Panel, spec: PointsSpec) -> Drawn:
    """Draw one points element on one panel."""
    frame, xy = _read(panel, spec)
    if len(xy) == 0:
        raise ValueError(f"The points {spec.element!r} hold no point with a place, so there is nothing to draw.")
    extent = extent_of_xy(xy)
    colors = _colors(panel, spec, frame)
    keep = colors.visible
    if panel.crop is not None:
        xmin, xmax, ymin, ymax = panel.crop
        keep &= (xy[:, 0] >= xmin) & (xy[:, 0] <= xmax) & (xy[:, 1] >= ymin) & (xy[:, 1] <= ymax)
    if not keep.all():
        colors, xy = colors.take(keep), xy[keep]
    if spec.density or (spec.datashader_reduction is not None and colors.values is not None):
        return _draw_aggregated(panel, spec, xy, colors, extent)
    if spec.datashader_reduction is not None:
        logger.warning("%r is not colored by numbers, so `datashader_reduction` is ignored.", spec.element)
    draw_dots(panel, xy, colors, size=spec.size, method=spec.method)
    legends, colorbars = guides_of(colors, role="fill", colorbar=spec.colorbar, params=spec.colorbar_params)
    return Drawn(extent=extent, legends=legends, colorbars=colorbars)


def _read(panel: Panel, spec: PointsSpec) -> tuple[pd.DataFrame, NDArray[np.float64]]:
    """The columns that are needed, and x and y in the coordinate system, shape (n, 2)."""
    element = straight_vectors(element_of(panel.sdata, spec), panel.coordinate_system)
    matrix = affine_xy(element, panel.coordinate_system)
    used = np.flatnonzero(matrix[:2, :-1].any(axis=0))
    axes = [("x", "y", "z")[axis] for axis in used]
    columns = list(axes)
    if isinstance(spec.color, str) and not is_literal(spec.color):
        where = locate(panel.sdata, spec, spec.color)
        if where.source == "element" and where.key not in columns:
            columns.append(where.key)
    frame = element[columns].compute()
    coordinates = frame[axes].to_numpy(dtype=float)
    placed = np.isfinite(coordinates).all(axis=1)
    if not placed.all():
        missing = int((~placed).sum())
        logger.warning(
            "%d of %d points of %r have no finite coordinates and are not drawn.", missing, len(placed), spec.element
        )
        frame, coordinates = frame[placed], coordinates[placed]
    return frame, apply_affine(matrix[:, [*used, -1]], coordinates)


def _colors(panel: Panel, spec: PointsSpec, frame: pd.DataFrame) -> Colors:
    if spec.color is None or is_literal(spec.color):
        color = NA_COLOR if spec.color is None else spec.color
        return literal_colors(color, len(frame), alpha=spec.alpha)
    if spec.color in frame.columns:
        column = Column(key=spec.color, values=frame[spec.color])
    else:
        column = fetch(panel.sdata, spec, spec.color, frame.index)
    return resolve_colors(column, spec, alpha=1.0 if spec.alpha is None else spec.alpha)


def draw_dots(panel: Panel, xy: NDArray[np.float64], colors: Colors, *, size: float, method: str | None) -> None:
    """Draw one dot per row, later rows over earlier ones.

    Few dots, and very large ones, are vectors. Many are stamped on the pixels of the device, with the same places,
    colors and order.

    Parameters
    ----------
    panel
        Where to draw.
    xy
        The centres in the coordinate system, shape (n, 2).
    colors
        Their colors.
    size
        The area of a dot in square points.
    method
        ``"matplotlib"`` for vectors, ``"datashader"`` for pixels, None to choose by number.
    """
    many = method == "datashader" or (method is None and len(xy) > MAX_VECTOR_POINTS)
    if many and size <= MAX_STAMP:
        panel.ax.add_image(GridImage(panel.ax, lambda grid: _stamp(grid, panel, xy, colors, size), zorder=panel.zorder))
        return
    shades = colors.rgba if len(np.unique(colors.codes)) != 1 else colors.rgba[:1]
    panel.ax.scatter(
        xy[:, 0],
        xy[:, 1],
        s=size,
        c=shades,
        linewidths=0,
        zorder=panel.zorder,
        rasterized=many,
    )


def radius_in_pixels(grid: DeviceGrid, panel: Panel, size: float) -> float:
    """The radius of a dot of an area in square points, in device pixels."""
    figure = panel.ax.get_figure(root=True)
    dpi = 100.0 if figure is None else figure.dpi
    magnification = grid.width / max(panel.ax.bbox.width, 1)
    return float(np.sqrt(size) / 2 * dpi * magnification / 72)


def on_grid(grid: DeviceGrid, xy: NDArray[np.float64]) -> NDArray[np.float64]:
    """Coordinates of shape (n, 2) in device pixels from the lower left."""
    return apply_affine(grid.matrix, xy)


def _stamp(grid: DeviceGrid, panel: Panel, xy: NDArray[np.float64], colors: Colors, size: float) -> NDArray[np.uint8]:
    """Dots on the pixels of the device; small ones are drawn on finer pixels and averaged, to keep their area."""
    radius = radius_in_pixels(grid, panel, size)
    finer = int(np.clip(np.ceil(MIN_RADIUS / radius), 1, MAX_FINER))
    radius *= finer
    margin = int(np.ceil(radius)) + 1
    shape = (grid.height * finer + 2 * margin, grid.width * finer + 2 * margin)
    pixels = np.floor(on_grid(grid, xy) * finer).astype(np.int64) + margin
    inside = ((pixels >= 0) & (pixels < (shape[1], shape[0]))).all(axis=1)
    rows = np.flatnonzero(inside)
    top = np.full(shape, -1, dtype=np.int32)
    top[pixels[rows, 1], pixels[rows, 0]] = rows
    spread = top.copy()
    for dy, dx in _disc(radius):
        source, target = _shifted(shape, dy, dx)
        np.maximum(spread[target], top[source], out=spread[target])
    seen = spread[margin : shape[0] - margin, margin : shape[1] - margin]
    codes = np.append(colors.codes, colors.hidden_code)[seen]
    return averaged_colors(codes, colors.lut, finer)


def averaged_colors(codes: NDArray[np.int32], lut: NDArray[np.float64], finer: int) -> NDArray[np.uint8]:
    """RGBA of blocks of ``finer`` by ``finer`` codes, each color weighted by its alpha."""
    if finer == 1:
        table: NDArray[np.uint8] = np.rint(lut * 255).astype(np.uint8)
        return np.asarray(table[codes])
    height, width = codes.shape[0] // finer, codes.shape[1] // finer
    weighted = np.hstack([lut[:, :3] * lut[:, 3:], lut[:, 3:]]).astype(np.float32)
    total = np.zeros((height, width, 4), dtype=np.float32)
    for row in range(finer):
        for column in range(finer):
            total += weighted[codes[row::finer, column::finer]]
    alpha = total[..., 3:]
    result = np.concatenate(
        [np.divide(total[..., :3], alpha, out=total[..., :3], where=alpha > 0), alpha / finer**2], -1
    )
    painted: NDArray[np.uint8] = np.rint(result * 255).astype(np.uint8)
    return painted


def _disc(radius: float) -> list[tuple[int, int]]:
    """Steps from the centre to the other pixels of a disc: whole rings, as many as come closest to its area."""
    reach = int(np.ceil(radius)) + 1
    steps = range(-reach, reach + 1)
    distances = {(dy, dx): dy**2 + dx**2 for dy in steps for dx in steps if dy**2 + dx**2 <= reach**2}
    rings, counts = np.unique(list(distances.values()), return_counts=True)
    last = rings[np.argmin(np.abs(np.cumsum(counts) - np.pi * radius**2))]
    return [step for step, distance in distances.items() if 0 < distance <= last]


def _shifted(shape: tuple[int, int], dy: int, dx: int) -> tuple[tuple[slice, slice], tuple[slice, slice]]:
    def along(size: int, shift: int) -> tuple[slice, slice]:
        return slice(max(0, -shift), size - max(0, shift)), slice(max(0, shift), size - max(0, -shift))

    rows, columns = along(shape[0], dy), along(shape[1], dx)
    return (rows[0], columns[0]), (rows[1], columns[1])


def _draw_aggregated(panel: Panel, spec: PointsSpec, xy: NDArray[np.float64], colors: Colors, extent: Any) -> Drawn:
    from spatialdata_plot.draw.aggregate import PointsAggregate

    aggregate = PointsAggregate(panel, spec, xy, colors)
    image = GridImage(panel.ax, aggregate.paint, zorder=panel.zorder)
    panel.ax.add_image(image)
    return Drawn(
        extent=extent,
        legends=guides_of(colors, role="fill", colorbar=None, params=None)[0] if colors.names else (),
        colorbars=aggregate.colorbars,
        prepare=lambda: aggregate.fit(DeviceGrid(panel.ax, 1.0)),
    )
