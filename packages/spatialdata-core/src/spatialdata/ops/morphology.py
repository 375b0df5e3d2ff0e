"""Where regions lie, how large they are, and what form they have."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from spatialdata._core.elements import spatial_axes_of
from spatialdata.errors import TransformationError
from spatialdata.ops.bent import in_system
from spatialdata.ops.circles import RADIUS_KEY, are_circles, places_of
from spatialdata.ops.figures import Figures
from spatialdata.ops.label_surfaces import surface_areas
from spatialdata.ops.to_vector import outlines_of_labels
from spatialdata.ops.transform_vector import moved_shapes
from spatialdata.regions.project import Projection, projection_of
from spatialdata.transformations.attach import get_transformation

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from spatialdata.models.label_runs import BlockShapes
    from spatialdata.ops.region_pixels import Gathered
    from spatialdata.transformations.algebra import FloatArray

__all__ = ["morphology"]

# The difference of two axes, as a part of both, that rounding may make.
_ROUND = 1e-9


def morphology(regions: Any, gathered: Gathered, system: str, *, outlines: bool = False) -> dict[str, FloatArray]:
    """The measures of regions by their names.

    Parameters
    ----------
    regions
        Labels or shapes.
    gathered
        What is known of their pixels.
    system
        The coordinate system of the measures.
    outlines
        Whether those of outlines, or surfaces, are wanted, which have to be traced first for labels.
    """
    if gathered.shapes is None:
        return _of_shapes(regions, system, outlines=outlines)
    if not get_transformation(regions, system).is_linear:
        return _of_bent_labels(regions, system, outlines=outlines)
    columns = _of_labels(gathered.shapes, projection_of(regions, system))
    if outlines:
        columns |= _of_borders(regions, gathered.ids, system)
    return columns


def _of_labels(found: BlockShapes, projection: Projection) -> dict[str, FloatArray]:
    axes = projection.axes
    pixel = float(abs(np.linalg.det(projection.linear)))
    columns = {"volume" if "z" in axes else "area": found.count * pixel}
    centre = projection(found.centre)
    columns |= {f"centroid_{axis}": centre[:, axes.index(axis)] for axis in ("x", "y", "z") if axis in axes}
    low, high = found.lower[:, None] * projection.linear, found.upper[:, None] * projection.linear
    lower = np.minimum(low, high).sum(axis=2) + projection.offset
    upper = np.maximum(low, high).sum(axis=2) + projection.offset
    for side, bound in (("min", lower), ("max", upper)):
        columns |= {f"{axis}_{side}": bound[:, axes.index(axis)] for axis in ("x", "y", "z") if axis in axes}
    moments = found.scatter / np.maximum(found.count, 1)[:, None, None]
    moments = projection.linear @ moments @ projection.linear.T
    if "z" in axes:
        return columns | _ellipsoids(moments)
    order = [axes.index("x"), axes.index("y")]
    return columns | _ellipses(moments[:, order][:, :, order])


def _ellipses(moments: FloatArray) -> dict[str, FloatArray]:
    """The axes of the ellipses that have some second moments, an array of shape ``(n, 2, 2)`` over x and y."""
    small, large = np.maximum(_eigenvalues(moments), 0.0).T
    ratio = np.divide(small, large, out=np.ones_like(small), where=large > 0)
    return {
        "major_axis_length": 4 * np.sqrt(large),
        "minor_axis_length": 4 * np.sqrt(small),
        "eccentricity": np.sqrt(1 - ratio),
        "orientation": _orientations(moments),
    }


def _orientations(moments: FloatArray) -> FloatArray:
    """The angle of the major axis from x towards y; 0 where no axis is longer, but for rounding."""
    across, along = 2 * moments[:, 0, 1], moments[:, 0, 0] - moments[:, 1, 1]
    is_round = np.hypot(across, along) <= _ROUND * (moments[:, 0, 0] + moments[:, 1, 1])
    return np.where(is_round, 0.0, np.arctan2(across, along) / 2)


def _ellipsoids(moments: FloatArray) -> dict[str, FloatArray]:
    """The axes of the ellipsoids that have some second moments, an array of shape ``(n, 3, 3)``."""
    small, middle, large = np.maximum(_eigenvalues(moments), 0.0).T
    names = ("major_axis_length", "middle_axis_length", "minor_axis_length")
    return {name: 2 * np.sqrt(5 * value) for name, value in zip(names, (large, middle, small), strict=True)}


def _eigenvalues(moments: FloatArray) -> FloatArray:
    """Those of each matrix, ascending; nan where it is not known."""
    found = np.full(moments.shape[:2], np.nan)
    known = np.isfinite(moments).all(axis=(1, 2))
    found[known] = np.linalg.eigvalsh(moments[known])
    return found


def _of_borders(labels: Any, ids: NDArray[Any], system: str) -> dict[str, FloatArray]:
    """Measures of the borders of labels, in the order of their ids; the background has none."""
    if "z" in spatial_axes_of(labels):
        found, area = surface_areas(labels, projection_of(labels, system))
        measures = {"surface_area": area}
    else:
        polygons = in_system(outlines_of_labels(labels), system)
        found, measures = polygons.index.to_numpy(), _forms_of(_of_polygons(polygons), polygons)
    columns = {}
    for name, values in measures.items():
        columns[name] = np.full(len(ids), np.nan)
        columns[name][np.searchsorted(ids, found)] = values
    return columns


def _forms_of(columns: dict[str, FloatArray], polygons: Any) -> dict[str, FloatArray]:
    """Measures of the outlines of polygons, of which others are known."""
    import shapely

    hulls = shapely.area(shapely.convex_hull(polygons.geometry.to_numpy()))
    return _forms(columns["area"], columns["perimeter"], hulls)


def _forms(area: FloatArray, perimeter: FloatArray, convex_area: FloatArray) -> dict[str, FloatArray]:
    unknown = np.full(len(area), np.nan)
    return {
        "perimeter": perimeter,
        "convex_area": convex_area,
        "solidity": np.divide(area, convex_area, out=unknown.copy(), where=convex_area > 0),
        "circularity": np.divide(4 * np.pi * area, perimeter**2, out=unknown, where=perimeter > 0),
    }


def _of_bent_labels(labels: Any, system: str, *, outlines: bool) -> dict[str, FloatArray]:
    """Measures of labels whose pixels a non-linear map bends, taken from the outlines that these form."""
    if "z" in spatial_axes_of(labels):
        raise TransformationError(
            f"The transformation to {system!r} is not linear, so that the pixels of labels with a depth have no common "
            "size and shape there. Move them first, with spatialdata.transform(labels, to_coordinate_system=…)."
        )
    bent = in_system(outlines_of_labels(labels), system)
    columns = _of_polygons(bent)
    if outlines:
        return columns | _forms_of(columns, bent)
    del columns["perimeter"]
    return columns


def _of_polygons(polygons: Any) -> dict[str, FloatArray]:
    """Area, centre, bounds, the axes of the ellipses with the second moments of the areas, and the perimeter."""
    import shapely

    from spatialdata.kernels.second_moments import moments_of_rings

    figures = Figures.of(polygons)
    area, perimeter, centre, moments = moments_of_rings(*figures.polygons)
    flat = np.flatnonzero(np.isnan(centre[:, 0]))
    centre[flat] = places_of(shapely.centroid(figures.geometry_at(flat)))
    return {**_placed(area, centre, figures.bounds), **_ellipses(moments), "perimeter": perimeter}


def _placed(area: FloatArray, centre: FloatArray, bounds: FloatArray) -> dict[str, FloatArray]:
    columns = {"area": area, "centroid_x": centre[:, 0], "centroid_y": centre[:, 1]}
    return columns | dict(zip(("x_min", "y_min", "x_max", "y_max"), bounds.T, strict=True))


def _of_shapes(shapes: Any, system: str, *, outlines: bool) -> dict[str, FloatArray]:
    if not are_circles(shapes):
        moved = moved_shapes(shapes, get_transformation(shapes, system))
    elif get_transformation(shapes, system).is_linear:
        return _of_circles(shapes, projection_of(shapes, system).plane(), outlines=outlines)
    else:
        moved = in_system(shapes, system)
    columns = _of_polygons(moved)
    return columns | _forms_of(columns, moved) if outlines else columns


def _of_circles(circles: Any, plane: Projection, *, outlines: bool) -> dict[str, FloatArray]:
    """Those of the ellipses that a map makes of circles."""
    from scipy.special import ellipe

    radius = circles[RADIUS_KEY].to_numpy(dtype=np.float64)
    centre = plane(places_of(circles.geometry.to_numpy()))
    moments = plane.linear @ plane.linear.T
    reach = radius[:, None] * np.sqrt(np.diag(moments))
    half = np.sqrt(np.maximum(np.linalg.eigvalsh(moments)[::-1], 0.0))
    area = np.pi * radius**2 * half.prod()
    around = 4 * half[0] * ellipe(1 - (half[1] / half[0]) ** 2) if half[0] else 0.0
    columns = _placed(area, centre, np.concatenate([centre - reach, centre + reach], axis=1))
    columns |= _ellipses(radius[:, None, None] ** 2 / 4 * moments)
    columns["perimeter"] = radius * around
    return columns | _forms(area, columns["perimeter"], area) if outlines else columns
