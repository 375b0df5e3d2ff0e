"""Queries of shapes."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any, Literal, TypeAlias

import numpy as np

from spatialdata.models.packed import PackedPolygons, bounds_of, geometries_at, packed_of
from spatialdata.ops.bent import bent_centres, bent_outlines
from spatialdata.ops.circles import RADIUS_KEY, are_circles, keeps_discs
from spatialdata.ops.figures import Figures
from spatialdata.ops.frames import copied_attrs, rows_at_times
from spatialdata.ops.pairs import polygons_meet
from spatialdata.ops.shape_depths import rows_at_depths
from spatialdata.ops.transform_vector import circle_scale
from spatialdata.regions.place import Placed, PlacedBend, place
from spatialdata.regions.placed import PlacedBox, PlacedCircle, PlacedPolygon
from spatialdata.regions.prune import rows_meeting

if TYPE_CHECKING:
    from geopandas import GeoDataFrame
    from numpy.typing import NDArray
    from shapely import MultiPolygon, Polygon

    from spatialdata.regions.kinds import Region

__all__ = ["Rule", "select_shapes"]

Rule: TypeAlias = Literal["meets", "within", "centroid"]
_RULES = ("meets", "within", "centroid")

_CLIP_SEGMENTS = 16
_POLYGONAL = (3, 6)
# For so few polygons, loading compiled code takes longer than the test.
_FEW = 1_000
# Of a region with more, GEOS finds the edges that are near sooner.
_MOST_CORNERS = 1_000


def select_shapes(
    shapes: GeoDataFrame, regions: Sequence[Region], *, clip: bool = False, rule: Rule = "meets"
) -> list[GeoDataFrame | None]:
    """The shapes inside each of several regions.

    Parameters
    ----------
    shapes
        Circles or polygons.
    regions
        The regions. The border belongs to the region.
    rule
        ``"meets"``: a box takes the circles whose centre lies in it, other regions those whose disc meets them; all
        take the polygons that they meet. ``"within"``: the shapes that lie in the region with their whole area.
        ``"centroid"``: the shapes whose centroid lies in it. Along z too, if the box has bounds there and the shapes
        have z.
    clip
        Cut the shapes at the border of the region. Circles become polygons then, with 64 sides where the arc is whole.

    Returns
    -------
    One frame for each region, with the order, index, columns and attributes of the source, or None where no shape is.
    """
    placed = [place(region, shapes) for region in regions]
    figures: dict[Any, tuple[GeoDataFrame, NDArray[np.float64], NDArray[np.float64]]] = {}
    found = []
    for area, region in zip(placed, regions, strict=True):
        by_centre = isinstance(area, PlacedBend) and isinstance(area.region, PlacedBox) and rule != "within"
        key = (region.target_coordinate_system, by_centre) if isinstance(area, PlacedBend) else None
        if key not in figures:
            there = _bent(shapes, area, by_centre=by_centre) if isinstance(area, PlacedBend) else shapes
            bounds = bounds_of(there)
            figures[key] = (there, bounds, _total(there, bounds, placed))
        there, bounds, total = figures[key]
        rows = _rows(there, bounds, area.region if isinstance(area, PlacedBend) else area, total, rule)
        rows = rows[(rows_at_times(shapes, region) & rows_at_depths(shapes, region, rule))[rows]]
        if clip and by_centre and isinstance(area, PlacedBend) and are_circles(shapes):
            outlines = _bent(shapes, area, by_centre=False)
            total = _total(outlines, bounds_of(outlines), placed)
        found.append(_frame(shapes, rows, area.polygon(total) if clip else None))
    return found


def _bent(shapes: GeoDataFrame, placed: PlacedBend, *, by_centre: bool) -> GeoDataFrame:
    """The shapes as they lie in the coordinate system of a region that is tested there."""
    transformation = placed.bend.transformation
    if by_centre and are_circles(shapes):
        return bent_centres(shapes, transformation)
    return bent_outlines(shapes, transformation)


def _rows(
    shapes: GeoDataFrame, bounds: NDArray[np.float64], placed: Placed, total: NDArray[np.float64], rule: Rule
) -> NDArray[np.intp]:
    """The rows of the shapes inside a region."""
    if rule not in _RULES:
        raise ValueError(f"rule must be one of {', '.join(map(repr, _RULES))}. Found {rule!r}.")
    if rule == "centroid":
        import shapely

        centroids = shapely.get_coordinates(shapely.centroid(shapes.geometry.to_numpy()))
        filled = np.flatnonzero(~np.isnan(bounds[:, 0]))
        return np.asarray(filled[placed.contains(centroids, border=True)])
    circles = are_circles(shapes)
    if rule == "within":
        return (_circles_within if circles else _polygons_within)(shapes, bounds, placed, total)
    return (_circles_inside if circles else _polygons_inside)(shapes, bounds, placed, total)


def _polygons_within(
    polygons: GeoDataFrame, bounds: NDArray[np.float64], placed: Placed, total: NDArray[np.float64]
) -> NDArray[np.intp]:
    import shapely

    near = rows_meeting(bounds, placed.window())
    geometry = geometries_at(polygons, near)
    if isinstance(placed, PlacedPolygon):
        return np.asarray(near[np.asarray(shapely.covered_by(geometry, placed.polygon(total)), dtype=bool)])
    # Boxes and discs are convex: a shape lies inside if all of its corners do. A border that it touches leaves its area
    # inside, also where the box says that its bounds are not.
    whole = replace(placed, closed=None) if isinstance(placed, PlacedBox) else placed
    coordinates, owner = shapely.get_coordinates(geometry, return_index=True)
    outside = np.unique(owner[~whole.contains(coordinates, border=True)])
    return np.delete(near, outside)


def _circles_within(
    circles: GeoDataFrame, bounds: NDArray[np.float64], placed: Placed, total: NDArray[np.float64]
) -> NDArray[np.intp]:
    import shapely

    inside = np.flatnonzero(placed.contains(bounds[:, :2], border=True))
    radius = circles[RADIUS_KEY].to_numpy(dtype=np.float64)[inside]
    if isinstance(placed, PlacedCircle) and keeps_discs(placed.projection):
        distance, reach = _from_centre(placed, bounds[inside, :2], radius)
        return np.asarray(inside[distance + reach <= placed.radius])
    room = shapely.distance(placed.polygon(total).boundary, geometries_at(circles, inside))
    return np.asarray(inside[room >= radius])


def _from_centre(
    placed: PlacedCircle, centres: NDArray[np.float64], radius: NDArray[np.float64]
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """How far circles are from the centre of a region, and their radii, in the coordinates of the region."""
    distance = np.hypot(*(placed.projection(centres) - placed.centre).T)
    return distance, radius * circle_scale(placed.projection)


def _total(shapes: GeoDataFrame, bounds: NDArray[np.float64], placed: Sequence[Placed]) -> NDArray[np.float64]:
    """The box around all shapes, where a region is open to a side, or comes through a bend; else any."""
    asked = any(isinstance(one, PlacedBend) or (isinstance(one, PlacedBox) and one.is_open) for one in placed)
    if not len(bounds) or not asked:
        return np.zeros(4)
    reach = shapes[RADIUS_KEY].to_numpy(dtype=np.float64) if are_circles(shapes) else 0.0
    x0, y0, x1, y1 = np.concatenate([bounds[:, :2].T - reach, bounds[:, 2:].T + reach])
    total = np.array([np.fmin.reduce(x0), np.fmin.reduce(y0), np.fmax.reduce(x1), np.fmax.reduce(y1)])
    return np.where(np.isnan(total), 0.0, total)


def _circles_inside(
    circles: GeoDataFrame, bounds: NDArray[np.float64], placed: Placed, total: NDArray[np.float64]
) -> NDArray[np.intp]:
    import shapely

    if isinstance(placed, PlacedBox):
        return np.flatnonzero(placed.contains(bounds[:, :2], border=True))
    radius = circles[RADIUS_KEY].to_numpy(dtype=np.float64)
    if isinstance(placed, PlacedCircle) and keeps_discs(placed.projection):
        distance, reach = _from_centre(placed, bounds[:, :2], radius)
        return np.flatnonzero(distance <= placed.radius + reach)
    discs = np.concatenate([bounds[:, :2] - radius[:, None], bounds[:, 2:] + radius[:, None]], axis=1)
    near = rows_meeting(discs, placed.window())
    inside = shapely.dwithin(geometries_at(circles, near), placed.polygon(total), radius[near])
    return np.asarray(near[np.asarray(inside, dtype=bool)])


def _polygons_inside(
    polygons: GeoDataFrame, bounds: NDArray[np.float64], placed: Placed, total: NDArray[np.float64]
) -> NDArray[np.intp]:
    import shapely

    near = rows_meeting(bounds, placed.window())
    if isinstance(placed, PlacedCircle):
        moved = shapely.transform(geometries_at(polygons, near), placed.projection)
        close = shapely.dwithin(moved, shapely.Point(placed.centre), placed.radius)
        return np.asarray(near[np.asarray(close, dtype=bool)])
    return np.asarray(near[_meet(polygons, bounds, near, placed.polygon(total))])


def _meet(
    polygons: GeoDataFrame, bounds: NDArray[np.float64], near: NDArray[np.intp], region: Polygon | MultiPolygon
) -> NDArray[np.bool_]:
    """Which of some polygons meet a region."""
    import shapely

    packed = packed_of(polygons)
    quick = isinstance(packed, PackedPolygons) and len(near) > _FEW
    if not quick or shapely.get_num_coordinates(region) > _MOST_CORNERS:
        shapely.prepare(region)
        return np.asarray(shapely.intersects(region, geometries_at(polygons, near)), dtype=bool)
    from spatialdata.kernels.near_boxes import boxes_meeting_any, boxes_of_edges

    figures = Figures(np.array([region], dtype=object), np.zeros((0, 2)), None)
    at_border = boxes_meeting_any(bounds, near, boxes_of_edges(*figures.polygons[:2]))
    meet, asked = np.empty(len(near), dtype=bool), np.flatnonzero(at_border)
    meet[asked] = polygons_meet(figures, Figures.of(polygons), np.zeros(len(asked), dtype=np.intp), near[asked])
    # What is not at the border lies in the region, or beside it, as any of its places does.
    aside = np.flatnonzero(~at_border)
    meet[aside] = PlacedPolygon(("x", "y"), region).contains(bounds[near[aside], :2])
    return meet


def _frame(shapes: GeoDataFrame, rows: NDArray[np.intp], clip: Polygon | MultiPolygon | None) -> GeoDataFrame | None:
    # Its values are new already; the copy only tells pandas so.
    result = shapes.iloc[rows].copy(deep=False)
    if clip is not None:
        result = _clipped(result, clip)
    if not len(result):
        return None
    result.attrs = copied_attrs(shapes)
    return result


def _clipped(shapes: GeoDataFrame, region: Polygon | MultiPolygon) -> GeoDataFrame:
    """Shapes cut at the border of a region; those that only touch it, and so have no area inside, are left out."""
    import shapely

    geometry = shapes.geometry.to_numpy()
    if len(shapes) and are_circles(shapes):
        geometry = shapely.buffer(geometry, shapes[RADIUS_KEY].to_numpy(dtype=np.float64), quad_segs=_CLIP_SEGMENTS)
    faulty = np.flatnonzero(~shapely.is_valid(geometry))
    if len(faulty):
        geometry = geometry.copy()
        geometry[faulty] = shapely.make_valid(geometry[faulty])
    cut = np.array([_polygonal(piece) for piece in shapely.intersection(geometry, region)], dtype=object)
    keep = np.array([not piece.is_empty for piece in cut], dtype=bool)
    return shapes.assign(**{shapes.geometry.name: cut}).loc[keep]


def _polygonal(geometry: Any) -> Any:
    """The parts of a geometry that have an area."""
    import shapely

    if shapely.get_type_id(geometry) in _POLYGONAL:
        return geometry
    parts = [part for part in shapely.get_parts(geometry) if shapely.get_type_id(part) in _POLYGONAL]
    return shapely.union_all(parts) if parts else shapely.Polygon()
