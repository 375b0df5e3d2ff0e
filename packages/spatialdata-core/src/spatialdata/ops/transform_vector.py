"""Points and shapes moved to other coordinates."""

from __future__ import annotations

import warnings
from typing import TYPE_CHECKING, Any

import numpy as np

from spatialdata._core.elements import spatial_axes_of
from spatialdata.errors import TransformationError
from spatialdata.ops.circles import RADIUS_KEY, are_circles
from spatialdata.ops.frames import coordinates_of, copied_attrs
from spatialdata.regions.project import Projection, projection_over

if TYPE_CHECKING:
    import pandas as pd
    from geopandas import GeoDataFrame

    from spatialdata.models.points_frame import PointsFrame
    from spatialdata.transformations.algebra import BaseTransformation, FloatArray

__all__ = ["circle_scale", "moved_points", "moved_shapes"]

_ISOTROPIC = 1e-6


def moved_points(points: Any, transformation: BaseTransformation) -> PointsFrame:
    """Points at other coordinates, which become float64; all else stays as it is, and lazy."""
    from spatialdata.models.points_frame import PointsFrame

    axes = spatial_axes_of(points)
    projection = _projection(transformation, axes)
    attrs = copied_attrs(points)
    if projection.is_identity:
        return PointsFrame(points, attrs, getattr(points, "source", None))
    meta = points._meta.astype(dict.fromkeys(axes, np.float64))  # noqa: SLF001
    return PointsFrame(points.map_partitions(_moved_rows, projection, meta=meta), attrs)


def _moved_rows(part: pd.DataFrame, projection: Projection) -> pd.DataFrame:
    moved = projection(coordinates_of(part, projection.axes))
    return part.assign(**{axis: moved[:, index] for index, axis in enumerate(projection.axes)})


def moved_shapes(shapes: GeoDataFrame, transformation: BaseTransformation) -> GeoDataFrame:
    """Shapes at other coordinates; the radius of a circle is multiplied by the mean scale in the x-y plane."""
    import shapely

    geometry = shapes.geometry.to_numpy()
    deep = bool(shapely.has_z(geometry).any())
    projection = _projection(transformation, ("x", "y", "z") if deep else ("x", "y"))
    result = shapes.copy(deep=False)
    if not projection.is_identity:
        moved = shapely.transform(geometry, _mover(projection), include_z=deep)
        columns: dict[str, Any] = {str(shapes.geometry.name): moved}
        if are_circles(shapes):
            _warn_of_ellipses(projection)
            columns[RADIUS_KEY] = shapes[RADIUS_KEY].to_numpy(dtype=np.float64) * circle_scale(projection)
        result = result.assign(**columns)
    result.attrs = copied_attrs(shapes)
    return result


def _mover(projection: Projection) -> Any:
    if "z" not in projection.axes:
        return projection
    plane = projection.plane()
    z = projection.axes.index("z")

    def move(coordinates: FloatArray) -> FloatArray:
        depth = coordinates[:, 2] * projection.linear[z, z] + projection.offset[z]
        return np.column_stack([plane(coordinates[:, :2]), depth])

    return move


def circle_scale(projection: Projection) -> float:
    """The factor by which circles grow: the mean magnitude of the eigenvalues in the x-y plane."""
    return float(np.abs(np.linalg.eigvals(projection.plane().linear)).mean())


def _warn_of_ellipses(projection: Projection) -> None:
    stretches = np.linalg.svd(projection.plane().linear, compute_uv=False)
    if stretches[0] - stretches[-1] > _ISOTROPIC * stretches[0]:
        warnings.warn(
            f"The transformation stretches by {stretches[-1]:g} to {stretches[0]:g} depending on the direction, which "
            "turns circles into ellipses. They stay circles; their radius is multiplied by "
            f"{circle_scale(projection):g}. Make them polygons with to_polygons first to keep their shape.",
            UserWarning,
            stacklevel=4,
        )


def _projection(transformation: BaseTransformation, axes: Any) -> Projection:
    produced, rows = transformation.linear_map(axes)
    extra = [axis for axis, row in zip(produced, rows, strict=True) if axis not in axes and axis != "c" and row.any()]
    if extra:
        raise TransformationError(
            f"The transformation gives the element, which has the axes {axes}, coordinates along "
            f"{', '.join(extra)} too. "
            "Only transformations that keep the axes of the element can be applied."
        )
    return projection_over(transformation, axes)
