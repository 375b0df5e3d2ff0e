"""Flat shapes as arrays of coordinates, from which geometry objects are made when someone asks for them."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any, TypeAlias, cast

import numpy as np

from spatialdata._core.collecting import making_many

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from spatialdata.kernels.polygons import Polygons

__all__ = [
    "Packed",
    "PackedPoints",
    "PackedPolygons",
    "bounds_of",
    "coordinates_in",
    "geometries_at",
    "kinds_of",
    "packed_of",
]

_POINT, _POLYGON, _MULTIPOLYGON = 0, 3, 6


@dataclass(frozen=True)
class PackedPoints:
    """Points. None is empty.

    Attributes
    ----------
    coordinates
        Array of shape ``(n, 2)``.
    """

    coordinates: NDArray[np.float64]

    def __len__(self) -> int:
        return len(self.coordinates)

    def moved(self, coordinates: NDArray[np.float64]) -> PackedPoints:
        """The same at other coordinates."""
        return PackedPoints(coordinates)

    @property
    def kinds(self) -> NDArray[np.int8]:
        """The type of each geometry, as shapely numbers them."""
        return np.full(len(self), _POINT, dtype=np.int8)

    @property
    def nbytes(self) -> int:
        """The size of the arrays."""
        return self.coordinates.nbytes

    @property
    def bounds(self) -> NDArray[np.float64]:
        """The bounding boxes, of shape ``(n, 4)``: x_min, y_min, x_max, y_max."""
        return np.concatenate([self.coordinates, self.coordinates], axis=1)

    def take(self, rows: NDArray[np.intp]) -> PackedPoints:
        """Some of them, by their numbers."""
        return PackedPoints(self.coordinates[rows])

    def geometries(self) -> NDArray[Any]:
        """As shapely geometries."""
        import shapely

        with making_many():
            return np.asarray(shapely.points(self.coordinates), dtype=object).reshape(-1)


@dataclass(frozen=True)
class PackedPolygons:
    """Polygons and multipolygons.

    Attributes
    ----------
    polygons
        Their corners.
    kinds
        The type of each geometry, as shapely numbers them.
    """

    polygons: Polygons
    kinds: NDArray[np.int8]

    def __len__(self) -> int:
        return len(self.kinds)

    @property
    def coordinates(self) -> NDArray[np.float64]:
        """The corners, of shape ``(corners, 2)``."""
        return self.polygons.coordinates

    def moved(self, coordinates: NDArray[np.float64]) -> PackedPolygons:
        """The same with other coordinates of the corners."""
        return PackedPolygons(self.polygons._replace(coordinates=coordinates), self.kinds)

    @property
    def nbytes(self) -> int:
        """The size of the arrays."""
        return sum(part.nbytes for part in self.polygons) + self.kinds.nbytes

    @cached_property
    def bounds(self) -> NDArray[np.float64]:
        """The bounding boxes, of shape ``(n, 4)``: x_min, y_min, x_max, y_max; nan for empty ones."""
        from spatialdata.kernels.polygons import bounds_of_polygons

        found = bounds_of_polygons(self.polygons)
        found.flags.writeable = False
        return found

    def take(self, rows: NDArray[np.intp]) -> PackedPolygons:
        """Some of them, by their numbers."""
        from spatialdata.kernels.polygons import taken_polygons

        return PackedPolygons(taken_polygons(self.polygons, rows), self.kinds[rows])

    def geometries(self) -> NDArray[Any]:
        """As shapely geometries."""
        with making_many():
            return self._made()

    def _made(self) -> NDArray[Any]:
        import shapely

        coordinates, start, first_ring, is_hole = self.polygons
        kind = shapely.GeometryType.POLYGON
        if not (self.kinds == _MULTIPOLYGON).any():
            return np.asarray(shapely.from_ragged_array(kind, coordinates, (start, first_ring)), dtype=object)
        shells = np.flatnonzero(~is_hole)
        parts = shapely.from_ragged_array(kind, coordinates, (start, np.append(shells, len(is_hole))))
        first_part = np.searchsorted(shells, first_ring)
        count = np.diff(first_part)
        made = np.empty(len(self), dtype=object)
        made[count == 0] = np.where(self.kinds[count == 0] == _POLYGON, shapely.Polygon(), shapely.MultiPolygon())
        plain = (self.kinds == _POLYGON) & (count > 0)
        made[plain] = parts[first_part[:-1][plain]]
        several = np.flatnonzero((self.kinds == _MULTIPOLYGON) & (count > 0))
        owner = np.repeat(np.arange(len(self)), count)
        of_several = np.isin(owner, several)
        if len(several):
            made[several] = shapely.multipolygons(
                parts[of_several], indices=np.searchsorted(several, owner[of_several])
            )
        return made


Packed: TypeAlias = PackedPoints | PackedPolygons


def packed_of(shapes: Any) -> Packed | None:
    """The arrays of a GeoDataFrame whose geometry objects nobody has asked for yet; None of any other."""
    return cast("Packed | None", getattr(shapes.geometry.array, "packed", None))


def kinds_of(shapes: Any) -> NDArray[Any]:
    """The type of each geometry of a GeoDataFrame, as shapely numbers them; -1 for missing ones."""
    import shapely

    packed = packed_of(shapes)
    return packed.kinds if packed is not None else np.asarray(shapely.get_type_id(shapes.geometry.to_numpy()))


def geometries_at(shapes: Any, rows: NDArray[np.intp]) -> NDArray[Any]:
    """The geometries of some rows of a GeoDataFrame, as shapely geometries; of other rows none are made."""
    packed = packed_of(shapes)
    return shapes.geometry.to_numpy()[rows] if packed is None else packed.take(rows).geometries()


def coordinates_in(shapes: Any) -> NDArray[np.float64]:
    """The coordinates x, y of all corners of a GeoDataFrame, of shape ``(corners, 2)``."""
    import shapely

    packed = packed_of(shapes)
    return shapely.get_coordinates(shapes.geometry.to_numpy()) if packed is None else packed.coordinates


def bounds_of(shapes: Any) -> NDArray[np.float64]:
    """The boxes around the geometries of a GeoDataFrame, of shape ``(n, 4)``; nan for empty and missing ones."""
    import shapely

    packed = packed_of(shapes)
    if packed is not None:
        return packed.bounds
    return np.asarray(shapely.bounds(shapes.geometry.to_numpy()), dtype=np.float64).reshape(-1, 4)
