"""Geometries of shapes as they are drawn: converted, scaled, placed, and turned into paths."""

from __future__ import annotations

import itertools
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import shapely

from spatialdata_plot.resolve.element import apply_affine

if TYPE_CHECKING:
    from geopandas import GeoDataFrame
    from matplotlib.path import Path
    from numpy.typing import NDArray

__all__ = ["Circles", "Polygons", "geometry_of", "paths_of"]

CORNERS = {"hex": (6, 30.0), "visium_hex": (6, 30.0), "square": (4, 45.0)}


@dataclass(frozen=True, slots=True, kw_only=True)
class Circles:
    """Circles, placed by an affine that may make ellipses of them.

    Attributes
    ----------
    centers
        In the coordinate system, shape (n, 2).
    radii
        Before the affine, shape (n,).
    linear
        The linear part of the affine, shape (2, 2).
    """

    centers: NDArray[np.float64]
    radii: NDArray[np.float64]
    linear: NDArray[np.float64]

    @property
    def ellipses(self) -> tuple[NDArray[np.float64], NDArray[np.float64], float]:
        """Full widths and heights, and the angle of the widths in degrees."""
        axes, stretch, _ = np.linalg.svd(self.linear)
        angle = float(np.degrees(np.arctan2(axes[1, 0], axes[0, 0])))
        return 2 * self.radii * stretch[0], 2 * self.radii * stretch[1], angle

    @property
    def bounds(self) -> NDArray[np.float64]:
        """xmin, ymin, xmax, ymax of every circle, shape (n, 4)."""
        reach = self.radii[:, None] * np.hypot(self.linear[:, 0], self.linear[:, 1])
        return np.hstack([self.centers - reach, self.centers + reach])

    def polygons(self) -> NDArray[Any]:
        """The circles as polygons of 64 corners."""
        angles = np.linspace(0, 2 * np.pi, 64, endpoint=False)
        unit = np.column_stack([np.cos(angles), np.sin(angles)]) @ self.linear.T
        return np.asarray(shapely.polygons(self.centers[:, None] + self.radii[:, None, None] * unit))

    def take(self, rows: NDArray[Any]) -> Circles:
        """Some of the circles."""
        return Circles(centers=self.centers[rows], radii=self.radii[rows], linear=self.linear)


@dataclass(frozen=True, slots=True, kw_only=True)
class Polygons:
    """Polygons and multipolygons in the coordinate system.

    Attributes
    ----------
    shapes
        The geometries, shape (n,).
    """

    shapes: NDArray[Any]

    @property
    def centers(self) -> NDArray[np.float64]:
        """The centroids, shape (n, 2)."""
        return np.asarray(shapely.get_coordinates(shapely.centroid(self.shapes)))

    @property
    def bounds(self) -> NDArray[np.float64]:
        """xmin, ymin, xmax, ymax of every geometry, shape (n, 4)."""
        return np.asarray(shapely.bounds(self.shapes))

    def polygons(self) -> NDArray[Any]:
        """The geometries."""
        return self.shapes

    def take(self, rows: NDArray[Any]) -> Polygons:
        """Some of the geometries."""
        return Polygons(shapes=self.shapes[rows])


def geometry_of(
    element: GeoDataFrame, matrix: NDArray[np.float64], *, shape: str | None, scale: float, name: str
) -> Circles | Polygons:
    """What is drawn of a shapes element.

    Parameters
    ----------
    element
        The shapes, none of them empty.
    matrix
        Their place, as :func:`spatialdata_plot.resolve.element.affine_xy` gives it.
    shape
        What they are converted to first, or None.
    scale
        The factor on their size, about their centroids.
    name
        The name of the element, for messages.
    """
    shapes = np.asarray(element.geometry.array)
    points = shapely.get_type_id(shapes) == 0
    if points.any() and not points.all():
        raise ValueError(
            f"{name!r} mixes {int(points.sum())} circles with {int((~points).sum())} polygons. Split it by geometry."
        )
    if not points.all():
        planar = _planar(shapes, matrix)
        matrix = np.eye(3) if matrix.shape[1] == 4 else matrix
        if shape is None:
            return Polygons(shapes=_place(_resized(planar, scale), matrix))
        centers, radii = _circumcircles(planar)
    else:
        matrix, centers = _planar_centers(shapes, matrix)
        radii = element["radius"].to_numpy(dtype=float)
    if shape == "visium_hex":
        radii = np.full(len(radii), _spacing(centers, name) / np.sqrt(3))
    if shape in (None, "circle"):
        return Circles(centers=apply_affine(matrix, centers), radii=radii * scale, linear=matrix[:2, :2])
    return Polygons(shapes=_place(_regular(centers, radii * scale, *CORNERS[shape]), matrix))


def _planar(shapes: NDArray[Any], matrix: NDArray[np.float64]) -> NDArray[Any]:
    """Drop z; where the element has z, its place is applied on the way."""
    if matrix.shape[1] == 3:
        return np.asarray(shapely.force_2d(shapes))

    def place(xyz: NDArray[np.float64]) -> NDArray[np.float64]:
        return np.column_stack([apply_affine(matrix, np.nan_to_num(xyz)), xyz[:, 2]])

    return np.asarray(shapely.force_2d(shapely.transform(shapes, place, include_z=True)))


def _planar_centers(
    shapes: NDArray[Any], matrix: NDArray[np.float64]
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """The planar matrix of circles, and their centres; the height of a centre moves it as the matrix says."""
    coordinates = np.asarray(shapely.get_coordinates(shapes, include_z=matrix.shape[1] == 4))
    if matrix.shape[1] == 3:
        return matrix, coordinates
    planar = matrix[:, [0, 1, 3]]
    shift = np.nan_to_num(coordinates[:, 2:]) * matrix[:2, 2]
    return planar, coordinates[:, :2] + shift @ np.linalg.inv(planar[:2, :2]).T


def _place(shapes: NDArray[Any], matrix: NDArray[np.float64]) -> NDArray[Any]:
    return np.asarray(shapely.transform(shapes, lambda xy: apply_affine(matrix, xy)))


def _resized(shapes: NDArray[Any], scale: float) -> NDArray[Any]:
    if scale == 1:
        return shapes
    centers = shapely.get_coordinates(shapely.centroid(shapes))
    coordinates, owner = shapely.get_coordinates(shapes, return_index=True)
    resized = centers[owner] + scale * (coordinates - centers[owner])
    return np.asarray(shapely.set_coordinates(shapes.copy(), resized))


def _circumcircles(shapes: NDArray[Any]) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Per geometry, the mean of the corners of its convex hull, and the largest distance of a corner from it."""
    rings = shapely.get_exterior_ring(shapely.convex_hull(shapes))
    coordinates, owner = shapely.get_coordinates(rings, return_index=True)
    last = np.append(np.diff(owner) != 0, True)
    corners, owner = coordinates[~last], owner[~last]
    counts = np.bincount(owner, minlength=len(shapes))
    centers = np.column_stack([np.bincount(owner, corners[:, axis], len(shapes)) / counts for axis in (0, 1)])
    radii = np.zeros(len(shapes))
    np.maximum.at(radii, owner, np.hypot(*(corners - centers[owner]).T))
    return centers, radii


def _spacing(centers: NDArray[np.float64], name: str) -> float:
    if len(centers) < 2:
        raise ValueError(
            f"`shape='visium_hex'` takes its size from the distance of neighbours, but {name!r} has one shape."
        )
    points = shapely.points(centers)
    _, distances = shapely.STRtree(points).query_nearest(points, exclusive=True, return_distance=True)
    return float(distances.min())


def _regular(centers: NDArray[np.float64], radii: NDArray[np.float64], corners: int, start: float) -> NDArray[Any]:
    angles = np.radians(start + np.arange(corners) * 360 / corners)
    unit = np.column_stack([np.cos(angles), np.sin(angles)])
    return np.asarray(shapely.polygons(centers[:, None] + radii[:, None, None] * unit))


def paths_of(shapes: NDArray[Any]) -> list[Path]:
    """One path per polygon or multipolygon, whose holes stay empty.

    Parameters
    ----------
    shapes
        The geometries, shape (n,), none of them empty.
    """
    from matplotlib.path import Path

    _, coordinates, offsets = shapely.to_ragged_array(shapely.force_2d(shapes))
    rings, polygons = offsets[0], offsets[1]
    geometries = polygons if len(offsets) == 2 else polygons[offsets[2]]
    shells = np.zeros(len(rings) - 1, dtype=bool)
    shells[polygons[:-1]] = True
    coordinates = _oriented(coordinates, rings, shells)
    codes = np.full(len(coordinates), Path.LINETO, dtype=Path.code_type)
    codes[rings[:-1]] = Path.MOVETO
    codes[rings[1:] - 1] = Path.CLOSEPOLY
    bounds = rings[geometries]
    return [Path(coordinates[start:stop], codes[start:stop]) for start, stop in itertools.pairwise(bounds)]


def _oriented(
    coordinates: NDArray[np.float64], rings: NDArray[np.int64], shells: NDArray[np.bool_]
) -> NDArray[np.float64]:
    """Turn rings so that shells and holes run in opposite directions, by which fills tell them apart."""
    local = coordinates - np.repeat(coordinates[rings[:-1]], np.diff(rings), axis=0)
    crossed = np.zeros(len(coordinates))
    crossed[:-1] = local[:-1, 0] * local[1:, 1] - local[1:, 0] * local[:-1, 1]
    crossed[rings[1:] - 1] = 0
    area = np.add.reduceat(crossed, rings[:-1])
    wrong = np.repeat((area > 0) != shells, np.diff(rings))
    forward = np.arange(len(coordinates))
    backward = np.repeat(rings[:-1] + rings[1:] - 1, np.diff(rings)) - forward
    result: NDArray[np.float64] = coordinates[np.where(wrong, backward, forward)]
    return result
