"""Which instances of one element are near to those of another."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial
from numbers import Integral, Real
from typing import TYPE_CHECKING, Any

import numpy as np

from spatialdata._core.elements import is_points, spatial_axes_of
from spatialdata.models.kind import Kind
from spatialdata.ops.neighbour_index import Instances, Others, OthersInSpace, Place, check_finite, has_depth
from spatialdata.ops.solids import Solids, frame_of_volume
from spatialdata.relations.blocks import computed

if TYPE_CHECKING:
    import pandas as pd
    from numpy.typing import NDArray

    from spatialdata.ops.near_points import Pairs
    from spatialdata.regions.project import Projection
    from spatialdata.transformations.algebra import FloatArray

__all__ = ["nearest", "within_distance"]

# For fewer pairs, loading compiled code takes longer than doing without it.
_MANY = 20_000
_COLUMNS = ("instance", "neighbour", "distance")


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
        Labels with a depth are in a place that is not linear; or planes of them are none there, and what they are
        compared with is flat.

    Examples
    --------
    >>> from spatialdata.models import PointsModel, ShapesModel
    >>> points = PointsModel.parse(np.array([[0.0, 0.0], [9.0, 0.0]]))
    >>> circles = ShapesModel.parse(np.array([[3.0, 0.0], [20.0, 0.0]]), geometry=0, radius=1.0)
    >>> nearest(points, circles)["distance"].tolist()
    [2.0, 5.0]
    """
    if not _is_whole(k) or k < 1:
        raise ValueError(f"k must be a whole number from 1 on. Found {k!r}.")
    return _paired(element, others, coordinate_system, _Nearest(k))


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
    if not _is_real(distance) or not distance >= 0:
        raise ValueError(f"The distance must be a number from 0 on. Found {distance!r}.")
    return _paired(element, others, coordinate_system, _Within(float(distance)))


@dataclass(frozen=True, slots=True)
class _Found:
    """The neighbours of some instances.

    Attributes
    ----------
    frame
        Their pairs, by instance and then by distance.
    instances, lost
        How many instances there are, and how many points were left out.
    """

    frame: pd.DataFrame
    instances: int
    lost: int

    @classmethod
    def of(
        cls,
        a: Instances | Solids,
        b: Others | OthersInSpace,
        first: NDArray[np.intp],
        second: NDArray[np.intp],
        distance: FloatArray,
    ) -> _Found:
        """Those of some instances, by their positions among them and among the others."""
        import pandas as pd

        values = (a.ids.take(first).to_numpy(), b.all.ids.take(second).to_numpy(), distance)
        lost = a.lost if isinstance(a, Instances) else 0
        return cls(pd.DataFrame(dict(zip(_COLUMNS, values, strict=True)), copy=False), len(a.ids), lost)


@dataclass(frozen=True, slots=True)
class _Nearest:
    """The k nearest neighbours."""

    k: int

    def __call__(self, a: Any, b: Others | OthersInSpace, part: int | None) -> _Found:
        """Those of some instances, which are a part of the others if its number is given."""
        wanted = min(self.k + (part is not None), len(b.all.ids))
        if not len(a.ids) or not wanted:
            nothing = np.zeros(0, dtype=np.intp)
            return _Found.of(a, b, nothing, nothing, np.zeros(0))
        first, second, distance = _ordered(*_but_itself(b, part, *b.nearest(a, wanted)), len(a.ids))
        begins = np.flatnonzero(np.diff(first, prepend=-1))
        near = np.arange(len(first)) - np.repeat(begins, np.diff(begins, append=len(first))) < self.k
        return _Found.of(a, b, first[near], second[near], distance[near])


@dataclass(frozen=True, slots=True)
class _Within:
    """The neighbours within a distance."""

    distance: float

    def __call__(self, a: Any, b: Others | OthersInSpace, part: int | None) -> _Found:
        """See :meth:`_Nearest.__call__`."""
        first, second, found = _but_itself(b, part, *b.within(a, self.distance))
        keep = found <= self.distance
        return _Found.of(a, b, *_ordered(first[keep], second[keep], found[keep], len(a.ids)))


def _but_itself(
    b: Others | OthersInSpace, part: int | None, first: NDArray[np.intp], second: NDArray[np.intp], distance: FloatArray
) -> Pairs:
    if part is None:
        return first, second, distance
    keep = first + b.starts[part] != second
    return first[keep], second[keep], distance[keep]


def _ordered(first: NDArray[np.intp], second: NDArray[np.intp], distance: FloatArray, instances: int) -> Pairs:
    """Pairs by instance, by distance and by neighbour."""
    before, after = slice(None, -1), slice(1, None)
    nearer = (first[before] == first[after]) & (distance[before] < distance[after])
    if (nearer | (first[before] < first[after])).all():
        return first, second, distance
    if len(first) < _MANY:
        order = np.lexsort((second, distance, first))
    else:
        from spatialdata.kernels.neighbour_order import order_of_neighbours

        order = order_of_neighbours(first, second, distance, instances)
    return first[order], second[order], distance[order]


def _joined(found: Sequence[_Found]) -> pd.DataFrame:
    import pandas as pd

    check_finite(sum(one.lost for one in found), sum(one.instances for one in found))
    frames = [one.frame for one in found if len(one.frame)] or [found[0].frame]
    return frames[0] if len(frames) == 1 else pd.concat(frames, ignore_index=True)


def _is_whole(value: object) -> bool:
    return isinstance(value, Integral)


def _is_real(value: object) -> bool:
    return isinstance(value, Real)


def _paired(element: Any, others: Any, system: str, rule: _Nearest | _Within) -> pd.DataFrame:
    """The pairs that a rule finds; points are read, and neighbours looked for, wherever dask works."""
    import dask
    from dask.base import is_dask_collection

    itself = element is others
    frame = _frame_in_space(element, others, system)
    a = _parts(element, system, frame)
    b = a if itself else _parts(others, system, frame)
    index = Others.of if frame is None else partial(OthersInSpace.of, frame)
    depth = min(len(spatial_axes_of(one)) for one in (element, others)) if _are_points(element, others) else None
    if any(isinstance(one, Solids) and one.is_scattered for one in (*a, *b)):
        a, b = (list(dask.compute(*side, traverse=False)) for side in (a, b))
    if not any(is_dask_collection(one) for one in (*a, *b)):
        known = index(b, depth)
        return _joined([rule(part, known, number if itself else None) for number, part in enumerate(a)])
    task = partial(dask.delayed, pure=False, traverse=False)
    known = task(index)(b, depth) if is_points(others) else task(index(b, depth))
    given = a if is_points(element) else [task(a[0])]
    found = [task(rule)(part, known, number if itself else None) for number, part in enumerate(given)]
    result: pd.DataFrame
    (result,) = computed([task(_joined)(found)], "search for neighbours")
    return result


def _are_points(*elements: Any) -> bool:
    return all(is_points(one) for one in elements)


def _frame_in_space(element: Any, others: Any, system: str) -> Projection | None:
    """The frame in which both lie in space, if both have a depth and one of them is labels."""
    both = (element, others)
    volumes = [one for one in both if has_depth(one, (Kind.LABELS,))]
    if not volumes or not all(has_depth(one, (Kind.LABELS, Kind.POINTS)) for one in both):
        return None
    return frame_of_volume(volumes[0], system)


def _parts(element: Any, system: str, frame: Projection | None) -> list[Any]:
    """The instances of each partition of points, as tasks; or all of others."""
    import dask

    if is_points(element):
        place = dask.delayed(Place.of(element, system), pure=False, traverse=False)
        return [place(rows) for rows in element[list(spatial_axes_of(element))].to_delayed()]
    return [Instances.of_figures(element, system) if frame is None else Solids.of_labels(element, system, frame)]
