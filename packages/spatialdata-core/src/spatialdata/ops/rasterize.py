"""Elements drawn as images or labels onto a grid of a coordinate system."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from itertools import product
from typing import TYPE_CHECKING, Any
from uuid import uuid4

import numpy as np

from spatialdata._core.container import is_container, new_container
from spatialdata._core.elements import is_points, is_shapes, spatial_axes_of
from spatialdata.errors import ElementNotFoundError, UnknownCoordinateSystemError, UnsupportedElementError, unknown_name
from spatialdata.models.base import ATTRS_KEY
from spatialdata.models.kind import Kind, kind_of
from spatialdata.models.raster import Image2DModel, Image3DModel, Labels2DModel, Labels3DModel, default_chunks
from spatialdata.models.table import get_table_keys
from spatialdata.models.times import at_one_time
from spatialdata.ops.canvas import reduction_of
from spatialdata.ops.rasterize_grid import Target, target_of
from spatialdata.ops.rasterize_points import Drawn, draw_categories, draw_numbers, draw_point_ids
from spatialdata.ops.rasterize_raster import draw_label_values, draw_raster
from spatialdata.ops.rasterize_shapes import (
    draw_shape_categories,
    draw_shape_channels,
    draw_shape_ids,
    draw_shape_numbers,
)
from spatialdata.ops.rasterize_values import is_category, values_of
from spatialdata.ops.transform import transform
from spatialdata.relations.filter import annotates
from spatialdata.transformations.attach import get_transformation

if TYPE_CHECKING:
    import pandas as pd
    from anndata import AnnData
    from numpy.typing import ArrayLike
    from xarray import DataArray

    from spatialdata.sdata import SpatialData

__all__ = ["rasterize"]

CATEGORY_KEY = "label_index_to_category"


@dataclass(frozen=True, slots=True)
class _Task:
    """What of an element is drawn."""

    element: Any
    target: Target
    name: str | None
    sdata: Any
    value_key: str | None
    table_name: str | None
    as_labels: bool
    reduction: str | None
    single: bool | None

    def column(self) -> pd.Series | None:
        """The values, if some were asked for."""
        if self.value_key is None:
            return None
        return values_of(self.element, self.value_key, self.sdata, self.name, self.table_name)


def rasterize(
    data: Any,
    axes: Sequence[str],
    min_coordinate: ArrayLike,
    max_coordinate: ArrayLike,
    target_coordinate_system: str,
    target_unit_to_pixels: float | None = None,
    target_width: float | None = None,
    target_height: float | None = None,
    target_depth: float | None = None,
    sdata: SpatialData | None = None,
    value_key: str | None = None,
    table_name: str | None = None,
    return_regions_as_labels: bool = False,
    agg_func: Any = None,
    return_single_channel: bool | None = None,
) -> Any:
    """Draw an element, or all elements of an object, onto pixels of a box.

    A pixel of an image or labels takes the value of the source pixel under its centre. A point is drawn on the pixel
    that it lies on; a shape on the pixels whose centre it holds.

    Parameters
    ----------
    data
        An image, labels, points or shapes; the name of one in ``sdata``; or a SpatialData object.
    axes
        The axes of the box: x and y, and z for volumes.
    min_coordinate, max_coordinate
        Its bounds, one number per axis, in the units of the coordinate system.
    target_coordinate_system
        The coordinate system of the box.
    target_unit_to_pixels, target_width, target_height, target_depth
        Exactly one of: the number of pixels for one unit, or the number of pixels along x, y or z. The rest follows.
    sdata
        The object that holds the element and its table.
    value_key
        What to draw instead of ids or numbers of points: a column of the element, or of its table.
    table_name
        The table with the values.
    return_regions_as_labels
        Return labels instead of an image, except for images.
    agg_func
        For points and shapes, what becomes of several on one pixel: ``"count"``, ``"count_cat"``, ``"sum"``,
        ``"mean"``, ``"min"``, ``"max"`` or ``"first"``. If not given: the sum of numbers, the first of categories and
        of shapes, and the count of points.
    return_single_channel
        For categories of points and shapes, one channel with the code of the first (True, as if not given), or one
        channel with the counts of each category, named after it (False). Shapes without a ``value_key`` get a channel
        each then, named by their ids. For an object, that of its points and shapes.

    Returns
    -------
    A lazy image, or labels, in the coordinate system of the box only. Pixel i along an axis covers
    ``min + i * size`` to ``min + (i + 1) * size``. Where nothing lies it is 0.
    Numbers become floating point numbers, which round whole ones from 2**53 on.
    Shapes are drawn with their ids where these are whole numbers from 1 on (in images up to 2**53), and otherwise with
    their positions in the element, counted from 1; ``attrs["label_index_to_category"]`` has the id of each number.
    Categories are drawn with their codes from 1 on, and their names are there.
    For an object, one with a raster ``<name>_rasterized_<kind>`` for each element that is in the coordinate system,
    and with the same tables. A table follows an element that is drawn as labels with its own ids.

    Raises
    ------
    ValueError
        The box or the sizes are not valid, arguments do not fit the element, or values are not found.
    UnknownCoordinateSystemError
        The element, or none of the object, is in the coordinate system.

    Warns
    -----
    UserWarning
        Shapes are so small that they hold the centre of no pixel.

    Examples
    --------
    >>> import numpy as np
    >>> from spatialdata.models import PointsModel
    >>> points = PointsModel.parse(np.array([[0.5, 0.5], [0.6, 0.7], [3.5, 1.5]]))
    >>> image = rasterize(points, ("x", "y"), [0, 0], [4, 2], "global", target_unit_to_pixels=1)
    >>> image.values[0]
    array([[2., 0., 0., 0.],
           [0., 0., 0., 1.]])
    """
    target = target_of(
        axes,
        min_coordinate,
        max_coordinate,
        target_coordinate_system,
        unit_to_pixels=target_unit_to_pixels,
        width=target_width,
        height=target_height,
        depth=target_depth,
    )
    if is_container(data):
        given = {"sdata": sdata, "value_key": value_key, "table_name": table_name, "agg_func": agg_func}
        _refuse({key: value for key, value in given.items() if value is not None}, "for one element, not for an object")
        return _object(data, target, as_labels=return_regions_as_labels, single=return_single_channel)
    element, name = _element(data, sdata)
    return _drawn(
        _Task(
            element,
            target,
            name,
            sdata,
            value_key,
            table_name,
            return_regions_as_labels,
            reduction_of(agg_func),
            return_single_channel,
        )
    )


def _element(data: Any, sdata: SpatialData | None) -> tuple[Any, str | None]:
    """The element, and its name if it is known."""
    if not isinstance(data, str):
        places = sdata.locate_element(data) if sdata is not None else []
        return data, str(places[0]).split("/", 1)[1] if places else None
    if sdata is None:
        raise ValueError(f"data={data!r} is a name. Give sdata, the object that holds the element.")
    if data not in sdata:
        raise ElementNotFoundError(unknown_name("element", data, [name for _, name in sdata.gen_spatial_names()]))
    return sdata[data], data


def _object(sdata: SpatialData, target: Target, *, as_labels: bool, single: bool | None) -> SpatialData:
    transformations = dict(sdata.gen_transformations())
    names = [name for name, found in transformations.items() if target.coordinate_system in found]
    if not names:
        known = sorted({system for found in transformations.values() for system in found})
        raise UnknownCoordinateSystemError(unknown_name("coordinate system", target.coordinate_system, known))
    made, renamed = {}, {}
    for name in names:
        element = sdata[name]
        kind = kind_of(element)
        new = f"{name}_rasterized_{kind.value}"
        of_vectors = single if kind in (Kind.POINTS, Kind.SHAPES) else None
        made[new] = _drawn(_Task(element, target, name, None, None, None, as_labels, None, of_vectors))
        coded = made[new].attrs.get(CATEGORY_KEY, {})
        if as_labels and all(code == instance for code, instance in coded.items()):
            renamed[name] = new
    tables = {name: _retargeted(table, renamed) for name, table in sdata.tables.items()}
    return new_container({**made, **tables}, sdata.attrs)


def _retargeted(table: AnnData, renamed: dict[str, str]) -> AnnData:
    """A table that annotates the labels that elements were drawn as, instead of the elements."""
    if not annotates(table):
        return table
    region, region_key, _ = get_table_keys(table)
    regions = [region] if isinstance(region, str) else list(region)
    if not set(regions) & set(renamed):
        return table
    copy = table.copy()
    copy.obs[region_key] = (
        table.obs[region_key].astype("category").cat.rename_categories(lambda name: renamed.get(name, name))
    )
    names = [renamed.get(name, name) for name in regions]
    copy.uns[ATTRS_KEY] = {**table.uns[ATTRS_KEY], "region": names[0] if isinstance(region, str) else names}
    return copy


def _drawn(task: _Task) -> DataArray:
    """The element as a raster in the coordinate system of the box."""
    kind = kind_of(task.element)
    task = _straightened(replace(task, element=at_one_time(task.element, "rasterize")), kind)
    drawing = RASTERIZE[kind](task)
    as_labels = task.as_labels and kind is not Kind.IMAGE
    target = _own_axes(task)
    deep = "z" in target.axes
    transformations = {target.coordinate_system: target.grid().to_world}
    raster: Any
    if as_labels:
        model: Any = Labels3DModel if deep else Labels2DModel
        raster = model.parse(_named(drawing.data[0], model.dims), transformations=transformations)
    else:
        model = Image3DModel if deep else Image2DModel
        data = _named(drawing.data, model.dims)
        raster = model.parse(data, c_coords=drawing.channels, transformations=transformations)
    if drawing.names is not None:
        raster.attrs[CATEGORY_KEY] = drawing.names
    result: DataArray = raster
    return result


def _named(data: Any, dims: Sequence[str]) -> Any:
    """A picture as a lazy array with a name of its own, since dask would copy it and look at all pixels for a name."""
    import dask.array as da
    from dask.array.core import normalize_chunks, slices_from_chunks

    if not isinstance(data, np.ndarray):
        return data
    name = f"drawn-{uuid4().hex}"
    chunks = normalize_chunks(default_chunks(data, dims), data.shape, dtype=data.dtype)
    keys = product([name], *(range(len(sizes)) for sizes in chunks))
    blocks = (data[place] for place in slices_from_chunks(chunks))
    return da.Array(dict(zip(keys, blocks, strict=True)), name, chunks, dtype=data.dtype)


def _straightened(task: _Task, kind: Kind) -> _Task:
    """The task with points or shapes moved to the coordinate system, if what leads there has no matrix."""
    system = task.target.coordinate_system
    if kind not in (Kind.POINTS, Kind.SHAPES) or get_transformation(task.element, system).is_linear:
        return task
    return replace(task, element=transform(task.element, to_coordinate_system=system))


def _own_axes(task: _Task) -> Target:
    """The box over the axes that the drawing has."""
    return task.target.over(("x", "y") if is_shapes(task.element) else spatial_axes_of(task.element))


def _refuse(given: dict[str, Any], reason: str) -> None:
    if given:
        raise ValueError(f"{', '.join(given)} is {reason}. Leave it out.")


def _image(task: _Task) -> Drawn:
    _refuse({"value_key": 1} if task.value_key is not None else {}, "not for images, which are drawn as they are")
    _refuse_reduction(task)
    return draw_raster(task.element, _own_axes(task))


def _refuse_reduction(task: _Task) -> None:
    given = {"agg_func": task.reduction, "return_single_channel": task.single}
    _refuse({name: value for name, value in given.items() if value is not None}, "for points and shapes")


def _labels(task: _Task) -> Drawn:
    _refuse_reduction(task)
    column = task.column()
    if column is None:
        return draw_raster(task.element, _own_axes(task))
    _check_labels_of_values(task, column)
    return draw_label_values(task.element, _own_axes(task), column)


def _points(task: _Task) -> Drawn:
    get_transformation(task.element, task.target.coordinate_system)
    target, key = _own_axes(task), task.value_key
    if key is None:
        if task.as_labels:
            return draw_point_ids(task.element, target)
        drawn = draw_numbers(task.element, target, None, None, "count")
        return Drawn(drawn.data.astype("float64"), drawn.channels)
    own = is_points(task.element) and key in task.element.columns and task.table_name is None
    table = None if own else task.column()
    column: Any = task.element._meta[key] if table is None else table  # noqa: SLF001
    _check_labels_of_values(task, column)
    if is_category(column) and task.reduction in (None, "first", "count_cat"):
        single = task.single is not False and task.reduction != "count_cat"
        return _typed(draw_categories(task.element, target, key, table, single=single), as_labels=task.as_labels)
    return draw_numbers(task.element, target, key, table, _number_reduction(task, column))


def _shapes(task: _Task) -> Drawn:
    get_transformation(task.element, task.target.coordinate_system)
    target, column = _own_axes(task), task.column()
    if column is None:
        if task.single is False or task.reduction == "count_cat":
            return _shape_channels(task, target)
        if task.reduction in (None, "first") or task.as_labels:
            return _typed(draw_shape_ids(task.element, target, in_image=not task.as_labels), as_labels=task.as_labels)
        return draw_shape_numbers(task.element, target, None, task.reduction or "count")
    _check_labels_of_values(task, column)
    if is_category(column) and task.reduction in (None, "first", "count_cat"):
        single = task.single is not False and task.reduction != "count_cat"
        drawn = draw_shape_categories(task.element, target, column, single=single)
        return _typed(drawn, as_labels=task.as_labels) if single else drawn
    return draw_shape_numbers(task.element, target, column, _number_reduction(task, column))


def _shape_channels(task: _Task, target: Target) -> Drawn:
    if task.as_labels:
        raise ValueError(
            "Labels have one channel, but return_single_channel=False (or agg_func='count_cat') asks for one of each "
            "shape. Leave it out, or return_regions_as_labels."
        )
    if not len(task.element):
        return draw_shape_ids(task.element, target, in_image=True)
    return draw_shape_channels(task.element, target)


def _typed(drawn: Drawn, *, as_labels: bool) -> Drawn:
    """Codes as whole numbers for labels, and as float64 for images."""
    if drawn.names is None:
        return drawn
    dtype = "uint32" if as_labels and drawn.data.dtype.kind == "f" else drawn.data.dtype if as_labels else "float64"
    return Drawn(drawn.data.astype(dtype), drawn.channels, drawn.names)


def _number_reduction(task: _Task, column: Any) -> str:
    reduction = task.reduction or "sum"
    if is_category(column) and reduction != "count":
        raise ValueError(
            f"{task.value_key!r} holds categories, which have no {reduction}. Use 'count', 'count_cat' or 'first'."
        )
    if reduction == "count_cat":
        raise ValueError(f"agg_func='count_cat' counts categories, but {task.value_key!r} holds numbers. Use 'count'.")
    return reduction


def _check_labels_of_values(task: _Task, column: Any) -> None:
    if task.as_labels and (not is_category(column) or task.single is False or task.reduction not in (None, "first")):
        raise ValueError(
            f"Labels of values hold the codes of categories, in one channel. {task.value_key!r} has the type "
            f"{column.dtype}, with agg_func={task.reduction!r} and return_single_channel={task.single}. "
            "Leave return_regions_as_labels out."
        )


def _refuse_table(task: _Task) -> Drawn:  # noqa: ARG001
    raise UnsupportedElementError("A table has no place and cannot be drawn. Draw the elements that it annotates.")


RASTERIZE: dict[Kind, Callable[[_Task], Drawn]] = {
    Kind.IMAGE: _image,
    Kind.LABELS: _labels,
    Kind.POINTS: _points,
    Kind.SHAPES: _shapes,
    Kind.TABLE: _refuse_table,
}
