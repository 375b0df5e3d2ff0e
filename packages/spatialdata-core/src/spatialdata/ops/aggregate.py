"""Values of one element gathered by the regions of another."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from spatialdata._core.container import new_container
from spatialdata._core.elements import axes_of
from spatialdata.errors import ElementNotFoundError, listing, unknown_name
from spatialdata.models.kind import Kind, kind_of
from spatialdata.models.table import TableModel
from spatialdata.ops.aggregate_raster import aggregate_image
from spatialdata.ops.aggregate_values import source_of_values
from spatialdata.ops.aggregate_vector import aggregate_points, aggregate_shapes, check_agg_func
from spatialdata.ops.frames import copied_attrs
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


@dataclass(frozen=True, slots=True)
class _Task:
    """One call of aggregate, with its elements found."""

    values: Any
    by: Any
    values_sdata: Any
    values_name: str | None
    value_key: list[str] | str | None
    agg_func: str | list[str]
    system: str
    fractions: bool
    table_name: str | None
    buffer_resolution: int | None
    deepcopy: bool


def aggregate(
    values: Any,
    by: Any,
    values_sdata: SpatialData | None = None,
    by_sdata: SpatialData | None = None,
    value_key: list[str] | str | None = None,
    agg_func: str | list[str] = "sum",
    target_coordinate_system: str = "global",
    fractions: bool = False,
    region_key: str = "region",
    instance_key: str = "instance_id",
    deepcopy: bool = True,
    table_name: str | None = None,
    buffer_resolution: int | None = None,
) -> SpatialData:
    """Aggregate values by regions: points by shapes, shapes by shapes, or an image by labels.

    A value counts for every region that it lies on or touches, so it may count for several. Circles are taken exactly.

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
        The feature key of points if not given; without one, values are counted. Not for images.
    agg_func
        ``"sum"``, ``"mean"``, ``"count"``, ``"min"``, ``"max"``, ``"std"``, ``"var"`` or ``"median"``; for images
        also a list. Categories can be counted only (``"sum"`` or ``"count"``).
    target_coordinate_system
        The coordinate system in which the elements are brought together.
    fractions
        For shapes, multiply each value by the part of its area that lies on the region.
    region_key, instance_key
        The names of the columns of the resulting table that name the region's element and the region.
    deepcopy
        Copy the regions into the result instead of sharing them, where they need no transformation.
    table_name
        The table of ``values_sdata`` that holds the values, if they are in one; also the name of the resulting
        table (``"table"`` if not given).
    buffer_resolution
        Take circles as polygons with that many segments in a quarter of a circle instead of exactly.

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
    task = _Task(
        value_element, by_element, values_sdata, value_name, value_key, agg_func,
        target_coordinate_system, fractions, table_name, buffer_resolution, deepcopy,
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


def _points_by_shapes(task: _Task) -> tuple[Any, csr_matrix, list[str], Any]:
    if task.fractions:
        raise ValueError("fractions=True is for shapes; a point has no area of which a fraction could be taken.")
    func = check_agg_func(task.agg_func)
    source = source_of_values(task.values, task.value_key, task.values_sdata, task.values_name, task.table_name)
    plane = plane_of(task.values, get_transformation(task.values, task.system))
    regions = _vector_regions(task)
    matrix, names = aggregate_points(task.values, plane, regions, source, func, task.buffer_resolution)
    return regions, matrix, names, regions.index


def _shapes_by_shapes(task: _Task) -> tuple[Any, csr_matrix, list[str], Any]:
    func = check_agg_func(task.agg_func)
    source = source_of_values(task.values, task.value_key, task.values_sdata, task.values_name, task.table_name)
    regions = _vector_regions(task)
    placed = task.values
    if not projection_of(placed, task.system).is_identity:
        placed = transform(placed, to_coordinate_system=task.system)
    matrix, names = aggregate_shapes(placed, regions, source, func, task.buffer_resolution, fractions=task.fractions)
    return regions, matrix, names, regions.index


def _image_by_labels(task: _Task) -> tuple[Any, csr_matrix, list[str], Any]:
    if task.fractions:
        raise NotImplementedError("fractions=True is for shapes; a pixel lies on one label or none.")
    if task.value_key is not None:
        raise ValueError(
            "value_key is not for images, of which all channels are aggregated. Select the channels beforehand."
        )
    if len(axes_of(task.values)) != 3:
        raise NotImplementedError("3D images cannot be aggregated yet. Select a plane first.")
    matrix, names, ids = aggregate_image(task.values, task.by, task.agg_func, task.system)
    return task.by.copy() if task.deepcopy else task.by, matrix, names, ids


AGGREGATE: dict[tuple[Kind, Kind], Callable[[_Task], tuple[Any, Any, list[str], Any]]] = {
    (Kind.POINTS, Kind.SHAPES): _points_by_shapes,
    (Kind.SHAPES, Kind.SHAPES): _shapes_by_shapes,
    (Kind.IMAGE, Kind.LABELS): _image_by_labels,
}


def _pair(values: Any, by: Any) -> Callable[[_Task], tuple[Any, Any, list[str], Any]]:
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
