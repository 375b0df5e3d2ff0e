"""The instances of elements where they lie in a coordinate system, sorted to find those near to others."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from spatialdata._core.elements import lazy_levels_of, spatial_axes_of
from spatialdata.errors import UnsupportedElementError
from spatialdata.models.kind import Kind, kind_of
from spatialdata.models.times import at_one_time
from spatialdata.ops.bent import in_system
from spatialdata.ops.circles import places_of
from spatialdata.ops.figures import Figures
from spatialdata.ops.frames import coordinates_of
from spatialdata.ops.near_points import near_points, nearest_points, points_within, reach_of_points
from spatialdata.ops.shadows import shadow_polygons
from spatialdata.ops.solids import Solids
from spatialdata.ops.to_vector import outlines_of_labels
from spatialdata.regions.project import motion_of, projection_of

if TYPE_CHECKING:
    import pandas as pd
    from numpy.typing import NDArray

    from spatialdata.ops.near_points import Pairs
    from spatialdata.regions.bend import Bend
    from spatialdata.regions.project import Projection
    from spatialdata.transformations.algebra import FloatArray

__all__ = ["Instances", "Others", "OthersInSpace", "Place", "check_finite", "has_depth"]

_ROUNDING = 1e-12


@dataclass(frozen=True, slots=True)
class Instances:
    """Some instances of an element in a coordinate system.

    Attributes
    ----------
    ids
        Their ids.
    coordinates
        For points, an array of shape ``(n, 2)`` or ``(n, 3)``; None for others.
    figures
        For others, their figures.
    lost
        How many points were left out, since they have no finite coordinates.
    """

    ids: Any
    coordinates: FloatArray | None
    figures: Figures | None = None
    lost: int = 0

    @classmethod
    def of_figures(cls, element: Any, system: str) -> Instances:
        """Those of shapes or labels."""
        import pandas as pd
        import shapely

        kind = kind_of(element)
        if kind not in (Kind.SHAPES, Kind.LABELS):
            raise UnsupportedElementError(f"{kind.value} have no instances with a place. Points, shapes, labels have.")
        if has_depth(element, (Kind.LABELS,)):
            ids, shadows = shadow_polygons(lazy_levels_of(at_one_time(element, "measuring distances"))[0].data)
            plane = projection_of(element, system).plane()
            return cls(pd.Index(ids), None, Figures(shapely.transform(shadows, plane), np.zeros((0, 2)), None))
        shapes = in_system(outlines_of_labels(element) if kind is Kind.LABELS else element, system)
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


@dataclass(frozen=True, slots=True)
class Place:
    """Brings the rows of a partition of points to a coordinate system."""

    motion: Projection | Bend
    order: tuple[int, ...]

    @classmethod
    def of(cls, points: Any, system: str) -> Place:
        """The way from points to a coordinate system."""
        motion = motion_of(points, system)
        return cls(motion, tuple(motion.axes.index(axis) for axis in ("x", "y", "z") if axis in motion.axes))

    def __call__(self, rows: pd.DataFrame) -> Instances:
        """Those rows that have finite coordinates."""
        own = coordinates_of(rows, self.motion.axes)
        finite = np.flatnonzero(np.isfinite(own).all(axis=1))
        coordinates = self.motion(own[finite])[:, list(self.order)]
        return Instances(rows.index[finite], coordinates, lost=len(rows) - len(coordinates))


@dataclass(frozen=True, slots=True)
class Others:
    """All instances among which neighbours are looked for, sorted for that once.

    Attributes
    ----------
    all
        The instances.
    starts
        The position of the first instance of each part, and the number of all.
    tree
        The places of those that have one.
    geometries, margin
        The index of the geometries and the margin around each, where one of both elements has figures.
    """

    all: Instances
    starts: NDArray[np.intp]
    tree: Any
    geometries: Any
    margin: FloatArray

    @classmethod
    def of(cls, parts: Sequence[Instances], depth: int | None) -> Others:
        """The instances of some parts; points are compared along so many axes, and None means by their geometry."""
        import shapely
        from scipy.spatial import cKDTree

        check_finite(sum(part.lost for part in parts), sum(len(part.ids) for part in parts))
        ids = parts[0].ids.append([part.ids for part in parts[1:]])
        starts = np.cumsum([0, *(len(part.ids) for part in parts)])
        if parts[0].coordinates is None:
            everything = parts[0]
        else:
            coordinates = np.concatenate([np.asarray(part.coordinates) for part in parts])
            everything = Instances(ids, coordinates if depth is None else coordinates[:, :depth])
        if depth is not None:
            return cls(everything, starts, cKDTree(everything.coordinates), None, np.zeros(0))
        geometry, margin = everything.geometry()
        places, _ = everything.places()
        present = places[np.isfinite(places).all(axis=1)]
        return cls(everything, starts, cKDTree(present), shapely.STRtree(geometry), margin)

    def reach(self, instances: Instances, k: int) -> FloatArray:
        """For each instance a distance within which at least k of these are; for points that of the k-th."""
        if self.geometries is None:
            return reach_of_points(self.tree, self._along(instances), k)
        places, margin = instances.places()
        present = np.isfinite(places).all(axis=1)
        reach = np.zeros(len(places))
        if self.tree.n:
            distance, _ = self.tree.query(places[present], k=[min(k, self.tree.n)])
            reach[present] = np.maximum(distance[:, 0] * (1 + _ROUNDING) - margin[present], 0.0)
        return reach

    def near(self, instances: Instances, reach: FloatArray) -> Pairs:
        """The pairs within reach, with their distances."""
        if self.geometries is None:
            return near_points(self.tree, self._along(instances), reach)
        import shapely

        geometry, margin = instances.geometry()
        largest = float(self.margin.max(initial=0.0))
        first, second = self.geometries.query(geometry, predicate="dwithin", distance=reach + margin + largest)
        gap = shapely.distance(geometry[first], self.geometries.geometries[second])
        distance = np.maximum(gap - margin[first] - self.margin[second], 0.0)
        keep = distance <= reach[first]
        return first[keep], np.asarray(second[keep]), distance[keep]

    def nearest(self, instances: Instances, k: int) -> Pairs:
        """Pairs of each instance with those of these that are nearest to it, k or more."""
        if self.geometries is None:
            return nearest_points(self.tree, self._along(instances), k)
        return self.near(instances, np.nextafter(self.reach(instances, k), np.inf))

    def within(self, instances: Instances, distance: float) -> Pairs:
        """The pairs within a distance."""
        if self.geometries is None:
            return points_within(self.tree, self._along(instances), distance)
        return self.near(instances, np.full(len(instances.ids), distance))

    def _along(self, instances: Instances) -> FloatArray:
        """Coordinates along the axes that both have."""
        return np.asarray(instances.coordinates)[:, : np.asarray(self.all.coordinates).shape[1]]


@dataclass(frozen=True, slots=True)
class OthersInSpace:
    """All instances among which neighbours are looked for in space.

    Attributes
    ----------
    frame
        The axes in which both are compared.
    all, starts
        See :class:`Others`.
    """

    frame: Projection
    all: Solids
    starts: NDArray[np.intp]

    @classmethod
    def of(cls, frame: Projection, parts: Sequence[Instances | Solids], depth: int | None) -> OthersInSpace:  # noqa: ARG003
        """The instances of some parts of points, or of labels, which are one part."""
        starts = np.cumsum([0, *(len(part.ids) for part in parts)])
        if isinstance(parts[0], Solids):
            return cls(frame, parts[0], starts)
        points = [part for part in parts if isinstance(part, Instances)]
        check_finite(sum(part.lost for part in points), int(starts[-1]))
        ids = points[0].ids.append([part.ids for part in points[1:]])
        places = np.concatenate([np.asarray(part.coordinates) for part in points])
        return cls(frame, Solids.of_points(ids, places, frame), starts)

    def reach(self, instances: Instances | Solids, k: int) -> FloatArray:
        """See :meth:`Others.reach`."""
        return self._solids(instances).reach(self.all, k)

    def near(self, instances: Instances | Solids, reach: FloatArray) -> Pairs:
        """See :meth:`Others.near`."""
        return self._solids(instances).near(self.all, reach)

    def nearest(self, instances: Instances | Solids, k: int) -> Pairs:
        """See :meth:`Others.nearest`."""
        return self.near(instances, np.nextafter(self.reach(instances, k), np.inf))

    def within(self, instances: Instances | Solids, distance: float) -> Pairs:
        """See :meth:`Others.within`."""
        return self.near(instances, np.full(len(instances.ids), distance))

    def _solids(self, instances: Instances | Solids) -> Solids:
        if isinstance(instances, Solids):
            return instances
        return Solids.of_points(instances.ids, np.asarray(instances.coordinates), self.frame)


def check_finite(lost: int, found: int) -> None:
    """Raise a ValueError if any points were left out."""
    if lost:
        raise ValueError(f"{lost} of {lost + found} points have no finite coordinates. Drop them first.")


def has_depth(element: Any, kinds: tuple[Kind, ...]) -> bool:
    """Whether an element is of one of some kinds and has a depth."""
    return kind_of(element) in kinds and "z" in spatial_axes_of(element)
