"""Queries: what of an element, or of a whole object, lies in a region.

The region is brought to the element, never the element to the region: the data keep their place, their coordinate
systems, index, columns and types. Nothing of the input is changed.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, cast, overload

from spatialdata._core.container import is_container
from spatialdata.errors import UnsupportedElementError
from spatialdata.models.kind import Kind, kind_of
from spatialdata.ops.regions_of_shapes import are_regions, regions_of_shapes
from spatialdata.ops.select_object import select_object
from spatialdata.ops.select_points import select_points
from spatialdata.ops.select_raster import raster_request, select_raster
from spatialdata.ops.select_shapes import Rule, select_shapes
from spatialdata.regions.region import BoundingBox, Circle, Closed, PolygonRegion, boxes_of
from spatialdata.regions.volume import VolumeRegion

if TYPE_CHECKING:
    from geopandas import GeoDataFrame, GeoSeries
    from numpy.typing import ArrayLike
    from shapely import MultiPolygon, Polygon
    from xarray import DataArray

    from spatialdata.regions.kinds import Region
    from spatialdata.sdata import SpatialData

__all__ = ["BoundingBoxRequest", "bounding_box_query", "get_bounding_box_corners", "polygon_query", "select"]

BoundingBoxRequest = BoundingBox


@dataclass(frozen=True, slots=True)
class _How:
    """How elements are selected, beyond the region."""

    clip: bool = False
    rule: Rule = "meets"
    mask: bool = True


def _select_raster(element: Any, regions: Sequence[Region], how: _How) -> list[Any]:
    return list(select_raster(element, regions, mask=how.mask))


def _select_points(element: Any, regions: Sequence[Region], how: _How) -> list[Any]:  # noqa: ARG001
    return list(select_points(element, regions))


def _select_shapes(element: Any, regions: Sequence[Region], how: _How) -> list[Any]:
    return list(select_shapes(element, regions, clip=how.clip, rule=how.rule))


def _refuse_table(element: Any, regions: Sequence[Region], how: _How) -> list[Any]:  # noqa: ARG001
    raise UnsupportedElementError(
        "A table has no coordinates and cannot be queried by a region. Query the SpatialData object that holds it."
    )


SELECT: dict[Kind, Callable[[Any, Sequence[Region], _How], list[Any]]] = {
    Kind.IMAGE: _select_raster,
    Kind.LABELS: _select_raster,
    Kind.POINTS: _select_points,
    Kind.SHAPES: _select_shapes,
    Kind.TABLE: _refuse_table,
}


def select(
    element: Any,
    region: Region | Sequence[Region],
    *,
    clip: bool = False,
    rule: Rule = "meets",
    mask: bool = True,
    filter_table: bool = True,
) -> Any:
    """What of an element or a SpatialData object lies in a region, or in each of several.

    Parameters
    ----------
    element
        An image, labels, points, shapes, or a SpatialData object.
    region
        A :class:`~spatialdata.regions.BoundingBox`, a :class:`~spatialdata.regions.PolygonRegion`, a
        :class:`~spatialdata.regions.Circle`, a :class:`~spatialdata.regions.VolumeRegion`, which is its outline for
        flat elements, or a list of them, each in a coordinate system. The region is brought to the element; the data
        do not move.
    clip
        Cut shapes at the border of the region.
    rule
        Which shapes count: ``"meets"`` (those that meet the region; of circles and a box, those whose centre lies in
        it), ``"within"`` (those wholly inside) or ``"centroid"`` (those whose centroid lies inside). Shapes with z
        count along z, too, if a box has bounds there; others lie at all depths.
    mask
        For images and labels and a polygon, circle or volume, set the pixels whose centre lies outside to 0. Otherwise
        the whole rectangle of pixels around the region is kept.
    filter_table
        For objects, keep only the rows of tables that annotate what remains. Tables of which none remains are left
        out; the logger ``spatialdata`` reports them at the level INFO.

    Returns
    -------
    An element like the input, None if nothing of it lies inside, an object for an object; a list of these for a list
    of regions.

    Raises
    ------
    ValueError
        The element is not in the coordinate system of the region, its transformation has no inverse, or there is no
        such rule.
    TypeError
        What is given is no region.

    Examples
    --------
    >>> import numpy as np
    >>> from spatialdata.models import Labels2DModel
    >>> from spatialdata.regions import Circle
    >>> labels = Labels2DModel.parse(np.arange(1, 10).reshape(3, 3))
    >>> select(labels, Circle(target_coordinate_system="global", centre=(1.5, 1.5), radius=1.0)).values.tolist()
    [[0, 2, 0], [4, 5, 6], [0, 8, 0]]
    """
    many = isinstance(region, Sequence)
    regions = _checked(list(region) if isinstance(region, Sequence) else [region])
    how = _How(clip, rule, mask)
    if is_container(element):
        results = list(select_object(element, regions, _select_element(how), filter_table=filter_table))
    else:
        results = SELECT[kind_of(element)](element, regions, how)
    return results if many else results[0]


def _checked(regions: list[Any]) -> list[Region]:
    """The regions of a query, if they are regions."""
    for region in regions:
        if not isinstance(region, BoundingBox | Circle | PolygonRegion | VolumeRegion):
            raise TypeError(
                "A region is a BoundingBox, a Circle, a PolygonRegion or a VolumeRegion of spatialdata.regions, or a "
                f"list of these, not {type(region).__name__}. They say in which coordinate system they lie; "
                "polygon_query takes polygons and frames of geopandas, bounding_box_query takes bounds."
            )
    return regions


def _select_element(how: _How) -> Callable[[Any, Sequence[Region]], list[Any]]:
    return lambda element, regions: SELECT[kind_of(element)](element, regions, how)


@overload
def bounding_box_query(
    element: SpatialData,
    axes: Sequence[str],
    min_coordinate: ArrayLike,
    max_coordinate: ArrayLike,
    target_coordinate_system: str,
    return_request_only: bool = False,
    filter_table: bool = True,
    closed: Closed | None = None,
) -> SpatialData: ...
@overload
def bounding_box_query(
    element: Any,
    axes: Sequence[str],
    min_coordinate: ArrayLike,
    max_coordinate: ArrayLike,
    target_coordinate_system: str,
    return_request_only: bool = False,
    filter_table: bool = True,
    closed: Closed | None = None,
) -> Any: ...
def bounding_box_query(
    element: Any,
    axes: Sequence[str],
    min_coordinate: ArrayLike,
    max_coordinate: ArrayLike,
    target_coordinate_system: str,
    return_request_only: bool = False,
    filter_table: bool = True,
    closed: Closed | None = None,
) -> Any:
    """What lies in an axis-aligned box.

    Images and labels: the pixels whose centre lies in the box, its border included; if the element is turned
    against the box, the rectangle of pixels around it. Points: those strictly inside. Circles: those whose centre
    lies in the box, border included. Polygons: those that meet the box, uncut.

    Parameters
    ----------
    element
        An image, labels, points, shapes, or a SpatialData object.
    axes
        The axes of the box. Axes that the element does not have are left out; along axes that the box does not
        have it is unbounded. ``"t"`` bounds the times: of images and labels with an axis t, and of points and shapes
        with a column t; a bound in time belongs to the box.
    min_coordinate, max_coordinate
        The bounds, one number per axis in the units of the coordinate system; or arrays of shape ``(n_boxes,
        n_axes)`` for many boxes.
    target_coordinate_system
        The coordinate system of the box.
    return_request_only
        For images and labels, return the bounds in pixel coordinates instead of the data: a dict from axes to
        slices for ``sel``.
    filter_table
        For a SpatialData object, keep only the table rows that annotate instances inside, and drop tables that
        annotate none.
    closed
        Which bounds belong to the box, for points, pixel centres and the centres of circles: ``"both"``, ``"left"``
        (the lower ones, so that boxes side by side share nothing), ``"right"`` or ``"neither"``. As described above
        if None.

    Returns
    -------
    An element of the same kind with all its coordinate systems, or None if nothing lies inside. A SpatialData
    object with the elements of which something does; elements that are not in the coordinate system are left out.
    A list of these for many boxes.

    Raises
    ------
    ValueError
        The bounds are not valid, or the element is not in the coordinate system, or its transformation has no inverse.

    Examples
    --------
    >>> import numpy as np
    >>> from spatialdata.models import PointsModel
    >>> points = PointsModel.parse(np.array([[1.0, 1.0], [5.0, 5.0]]))
    >>> inside = bounding_box_query(points, ("x", "y"), [0, 0], [2, 2], target_coordinate_system="global")
    >>> inside.compute().index.tolist()
    [0]
    """
    boxes, many = boxes_of(axes, min_coordinate, max_coordinate, target_coordinate_system, closed)
    if return_request_only:
        results = [_request(element, box) for box in boxes]
    else:
        results = select(element, boxes, filter_table=filter_table)
    return results if many else results[0]


def _request(element: Any, box: BoundingBox) -> dict[str, slice]:
    kind = None if is_container(element) else kind_of(element)
    if kind not in (Kind.IMAGE, Kind.LABELS):
        raise ValueError(
            "return_request_only=True is for images and labels, whose data can be selected by pixel coordinates. "
            f"Found {'a SpatialData object' if kind is None else kind.value}."
        )
    return raster_request(element, box)


@overload
def polygon_query(
    element: SpatialData,
    polygon: Polygon | MultiPolygon,
    target_coordinate_system: str,
    filter_table: bool = True,
    clip: bool = False,
    mask: bool = True,
) -> SpatialData: ...
@overload
def polygon_query(
    element: Any,
    polygon: Polygon | MultiPolygon | GeoDataFrame | GeoSeries,
    target_coordinate_system: str,
    filter_table: bool = True,
    clip: bool = False,
    mask: bool = True,
) -> Any: ...
def polygon_query(
    element: Any,
    polygon: Polygon | MultiPolygon | GeoDataFrame | GeoSeries,
    target_coordinate_system: str,
    filter_table: bool = True,
    clip: bool = False,
    mask: bool = True,
) -> Any:
    """What lies in a polygon, or in one of several.

    Images and labels: the pixels whose centre lies inside or on the border; the others of the rectangle around the
    polygon are set to 0. Points: those inside or on the border. Circles:
    those whose disc meets the polygon. Polygons: those that meet it.

    Parameters
    ----------
    element
        An image, labels, points, shapes, or a SpatialData object.
    polygon
        The polygon in the x-y plane of the coordinate system; holes are outside. Or a frame or column of geopandas
        with a region in each row, also points with a column ``radius``: shapes with transformations are brought into
        the coordinate system by theirs, others are taken as lying there.
    target_coordinate_system
        The coordinate system of the polygon.
    filter_table
        For a SpatialData object, keep only the table rows that annotate instances inside, and drop tables that
        annotate none.
    clip
        Cut shapes at the border of the polygon; circles become polygons then.
    mask
        For images and labels; if False, keep the pixels of the whole rectangle around the polygon as they are.

    Returns
    -------
    An element of the same kind with all its coordinate systems, or None if nothing lies inside; for a SpatialData
    object one with the elements of which something does. Elements that are not in the coordinate system are left
    out of an object.

    Raises
    ------
    ValueError
        A polygon is empty or not valid, the element is not in the coordinate system, or its transformation has no
        inverse.

    Examples
    --------
    >>> import numpy as np, shapely
    >>> from spatialdata.models import PointsModel
    >>> points = PointsModel.parse(np.array([[1.0, 0.5], [1.0, 3.0]]))
    >>> triangle = shapely.Polygon([(0, 0), (2, 0), (2, 2)])
    >>> polygon_query(points, triangle, target_coordinate_system="global").compute().index.tolist()
    [0]
    """
    region: Region | Sequence[Region]
    if are_regions(polygon):
        region = regions_of_shapes(polygon, target_coordinate_system)
    else:
        region = PolygonRegion(target_coordinate_system=target_coordinate_system, polygon=cast("Polygon", polygon))
    return select(element, region, clip=clip, filter_table=filter_table, mask=mask)


def get_bounding_box_corners(axes: Sequence[str], min_coordinate: ArrayLike, max_coordinate: ArrayLike) -> DataArray:
    """The corners of a box, or of many.

    Parameters
    ----------
    axes
        Two or three spatial axes.
    min_coordinate, max_coordinate
        The bounds, one number per axis; or arrays of shape ``(n_boxes, n_axes)``.

    Returns
    -------
    Array with the dimensions ``corner`` (4 or 8) and ``axis``, after ``box`` for many boxes. Neighbours in a face
    follow each other.

    Raises
    ------
    ValueError
        The box has neither two nor three axes, or its bounds are not valid.

    Examples
    --------
    >>> get_bounding_box_corners(("x", "y"), [0, 0], [2, 3]).values.tolist()
    [[0.0, 0.0], [0.0, 3.0], [2.0, 3.0], [2.0, 0.0]]
    """
    import numpy as np
    from xarray import DataArray

    boxes, many = boxes_of(axes, min_coordinate, max_coordinate, "global")
    if len(axes) not in _RINGS:
        raise ValueError(f"A box has corners along two or three axes. Found {tuple(axes)}.")
    upper = np.array(_RINGS[len(axes)], dtype=bool)
    corners = np.array([np.where(upper, box.max_coordinate, box.min_coordinate) for box in boxes])
    if not many:
        return DataArray(corners[0], dims=("corner", "axis"), coords={"corner": range(len(upper)), "axis": list(axes)})
    return DataArray(
        corners.reshape(-1, *upper.shape),
        dims=("box", "corner", "axis"),
        coords={"corner": range(len(upper)), "axis": list(axes)},
    )


_RING = [[0, 0], [0, 1], [1, 1], [1, 0]]
_RINGS = {2: _RING, 3: [[first, *rest] for first in (0, 1) for rest in _RING]}
