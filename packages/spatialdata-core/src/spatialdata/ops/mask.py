"""Rasters with everything outside some regions blanked."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from spatialdata._core.elements import is_raster, is_shapes, is_tree, levels_of, type_name
from spatialdata.errors import UnsupportedElementError
from spatialdata.models.kind import Kind, kind_of
from spatialdata.models.pyramid import tree_of
from spatialdata.models.shapes import ShapesModel
from spatialdata.models.times import at_one_time
from spatialdata.ops.pairs import Figures
from spatialdata.ops.rasterize_shapes import PlacedFigures, figures_reaching
from spatialdata.ops.resample import resample
from spatialdata.regions.project import Projection, projection_of, projection_over
from spatialdata.transformations.attach import get_transformation, transformations_of
from spatialdata.transformations.linear import Identity

if TYPE_CHECKING:
    from numpy.typing import NDArray
    from xarray import DataArray, DataTree

    from spatialdata.transformations.algebra import FloatArray

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
        An image or labels with the axes y and x; all levels are masked.
    by
        The regions: shapes, labels (what is not background), or a shapely polygon in the coordinate system.
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
        The data are no flat image or labels, or the regions are something else.
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
    if not is_raster(data) or "z" in levels_of(data)[0].dims:
        raise UnsupportedElementError(f"Flat images and labels can be masked. Found {type_name(data)}.")
    get_transformation(data, target_coordinate_system)
    levels = levels_of(data)
    with np.errstate(invalid="ignore"):
        blank = np.asarray(fill_value).astype(levels[0].dtype)
    if not np.array_equal(blank, np.asarray(fill_value), equal_nan=levels[0].dtype.kind == "f"):
        raise ValueError(f"Pixels of the type {levels[0].dtype} cannot hold fill_value={fill_value!r}.")
    inside = _inside(by, target_coordinate_system)
    made = []
    for level in levels:
        projection = projection_over(transformations_of(level)[target_coordinate_system], ("y", "x"))
        kept = inside(level, projection)
        made.append(_masked(level, ~kept if invert else kept, blank))
    return tree_of(made) if is_tree(data) else made[0]


def _masked(level: DataArray, kept: Any, blank: Any) -> DataArray:
    import dask.array as da

    masked = level.copy(data=da.where(kept, level.data, blank))
    masked.attrs = {key: dict(value) if isinstance(value, dict) else value for key, value in level.attrs.items()}
    return masked


def _inside(by: Any, system: str) -> Any:
    """A function that tells, for a level and the map from its pixels, which of them lie inside."""
    import geopandas
    import shapely

    if isinstance(by, shapely.Geometry):
        by = ShapesModel.parse(geopandas.GeoDataFrame(geometry=[by]), transformations={system: Identity()})
    if is_shapes(by):
        of_shapes = projection_of(by, system)
        figures = Figures.of(by)
        return lambda level, projection: _in_shapes(level, projection, figures, of_shapes)
    if is_raster(by) and kind_of(by) is Kind.LABELS:
        of_labels = projection_of(by, system)
        ids = levels_of(at_one_time(by, "mask"))[0].data
        return lambda level, projection: _in_labels(level, projection, ids, of_labels)
    raise UnsupportedElementError(f"Regions are shapes, labels or shapely polygons. Found {type_name(by)}.")


def _in_labels(level: DataArray, projection: Projection, ids: Any, of_labels: Projection) -> Any:
    back = of_labels.inverse()
    to_labels = Projection(back.axes, back.linear @ projection.linear, back.linear @ projection.offset + back.offset)
    shape = tuple(level.sizes[axis] for axis in ("y", "x"))
    return resample(ids, to_labels, shape).rechunk(level.data.chunks[-2:]) != 0


def _in_shapes(level: DataArray, projection: Projection, figures: Figures, of_shapes: Projection) -> Any:
    import dask
    import dask.array as da

    back = projection.inverse()
    rows = [of_shapes.axes.index(axis) for axis in back.axes]
    linear: FloatArray = back.linear @ of_shapes.linear[rows]
    placed = PlacedFigures(figures, linear, back.linear @ of_shapes.offset[rows] + back.offset)
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
