"""How far elements reach in a coordinate system."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any, TypeAlias

import numpy as np

from spatialdata._core.container import is_container
from spatialdata._core.elements import axes_of, is_raster, is_shapes, levels_of, require_mapping, spatial_axes_of
from spatialdata.errors import (
    ElementNotFoundError,
    UnknownCoordinateSystemError,
    UnsupportedElementError,
    listing,
    unknown_name,
)
from spatialdata.models.kind import Kind, kind_of
from spatialdata.models.packed import bounds_of, coordinates_in
from spatialdata.ops.bent import bent_outlines
from spatialdata.ops.circles import RADIUS_KEY, are_circles, keeps_discs
from spatialdata.ops.frames import EVERYWHERE, coordinates_of, known_bounds, over_partitions, plain_rows
from spatialdata.ops.stored_shapes import pending_shapes, stand_in
from spatialdata.ops.transform_vector import circle_scale, moved_points
from spatialdata.ops.warp import enclosing_box
from spatialdata.regions.project import Projection, projection_of, projection_over
from spatialdata.transformations.attach import get_transformation
from spatialdata.transformations.linear import Identity

if TYPE_CHECKING:
    import pandas as pd

    from spatialdata._core.axes import ValidAxis
    from spatialdata.sdata import SpatialData
    from spatialdata.transformations.algebra import BaseTransformation, FloatArray

__all__ = ["BoundingBoxDescription", "are_extents_equal", "get_extent"]

BoundingBoxDescription: TypeAlias = dict[str, tuple[float, float]]
Bounds: TypeAlias = "tuple[FloatArray, FloatArray]"


def get_extent(
    e: Any,
    coordinate_system: str = "global",
    exact: bool = True,
    has_images: bool = True,
    has_labels: bool = True,
    has_points: bool = True,
    has_shapes: bool = True,
    elements: list[str] | None = None,
) -> BoundingBoxDescription:
    """The bounding box of an element, or of all elements of an object, in a coordinate system.

    Parameters
    ----------
    e
        An image, labels, points, shapes, or a SpatialData object.
    coordinate_system
        The coordinate system.
    exact
        For points and shapes: transform the data and take their bounding box; if False, transform the box of the
        intrinsic coordinates, which is larger for turned data.
    has_images, has_labels, has_points, has_shapes
        For objects, the kinds of elements that count.
    elements
        For objects, the names of the elements that count; all if not given.

    Returns
    -------
    The lower and upper bound by axis, in the units of the coordinate system. Pixels count with their whole area,
    circles with their radius.

    Raises
    ------
    UnknownCoordinateSystemError
        The element, or none of the elements, is in the coordinate system.
    ValueError
        There is nothing to measure.

    Examples
    --------
    >>> import numpy as np
    >>> from spatialdata.models import Labels2DModel
    >>> get_extent(Labels2DModel.parse(np.zeros((3, 5), dtype=np.int32)))
    {'y': (0.0, 3.0), 'x': (0.0, 5.0)}
    """
    if is_container(e):
        kinds = {
            Kind.IMAGE: has_images,
            Kind.LABELS: has_labels,
            Kind.POINTS: has_points,
            Kind.SHAPES: has_shapes,
        }
        wanted = {kind for kind, counts in kinds.items() if counts}
        return _object_extent(e, coordinate_system, wanted, elements, exact=exact)
    return _element_extent(e, coordinate_system, exact=exact)


def _element_extent(element: Any, system: str, *, exact: bool) -> BoundingBoxDescription:
    measure = EXTENT[kind_of(element)]
    if measure is None:
        raise UnsupportedElementError("A table has no extent. Ask for that of the elements that it annotates.")
    transformation = get_transformation(element, system)
    if transformation.is_linear:
        projection = projection_of(element, system)
        lower, upper = measure(element, projection, exact)
    else:
        moved, projection = _straightened(element, transformation)
        lower, upper = moved if isinstance(moved, tuple) else measure(moved, projection, True)
    if not np.isfinite(lower).all():
        raise ValueError("The element holds no coordinates to measure: it is empty.")
    return {axis: (float(low), float(high)) for axis, low, high in zip(projection.axes, lower, upper, strict=True)}


def _straightened(element: Any, transformation: BaseTransformation) -> tuple[Any, Projection]:
    """An element moved through a non-linear map, of a raster its bounds only; and the identity over its axes."""
    flat = is_shapes(element)
    axes: tuple[ValidAxis, ...] = ("x", "y") if flat else spatial_axes_of(element)
    identity = projection_over(Identity(), axes)
    if flat:
        return bent_outlines(element, transformation), identity
    if is_raster(element):
        full = levels_of(element)[0]
        return enclosing_box(transformation, np.array([full.sizes[axis] for axis in axes], dtype=float), axes), identity
    return moved_points(element, transformation), identity


def _raster_bounds(raster: Any, projection: Projection, exact: bool) -> Bounds:  # noqa: ARG001
    full = levels_of(raster)[0]
    sizes = np.array([full.sizes[axis] for axis in spatial_axes_of(raster)], dtype=np.float64)
    return projection.box(np.zeros_like(sizes), sizes)


def _points_bounds(points: Any, projection: Projection, exact: bool) -> Bounds:
    """By statistics in the store, or in one pass over the partitions; mapped only where the box alone is not enough."""
    axes = axes_of(points)
    box_suffices = not exact or projection.is_monomial
    known = known_bounds(points, axes) if box_suffices else None
    if known is not None:
        return projection.box(*known)

    def bounds_of(part: pd.DataFrame) -> Bounds:
        coordinates = coordinates_of(part, axes)
        mapped = coordinates if box_suffices else projection(coordinates)
        return np.fmin.reduce(mapped, initial=np.inf), np.fmax.reduce(mapped, initial=-np.inf)

    found = over_partitions(plain_rows(points, axes, EVERYWHERE), axes, bounds_of, list, "extent of points")
    lower = np.fmin.reduce([low for low, _ in found])
    upper = np.fmax.reduce([high for _, high in found])
    return projection.box(lower, upper) if box_suffices and np.isfinite(lower).all() else (lower, upper)


def _shapes_bounds(shapes: Any, projection: Projection, exact: bool) -> Bounds:
    if are_circles(shapes):
        return _circles_bounds(shapes, projection, exact=exact)
    if not exact or projection.is_monomial:
        bounds = bounds_of(shapes)
        lower, upper = np.fmin.reduce(bounds[:, :2], initial=np.nan), np.fmax.reduce(bounds[:, 2:], initial=np.nan)
        return projection.box(lower, upper) if np.isfinite(lower).all() else (lower, upper)
    coordinates = coordinates_in(shapes)
    mapped = projection(coordinates) if len(coordinates) else np.full((1, 2), np.nan)
    return mapped.min(axis=0), mapped.max(axis=0)


def _circles_bounds(circles: Any, projection: Projection, *, exact: bool) -> Bounds:
    """The box around the discs; transformed circles stay circles, as :func:`spatialdata.transform` makes them."""
    centres = coordinates_in(circles)
    radius = circles[RADIUS_KEY].to_numpy(dtype=np.float64)[:, None]
    if not exact:
        return projection.box((centres - radius).min(axis=0), (centres + radius).max(axis=0))
    mapped = projection(centres)
    reach = radius if projection.is_identity else radius * circle_scale(projection)
    return (mapped - reach).min(axis=0), (mapped + reach).max(axis=0)


EXTENT: dict[Kind, Callable[[Any, Projection, bool], Bounds] | None] = {
    Kind.IMAGE: _raster_bounds,
    Kind.LABELS: _raster_bounds,
    Kind.POINTS: _points_bounds,
    Kind.SHAPES: _shapes_bounds,
    Kind.TABLE: None,
}


def _object_extent(
    sdata: SpatialData, system: str, wanted: set[Kind], names: list[str] | None, *, exact: bool
) -> BoundingBoxDescription:
    chosen = _chosen(sdata, system, wanted, names)
    found: dict[str, tuple[float, float]] = {}
    for name in chosen:
        extent = _stored_extent(sdata, name, system, exact=exact) or _element_extent(sdata[name], system, exact=exact)
        for axis, (low, high) in extent.items():
            before = found.get(axis, (low, high))
            found[axis] = (min(low, before[0]), max(high, before[1]))
    return found


def _stored_extent(sdata: SpatialData, name: str, system: str, *, exact: bool) -> BoundingBoxDescription | None:
    """The extent of shapes that are not in memory, by what their store says; None if only the data tell."""
    source = pending_shapes(sdata, name)
    if source is None or not sdata.shapes.transformations(name)[system].is_linear:
        return None
    projection = projection_of(stand_in(source), system)
    # In a turned box the shapes may reach less far; and stretched circles are measured by their centres.
    if exact and not (projection.is_monomial and (keeps_discs(projection) or not source.are_discs())):
        return None
    found = source.bounds(projection.axes)
    if found is None or not np.isfinite(found).all():
        return None
    lower, upper = projection.box(np.array(found[0]), np.array(found[1]))
    return {axis: (float(low), float(high)) for axis, low, high in zip(projection.axes, lower, upper, strict=True)}


def _chosen(sdata: SpatialData, system: str, wanted: set[Kind], names: list[str] | None) -> list[str]:
    if names is not None and not isinstance(names, list):
        raise ValueError(f"elements must be a list of names of elements, not {type(names).__name__}.")
    transformations = dict(sdata.gen_transformations())
    for name in names or []:
        if name not in transformations:
            raise ElementNotFoundError(unknown_name("element", name, transformations))
        if system not in transformations[name]:
            raise UnknownCoordinateSystemError(
                f"The element {name!r} is not in the coordinate system {system!r}. "
                f"It is in {listing(transformations[name])}."
            )
    known = sorted({other for found in transformations.values() for other in found})
    if system not in known:
        raise UnknownCoordinateSystemError(unknown_name("coordinate system", system, known))
    kinds = {name: Kind(kind) for kind, name in sdata.gen_spatial_names()}
    chosen = [
        name
        for name, found in transformations.items()
        if system in found and kinds[name] in wanted and (not names or name in names)
    ]
    if not wanted:
        raise ValueError("All kinds were left out. Set one of has_images, has_labels, has_points and has_shapes.")
    if not chosen:
        raise ValueError(
            f"No element of the kinds {listing(sorted(kind.value for kind in wanted))} is in {system!r}. "
            f"There are {listing(transformations)}."
        )
    return chosen


def are_extents_equal(
    extent0: Mapping[str, tuple[float, float]], extent1: Mapping[str, tuple[float, float]], atol: float = 0.1
) -> bool:
    """Whether two extents have the same axes and, within a tolerance, the same bounds.

    Parameters
    ----------
    extent0, extent1
        Extents as :func:`get_extent` returns them.
    atol
        The largest difference of a bound, in the units of the coordinate system.

    Examples
    --------
    >>> are_extents_equal({"x": (0.0, 1.0)}, {"x": (0.05, 1.0)})
    True
    """
    for extent in (extent0, extent1):
        require_mapping(extent, "An extent")
    if set(extent0) != set(extent1):
        return False
    return all(bool(np.allclose(extent0[axis], extent1[axis], rtol=0, atol=atol)) for axis in extent0)
