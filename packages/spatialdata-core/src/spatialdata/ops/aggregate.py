"""Values of one element gathered by the regions of another."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, TypeAlias

from spatialdata._core.container import new_container
from spatialdata.errors import ElementNotFoundError, listing, unknown_name
from spatialdata.models.kind import Kind, kind_of
from spatialdata.models.table import TableModel
from spatialdata.models.times import at_one_time
from spatialdata.ops.aggregate_funcs import AggFunc, agg_funcs_of
from spatialdata.ops.aggregate_pixels import aggregate_points_by_labels
from spatialdata.ops.aggregate_raster import aggregate_image_by_labels, aggregate_image_by_shapes
from spatialdata.ops.aggregate_values import ValueSource, source_of_values
from spatialdata.ops.aggregate_vector import aggregate_points, aggregate_shapes
from spatialdata.ops.bent import on_pixels, placed_outlines, straight_points, under_pixels
from spatialdata.ops.frames import copied_attrs
from spatialdata.ops.to_vector import to_polygons
from spatialdata.ops.transform import transform
from spatialdata.regions.project import plane_of, projection_of
from spatialdata.relations.ids import check_unique
from spatialdata.transformations.attach import get_transformation
from spatialdata.transformations.linear import Identity

if TYPE_CHECKING:
    from anndata import AnnData
    from scipy.sparse import csr_matrix

    from spatialdata.sdata import SpatialData

__all__ = ["aggregate"]

AggFuncs: TypeAlias = "str | Callable[[Any], float] | list[str | Callable[[Any], float]]"
# The regions, the matrix, the names of its variables, the ids of the regions.
_Found: TypeAlias = "tuple[Any, Any, list[str], Any]"


@dataclass(frozen=True, slots=True)
class _Task:
    """One call of aggregate, with its elements found."""

    values: Any
    by: Any
    values_sdata: Any
    values_name: str | None
    value_key: list[str] | str | None
    funcs: tuple[AggFunc, ...]
    system: str
    fractions: bool
    weights: str | None
    table_name: str | None
    buffer_resolution: int | None
    deepcopy: bool


def aggregate(
    values: Any,
    by: Any,
    values_sdata: SpatialData | None = None,
    by_sdata: SpatialData | None = None,
    value_key: list[str] | str | None = None,
    agg_func: AggFuncs = "sum",
    target_coordinate_system: str = "global",
    fractions: bool = False,
    region_key: str = "region",
    instance_key: str = "instance_id",
    deepcopy: bool = True,
    table_name: str | None = None,
    buffer_resolution: int | None = None,
    weights: str | None = None,
) -> SpatialData:
    """Aggregate the values of points, shapes, labels or an image by the regions of shapes or labels.

    A value counts for every region that it lies on, so it may count for several. Points and shapes count for the
    shapes whose border they touch. A pixel counts where its centre lies; the pixels of labels are taken as squares,
    with an area. Circles are taken exactly. The elements may have different resolutions.

    Parameters
    ----------
    values
        The element with the values, or its name in ``values_sdata``.
    by
        The element with the regions, or its name in ``by_sdata``.
    values_sdata, by_sdata
        The objects that hold the elements.
    value_key
        What to aggregate: columns of the element, or columns of ``obs`` or names of ``var`` of the table that
        annotates it. One column of categories, which is counted by category, or any number of columns of numbers.
        The feature key of points if not given; without one, values are counted. Not for images, of which all
        channels are aggregated.
    agg_func
        ``"sum"``, ``"mean"``, ``"count"``, ``"min"``, ``"max"``, ``"std"``, ``"var"``, ``"median"``, ``"mode"``,
        ``"nunique"``, ``"quantile(0.9)"``, or a function from an array of numbers to a number; or a list of these,
        which are then part of the names of the variables. Deviations are those of a sample. Categories can be
        counted (``"sum"``, ``"count"``), or the different ones be counted (``"nunique"``). For the median, the mode,
        different values, quantiles and functions, all values on regions are held in memory.
    target_coordinate_system
        The coordinate system in which the elements are brought together.
    fractions
        For shapes and labels, multiply each value by the part of its area that lies on the region.
    region_key, instance_key
        The names of the columns of the resulting table that name the region's element and the region.
    deepcopy
        Copy the regions into the result instead of sharing them, where they need no transformation.
    table_name
        The table of ``values_sdata`` that holds the values, if they are in one; also the name of the resulting
        table (``"table"`` if not given).
    buffer_resolution
        Take circles as polygons with that many segments in a quarter of a circle instead of exactly.
    weights
        A column of numbers beside the values, for sums and means weighted by it.

    Returns
    -------
    An object with the regions, in the target coordinate system, and a table that annotates them: one row for each
    region in its order, one variable for each category or value. Regions without values hold 0. ``X`` is a CSR matrix.

    Raises
    ------
    NotImplementedError
        This pair of elements cannot be aggregated.
    ValueError
        Arguments do not fit together, a value is not found, an element is not in the coordinate system, or ids of
        regions repeat.

    Examples
    --------
    >>> import numpy as np
    >>> from spatialdata.models import PointsModel, ShapesModel
    >>> points = PointsModel.parse(np.array([[0.0, 0.0], [0.5, 0.0], [9.0, 9.0]]))
    >>> circles = ShapesModel.parse(np.array([[0.0, 0.0], [5.0, 5.0]]), geometry=0, radius=1.0)
    >>> aggregate(points, circles)["table"].X.toarray().tolist()
    [[2], [0]]
    """
    value_element, value_name = _element(values, values_sdata, "values")
    by_element, by_name = _element(by, by_sdata, "by")
    if value_element is by_element:
        raise NotImplementedError("values and by are the same element. Give two different ones.")
    value_element, by_element = at_one_time(value_element, "aggregate"), at_one_time(by_element, "aggregate")
    task = _Task(
        value_element, by_element, values_sdata, value_name, value_key, agg_funcs_of(agg_func),
        target_coordinate_system, fractions, weights, table_name, buffer_resolution, deepcopy,
    )  # fmt: skip
    regions, matrix, names, ids = _pair(value_element, by_element)(task)
    name = by_name or "by"
    table = _table(matrix, names, ids, name, region_key, instance_key)
    return new_container({name: regions, table_name or "table": table})


def _element(given: Any, sdata: SpatialData | None, what: str) -> tuple[Any, str | None]:
    """An element, and its name if it is known."""
    if isinstance(given, str):
        if sdata is None:
            raise ValueError(f"{what}={given!r} is a name. Give {what}_sdata, the object that holds the element.")
        if given not in sdata:
            raise ElementNotFoundError(unknown_name("element", given, [name for _, name in sdata.gen_spatial_names()]))
        return sdata[given], given
    if sdata is None:
        return given, None
    places = sdata.locate_element(given)
    if not places:
        raise ValueError(
            f"The element given as {what} is not in {what}_sdata. Give its name, or leave {what}_sdata out."
        )
    return given, str(places[0]).split("/", 1)[1]


def _vector_regions(task: _Task) -> Any:
    """The regions in the target coordinate system."""
    transformations = [get_transformation(element, task.system) for element in (task.by, task.values)]
    if not all(isinstance(t, Identity) for t in transformations):
        return transform(task.by, to_coordinate_system=task.system)
    if not task.deepcopy:
        return task.by
    copy = task.by.copy()
    copy.attrs = copied_attrs(task.by)
    return copy


def _source(task: _Task) -> ValueSource:
    """Where the values of points, shapes or labels come from."""
    if task.fractions and kind_of(task.values) is Kind.POINTS:
        raise ValueError("fractions=True is for shapes and labels; a point has no area to take a fraction of.")
    return source_of_values(
        task.values, task.value_key, task.values_sdata, task.values_name, task.table_name, task.weights
    )


def _check_image(task: _Task) -> None:
    if task.fractions:
        raise NotImplementedError("fractions=True is for shapes and labels; a pixel lies on a region or does not.")
    if task.value_key is not None or task.weights is not None:
        raise ValueError(
            "value_key and weights are not for images, of which all channels are aggregated. "
            "Select the channels beforehand."
        )


def _figures(task: _Task, regions: Any) -> Any:
    """What the regions cover in the target coordinate system; where they were bent, their edges are too."""
    transformation = get_transformation(task.by, task.system)
    return regions if transformation.is_linear else placed_outlines(task.by, transformation, task.system)


def _points_by_shapes(task: _Task) -> _Found:
    source = _source(task)
    points = straight_points(task.values, task.system)
    plane = plane_of(points, get_transformation(points, task.system))
    regions = _vector_regions(task)
    figures = _figures(task, regions)
    matrix, names = aggregate_points(points, plane, figures, source, task.funcs, task.buffer_resolution)
    return regions, matrix, names, regions.index


def _points_by_labels(task: _Task) -> _Found:
    source = _source(task)
    points, labels = on_pixels(task.values, task.by, task.system)
    return _labels(task), *aggregate_points_by_labels(points, labels, source, task.funcs, task.system)


def _shapes_by_shapes(task: _Task) -> _Found:
    source = _source(task)
    regions = _vector_regions(task)
    matrix, names = aggregate_shapes(
        _in_system(task.values, task.system), _figures(task, regions), source, task.funcs, task.buffer_resolution,
        fractions=task.fractions,
    )  # fmt: skip
    return regions, matrix, names, regions.index


def _by_pixel_outlines(task: _Task) -> _Found:
    """Labels are taken as the polygons that their pixels form."""
    source = _source(task)
    by_labels = kind_of(task.by) is Kind.LABELS
    values = to_polygons(task.values) if kind_of(task.values) is Kind.LABELS else task.values
    regions = _in_system(to_polygons(task.by), task.system).sort_index() if by_labels else _vector_regions(task)
    figures = regions if by_labels else _figures(task, regions)
    matrix, names = aggregate_shapes(
        _in_system(values, task.system), figures, source, task.funcs, task.buffer_resolution,
        fractions=task.fractions, overlapping=True,
    )  # fmt: skip
    return _labels(task) if by_labels else regions, matrix, names, regions.index


def _in_system(shapes: Any, system: str) -> Any:
    transformation = get_transformation(shapes, system)
    if not transformation.is_linear:
        return placed_outlines(shapes, transformation, system)
    if projection_of(shapes, system).is_identity:
        return shapes
    return transform(shapes, to_coordinate_system=system)


def _image_by_labels(task: _Task) -> _Found:
    _check_image(task)
    return _labels(task), *aggregate_image_by_labels(task.values, task.by, task.funcs, task.system)


def _image_by_shapes(task: _Task) -> _Found:
    _check_image(task)
    regions = _vector_regions(task)
    image, figures = under_pixels(task.values, _figures(task, regions), task.system)
    found = aggregate_image_by_shapes(image, figures, task.funcs, task.system, task.buffer_resolution)
    return regions, *found, regions.index


def _labels(task: _Task) -> Any:
    return task.by.copy() if task.deepcopy else task.by


AGGREGATE: dict[tuple[Kind, Kind], Callable[[_Task], _Found]] = {
    (Kind.POINTS, Kind.SHAPES): _points_by_shapes,
    (Kind.POINTS, Kind.LABELS): _points_by_labels,
    (Kind.SHAPES, Kind.SHAPES): _shapes_by_shapes,
    (Kind.SHAPES, Kind.LABELS): _by_pixel_outlines,
    (Kind.LABELS, Kind.SHAPES): _by_pixel_outlines,
    (Kind.LABELS, Kind.LABELS): _by_pixel_outlines,
    (Kind.IMAGE, Kind.LABELS): _image_by_labels,
    (Kind.IMAGE, Kind.SHAPES): _image_by_shapes,
}


def _pair(values: Any, by: Any) -> Callable[[_Task], _Found]:
    pair = (kind_of(values), kind_of(by))
    if pair not in AGGREGATE:
        possible = [f"{a.value} by {b.value}" for a, b in AGGREGATE]
        raise NotImplementedError(
            f"{pair[0].value} cannot be aggregated by {pair[1].value}. Possible: {listing(possible)}."
        )
    return AGGREGATE[pair]


def _table(matrix: csr_matrix, names: list[str], ids: Any, region: str, region_key: str, instance_key: str) -> AnnData:
    import pandas as pd
    from anndata import AnnData

    index = pd.Index(ids)
    check_unique(index, "The ids of the regions")
    obs = pd.DataFrame(
        {instance_key: index, region_key: pd.Categorical([region] * len(index))},
        index=pd.Index([str(value) for value in index], dtype=object),
    )
    var = pd.DataFrame(index=pd.Index([str(name) for name in names], dtype=object))
    table = AnnData(matrix, obs=obs, var=var)
    return TableModel.parse(table, region=region, region_key=region_key, instance_key=instance_key)
