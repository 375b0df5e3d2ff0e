"""Rasters with everything outside some regions blanked."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from spatialdata._core.elements import is_raster, is_shapes, is_tree, lazy_levels_of, spatial_axes_of, type_name
from spatialdata.errors import UnsupportedElementError
from spatialdata.models.kind import Kind, kind_of
from spatialdata.models.pyramid import tree_of
from spatialdata.models.shapes import ShapesModel
from spatialdata.models.times import at_one_time
from spatialdata.ops.bent import in_system, placed_outlines
from spatialdata.ops.figures import Figures
from spatialdata.ops.rasterize_shapes import PlacedFigures, figures_reaching
from spatialdata.ops.resample import resample
from spatialdata.ops.warp import Warp
from spatialdata.regions.between import Between
from spatialdata.regions.project import Projection, projection_of, projection_over
from spatialdata.transformations.attach import get_transformation, transformations_of
from spatialdata.transformations.linear import Identity
from spatialdata.transformations.linear import Sequence as Chain

if TYPE_CHECKING:
    from collections.abc import Callable

    from numpy.typing import NDArray
    from xarray import DataArray, DataTree

    from spatialdata._core.axes import ValidAxis
    from spatialdata.transformations.algebra import BaseTransformation

__all__ = ["mask"]


def mask(
    data: DataArray | DataTree,
    by: Any,
    target_coordinate_system: str = "global",
    invert: bool = False,
    fill_value: float = 0,
) -> DataArray | DataTree:
    """Blank the pixels of an image or of labels that lie outside regions.

    Parameters
    ----------
    data
        An image or labels; all levels are masked.
    by
        The regions: shapes, labels (what is not background), or a shapely polygon in the coordinate system. Flat ones
        stand for all planes, and flat data are masked by what labels with a depth have on any plane.
    target_coordinate_system
        The coordinate system in which they are brought together.
    invert
        Blank the pixels inside instead.
    fill_value
        What blanked pixels hold.

    Returns
    -------
    A lazy raster like the input, at the same place. A pixel is inside if its centre is.

    Raises
    ------
    UnsupportedElementError
        The data are no image or labels, or the regions are something else.
    UnknownCoordinateSystemError
        One of them is not in the coordinate system.
    ValueError
        The dtype of the data cannot hold the fill value.

    Examples
    --------
    >>> import numpy as np, shapely
    >>> from spatialdata.models import Labels2DModel
    >>> ids = Labels2DModel.parse(np.full((2, 4), 7))
    >>> mask(ids, shapely.box(1, 0, 3, 2)).values
    array([[0, 7, 7, 0],
           [0, 7, 7, 0]])
    """
    if not is_raster(data):
        raise UnsupportedElementError(f"Images and labels can be masked. Found {type_name(data)}.")
    get_transformation(data, target_coordinate_system)
    levels = lazy_levels_of(data)
    with np.errstate(invalid="ignore"):
        blank = np.asarray(fill_value).astype(levels[0].dtype)
    if not np.array_equal(blank, np.asarray(fill_value), equal_nan=levels[0].dtype.kind == "f"):
        raise ValueError(f"Pixels of the type {levels[0].dtype} cannot hold fill_value={fill_value!r}.")
    inside = _inside(by, target_coordinate_system)
    made = []
    for level in levels:
        kept = inside(level, transformations_of(level)[target_coordinate_system])
        made.append(_masked(level, ~kept if invert else kept, blank))
    return tree_of(made) if is_tree(data) else made[0]


def _masked(level: DataArray, kept: Any, blank: Any) -> DataArray:
    import dask.array as da

    masked = level.copy(data=da.where(kept, level.data, blank))
    masked.attrs = {key: dict(value) if isinstance(value, dict) else value for key, value in level.attrs.items()}
    return masked


def _inside(by: Any, system: str) -> Callable[[DataArray, BaseTransformation], Any]:
    """A function that tells, for a level and the map from its pixels, which of them lie inside."""
    import geopandas
    import shapely

    if isinstance(by, shapely.Geometry):
        by = ShapesModel.parse(geopandas.GeoDataFrame(geometry=[by]), transformations={system: Identity()})
    if is_shapes(by):
        regions = by if get_transformation(by, system).is_linear else in_system(by, system)
        return lambda level, transformation: _in_shapes(level, _placed(level, transformation, regions, system))
    if is_raster(by) and kind_of(by) is Kind.LABELS:
        labels, of_labels = at_one_time(by, "mask"), get_transformation(by, system)
        return lambda level, transformation: _in_labels(level, transformation, labels, of_labels)
    raise UnsupportedElementError(f"Regions are shapes, labels or shapely polygons. Found {type_name(by)}.")


def _in_labels(level: DataArray, transformation: BaseTransformation, labels: Any, of_labels: BaseTransformation) -> Any:
    ids, axes = lazy_levels_of(labels)[0].data, spatial_axes_of(level)
    shared = axes if "z" in spatial_axes_of(labels) else ("y", "x")
    if ids.ndim > len(shared):
        ids = (ids != 0).any(axis=0)
    to_labels: Projection | Warp
    if transformation.is_linear and of_labels.is_linear:
        places = _over(transformation, axes, shared), _over(of_labels, spatial_axes_of(labels), shared)
        to_labels = Between.of(*places).projection()
    else:
        ones = np.ones(len(shared))
        to_labels = Warp(Chain([transformation, of_labels.inverse()]), shared, 0 * ones, ones, ones, 0 * ones)
    shape = tuple(level.sizes[axis] for axis in shared)
    return resample(ids, to_labels, shape).rechunk(level.data.chunks[-len(shared) :]) != 0


def _over(transformation: BaseTransformation, axes: tuple[ValidAxis, ...], shared: tuple[ValidAxis, ...]) -> Projection:
    """The map of an element, over some of its axes."""
    projection = projection_over(transformation, axes)
    return projection if len(axes) == len(shared) else projection.plane().over(shared)


def _placed(level: DataArray, transformation: BaseTransformation, shapes: Any, system: str) -> PlacedFigures:
    """Shapes over the pixels of a level."""
    if not transformation.is_linear:
        bent = placed_outlines(in_system(shapes, system), transformation.inverse(), system)
        return PlacedFigures(Figures.of(bent), np.eye(2)[::-1], np.zeros(2))
    to_pixels = Between.of(projection_of(shapes, system), _over(transformation, spatial_axes_of(level), ("y", "x")))
    return PlacedFigures(Figures.of(shapes), to_pixels.linear, to_pixels.offset)


def _in_shapes(level: DataArray, placed: PlacedFigures) -> Any:
    import dask
    import dask.array as da

    bounds = placed.bounds()
    chunks = level.data.chunks[-2:]
    y, x = (np.concatenate([[0], np.cumsum(sizes)]) for sizes in chunks)
    draw = dask.delayed(_drawn, pure=False)
    tiles = []
    for row, height in enumerate(chunks[0]):
        line = []
        for column, width in enumerate(chunks[1]):
            corner = (int(y[row]), int(x[column]))
            part = placed.part(figures_reaching(bounds, corner, (height, width)), corner)
            line.append(da.from_delayed(draw(part, height, width), shape=(height, width), dtype=bool))
        tiles.append(line)
    return da.block(tiles)


def _drawn(placed: PlacedFigures, height: int, width: int) -> NDArray[np.bool_]:
    pixels, _ = placed.scanlines(height, width).pixels(width)
    inside = np.zeros(height * width, dtype=bool)
    inside[pixels] = True
    return inside.reshape(height, width)
