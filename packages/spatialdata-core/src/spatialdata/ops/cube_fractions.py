"""The part of each pixel of a volume that labels with a depth fill."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from spatialdata._core.elements import lazy_levels_of, spatial_axes_of
from spatialdata.models.label_runs import native
from spatialdata.ops.resample import window_under
from spatialdata.ops.warp import Warp
from spatialdata.regions.between import Between
from spatialdata.regions.project import Projection, projection_of
from spatialdata.relations.instances import instance_ids
from spatialdata.transformations.attach import get_transformation
from spatialdata.transformations.linear import Sequence as Chain

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from spatialdata._core.axes import ValidAxis
    from spatialdata.transformations.algebra import FloatArray

__all__ = ["CubeFractions"]

_SAME, _NOTHING = 1e-9, 1e-13
_ZYX: tuple[ValidAxis, ...] = ("z", "y", "x")


@dataclass(frozen=True, slots=True)
class CubeFractions:
    """The pixels of a raster that labels with a depth fill, in part or whole; exact up to rounding.

    Where a place is not linear, it is taken as linear within each of six tetrahedra of a pixel.

    Attributes
    ----------
    mask
        The labels, a dask array of shape ``(z, y, x)``.
    ids
        Their ids, sorted, without the background.
    to_labels
        The map from the pixels of the raster to theirs. A flat raster has one plane, as high as the labels.
    """

    mask: Any
    ids: NDArray[Any]
    to_labels: Projection | Warp

    @classmethod
    def of(cls, raster: Any, labels: Any, system: str) -> CubeFractions:
        """Bring a raster and labels together.

        Raises
        ------
        TransformationError
            The raster is flat, and planes of the labels are none in the coordinate system.
        """
        mask, ids = lazy_levels_of(labels)[0].data, instance_ids(labels).to_numpy()
        maps = [get_transformation(element, system) for element in (raster, labels)]
        if "z" not in spatial_axes_of(raster):
            there, place = projection_of(raster, system), projection_of(labels, system).plane()
            in_plane = Between.of(there.over(("y", "x")), place.over(("y", "x")))
            linear, offset = np.diag([float(len(mask)), 1.0, 1.0]), np.zeros(3)
            linear[1:, 1:], offset[1:] = in_plane.linear, in_plane.offset
            return cls(mask, ids, Projection(_ZYX, linear, offset))
        if all(one.is_linear for one in maps):
            there, place = (projection_of(one, system).over(_ZYX) for one in (raster, labels))
            return cls(mask, ids, Between.of(there, place).projection())
        nothing, one = np.zeros(3), np.ones(3)
        return cls(mask, ids, Warp(Chain([maps[0], maps[1].inverse()]), _ZYX, nothing, one, one, nothing))

    def __len__(self) -> int:
        return len(self.ids)

    def tasks(self, data: Any) -> NDArray[Any]:
        """For each block of pixels of a raster, delayed: pixels, numbers of labels, and parts; None where none are.

        Parameters
        ----------
        data
            The dask array of the raster; its last axes are spatial.
        """
        import dask

        flat = data.ndim < 4
        chunks = data.chunks[1:]
        starts = [np.concatenate([[0], np.cumsum(sizes)])[:-1].astype(int).tolist() for sizes in chunks]
        look = dask.delayed(_look, pure=False)
        found = np.empty(data.numblocks[1:], dtype=object)
        for position in np.ndindex(*found.shape):
            corner = tuple(start[at] for start, at in zip(starts, position, strict=True))
            size = tuple(int(sizes[at]) for sizes, at in zip(chunks, position, strict=True))
            corner, size = ((0, *corner), (1, *size)) if flat else (corner, size)
            window = window_under(self.to_labels, corner, size, self.mask.shape, 1)
            if window is not None:
                begin = tuple(part.start for part in window)
                found[position] = look(self.mask[window], self.ids, self.to_labels, corner, size, begin)
        return found


def _look(
    window: NDArray[Any],
    ids: NDArray[Any],
    to_labels: Projection | Warp,
    corner: tuple[int, ...],
    size: tuple[int, ...],
    begin: tuple[int, ...],
) -> tuple[NDArray[np.int64], NDArray[np.int64], FloatArray]:
    """The pixels of a block, the numbers of the labels there, and the parts."""
    window = native(window)
    numbers = np.where(window == 0, 0, np.searchsorted(ids, window) + 1)
    if isinstance(to_labels, Projection):
        here = Projection(_ZYX, to_labels.linear, to_labels(np.array([corner], dtype=np.float64))[0] - begin)
        apart = _axis_apart(here.linear)
        pixel, label, part = _of_cubes(here, numbers, size) if apart is None else _of_prisms(here, numbers, size, apart)
    else:
        pixel, label, part = _of_cubes(_Moved(to_labels, np.array(corner), np.array(begin)), numbers, size)
    return pixel, label - 1, part


@dataclass(frozen=True, slots=True)
class _Moved:
    """A map that is not linear, from the pixels of a block to those of a window."""

    warp: Warp
    corner: NDArray[Any]
    begin: NDArray[Any]

    def __call__(self, pixels: FloatArray) -> FloatArray:
        return np.asarray(self.warp(pixels + self.corner) - self.begin)


def _of_cubes(
    to_window: Projection | _Moved, numbers: NDArray[np.int64], size: tuple[int, ...]
) -> tuple[NDArray[np.int64], NDArray[np.int64], FloatArray]:
    from spatialdata.kernels.cubes import parts_of_cubes

    found = []
    lattice = np.stack(np.meshgrid([0.0], *(np.arange(side + 1.0) for side in size[1:]), indexing="ij"), axis=-1)
    shape, step = (lattice.shape[1], lattice.shape[2], 3), np.array([1.0, 0.0, 0.0])
    below = to_window(lattice.reshape(-1, 3)).reshape(shape)
    for layer in range(size[0]):
        above = to_window((lattice + (layer + 1) * step).reshape(-1, 3)).reshape(shape)
        pixel, label, part = parts_of_cubes(np.stack([below, above]), numbers)
        found.append((pixel + layer * size[1] * size[2], label, part))
        below = above
    pixel, label, part = (np.concatenate(one) for one in zip(*found, strict=True))
    return pixel, label, part


def _axis_apart(linear: FloatArray) -> tuple[int, int] | None:
    """An axis of pixels and the only axis of labels that it leads to, where no other leads there; None if none."""
    filled = np.abs(linear) > _NOTHING * np.abs(linear).max()
    for into in range(3):
        alone = np.flatnonzero(filled[into])
        if len(alone) == 1 and filled[:, alone[0]].sum() == 1:
            return int(alone[0]), into
    return None


def _of_prisms(
    to_window: Projection, numbers: NDArray[np.int64], size: tuple[int, ...], apart: tuple[int, int]
) -> tuple[NDArray[np.int64], NDArray[np.int64], FloatArray]:
    from spatialdata.kernels.prisms import parts_of_prisms

    along, into = apart
    others, of_labels = ([axis for axis in range(3) if axis != one] for one in apart)
    ends = to_window.offset[into] + to_window.linear[into, along] * np.arange(size[along] + 1.0)
    layers, planes, overlaps = _overlaps(ends, numbers.shape[into])
    lattice = np.stack(np.meshgrid(*(np.arange(size[axis] + 1.0) for axis in others), indexing="ij"), axis=-1)
    nodes = lattice @ to_window.linear[np.ix_(of_labels, others)].T + to_window.offset[of_labels]
    mask = np.ascontiguousarray(np.moveaxis(numbers, into, 0))
    prism, label, part = parts_of_prisms(nodes, layers, planes, overlaps, mask)
    sides = [size[along], *(size[axis] for axis in others)]
    place = np.empty((3, len(prism)), dtype=np.int64)
    place[[along, *others]] = np.unravel_index(prism, sides)
    return np.asarray(np.ravel_multi_index(tuple(place), size), dtype=np.int64), label, part


def _overlaps(ends: FloatArray, planes: int) -> tuple[NDArray[np.int64], NDArray[np.int64], FloatArray]:
    """The planes from i to i + 1 that the pieces between some ends have a part in, and the part of each piece."""
    low, high = np.minimum(ends[:-1], ends[1:]), np.maximum(ends[:-1], ends[1:])
    first = np.clip(np.floor(low + _SAME), 0, planes).astype(np.int64)
    count = np.maximum(np.clip(np.ceil(high - _SAME), 0, planes).astype(np.int64) - first, 0)
    layers = np.concatenate([[0], np.cumsum(count)]).astype(np.int64)
    piece = np.repeat(np.arange(len(count)), count)
    plane = first[piece] + np.arange(len(piece)) - layers[piece]
    shared = np.minimum(high[piece], plane + 1) - np.maximum(low[piece], plane)
    return layers, plane, np.clip(shared / (high - low)[piece], 0.0, 1.0)
