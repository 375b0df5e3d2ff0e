"""Points and shapes moved to other coordinates."""

from __future__ import annotations

import warnings
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from spatialdata._core.collecting import making_many
from spatialdata._core.elements import spatial_axes_of
from spatialdata._core.sources import RowSource
from spatialdata.errors import TransformationError
from spatialdata.models.packed import packed_of
from spatialdata.ops.circles import RADIUS_KEY, are_circles
from spatialdata.ops.frames import copied_attrs
from spatialdata.regions.bend import Bend
from spatialdata.regions.project import Projection, projection_over
from spatialdata.transformations.newton import jacobian

if TYPE_CHECKING:
    from collections.abc import Callable

    import pandas as pd
    from geopandas import GeoDataFrame
    from numpy.typing import NDArray

    from spatialdata._core.axes import ValidAxis
    from spatialdata.models.points_frame import PointsFrame
    from spatialdata.transformations.algebra import BaseTransformation, FloatArray

__all__ = ["circle_scale", "moved_points", "moved_shapes"]

_ISOTROPIC = 1e-6
# So many geometries, and their coordinates, stay in the cache of the processor.
_AT_ONCE = 4096
_CORNERS_AT_ONCE = 16 * _AT_ONCE


@dataclass(frozen=True, slots=True)
class _Move:
    """Moves points.

    Attributes
    ----------
    move
        The map.
    """

    move: Projection | Bend

    @property
    def axes(self) -> tuple[str, ...]:
        """The axes of the points."""
        return self.move.axes

    def __call__(self, columns: Sequence[NDArray[Any]]) -> FloatArray:
        """The coordinates that points have afterwards, of shape ``(axes, points)``; see ``RowMove``."""
        count = len(columns[0])
        moved = np.empty((len(columns), count))
        at_once = count if isinstance(self.move, Bend) else _CORNERS_AT_ONCE
        for first in range(0, count, max(at_once, 1)):
            rows = slice(first, first + at_once)
            part = np.stack([column[rows] for column in columns], dtype=np.float64, casting="unsafe")
            moved[:, rows] = self.move(part.T).T
        return moved

    def rows(self, part: pd.DataFrame) -> pd.DataFrame:
        """The new coordinates of the rows of a partition."""
        import pandas as pd

        moved = self([part[axis].to_numpy(dtype=np.float64) for axis in self.axes])
        return pd.DataFrame(dict(zip(self.axes, moved, strict=True)), index=part.index, copy=False)


def moved_points(points: Any, transformation: BaseTransformation) -> PointsFrame:
    """Points at other coordinates, which become float64; all else stays as it is, and lazy."""
    from spatialdata.models.points_frame import PointsFrame

    axes = spatial_axes_of(points)
    move = _map_over(transformation, axes)
    attrs = copied_attrs(points)
    source = getattr(points, "source", None)
    if move.is_identity:
        return PointsFrame(points, attrs, source)
    if isinstance(source, RowSource):
        return PointsFrame(source.moved(_Move(move)), attrs)
    # Only the coordinates go through the map, so that columns that nobody asks for need not be computed.
    coordinates = points[list(axes)]
    meta = coordinates._meta.astype(np.float64)  # noqa: SLF001
    moved = coordinates.map_partitions(_Move(move).rows, meta=meta)
    return PointsFrame(points.assign(**{axis: moved[axis] for axis in axes}), attrs)


def moved_shapes(shapes: GeoDataFrame, transformation: BaseTransformation) -> GeoDataFrame:
    """Shapes at other coordinates, vertex by vertex.

    The radius of a circle is multiplied by the mean scale in the x-y plane; that at its centre if the transformation
    is not linear.
    """
    deep = bool(shapes.geometry.array.has_z.any())
    move = _map_over(transformation, ("x", "y", "z") if deep else ("x", "y"))
    result = shapes.copy(deep=False)
    if not move.is_identity:
        columns: dict[str, Any] = {str(shapes.geometry.name): _moved_column(shapes, move, deep=deep)}
        if are_circles(shapes):
            columns[RADIUS_KEY] = shapes[RADIUS_KEY].to_numpy(dtype=np.float64) * _growth(move, shapes)
        result = result.assign(**columns)
    result.attrs = copied_attrs(shapes)
    return result


def _moved_column(shapes: GeoDataFrame, move: Projection | Bend, *, deep: bool) -> Any:
    """The geometries at other coordinates; without objects where there are none yet."""
    packed = packed_of(shapes)
    if packed is None:
        geometry = shapes.geometry.to_numpy()
        at_once = len(geometry) if isinstance(move, Bend) else _AT_ONCE
        return _moved(geometry, _mover(move, geometry), at_once, deep=deep)
    from spatialdata.models.lazy_geometry import LazyGeometry

    moved = np.empty_like(packed.coordinates)
    at_once = len(moved) if isinstance(move, Bend) else _CORNERS_AT_ONCE
    for first in range(0, len(moved), max(at_once, 1)):
        rows = slice(first, first + at_once)
        moved[rows] = move(packed.coordinates[rows])
    return LazyGeometry(packed.moved(moved), shapes.crs)


def _moved(
    geometry: NDArray[Any], move: Callable[[FloatArray], FloatArray], at_once: int, *, deep: bool
) -> NDArray[Any]:
    import shapely

    moved = np.empty(len(geometry), dtype=object)
    with making_many():
        for first in range(0, len(geometry), max(at_once, 1)):
            rows = slice(first, first + at_once)
            moved[rows] = shapely.transform(geometry[rows], move, include_z=deep)
    return moved


def _mover(move: Projection | Bend, geometry: NDArray[Any]) -> Callable[[FloatArray], FloatArray]:
    """The map of vertices; those without a z beside others that have one are moved in the plane."""
    import shapely

    if isinstance(move, Bend) or "z" not in move.axes or bool(shapely.has_z(geometry).all()):
        return move
    plane = move.plane()
    z = move.axes.index("z")

    def move_flat(coordinates: FloatArray) -> FloatArray:
        depth = coordinates[:, 2] * move.linear[z, z] + move.offset[z]
        return np.column_stack([plane(coordinates[:, :2]), depth])

    return move_flat


def _growth(move: Projection | Bend, circles: GeoDataFrame) -> FloatArray | float:
    """The factor by which circles grow: one number, or one for each where the map is not linear."""
    import shapely

    if isinstance(move, Projection):
        linear = move.plane().linear[None]
    else:
        centres = shapely.get_coordinates(circles.geometry.to_numpy(), include_z="z" in move.axes)
        linear = jacobian(move, centres)[:, :2, :2]
    factors = np.abs(np.linalg.eigvals(linear)).mean(axis=1)
    _warn_of_ellipses(linear, factors)
    return float(factors[0]) if isinstance(move, Projection) else np.asarray(factors, dtype=np.float64)


def circle_scale(projection: Projection) -> float:
    """The factor by which circles grow: the mean magnitude of the eigenvalues in the x-y plane."""
    return float(np.abs(np.linalg.eigvals(projection.plane().linear)).mean())


def _warn_of_ellipses(linear: FloatArray, factors: FloatArray) -> None:
    stretches = np.linalg.svd(linear, compute_uv=False)
    if (stretches[:, 0] - stretches[:, -1] > _ISOTROPIC * stretches[:, 0]).any():
        low, high = (f"{value:g}" for value in (factors.min(), factors.max()))
        warnings.warn(
            f"The transformation stretches by {stretches[:, -1].min():g} to {stretches[:, 0].max():g} depending on the "
            "direction, which turns circles into ellipses. They stay circles; their radius is multiplied by "
            f"{low if low == high else f'{low} to {high}'}. Make them polygons with to_polygons first to keep their "
            "shape.",
            UserWarning,
            stacklevel=5,
        )


def _map_over(transformation: BaseTransformation, axes: tuple[ValidAxis, ...]) -> Projection | Bend:
    if transformation.is_linear:
        return _projection(transformation, axes)
    return Bend.over(transformation, axes)


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
