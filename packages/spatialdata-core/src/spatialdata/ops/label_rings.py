"""Outlines of labels, and the polygons that they are the rings of."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from spatialdata._core.collecting import making_many

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from spatialdata.transformations.algebra import FloatArray

__all__ = ["LabelRings"]


@dataclass(frozen=True, slots=True)
class LabelRings:
    """Outlines of labels along the edges of pixels, normalised as GEOS does it.

    Attributes
    ----------
    coordinates
        Array of shape ``(n, 2)`` of x, y; each ring ends with its first corner.
    offsets
        Where the rings start in it, and its end.
    labels
        The label of each ring.
    areas
        The number of pixels inside of each ring, negative for holes.
    """

    coordinates: FloatArray
    offsets: NDArray[np.int64]
    labels: NDArray[Any]
    areas: NDArray[np.int64]

    @classmethod
    def of_rows(cls, rows: NDArray[Any], origin: tuple[int, int] = (0, 0)) -> LabelRings:
        """The outlines in a block of a dtype that kernels know, whose first pixel is at y, x."""
        from spatialdata.kernels.outlines import trace

        return cls(*trace(rows, origin))

    @classmethod
    def merged(cls, parts: Sequence[LabelRings]) -> LabelRings:
        """The outlines of several blocks, of which there is at least one."""
        lengths = np.concatenate([np.diff(part.offsets) for part in parts])
        return cls(
            np.concatenate([part.coordinates for part in parts]),
            np.concatenate([[0], np.cumsum(lengths)]),
            np.concatenate([part.labels for part in parts]),
            np.concatenate([part.areas for part in parts]),
        )

    def part(self, rings: NDArray[np.intp]) -> LabelRings:
        """Some of the rings, in the order that is given."""
        from spatialdata.kernels.outlines import gathered_rings

        coordinates, offsets = gathered_rings(self.coordinates, self.offsets, rings)
        return LabelRings(coordinates, offsets, self.labels[rings], self.areas[rings])

    def bounds(self) -> FloatArray:
        """The bounds of each ring: an array of shape ``(rings, 4)`` of the least x, y and the greatest x, y."""
        first = self.offsets[:-1]
        if not len(first):
            return np.zeros((0, 4))
        least, greatest = (function.reduceat(self.coordinates, first, axis=0) for function in (np.minimum, np.maximum))
        return np.concatenate([least, greatest], axis=1)

    def polygons(self) -> tuple[NDArray[Any], NDArray[Any]]:
        """The labels, sorted, and for each a polygon, or a multipolygon if it has several parts; normalised."""
        import shapely

        outer, holes = np.flatnonzero(self.areas > 0), np.flatnonzero(self.areas < 0)
        if not len(holes):
            return _by_label(self.labels, _built(self, np.arange(len(outer) + 1)))
        # Each polygon is its outer outline followed by its holes.
        polygon = np.concatenate([np.arange(len(outer)), self._owners(outer, holes)])
        order = np.argsort(polygon, kind="stable")
        first = np.searchsorted(polygon[order], np.arange(len(outer) + 1))
        polygons = _built(self.part(np.concatenate([outer, holes])[order]), first)
        with_holes = np.flatnonzero(np.diff(first) > 1)
        polygons[with_holes] = shapely.normalize(polygons[with_holes])
        return _by_label(self.labels[outer], polygons)

    def _owners(self, outer: NDArray[np.intp], holes: NDArray[np.intp]) -> NDArray[np.intp]:
        """For each hole the position, among the outer outlines, of the smallest one of its label that encloses it."""
        import shapely

        order = np.argsort(self.labels[outer], kind="stable")
        ordered = self.labels[outer][order]
        first = np.searchsorted(ordered, self.labels[holes], side="left")
        last = np.searchsorted(ordered, self.labels[holes], side="right")
        owner = order[first]
        for number in np.flatnonzero(last - first > 1):
            candidates = order[first[number] : last[number]]
            shells = shapely.polygons([self._ring(int(outer[candidate])) for candidate in candidates])
            hole = shapely.polygons(self._ring(int(holes[number])))
            enclosing = candidates[shapely.covers(shells, hole)]
            owner[number] = enclosing[np.argmin(self.areas[outer[enclosing]])]
        return owner

    def _ring(self, ring: int) -> Any:
        import shapely

        return shapely.linearrings(self.coordinates[self.offsets[ring] : self.offsets[ring + 1]])


def _built(rings: LabelRings, first: NDArray[np.intp]) -> NDArray[Any]:
    """The polygons whose rings follow each other, from the first of each."""
    import shapely

    with making_many():
        polygons: NDArray[Any] = shapely.from_ragged_array(
            shapely.GeometryType.POLYGON, rings.coordinates, (rings.offsets, first)
        )
    return polygons


def _by_label(labels: NDArray[Any], polygons: NDArray[Any]) -> tuple[NDArray[Any], NDArray[Any]]:
    import shapely

    order = np.argsort(labels, kind="stable")
    labels, polygons = labels[order], polygons[order]
    is_first = np.ones(len(labels), dtype=bool)
    np.not_equal(labels[1:], labels[:-1], out=is_first[1:])
    first = np.flatnonzero(is_first)
    result, unique = polygons[first], labels[first]
    several = np.flatnonzero(np.diff(first, append=len(labels)) > 1)
    if len(several):
        number = np.cumsum(is_first) - 1
        part = np.isin(number, several)
        together = shapely.multipolygons(polygons[part], indices=np.searchsorted(several, number[part]))
        result[several] = shapely.normalize(together)
    return unique, result
