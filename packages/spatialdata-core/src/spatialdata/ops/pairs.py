"""Which points and shapes lie on which regions. The border belongs to a region, and a value may lie on several."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from spatialdata.ops.box_index import BoxIndex
from spatialdata.ops.circle_area import circle_circle_area, circle_polygon_area
from spatialdata.ops.circles import RADIUS_KEY, are_circles

if TYPE_CHECKING:
    from geopandas import GeoDataFrame
    from numpy.typing import NDArray

    from spatialdata.transformations.algebra import FloatArray

__all__ = ["Figures", "PointLocator", "pairs_of_shapes", "shared_areas"]


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

        geometry = shapely.force_2d(shapes.geometry.to_numpy())
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


class PointLocator:
    """Finds the figures that points lie on.

    Parameters
    ----------
    figures
        The figures; an index over their boxes is built once.
    """

    def __init__(self, figures: Figures) -> None:
        import shapely

        self._figures = figures
        self._index = BoxIndex(figures.bounds())
        if figures.radii is None:
            shapely.prepare(figures.geometry)

    def __call__(self, x: FloatArray, y: FloatArray) -> tuple[NDArray[np.intp], NDArray[np.intp]]:
        """The pairs (number of the point, number of the figure), sorted by figure."""
        import shapely

        points, figures = self._index.candidates(x, y)
        # All points of a figure are tested together, while its edges are in the cache.
        order = np.argsort(figures, kind="stable")
        points, figures = points[order], figures[order]
        x, y = x[points], y[points]
        if self._figures.radii is None:
            hit = shapely.intersects_xy(self._figures.geometry[figures], x, y)
        else:
            centre = self._figures.centres[figures]
            hit = (x - centre[:, 0]) ** 2 + (y - centre[:, 1]) ** 2 <= self._figures.radii[figures] ** 2
        return points[hit], figures[hit]


def pairs_of_shapes(values: Figures, by: Figures) -> tuple[NDArray[np.intp], NDArray[np.intp]]:
    """The pairs (number of the value, number of the region) of figures that meet or touch, sorted by both."""
    import shapely

    if values.radii is None and by.radii is None:
        tree = shapely.STRtree(by.geometry)
        value, region = tree.query(values.geometry, predicate="intersects")
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
    import shapely

    if values.radii is not None and by.radii is not None:
        distance = np.hypot(*(values.centres[value] - by.centres[region]).T)
        return circle_circle_area(distance, values.radii[value], by.radii[region])
    if values.radii is not None:
        return circle_polygon_area(values.centres[value], values.radii[value], by.geometry[region])
    if by.radii is not None:
        return circle_polygon_area(by.centres[region], by.radii[region], values.geometry[value])
    return np.asarray(shapely.area(shapely.intersection(values.geometry[value], by.geometry[region])))
