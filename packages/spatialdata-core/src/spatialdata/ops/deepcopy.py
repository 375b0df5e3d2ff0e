"""Copies of elements that share nothing with them."""

from __future__ import annotations

import copy
from typing import TYPE_CHECKING, Any

from spatialdata._core.container import is_container, new_container
from spatialdata._core.elements import is_tree, levels_of
from spatialdata.models.kind import Kind, kind_of
from spatialdata.models.pyramid import tree_of

if TYPE_CHECKING:
    from collections.abc import Callable

    from anndata import AnnData
    from geopandas import GeoDataFrame
    from xarray import DataArray

    from spatialdata.models.points_frame import PointsFrame

__all__ = ["deepcopy"]


def deepcopy(element: Any) -> Any:
    """Copy an element, a table or a whole object, data included.

    Lazy data stay lazy: a lazy raster or frame is a recipe that nothing can change, so its copy follows the same
    recipe. Data that are in memory are copied.

    Parameters
    ----------
    element
        An element, a table, or a SpatialData object.

    Returns
    -------
    The copy. It is backed by no store.

    Raises
    ------
    TypeError
        The object is none of these.

    Examples
    --------
    >>> import numpy as np
    >>> from spatialdata import deepcopy
    >>> from spatialdata.models import ShapesModel
    >>> circles = ShapesModel.parse(np.zeros((1, 2)), geometry=0, radius=1.0)
    >>> twin = deepcopy(circles)
    >>> twin["radius"] = 2.0
    >>> circles.radius.tolist()
    [1.0]
    """
    if is_container(element):
        elements = {name: deepcopy(item) for _, name, item in element.gen_elements()}
        return new_container(elements, copy.deepcopy(dict(element.attrs)))
    return _COPIES[kind_of(element)](element)


def _copied_level(level: DataArray) -> DataArray:
    twin = level.copy(deep=True)
    twin.attrs = copy.deepcopy(dict(level.attrs))
    return twin


def _copied_raster(raster: Any) -> Any:
    levels = [_copied_level(level) for level in levels_of(raster)]
    return tree_of(levels) if is_tree(raster) else levels[0]


def _copied_points(points: PointsFrame) -> PointsFrame:
    twin = copy.copy(points)
    twin.attrs = copy.deepcopy(dict(points.attrs))
    return twin


def _copied_shapes(shapes: GeoDataFrame) -> GeoDataFrame:
    twin = shapes.copy(deep=True)
    twin.attrs = copy.deepcopy(dict(shapes.attrs))
    return twin


def _copied_table(table: AnnData) -> AnnData:
    twin: AnnData = table.copy()
    return twin


_COPIES: dict[Kind, Callable[[Any], Any]] = {
    Kind.IMAGE: _copied_raster,
    Kind.LABELS: _copied_raster,
    Kind.POINTS: _copied_points,
    Kind.SHAPES: _copied_shapes,
    Kind.TABLE: _copied_table,
}
