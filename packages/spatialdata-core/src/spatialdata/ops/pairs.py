"""Which points and shapes lie on which regions. The border belongs to a region, and a value may lie on several."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise
from typing import TYPE_CHECKING, Any, Protocol

import numpy as np

from spatialdata.ops.circle_area import circle_circle_area, circle_polygon_area
from spatialdata.ops.circles import RADIUS_KEY, are_circles

if TYPE_CHECKING:
    from geopandas import GeoDataFrame
    from numpy.typing import NDArray

    from spatialdata.kernels.overlap import Profiles
    from spatialdata.regions.lattice import HexagonGrid, SquareGrid
    from spatialdata.transformations.algebra import FloatArray

__all__ = ["CellLocator", "Figures", "Locator", "PointLocator", "pairs_of_shapes", "shared_areas"]

# Beyond so many pairs of edges, GEOS finds the intersection sooner.
_MOST_EDGE_PAIRS = 20_000
_DOUBTFUL = 1e-9
# So many polygons, and their edges, stay in the cache of the processor.
_VALUES_AT_ONCE = 4096


@dataclass(frozen=True, slots=True)
class Figures:
    """Circles or polygons as arrays.

    Attributes
    ----------
    geometry
        Array of n polygons, or of the n centres as points.
    centres
        Array of shape ``(n, 2)``, for circles.
    radii
        Array of shape ``(n,)``, for circles; None for polygons.
    """

    geometry: NDArray[Any]
    centres: FloatArray
    radii: FloatArray | None

    @classmethod
    def of(cls, shapes: GeoDataFrame, buffer_resolution: int | None = None) -> Figures:
        """The figures of a shapes element; circles as polygons of ``4 * buffer_resolution`` sides if that is given."""
        import shapely

        geometry = shapes.geometry.to_numpy()
        if shapely.has_z(geometry).any():
            geometry = shapely.force_2d(geometry)
        if not are_circles(shapes):
            return cls(geometry, np.zeros((0, 2)), None)
        radii = shapes[RADIUS_KEY].to_numpy(dtype=np.float64)
        if buffer_resolution is None:
            return cls(geometry, shapely.get_coordinates(geometry), radii)
        return cls(shapely.buffer(geometry, radii, quad_segs=buffer_resolution), np.zeros((0, 2)), None)

    def __len__(self) -> int:
        return len(self.geometry)

    def bounds(self) -> FloatArray:
        """The bounding boxes, of shape ``(n, 4)``: x_min, y_min, x_max, y_max."""
        import shapely

        if self.radii is None:
            return np.asarray(shapely.bounds(self.geometry))
        return np.concatenate([self.centres - self.radii[:, None], self.centres + self.radii[:, None]], axis=1)

    def areas(self) -> FloatArray:
        """The areas, of shape ``(n,)``."""
        import shapely

        return np.asarray(shapely.area(self.geometry) if self.radii is None else np.pi * self.radii**2)


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
        from spatialdata.kernels.edges import outlines_of

        self._figures = figures
        self._cells = tuple(cells_of_boxes(figures.bounds()))
        self._outlines = tuple(outlines_of(figures.geometry)) if figures.radii is None else ()

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

        return np.asarray(shapely.intersects_xy(self._figures.geometry[figure], x, y))


def pairs_of_shapes(values: Figures, by: Figures) -> tuple[NDArray[np.intp], NDArray[np.intp]]:
    """The pairs (number of the value, number of the region) of figures that meet or touch, sorted by both."""
    import shapely

    if values.radii is None and by.radii is None:
        # Each geometry that asks is prepared, so the fewer ones ask.
        if len(by) < len(values):
            region, value = shapely.STRtree(values.geometry).query(by.geometry, predicate="intersects")
        else:
            value, region = shapely.STRtree(by.geometry).query(values.geometry, predicate="intersects")
    else:
        boxes = shapely.box(*values.bounds().T)
        value, region = shapely.STRtree(shapely.box(*by.bounds().T)).query(boxes, predicate=None)
        meet = _meet(values, by, value, region)
        value, region = value[meet], region[meet]
    order = np.lexsort((region, value))
    return value[order], region[order]


def _meet(values: Figures, by: Figures, value: NDArray[np.intp], region: NDArray[np.intp]) -> NDArray[np.bool_]:
    import shapely

    if values.radii is not None and by.radii is not None:
        distance = np.hypot(*(values.centres[value] - by.centres[region]).T)
        return np.asarray(distance <= values.radii[value] + by.radii[region])
    reach = values.radii[value] if values.radii is not None else by.radii[region]  # type: ignore[index]
    return np.asarray(shapely.dwithin(values.geometry[value], by.geometry[region], reach))


def shared_areas(values: Figures, by: Figures, value: NDArray[np.intp], region: NDArray[np.intp]) -> FloatArray:
    """The area shared by each pair; exact for circles."""
    if values.radii is not None and by.radii is not None:
        distance = np.hypot(*(values.centres[value] - by.centres[region]).T)
        return circle_circle_area(distance, values.radii[value], by.radii[region])
    if values.radii is not None:
        return circle_polygon_area(values.centres[value], values.radii[value], by.geometry[region])
    if by.radii is not None:
        return circle_polygon_area(by.centres[region], by.radii[region], values.geometry[value])
    return _polygon_areas(values.geometry, by.geometry, value, region)


@dataclass(frozen=True, slots=True)
class _Polygons:
    """Polygons with what their shared areas need."""

    geometry: NDArray[Any]
    valid: NDArray[np.bool_]
    corners: NDArray[np.int64]
    areas: FloatArray
    profiles: Profiles

    @classmethod
    def of(cls, geometry: NDArray[Any]) -> _Polygons:
        import shapely

        from spatialdata.kernels.overlap import profiles_of

        corners = shapely.get_num_coordinates(geometry).astype(np.int64)
        return cls(geometry, shapely.is_valid(geometry), corners, shapely.area(geometry), profiles_of(geometry))


def _polygon_areas(
    values: NDArray[Any], by: NDArray[Any], value: NDArray[np.intp], region: NDArray[np.intp]
) -> FloatArray:
    """The area shared by each pair of polygons."""
    used, first = np.unique(value, return_inverse=True)
    used_by, second = np.unique(region, return_inverse=True)
    regions = _Polygons.of(by[used_by])
    order = np.argsort(first, kind="stable")
    ends = np.searchsorted(first[order], np.arange(0, len(used) + _VALUES_AT_ONCE, _VALUES_AT_ONCE))
    areas = np.zeros(len(value))
    for block, (start, end) in enumerate(pairwise(ends)):
        pairs, least = order[start:end], block * _VALUES_AT_ONCE
        some = _Polygons.of(values[used[least : least + _VALUES_AT_ONCE]])
        areas[pairs] = _areas_of_pairs(some, regions, first[pairs] - least, second[pairs])
    return areas


def _areas_of_pairs(a: _Polygons, b: _Polygons, first: NDArray[np.intp], second: NDArray[np.intp]) -> FloatArray:
    import shapely

    from spatialdata.kernels.overlap import shared_areas_of_profiles

    work = a.corners[first] * b.corners[second]
    quick = np.flatnonzero(a.valid[first] & b.valid[second] & (work <= _MOST_EDGE_PAIRS))
    areas = np.zeros(len(first))
    areas[quick] = shared_areas_of_profiles(tuple(a.profiles), tuple(b.profiles), first[quick], second[quick])
    smaller = np.minimum(a.areas[first], b.areas[second])
    # Where hardly anything is shared, rounding must not make touching shapes overlap.
    slow = np.ones(len(first), dtype=bool)
    slow[quick] = areas[quick] <= _DOUBTFUL * smaller[quick]
    areas[slow] = shapely.area(shapely.intersection(a.geometry[first[slow]], b.geometry[second[slow]]))
    return np.minimum(areas, np.where(slow, areas, smaller))
