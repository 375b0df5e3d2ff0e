"""Which instances of one element are near to those of another."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, TypeAlias, cast

import numpy as np

from spatialdata._core.elements import levels_of, spatial_axes_of
from spatialdata.errors import UnsupportedElementError
from spatialdata.models.kind import Kind, kind_of
from spatialdata.models.times import at_one_time
from spatialdata.ops.bent import in_system
from spatialdata.ops.circles import places_of
from spatialdata.ops.frames import coordinates_of
from spatialdata.ops.pairs import Figures
from spatialdata.ops.shadows import shadow_polygons
from spatialdata.ops.solids import Solids, frame_of_volume
from spatialdata.ops.to_vector import to_polygons
from spatialdata.regions.project import motion_of, projection_of

if TYPE_CHECKING:
    import pandas as pd
    from numpy.typing import NDArray

    from spatialdata.regions.project import Projection
    from spatialdata.transformations.algebra import FloatArray

__all__ = ["nearest", "within_distance"]

_ROUNDING = 1e-12
_COLUMNS = ("instance", "neighbour", "distance")
_Placed: TypeAlias = "_Instances | Solids"


def nearest(element: Any, others: Any, k: int = 1, coordinate_system: str = "global") -> pd.DataFrame:
    """The k instances of another element that are nearest to each instance of an element.

    Parameters
    ----------
    element, others
        Points, shapes or labels; the same element may be given twice, and instances are then not their own
        neighbours. Distances are those between borders, 0 where instances meet; between points with z and labels with
        a depth they are those in space. What is flat lies at all depths: its distances are those in the plane.
    k
        The number of neighbours. There are fewer where ``others`` has fewer instances.
    coordinate_system
        The coordinate system in which distances are measured.

    Returns
    -------
    A frame with the columns ``instance``, ``neighbour`` (ids: values of the indices, or of the labels) and
    ``distance`` in the units of the coordinate system; instances in their order, the neighbours of each by distance
    and, of equal distance, in their order.

    Raises
    ------
    ValueError
        ``k`` is less than 1, or an element is not in the coordinate system.
    UnsupportedElementError
        An element is an image or a table.
    TransformationError
        Labels with a depth are sheared, turned against each other, or in a place that is not linear.

    Examples
    --------
    >>> from spatialdata.models import PointsModel, ShapesModel
    >>> points = PointsModel.parse(np.array([[0.0, 0.0], [9.0, 0.0]]))
    >>> circles = ShapesModel.parse(np.array([[3.0, 0.0], [20.0, 0.0]]), geometry=0, radius=1.0)
    >>> nearest(points, circles)["distance"].tolist()
    [2.0, 5.0]
    """
    if k < 1:
        raise ValueError(f"k must be a whole number from 1 on. Found {k!r}.")
    a, b = _pair(element, others, coordinate_system)
    itself = element is others
    wanted = min(k + itself, len(b.ids))
    if not len(a.ids) or not wanted:
        return _frame(a, b, np.zeros(0, dtype=np.intp), np.zeros(0, dtype=np.intp), np.zeros(0))
    reach = _reach(a, b, wanted)
    first, second, distance = _near(a, b, np.nextafter(reach, np.inf))
    if itself:
        keep = first != second
        first, second, distance = first[keep], second[keep], distance[keep]
    order = np.lexsort((second, distance, first))
    first, second, distance = first[order], second[order], distance[order]
    rank = np.arange(len(first)) - np.searchsorted(first, first)
    return _frame(a, b, first[rank < k], second[rank < k], distance[rank < k])


def within_distance(element: Any, others: Any, distance: float, coordinate_system: str = "global") -> pd.DataFrame:
    """All pairs of instances of two elements that are no farther from each other than a distance.

    Parameters
    ----------
    element, others
        As for :func:`nearest`.
    distance
        The largest distance, in the units of the coordinate system.
    coordinate_system
        The coordinate system in which distances are measured.

    Returns
    -------
    A frame like that of :func:`nearest`.

    Raises
    ------
    ValueError
        The distance is negative or no number, or an element is not in the coordinate system.

    Examples
    --------
    >>> from spatialdata.models import PointsModel
    >>> points = PointsModel.parse(np.array([[0.0, 0.0], [1.0, 0.0], [9.0, 0.0]]))
    >>> within_distance(points, points, 2.0)[["instance", "neighbour"]].to_numpy().tolist()
    [[0, 1], [1, 0]]
    """
    if not distance >= 0:
        raise ValueError(f"The distance must be a number from 0 on. Found {distance!r}.")
    a, b = _pair(element, others, coordinate_system)
    first, second, found = _near(a, b, np.full(len(a.ids), float(distance)))
    keep = found <= distance
    if element is others:
        keep &= first != second
    first, second, found = first[keep], second[keep], found[keep]
    order = np.lexsort((second, found, first))
    return _frame(a, b, first[order], second[order], found[order])


def _pair(element: Any, others: Any, system: str) -> tuple[_Placed, _Placed]:
    """Both elements, in space if both have a depth and one of them is labels."""
    both = (element, others)
    volumes = [one for one in both if _has_depth(one, (Kind.LABELS,))]
    if not volumes or not all(_has_depth(one, (Kind.LABELS, Kind.POINTS)) for one in both):
        return _Instances.of(element, system), _Instances.of(others, system)
    frame = frame_of_volume(volumes[0], system)
    return _solids(element, system, frame), _solids(others, system, frame)


def _has_depth(element: Any, kinds: tuple[Kind, ...]) -> bool:
    return kind_of(element) in kinds and "z" in spatial_axes_of(element)


def _solids(element: Any, system: str, frame: Projection) -> Solids:
    if kind_of(element) is Kind.LABELS:
        return Solids.of_labels(element, system, frame)
    points = _Instances.of(element, system)
    return Solids.of_points(points.ids, np.asarray(points.coordinates), frame)


@dataclass(frozen=True, slots=True)
class _Instances:
    """The instances of an element in a coordinate system.

    Attributes
    ----------
    ids
        Their ids.
    coordinates
        For points, an array of shape ``(n, 2)`` or ``(n, 3)``; None for others.
    figures
        For others, their figures.
    """

    ids: Any
    coordinates: FloatArray | None
    figures: Figures | None

    @classmethod
    def of(cls, element: Any, system: str) -> _Instances:
        import pandas as pd
        import shapely

        kind = kind_of(element)
        if kind is Kind.POINTS:
            motion = motion_of(element, system)
            axes = list(spatial_axes_of(element))
            rows = element[axes].compute()
            order = [motion.axes.index(axis) for axis in ("x", "y", "z") if axis in motion.axes]
            lost = int((~np.isfinite(rows.to_numpy(dtype=np.float64))).any(axis=1).sum())
            if lost:
                raise ValueError(f"{lost} of {len(rows)} points have no finite coordinates. Drop them first.")
            return cls(rows.index, motion(coordinates_of(rows, motion.axes))[:, order], None)
        if kind not in (Kind.SHAPES, Kind.LABELS):
            raise UnsupportedElementError(f"{kind.value} have no instances with a place. Points, shapes, labels have.")
        if _has_depth(element, (Kind.LABELS,)):
            ids, shadows = shadow_polygons(levels_of(at_one_time(element, "measuring distances"))[0].data)
            plane = projection_of(element, system).plane()
            return cls(pd.Index(ids), None, Figures(shapely.transform(shadows, plane), np.zeros((0, 2)), None))
        shapes = to_polygons(element) if kind is Kind.LABELS else element
        shapes = in_system(shapes, system)
        return cls(shapes.index, None, Figures.of(shapes))

    def geometry(self) -> tuple[NDArray[Any], FloatArray]:
        """The geometries, and how far the borders of circles are from them."""
        import shapely

        if self.figures is None:
            coordinates = np.asarray(self.coordinates)
            return shapely.points(coordinates[:, :2]), np.zeros(len(coordinates))
        radii = self.figures.radii
        return self.figures.geometry, np.zeros(len(self.ids)) if radii is None else radii

    def places(self) -> tuple[FloatArray, FloatArray]:
        """A place within each figure, of shape ``(n, 2)``, nan for empty ones; and how far the border of circles is."""
        import shapely

        if self.coordinates is not None:
            return self.coordinates[:, :2], np.zeros(len(self.coordinates))
        geometry, margin = self.geometry()
        circles = self.figures is not None and self.figures.radii is not None
        inner = geometry if circles else shapely.point_on_surface(geometry)
        return places_of(inner), margin


def _common(a: FloatArray, b: FloatArray) -> tuple[FloatArray, FloatArray]:
    """Coordinates along the axes that both have."""
    depth = min(a.shape[1], b.shape[1])
    return a[:, :depth], b[:, :depth]


def _reach(a: _Placed, b: _Placed, k: int) -> FloatArray:
    """For each instance a distance within which at least k others are."""
    if isinstance(a, Solids) or isinstance(b, Solids):
        return cast("Solids", a).reach(cast("Solids", b), k)
    if a.coordinates is not None and b.coordinates is not None:
        return _reach_of_points(a.coordinates, b.coordinates, k)
    return _reach_of_figures(a, b, k)


def _reach_of_points(a: FloatArray, b: FloatArray, k: int) -> FloatArray:
    """For each point the distance of the k-th nearest other one."""
    from scipy.spatial import cKDTree

    a, b = _common(a, b)
    distance, _ = cKDTree(b).query(a, k=[k])
    return np.asarray(distance[:, 0])


def _reach_of_figures(a: _Instances, b: _Instances, k: int) -> FloatArray:
    """For each figure a distance within which at least k others are: that to a place within the k-th of them."""
    from scipy.spatial import cKDTree

    places, margin = a.places()
    others, _ = b.places()
    present, targets = np.isfinite(places).all(axis=1), others[np.isfinite(others).all(axis=1)]
    reach = np.zeros(len(places))
    if len(targets):
        distance, _ = cKDTree(targets).query(places[present], k=[min(k, len(targets))])
        reach[present] = np.maximum(distance[:, 0] * (1 + _ROUNDING) - margin[present], 0.0)
    return reach


def _near(a: _Placed, b: _Placed, reach: FloatArray) -> tuple[NDArray[np.intp], NDArray[np.intp], FloatArray]:
    """The pairs within reach, with their distances."""
    if isinstance(a, Solids) or isinstance(b, Solids):
        return cast("Solids", a).near(cast("Solids", b), reach)
    return _near_in_plane(a, b, reach)


def _near_in_plane(
    a: _Instances, b: _Instances, reach: FloatArray
) -> tuple[NDArray[np.intp], NDArray[np.intp], FloatArray]:
    if a.coordinates is not None and b.coordinates is not None:
        return _near_points(*_common(a.coordinates, b.coordinates), reach)
    import shapely

    geometry, margin = a.geometry()
    others, margin_of_others = b.geometry()
    largest = float(margin_of_others.max(initial=0.0))
    tree = shapely.STRtree(others)
    first, second = tree.query(geometry, predicate="dwithin", distance=reach + margin + largest)
    gap = shapely.distance(geometry[first], others[second]) - margin[first] - margin_of_others[second]
    distance = np.maximum(gap, 0.0)
    keep = distance <= reach[first]
    return np.asarray(first[keep]), np.asarray(second[keep]), distance[keep]


def _near_points(
    a: FloatArray, b: FloatArray, reach: FloatArray
) -> tuple[NDArray[np.intp], NDArray[np.intp], FloatArray]:
    from scipy.spatial import cKDTree

    found = cKDTree(b).query_ball_point(a, reach, return_sorted=True)
    first = np.repeat(np.arange(len(a)), [len(one) for one in found])
    second = np.fromiter((number for one in found for number in one), dtype=np.intp, count=len(first))
    return first, second, np.sqrt(((a[first] - b[second]) ** 2).sum(axis=1))


def _frame(
    a: _Placed,
    b: _Placed,
    first: NDArray[np.intp],
    second: NDArray[np.intp],
    distance: FloatArray,
) -> pd.DataFrame:
    import pandas as pd

    values = (a.ids.take(first).to_numpy(), b.ids.take(second).to_numpy(), distance)
    return pd.DataFrame(dict(zip(_COLUMNS, values, strict=True)))
