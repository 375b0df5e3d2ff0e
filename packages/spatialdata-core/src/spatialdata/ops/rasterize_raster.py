"""Images and labels drawn onto another grid: each pixel takes the value of the pixel that its centre lies on."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from spatialdata._core.elements import axes_of, lazy_levels_of
from spatialdata._core.levels import place_of
from spatialdata.errors import listing
from spatialdata.ops.rasterize_points import Drawn
from spatialdata.ops.rasterize_values import Values, code_dtype
from spatialdata.ops.resample import resample
from spatialdata.ops.warp import Warp
from spatialdata.regions.between import Between
from spatialdata.regions.project import Projection, projection_over
from spatialdata.relations.ids import as_ids
from spatialdata.transformations.attach import get_transformation, transformations_of

if TYPE_CHECKING:
    from collections.abc import Sequence

    import pandas as pd
    from numpy.typing import NDArray

    from spatialdata._core.levels import LevelPlace
    from spatialdata.ops.rasterize_grid import Target
    from spatialdata.ops.resample import Bounds

__all__ = [
    "PlacedLevel",
    "bounds_of_finest",
    "draw_label_values",
    "draw_raster",
    "fitting_level",
    "level_for",
    "placed_levels",
]

_SLACK = 1 + 1e-6


def draw_raster(raster: Any, target: Target) -> Drawn:
    """The pixels of an image or labels on the grid, lazily; 0 beyond the raster.

    Of a multiscale raster the coarsest level is read whose pixels are not larger than those of the grid.

    Parameters
    ----------
    raster
        The raster, which has the axes of the grid.
    target
        The grid.
    """
    get_transformation(raster, target.coordinate_system)
    spatial = [axis for axis in axes_of(raster) if axis != "c"]
    missing = [axis for axis in spatial if axis not in target.axes]
    if missing:
        raise ValueError(
            f"The raster has the axes {tuple(spatial)}, but the box has no bounds along {listing(missing)}. Give them."
        )
    level, to_source, bounds = _source(raster, target)
    data = resample(level.data, to_source, target.shape, bounds=bounds)
    if "c" not in level.dims:
        return Drawn(data[None], [0])
    return Drawn(data, level.coords["c"].to_numpy().tolist())


def _source(raster: Any, target: Target) -> tuple[Any, Projection | Warp, Bounds | None]:
    """The level to read, the map from the pixels of the grid to its pixels, and which of these count."""
    transformation = get_transformation(raster, target.coordinate_system)
    if not transformation.is_linear:
        level = lazy_levels_of(raster)[0]
        ones = np.ones(len(target.axes))
        return level, Warp(transformation.inverse(), target.axes, target.lower, target.pixel, ones, 0 * ones), None
    to_world = projection_over(target.grid().to_world, target.axes)
    placed = level_for(raster, target.coordinate_system, float(target.pixel.min()))
    return placed.level, Between.of(to_world, placed.projection).projection(), placed.bounds


@dataclass(frozen=True, slots=True)
class PlacedLevel:
    """A level of a raster in a coordinate system.

    Attributes
    ----------
    level
        The level.
    projection
        The map from its pixels.
    bounds
        Where the finest level begins and ends, in its pixels.
    """

    level: Any
    projection: Projection
    bounds: Bounds


def level_for(raster: Any, coordinate_system: str, pixel: float) -> PlacedLevel:
    """The coarsest level of a raster whose pixels are not larger than wanted.

    Parameters
    ----------
    raster
        An image or labels.
    coordinate_system
        The coordinate system in which pixels are measured.
    pixel
        The size wanted; the finest level is taken if all are coarser.
    """
    return fitting_level(placed_levels(raster, coordinate_system), pixel)


def placed_levels(raster: Any, coordinate_system: str) -> list[PlacedLevel]:
    """The levels of a raster in a coordinate system, the finest first."""
    get_transformation(raster, coordinate_system)
    axes, levels = axes_of(raster), lazy_levels_of(raster)
    return [
        PlacedLevel(
            level,
            projection_over(transformations_of(level)[coordinate_system], axes),
            bounds_of_finest(levels[0], place_of(levels[0], level)),
        )
        for level in levels
    ]


def bounds_of_finest(full: Any, place: LevelPlace) -> Bounds:
    """Where the finest level of a raster begins and ends, in pixels of a level."""
    start = np.array([along.start for along in place.values()])
    step = np.array([along.step for along in place.values()])
    sizes = np.array([full.sizes[axis] for axis in place])
    return (0 - start) / step, (sizes - start) / step


def fitting_level(placed: Sequence[PlacedLevel], pixel: float) -> PlacedLevel:
    """Of the levels of a raster the coarsest whose pixels are not larger than wanted; see :func:`level_for`."""
    fine = [each for each in placed if (np.linalg.norm(each.projection.linear, axis=0) <= pixel * _SLACK).all()]
    return fine[-1] if fine else placed[0]


def draw_label_values(labels: Any, target: Target, column: pd.Series) -> Drawn:
    """The values of labels on the grid: 0 on the background; labels without a value are nan, or 0 for categories."""
    drawn = draw_raster(labels, target)
    values = Values.of(column)
    ids = as_ids(column.index).to_numpy()
    order = np.argsort(ids, kind="stable")
    ids, numbers = ids[order], values.numbers[order]
    dtype = np.dtype(np.float64) if values.categories is None else code_dtype(len(values.categories))
    data = drawn.data.map_blocks(_looked_up, ids, numbers, dtype, dtype=dtype)
    return Drawn(data, [0], values.names() if values.categories is not None else None)


def _looked_up(block: NDArray[Any], ids: NDArray[Any], numbers: NDArray[Any], dtype: np.dtype[Any]) -> NDArray[Any]:
    found = np.zeros(block.shape, dtype=dtype)
    if np.issubdtype(dtype, np.floating):
        found[block != 0] = np.nan
    if not len(ids):
        return found
    position = np.minimum(np.searchsorted(ids, block), len(ids) - 1)
    known = (ids[position] == block) & (block != 0)
    found[known] = numbers[position[known]].astype(dtype)
    return found
