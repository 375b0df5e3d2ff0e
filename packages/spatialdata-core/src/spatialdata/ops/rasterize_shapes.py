"""Shapes drawn onto a grid, tile by tile."""

from __future__ import annotations

import warnings
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import numpy as np

from spatialdata.ops.canvas import Canvas
from spatialdata.ops.figures import Figures
from spatialdata.ops.rasterize_points import Drawn
from spatialdata.ops.rasterize_values import InstanceCodes, Values, code_dtype
from spatialdata.ops.scanlines import Scanlines, circle_scanlines, polygon_scanlines
from spatialdata.regions.project import projection_of
from spatialdata.relations.ids import check_unique

if TYPE_CHECKING:
    import pandas as pd
    from numpy.typing import NDArray

    from spatialdata.ops.rasterize_grid import Target
    from spatialdata.transformations.algebra import FloatArray

__all__ = [
    "PlacedFigures",
    "draw_shape_categories",
    "draw_shape_channels",
    "draw_shape_ids",
    "draw_shape_numbers",
    "figures_reaching",
]

_TILE = 2048


@dataclass(frozen=True, slots=True)
class PlacedFigures:
    """Circles or polygons over the pixels of a grid.

    Attributes
    ----------
    figures
        The figures, in their own coordinates.
    linear, offset
        The map from these to pixels, which come as y, x.
    """

    figures: Figures
    linear: FloatArray
    offset: FloatArray

    @classmethod
    def of(cls, shapes: Any, target: Target) -> PlacedFigures:
        """The figures of a shapes element."""
        linear, offset = target.to_pixels(projection_of(shapes, target.coordinate_system))
        return cls(Figures.of(shapes), linear, offset)

    def bounds(self) -> FloatArray:
        """The boxes around them in pixels, of shape ``(n, 4)``: y_min, x_min, y_max, x_max."""
        if self.figures.radii is not None:
            centre = self.figures.centres @ self.linear.T + self.offset
            reach = self.figures.radii[:, None] * np.linalg.norm(self.linear, axis=1)
            return np.concatenate([centre - reach, centre + reach], axis=1)
        box = self.figures.bounds
        low, high = box[:, None, :2] * self.linear, box[:, None, 2:] * self.linear
        lower = np.minimum(low, high).sum(axis=2) + self.offset
        return np.concatenate([lower, np.maximum(low, high).sum(axis=2) + self.offset], axis=1)

    def part(self, chosen: NDArray[np.intp], corner: tuple[int, int]) -> PlacedFigures:
        """Some of the figures, over a grid that starts at another pixel."""
        return replace(self, figures=self.figures.take(chosen), offset=self.offset - np.array(corner, dtype=np.float64))

    def scanlines(self, height: int, width: int) -> Scanlines:
        """The pixels under the figures."""
        if self.figures.radii is None:
            return polygon_scanlines(self.figures.polygons, self.linear, self.offset, height, width)
        return circle_scanlines(self.figures.centres, self.figures.radii, self.linear, self.offset, height, width)


def figures_reaching(bounds: FloatArray, corner: tuple[int, int], shape: tuple[int, int]) -> NDArray[np.intp]:
    """The numbers of the figures whose box, as ``PlacedFigures.bounds`` gives them, meets a tile."""
    return np.flatnonzero(((bounds[:, 2:] >= corner) & (bounds[:, :2] <= np.add(corner, shape))).all(axis=1))


def draw_shape_ids(shapes: Any, target: Target, *, in_image: bool) -> Drawn:
    """The id of the first shape on each pixel."""
    codes = InstanceCodes.of(shapes.index, in_image=in_image)
    data = _tiles(shapes, target, codes.codes, _first_code, codes.dtype)
    return Drawn(data[None], [0], codes.names())


def draw_shape_categories(shapes: Any, target: Target, column: pd.Series, *, single: bool) -> Drawn:
    """The category of the first shape on each pixel as a code, or the number of shapes by category in channels."""
    import dask.array as da

    values = Values.of(column.reindex(shapes.index))
    numbers = values.numbers
    if single:
        data = _tiles(shapes, target, numbers, _first_code, code_dtype(len(values.categories or [])))
        return Drawn(data[None], [0], values.names())
    names = [str(name) for name in values.categories or []]
    of_each = [
        _tiles(shapes, target, np.where(numbers == code, 1.0, np.nan), _Reduce("count"), np.dtype(np.uint32))
        for code in values.names()
    ]
    return Drawn(da.stack(of_each), names)


def draw_shape_channels(shapes: Any, target: Target) -> Drawn:
    """Each shape in a channel of its own, named by its id: 1 where it lies."""
    import dask.array as da

    check_unique(shapes.index, "The ids of the shapes")
    placed = PlacedFigures.of(shapes, target)
    bounds, ones = placed.bounds(), np.ones(len(shapes))
    _warn_of_small(bounds, target)
    of_each = [
        _picture(placed, bounds, np.array([row]), target, ones, _Reduce("count"), np.dtype(np.uint32))
        for row in range(len(shapes))
    ]
    return Drawn(da.stack(of_each), [str(name) for name in shapes.index])


def draw_shape_numbers(shapes: Any, target: Target, column: pd.Series | None, reduction: str) -> Drawn:
    """One reduction of the numbers of the shapes on each pixel, or of their number without a column."""
    if column is None:
        numbers = np.ones(len(shapes))
    else:
        values = Values.of(column.reindex(shapes.index))
        numbers = values.numbers if values.categories is None else np.where(values.numbers > 0, 1.0, np.nan)
    dtype = np.dtype(np.uint32 if reduction == "count" else np.float64)
    return Drawn(_tiles(shapes, target, numbers, _Reduce(reduction), dtype)[None], [0])


def _first_code(lines: Scanlines, codes: NDArray[Any], shape: tuple[int, int]) -> NDArray[Any]:
    from spatialdata.kernels.scanlines import paint_runs

    picture = np.zeros(shape[0] * shape[1], dtype=codes.dtype)
    paint_runs(*lines.spans(shape[1]), codes, picture)
    return picture


@dataclass(frozen=True, slots=True)
class _Reduce:
    reduction: str

    def __call__(self, lines: Scanlines, numbers: FloatArray, shape: tuple[int, int]) -> NDArray[Any]:
        canvas = Canvas(self.reduction, shape[0] * shape[1])
        pixel, figure = lines.pixels(shape[1])
        canvas.add(pixel, numbers[figure])
        return canvas.result()


def _tiles(shapes: Any, target: Target, numbers: NDArray[Any], draw: Any, dtype: np.dtype[Any]) -> Any:
    """A lazy picture; each tile is drawn from the figures that reach it."""
    placed = PlacedFigures.of(shapes, target)
    bounds = placed.bounds()
    _warn_of_small(bounds, target)
    return _picture(placed, bounds, np.arange(len(bounds)), target, numbers, draw, dtype)


def _picture(
    placed: PlacedFigures,
    bounds: FloatArray,
    rows: NDArray[np.intp],
    target: Target,
    numbers: NDArray[Any],
    draw: Any,
    dtype: np.dtype[Any],
) -> Any:
    """A lazy picture of some of the figures."""
    import dask
    import dask.array as da

    height, width = target.shape
    tiles = []
    for y in range(0, height, _TILE):
        row = []
        for x in range(0, width, _TILE):
            shape = (min(_TILE, height - y), min(_TILE, width - x))
            chosen = rows[figures_reaching(bounds[rows], (y, x), shape)]
            part = placed.part(chosen, (y, x))
            tile = dask.delayed(_tile, pure=False)(part, numbers[chosen], draw, shape, dtype)
            row.append(da.from_delayed(tile, shape=shape, dtype=dtype))
        tiles.append(row)
    return da.block(tiles)


def _tile(
    placed: PlacedFigures, numbers: NDArray[Any], draw: Any, shape: tuple[int, int], dtype: np.dtype[Any]
) -> NDArray[Any]:
    picture = draw(placed.scanlines(*shape), numbers, shape)
    return np.asarray(picture.astype(dtype).reshape(shape))


def _warn_of_small(bounds: FloatArray, target: Target) -> None:
    """Warn of shapes inside the grid that fit between the centres of pixels and so leave no trace."""
    shape = np.asarray(target.shape, dtype=np.float64)
    inside = ((bounds[:, :2] >= 0) & (bounds[:, 2:] <= shape)).all(axis=1)
    first, last = np.ceil(bounds[:, :2] - 0.5), np.floor(bounds[:, 2:] - 0.5)
    missing = int((inside & (last < first).any(axis=1)).sum())
    if missing:
        warnings.warn(
            f"{missing} of {len(bounds)} shapes are so small that they hold the centre of no pixel; they do not show "
            "in the result. Ask for smaller pixels to see them.",
            UserWarning,
            stacklevel=2,
        )
