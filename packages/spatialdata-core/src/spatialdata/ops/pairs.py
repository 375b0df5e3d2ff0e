"""Which points and shapes lie on which regions. The border belongs to a region, and a value may lie on several."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

import numpy as np

from spatialdata.ops.circle_area import circle_circle_area, circle_polygon_area

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from spatialdata.kernels.overlap import Profiles
    from spatialdata.ops.figures import Figures
    from spatialdata.regions.lattice import HexagonGrid, SquareGrid
    from spatialdata.transformations.algebra import FloatArray

__all__ = ["CellLocator", "Locator", "PointLocator", "pairs_of_shapes", "polygons_meet", "shared_areas"]

# Beyond so many pairs of edges, GEOS finds the intersection sooner.
_MOST_EDGE_PAIRS = 20_000
_DOUBTFUL = 1e-9
_VALUES_AT_ONCE = 4096


class Locator(Protocol):
    """Finds the regions that points lie on."""

    def __len__(self) -> int:
        """The number of regions."""

    def bounds(self) -> tuple[FloatArray, FloatArray]:
        """The lower and the upper corner of all regions; the lower exceeds the upper if there are none."""

    def __call__(self, x: FloatArray, y: FloatArray) -> tuple[NDArray[np.int32], NDArray[np.int32]]:
        """The pairs (number of the point, number of the region)."""


@dataclass(frozen=True, slots=True)
class CellLocator:
    """Finds the one cell of a grid that a point lies in.

    Attributes
    ----------
    grid
        The grid.
    """

    grid: SquareGrid | HexagonGrid

    def __len__(self) -> int:
        return len(self.grid)

    def bounds(self) -> tuple[FloatArray, FloatArray]:
        """The lower and the upper corner of all cells."""
        return self.grid.bounds()

    def __call__(self, x: FloatArray, y: FloatArray) -> tuple[NDArray[np.int32], NDArray[np.int32]]:
        """The pairs (number of the point, number of the cell), in the order of the points."""
        cell = self.grid.cell_at(x, y)
        point = np.flatnonzero(cell >= 0).astype(np.int32)
        return point, cell[point]


class PointLocator:
    """Finds the figures that points lie on, their border included.

    Parameters
    ----------
    figures
        The figures; their edges and boxes are sorted once.
    """

    def __init__(self, figures: Figures) -> None:
        from spatialdata.kernels.cells import cells_of_boxes
        from spatialdata.kernels.edges import outlines_of_polygons

        self._figures = figures
        self._cells = tuple(cells_of_boxes(figures.bounds))
        self._outlines = tuple(outlines_of_polygons(figures.polygons)) if figures.radii is None else ()

    def __len__(self) -> int:
        return len(self._figures)

    def bounds(self) -> tuple[FloatArray, FloatArray]:
        """The lower and the upper corner of all figures; the lower exceeds the upper if there are none."""
        left, bottom, right, top, *_ = self._cells
        return np.array([left, bottom]), np.array([right, top])

    def __call__(self, x: FloatArray, y: FloatArray) -> tuple[NDArray[np.int32], NDArray[np.int32]]:
        """The pairs (number of the point, number of the figure), in an order that depends on the points only."""
        from spatialdata.kernels.cells import are_gathered, gathered

        if are_gathered(x, y, self._cells):
            point, figure = self._pairs(x, y)
        else:
            order = gathered(x, y, self._cells)
            point, figure = self._pairs(x[order], y[order])
            point = order[point]
        doubtful = np.flatnonzero(figure < 0)
        if not len(doubtful):
            return point, figure
        figure[doubtful] = -1 - figure[doubtful]
        keep = np.ones(len(point), dtype=bool)
        keep[doubtful] = self._decided(x[point[doubtful]], y[point[doubtful]], figure[doubtful])
        return point[keep], figure[keep]

    def _pairs(self, x: FloatArray, y: FloatArray) -> tuple[NDArray[np.int32], NDArray[np.int32]]:
        """The pairs; the figure is ``-1 - number`` where only exact arithmetic can decide."""
        from spatialdata.kernels.locate import points_in_discs, points_in_polygons

        room = len(x) + 1024
        while True:
            point, figure = np.empty(room, dtype=np.int32), np.empty(room, dtype=np.int32)
            if self._figures.radii is None:
                found = points_in_polygons(x, y, self._cells, self._outlines, point, figure)
            else:
                centres, radii = self._figures.centres, self._figures.radii
                found = points_in_discs(x, y, self._cells, centres, radii, point, figure)
            if found <= room:
                return point[:found], figure[:found]
            room = found

    def _decided(self, x: FloatArray, y: FloatArray, figure: NDArray[np.int32]) -> NDArray[np.bool_]:
        import shapely

        return np.asarray(shapely.intersects_xy(self._figures.geometry_at(figure), x, y))


def pairs_of_shapes(
    values: Figures, by: Figures, *, sharing: bool = False
) -> tuple[NDArray[np.intp], NDArray[np.intp]]:
    """The pairs (number of the value, number of the region) of figures that meet or touch, sorted by both.

    Parameters
    ----------
    values, by
        The figures.
    sharing
        Only pairs that share an area are looked for. What comes may then hold pairs that do not even touch, of which
        :func:`shared_areas` tells that they share none.
    """
    from spatialdata.kernels.box_pairs import pairs_of_boxes

    value, region = pairs_of_boxes(values.bounds, by.bounds)
    if values.radii is not None or by.radii is not None:
        meet = _meet(values, by, value, region)
        return value[meet], region[meet]
    # What has no area is no value of which a part could be taken, if it meets a region.
    asked = np.flatnonzero(values.areas[value] == 0) if sharing else np.arange(len(value))
    meet = np.ones(len(value), dtype=bool)
    meet[asked] = polygons_meet(values, by, value[asked], region[asked])
    return value[meet], region[meet]


def polygons_meet(values: Figures, by: Figures, value: NDArray[np.intp], region: NDArray[np.intp]) -> NDArray[np.bool_]:
    """Whether the polygons of each pair have a point in common."""
    import shapely

    from spatialdata.kernels.meeting import MEETING, UNSURE, pairs_meeting

    found = pairs_meeting((*values.polygons, values.bounds), (*by.polygons, by.bounds), value, region)
    meet, open_ = found == MEETING, np.flatnonzero(found == UNSURE)
    meet[open_] = shapely.intersects(values.geometry_at(value[open_]), by.geometry_at(region[open_]))
    return np.asarray(meet)


def _meet(values: Figures, by: Figures, value: NDArray[np.intp], region: NDArray[np.intp]) -> NDArray[np.bool_]:
    import shapely

    if values.radii is not None and by.radii is not None:
        distance = np.hypot(*(values.centres[value] - by.centres[region]).T)
        return np.asarray(distance <= values.radii[value] + by.radii[region])
    reach = values.radii[value] if values.radii is not None else by.radii[region]  # type: ignore[index]
    return np.asarray(shapely.dwithin(values.geometry_at(value), by.geometry_at(region), reach))


def shared_areas(values: Figures, by: Figures, value: NDArray[np.intp], region: NDArray[np.intp]) -> FloatArray:
    """The area shared by each pair; exact for circles."""
    if values.radii is not None and by.radii is not None:
        distance = np.hypot(*(values.centres[value] - by.centres[region]).T)
        return circle_circle_area(distance, values.radii[value], by.radii[region])
    if values.radii is not None:
        return circle_polygon_area(values.centres[value], values.radii[value], by.geometry_at(region))
    if by.radii is not None:
        return circle_polygon_area(by.centres[region], by.radii[region], values.geometry_at(value))
    return _polygon_areas(values, by, value, region)


def _polygon_areas(values: Figures, by: Figures, value: NDArray[np.intp], region: NDArray[np.intp]) -> FloatArray:
    """The area shared by each pair of polygons, which are sorted by value."""
    regions = _Sides.of(by, np.unique(region))
    areas, order, start = np.empty(len(value)), np.argsort(value, kind="stable"), 0
    while start < len(value):
        # The edges of so many values stay in the cache of the processor.
        end = int(np.searchsorted(value, value[order[start]] + _VALUES_AT_ONCE, sorter=order))
        pairs = order[start:end]
        sorted_ = value[pairs]
        some = _Sides.of(values, sorted_[np.append(True, sorted_[1:] != sorted_[:-1])])
        areas[pairs] = _areas_of_pairs(some, regions, value[pairs], region[pairs])
        start = end
    return areas


@dataclass(frozen=True, slots=True)
class _Sides:
    """Some polygons with what their shared areas need.

    Attributes
    ----------
    figures
        All polygons.
    used
        The numbers of these ones, ascending.
    valid
        Whether each is valid.
    corners
        The number of their corners.
    profiles
        Their edges.
    """

    figures: Figures
    used: NDArray[np.intp]
    valid: NDArray[np.bool_]
    corners: NDArray[np.int64]
    profiles: Profiles

    @classmethod
    def of(cls, figures: Figures, used: NDArray[np.intp]) -> _Sides:
        from spatialdata.kernels.overlap import profiles_of
        from spatialdata.kernels.polygons import taken_polygons

        polygons = taken_polygons(figures.polygons, used)
        valid = figures.valid[used]
        return cls(figures, used, valid, np.diff(polygons.start[polygons.first_ring]), profiles_of(polygons))


def _areas_of_pairs(a: _Sides, b: _Sides, value: NDArray[np.intp], region: NDArray[np.intp]) -> FloatArray:
    import shapely

    from spatialdata.kernels.overlap import shared_areas_of_profiles

    first, second = np.searchsorted(a.used, value), np.searchsorted(b.used, region)
    work = a.corners[first] * b.corners[second]
    quick = np.flatnonzero(a.valid[first] & b.valid[second] & (work <= _MOST_EDGE_PAIRS))
    areas = np.zeros(len(first))
    areas[quick] = shared_areas_of_profiles(tuple(a.profiles), tuple(b.profiles), first[quick], second[quick])
    smaller = np.minimum(a.figures.areas[value], b.figures.areas[region])
    # Where hardly anything is shared, rounding must not make touching shapes overlap.
    slow = np.ones(len(first), dtype=bool)
    slow[quick] = areas[quick] <= _DOUBTFUL * smaller[quick]
    areas = np.minimum(areas, smaller)
    asked = np.flatnonzero(slow)
    meet = polygons_meet(a.figures, b.figures, value[asked], region[asked])
    areas[asked[~meet]] = 0.0
    asked = asked[meet]
    shared = shapely.intersection(a.figures.geometry_at(value[asked]), b.figures.geometry_at(region[asked]))
    areas[asked] = shapely.area(shared)
    return areas
