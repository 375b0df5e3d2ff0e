"""Points and labels in space, as cells of lattices in one frame."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from spatialdata._core.elements import lazy_levels_of
from spatialdata.errors import TransformationError
from spatialdata.models.times import at_one_time
from spatialdata.ops.label_pixels import LabelPixels
from spatialdata.regions.project import Projection, projection_of
from spatialdata.relations.blocks import computed
from spatialdata.transformations.attach import get_transformation

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from spatialdata._core.axes import ValidAxis
    from spatialdata.transformations.algebra import FloatArray

__all__ = ["Solids", "frame_of_volume"]

_SAME = 1e-9
_XYZ: tuple[ValidAxis, ...] = ("x", "y", "z")


@dataclass(frozen=True, slots=True)
class Solids:
    """Instances in space, each a set of cells of one size and shape.

    Attributes
    ----------
    ids
        Their ids.
    centres
        The centres of the cells of all instances, of shape ``(n, 3)``; those of labels are the pixels at their surface.
    starts
        Where the cells of each instance begin, and where the last one ends.
    sides
        The sides of a cell, of shape ``(3, 3)``; those of points are none, of shape ``(0, 3)``.
    pixels
        For labels, their pixels and the map to these; None for points.
    """

    ids: Any
    centres: FloatArray
    starts: NDArray[np.int64]
    sides: FloatArray
    pixels: tuple[LabelPixels, Projection] | None = None

    @classmethod
    def of_points(cls, ids: Any, places: FloatArray, frame: Projection) -> Solids:
        """Points, given their places x, y, z in the coordinate system."""
        return cls(ids, np.ascontiguousarray(frame(places)), np.arange(len(places) + 1), np.zeros((0, 3)))

    @classmethod
    def of_labels(cls, labels: Any, system: str, frame: Projection) -> Solids:
        """Labels with a depth.

        Raises
        ------
        TransformationError
            Their place is not linear.
        """
        import pandas as pd

        if not get_transformation(labels, system).is_linear:
            raise TransformationError(
                f"The transformation of labels with a depth to {system!r} is not linear, so that the sides of their "
                "pixels are bent there. Move them first, with spatialdata.transform(labels, to_coordinate_system=…)."
            )
        motion = frame.after(projection_of(labels, system))
        large = np.abs(motion.linear).max()
        clean = np.where(np.abs(motion.linear) > _SAME * large, motion.linear, 0.0)
        data = lazy_levels_of(at_one_time(labels, "measuring distances"))[0].data
        label, pixel = _surface(data)
        order = np.argsort(label, kind="stable")
        ids, first = np.unique(label[order], return_index=True)
        centres = motion(pixel[order].astype(np.float64)[:, ::-1] + 0.5)
        back = motion.inverse().over(("z", "y", "x"))
        pixels = (LabelPixels.of(data), back)
        starts, sides = np.append(first, len(label)), np.ascontiguousarray(clean.T)
        return cls(pd.Index(ids), np.ascontiguousarray(centres), starts, sides, pixels)

    @property
    def is_scattered(self) -> bool:
        """Whether only this process can ask for the pixels."""
        return self.pixels is not None and self.pixels[0].scattered

    @property
    def half(self) -> FloatArray:
        """Half the sides of the box around a cell."""
        return np.asarray(np.abs(self.sides).sum(axis=0) / 2)

    @property
    def are_boxes(self) -> bool:
        """Whether the cells are boxes along the axes of the frame."""
        return bool(((self.sides != 0).sum(axis=1) == 1).all())

    def bounds(self) -> tuple[FloatArray, FloatArray]:
        """The lower and upper corners of the boxes around all cells of each instance, of shape ``(n, 3)``."""
        if not len(self.ids):
            return np.zeros((0, 3)), np.zeros((0, 3))
        first = self.starts[:-1]
        low, high = (side.reduceat(self.centres, first, axis=0) for side in (np.minimum, np.maximum))
        return low - self.half, high + self.half

    def places(self) -> FloatArray:
        """A place in each instance."""
        return self.centres[self.starts[:-1]]

    def holding(self, other: Solids) -> tuple[NDArray[np.intp], NDArray[np.intp]]:
        """The pairs of these labels and of other instances of which a cell has its centre in them, each once."""
        if self.pixels is None:
            return np.zeros(0, dtype=np.intp), np.zeros(0, dtype=np.intp)
        pixels, back = self.pixels
        label = pixels.at(back(other.centres[:, ::-1]))
        owner = np.repeat(np.arange(len(other.ids)), np.diff(other.starts))
        inside = label != 0
        own = np.searchsorted(np.asarray(self.ids), label[inside])
        pair = np.unique(own * max(len(other.ids), 1) + owner[inside])
        return np.divmod(pair, max(len(other.ids), 1))

    def reach(self, others: Solids, k: int) -> FloatArray:
        """For each instance a distance within which at least k of the others are."""
        from scipy.spatial import cKDTree

        distance, _ = cKDTree(others.places()).query(self.places(), k=[k])
        return np.asarray(distance[:, 0])

    def near(self, others: Solids, reach: FloatArray) -> tuple[NDArray[np.intp], NDArray[np.intp], FloatArray]:
        """The pairs of instances within reach, with their distances; 0 where one holds a part of the other."""
        first, second = self._boxes_near(others, reach)
        distance = self._distances(others, first, second)
        size = max(len(others.ids), 1)
        number, other = self.holding(others)
        held, holder = others.holding(self)
        met = np.concatenate([number * size + other, holder * size + held])
        distance[np.isin(first * size + second, met)] = 0.0
        keep = distance <= reach[first]
        return first[keep], second[keep], distance[keep]

    def _distances(self, others: Solids, first: NDArray[np.intp], second: NDArray[np.intp]) -> FloatArray:
        """The distances of pairs of instances, of which none holds the other."""
        from spatialdata.kernels.boxes import distances_of_box_sets
        from spatialdata.kernels.cells_in_space import distances_of_cell_sets

        cells = (self.centres, self.starts, others.centres, others.starts, self.half + others.half)
        if self.are_boxes and others.are_boxes:
            return distances_of_box_sets(first, second, *cells)
        return distances_of_cell_sets(first, second, *cells, np.concatenate([self.sides, others.sides]))

    def _boxes_near(self, others: Solids, reach: FloatArray) -> tuple[NDArray[np.intp], NDArray[np.intp]]:
        """The pairs of instances whose surrounding boxes are within reach of each other."""
        import shapely

        low, high = self.bounds()
        low_of_others, high_of_others = others.bounds()
        tree = shapely.STRtree(shapely.box(*low_of_others[:, :2].T, *high_of_others[:, :2].T))
        margin = (reach * (1 + _SAME))[:, None]
        first, second = tree.query(shapely.box(*(low[:, :2] - margin).T, *(high[:, :2] + margin).T), predicate=None)
        gap = np.maximum(np.maximum(low_of_others[second] - high[first], low[first] - high_of_others[second]), 0.0)
        keep = np.sqrt((gap**2).sum(axis=1)) <= margin[first, 0]
        return first[keep], second[keep]


def frame_of_volume(labels: Any, system: str) -> Projection:
    """A map of the coordinate system that keeps distances and makes the pixels of labels boxes along x, y and z.

    Where they are no boxes, as they are sheared or bent, it changes nothing.
    """
    if not get_transformation(labels, system).is_linear:
        return Projection.identity(_XYZ)
    there = projection_of(labels, system).over(_XYZ)
    metric = there.linear.T @ there.linear
    sides = np.sqrt(np.diag(metric))
    if np.abs(metric / np.outer(sides, sides) - np.eye(3)).max() > _SAME:
        return Projection.identity(_XYZ)
    back = there.inverse()
    return Projection(_XYZ, sides[:, None] * back.linear, sides * back.offset)


def _surface(data: Any) -> tuple[NDArray[Any], NDArray[np.int64]]:
    """The ids and the positions of the pixels of labels that have another value, or nothing, beside them."""
    import dask
    import dask.array as da

    starts = [np.concatenate([[0], np.cumsum(sizes)])[:-1] for sizes in data.chunks]
    padded = da.overlap.overlap(data, depth=1, boundary=0).to_delayed()
    look = dask.delayed(_surface_of_block, pure=False)
    tasks = [
        look(padded[position], tuple(int(starts[axis][at]) for axis, at in enumerate(position)))
        for position in np.ndindex(*padded.shape)
    ]
    parts = computed(tasks, "surfaces of labels")
    return np.concatenate([part[0] for part in parts]), np.concatenate([part[1] for part in parts])


def _surface_of_block(padded: NDArray[Any], start: tuple[int, ...]) -> tuple[NDArray[Any], NDArray[np.int64]]:
    inner = padded[1:-1, 1:-1, 1:-1]
    edge = np.zeros(inner.shape, dtype=bool)
    for axis in range(3):
        for side in (slice(None, -2), slice(2, None)):
            window = tuple(side if other == axis else slice(1, -1) for other in range(3))
            edge |= padded[window] != inner
    edge &= inner != 0
    return inner[edge], np.argwhere(edge) + np.array(start)
