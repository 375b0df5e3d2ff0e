"""Circles and polygons as arrays, for whoever compares many of them."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any

import numpy as np

from spatialdata.models.packed import PackedPoints, PackedPolygons, packed_of
from spatialdata.ops.circles import RADIUS_KEY, are_circles

if TYPE_CHECKING:
    from geopandas import GeoDataFrame
    from numpy.typing import NDArray

    from spatialdata.kernels.polygons import Polygons
    from spatialdata.models.packed import Packed
    from spatialdata.transformations.algebra import FloatArray

__all__ = ["Figures"]

_POLYGONAL = (3, 6)


@dataclass(frozen=True)
class Figures:
    """Circles or polygons as arrays.

    Attributes
    ----------
    source
        n polygons, or the n centres as points: an array of shapely geometries, or the coordinates alone.
    centres
        Array of shape ``(n, 2)``, for circles.
    radii
        Array of shape ``(n,)``, for circles; None for polygons.
    """

    source: Packed | NDArray[Any]
    centres: FloatArray
    radii: FloatArray | None

    @classmethod
    def of(cls, shapes: GeoDataFrame, buffer_resolution: int | None = None) -> Figures:
        """The figures of a shapes element; circles as polygons of ``4 * buffer_resolution`` sides if that is given."""
        import shapely

        circles = are_circles(shapes)
        source: Any = packed_of(shapes)
        if source is None or (circles and buffer_resolution is not None):
            source = shapes.geometry.to_numpy()
            if shapely.has_z(source).any():
                source = shapely.force_2d(source)
        if not circles:
            return cls(source, np.zeros((0, 2)), None)
        radii = shapes[RADIUS_KEY].to_numpy(dtype=np.float64)
        if buffer_resolution is not None:
            return cls(shapely.buffer(source, radii, quad_segs=buffer_resolution), np.zeros((0, 2)), None)
        centres = source.coordinates if isinstance(source, PackedPoints) else shapely.get_coordinates(source)
        return cls(source, centres, radii)

    def __len__(self) -> int:
        return len(self.source)

    @cached_property
    def geometry(self) -> NDArray[Any]:
        """The polygons or centres as an array of shapely geometries."""
        if isinstance(self.source, PackedPoints | PackedPolygons):
            return self.source.geometries()
        return self.source

    @cached_property
    def polygons(self) -> Polygons:
        """The corners of polygons."""
        from spatialdata.kernels.polygons import polygons_of

        return self.source.polygons if isinstance(self.source, PackedPolygons) else polygons_of(self.geometry)

    def take(self, rows: NDArray[np.intp]) -> Figures:
        """Some of the figures, by their numbers."""
        source = self.source
        taken = source.take(rows) if isinstance(source, PackedPoints | PackedPolygons) else source[rows]
        if self.radii is None:
            return Figures(taken, self.centres, None)
        return Figures(taken, self.centres[rows], self.radii[rows])

    def geometry_at(self, rows: NDArray[Any]) -> NDArray[Any]:
        """Some of the geometries, by their numbers, which may repeat."""
        if not len(rows):
            return np.empty(0, dtype=object)
        if isinstance(self.source, PackedPoints | PackedPolygons) and "geometry" not in vars(self):
            used, place = np.unique(rows, return_inverse=True)
            return np.asarray(self.source.take(used).geometries()[place])
        return np.asarray(self.geometry[rows])

    @cached_property
    def bounds(self) -> FloatArray:
        """The bounding boxes, of shape ``(n, 4)``: x_min, y_min, x_max, y_max; nan around empty polygons."""
        import shapely

        if self.radii is not None:
            return np.concatenate([self.centres - self.radii[:, None], self.centres + self.radii[:, None]], axis=1)
        if isinstance(self.source, PackedPolygons):
            return self.source.bounds
        return np.asarray(shapely.bounds(self.geometry), dtype=np.float64).reshape(-1, 4)

    @cached_property
    def areas(self) -> FloatArray:
        """The areas, of shape ``(n,)``."""
        from spatialdata.kernels.centres import weighed

        return weighed(self.polygons)[1] if self.radii is None else np.asarray(np.pi * self.radii**2)

    @cached_property
    def valid(self) -> NDArray[np.bool_]:
        """Whether each polygon is valid; circles are."""
        import shapely

        from spatialdata.kernels.meeting import surely_simple

        if self.radii is not None:
            return np.ones(len(self), dtype=bool)
        valid = surely_simple(self.polygons.coordinates, self.polygons.start, self.polygons.first_ring)
        doubtful = np.flatnonzero(~valid)
        valid[doubtful] = shapely.is_valid(self.geometry_at(doubtful))
        return np.asarray(valid)

    def repaired(self) -> Figures:
        """The same figures with those that are not valid taken for the area that points are found to lie in.

        Areas cannot be cut out of polygons whose border crosses itself. What has no area is left as it is.
        """
        import shapely

        faulty = np.flatnonzero(~self.valid)
        if not len(faulty):
            return self
        geometry = self.geometry.copy()
        mended = np.array([_polygonal(part) for part in shapely.make_valid(geometry[faulty])], dtype=object)
        geometry[faulty] = np.where(shapely.is_empty(mended), geometry[faulty], mended)
        return Figures(geometry, self.centres, None)


def _polygonal(geometry: Any) -> Any:
    """The parts of a valid geometry that have an area."""
    import shapely

    if shapely.get_type_id(geometry) in _POLYGONAL:
        return geometry
    parts = shapely.get_parts(geometry)
    return shapely.union_all(parts[np.isin(shapely.get_type_id(parts), _POLYGONAL)])
