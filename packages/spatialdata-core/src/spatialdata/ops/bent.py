"""Elements whose place is not linear, as they lie in a coordinate system."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from spatialdata._core.elements import lazy_levels_of, spatial_axes_of
from spatialdata._core.sources import Window
from spatialdata.models.shallow import with_transformations
from spatialdata.ops.circles import RADIUS_KEY, are_circles, keeps_discs
from spatialdata.ops.transform import transform
from spatialdata.ops.transform_vector import moved_points
from spatialdata.regions.bend import Bend, Cells
from spatialdata.regions.project import projection_of, projection_over
from spatialdata.transformations.attach import attach_transformations, get_transformation
from spatialdata.transformations.linear import Identity
from spatialdata.transformations.linear import Sequence as Chain

if TYPE_CHECKING:
    from geopandas import GeoDataFrame
    from numpy.typing import NDArray

    from spatialdata.regions.place import PlacedBend
    from spatialdata.transformations.algebra import BaseTransformation, FloatArray

__all__ = [
    "bent_centres",
    "bent_outlines",
    "in_system",
    "lose_their_form",
    "on_pixels",
    "pixels_within",
    "placed_outlines",
    "straight_points",
    "under_pixels",
]

_PIECES = 256
_SEGMENTS = 64
# How much farther out the corners of such a polygon lie than the circle of the same area.
_AS_LARGE = np.sqrt(np.pi / (2 * _SEGMENTS * np.sin(np.pi / (2 * _SEGMENTS))))
_PIXELS_AT_ONCE = 1_000_000


def bent_outlines(shapes: GeoDataFrame, transformation: BaseTransformation) -> GeoDataFrame:
    """Polygons, and circles as polygons of 256 sides, moved through a map.

    Through a linear one circles keep their area. A non-linear one bends edges too: those longer than a 256th of the
    diagonal of all shapes are split before.

    Parameters
    ----------
    shapes
        The shapes; z is left out.
    transformation
        The map over x and y.

    Returns
    -------
    A frame with the rows of the input and no transformations.
    """
    import shapely

    geometry = shapely.force_2d(shapes.geometry.to_numpy())
    if are_circles(shapes):
        reach = shapes[RADIUS_KEY].to_numpy(dtype=np.float64) * (_AS_LARGE if transformation.is_linear else 1.0)
        geometry = shapely.buffer(geometry, reach, quad_segs=_SEGMENTS)
    if transformation.is_linear:
        plane = projection_over(transformation, spatial_axes_of(shapes)).plane()
        return _with_geometry(shapes, shapely.transform(geometry, plane))
    x_min, y_min, x_max, y_max = shapely.total_bounds(geometry)
    diagonal = float(np.hypot(x_max - x_min, y_max - y_min))
    if diagonal > 0:
        geometry = shapely.segmentize(geometry, diagonal / _PIECES)
    return _with_geometry(shapes, shapely.transform(geometry, Bend.over(transformation, ("x", "y"))))


def bent_centres(circles: GeoDataFrame, transformation: BaseTransformation) -> GeoDataFrame:
    """Circles whose centres are moved through a non-linear map; their radii stay as they are."""
    import shapely

    centres = shapely.force_2d(circles.geometry.to_numpy())
    return _with_geometry(circles, shapely.transform(centres, Bend.over(transformation, ("x", "y"))))


def _with_geometry(shapes: GeoDataFrame, geometry: NDArray[Any]) -> GeoDataFrame:
    moved = shapes.assign(**{str(shapes.geometry.name): geometry})
    moved.attrs = {}
    return moved


def placed_outlines(shapes: GeoDataFrame, transformation: BaseTransformation, system: str) -> GeoDataFrame:
    """The outlines of shapes moved through a map into a coordinate system, as an element there."""
    moved = bent_outlines(shapes, transformation)
    attach_transformations(moved, {system: Identity()})
    return moved


def lose_their_form(shapes: GeoDataFrame, system: str) -> bool:
    """Whether the way to a coordinate system bends edges, or makes ellipses of circles."""
    if not get_transformation(shapes, system).is_linear:
        return True
    return are_circles(shapes) and not keeps_discs(projection_of(shapes, system))


def in_system(shapes: GeoDataFrame, system: str) -> GeoDataFrame:
    """Shapes in a coordinate system: themselves if they lie there, or moved, with their edges.

    Circles that become ellipses, or are bent, are polygons of 256 sides there.
    """
    transformation = get_transformation(shapes, system)
    if not len(shapes):
        return with_transformations(shapes, {system: Identity()})
    if lose_their_form(shapes, system):
        return placed_outlines(shapes, transformation, system)
    if projection_of(shapes, system).is_identity:
        return shapes
    moved: GeoDataFrame = transform(shapes, to_coordinate_system=system)
    return moved


def straight_points(points: Any, system: str) -> Any:
    """Points in a coordinate system by a linear map that keeps z apart: themselves, or moved there."""
    transformation = get_transformation(points, system)
    if transformation.is_linear and not projection_of(points, system).mixes_depth:
        return points
    return with_transformations(moved_points(points, transformation), {system: Identity()})


def on_pixels(points: Any, labels: Any, system: str) -> tuple[Any, Any]:
    """Points and labels that a linear map brings together: as they are, or both in the pixels of the labels."""
    of_labels = get_transformation(labels, system)
    if of_labels.is_linear:
        return straight_points(points, system), labels
    chain = Chain([get_transformation(points, system), of_labels.inverse()])
    moved = with_transformations(moved_points(points, chain), {system: Identity()})
    return moved, with_transformations(labels, {system: Identity()})


def under_pixels(image: Any, shapes: GeoDataFrame, system: str) -> tuple[Any, GeoDataFrame]:
    """An image, and shapes in a coordinate system, that a linear map brings together: as they are, or in pixels."""
    transformation = get_transformation(image, system)
    if transformation.is_linear:
        return image, shapes
    in_pixels = placed_outlines(shapes, transformation.inverse(), system)
    return with_transformations(image, {system: Identity()}), in_pixels


def pixels_within(raster: Any, placed: PlacedBend) -> Window | None:
    """The smallest rectangle of pixels around those whose centre lies in a region, tested one by one.

    Parameters
    ----------
    raster
        An image or labels; the finest level counts.
    placed
        The region.

    Returns
    -------
    The edges of the rectangle in pixels, or None if no centre lies in the region.
    """
    axes = spatial_axes_of(raster)
    sizes = np.array([lazy_levels_of(raster)[0].sizes[axis] for axis in axes], dtype=np.float64)
    if not sizes.all():
        return None
    cells = Cells.of(placed.bend, np.zeros_like(sizes), sizes, whole=True)
    bounds = placed.bounds()
    inside = cells.within(*bounds)
    found = cells.bounds(inside)
    unsure = np.argwhere(cells.meeting(*bounds) & ~inside)
    for batch in _batches(unsure, cells):
        box = _box_of(_centres(batch, cells, found), placed)
        found = box if found is None else found if box is None else _joined(found, box)
    return None if found is None else Window(axes, tuple(found[0].tolist()), tuple(found[1].tolist()))


def _batches(chosen: NDArray[np.intp], cells: Cells) -> list[NDArray[np.intp]]:
    """Cells in groups of about as many pixels as are worked on at once."""
    size = int(np.prod([max(np.diff(edge).max(), 1) for edge in cells.edges]))
    count = max(_PIXELS_AT_ONCE // size, 1)
    return [chosen[start : start + count] for start in range(0, len(chosen), count)]


def _centres(chosen: NDArray[np.intp], cells: Cells, known: tuple[FloatArray, FloatArray] | None) -> FloatArray:
    """The pixel centres of some cells, without the cells that lie in what is known to be taken anyway."""
    centres = [np.empty((0, len(cells.edges)))]
    for position in chosen:
        low = np.array([edge[at] for edge, at in zip(cells.edges, position, strict=True)])
        high = np.array([edge[at + 1] for edge, at in zip(cells.edges, position, strict=True)])
        if known is not None and (low >= known[0]).all() and (high <= known[1]).all():
            continue
        steps = [np.arange(a, b) + 0.5 for a, b in zip(low, high, strict=True)]
        centres.append(np.stack(np.meshgrid(*steps, indexing="ij"), axis=-1).reshape(-1, len(steps)))
    return np.concatenate(centres)


def _box_of(centres: FloatArray, placed: PlacedBend) -> tuple[FloatArray, FloatArray] | None:
    """The edges of the pixels whose centres lie in a region."""
    inside = centres[placed.contains(centres, border=True)] if len(centres) else centres
    return (inside.min(axis=0) - 0.5, inside.max(axis=0) + 0.5) if len(inside) else None


def _joined(one: tuple[FloatArray, FloatArray], other: tuple[FloatArray, FloatArray]) -> tuple[FloatArray, FloatArray]:
    return np.minimum(one[0], other[0]), np.maximum(one[1], other[1])
