"""Images aggregated by labels and by shapes: each pixel counts where its centre lies."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import numpy as np

from spatialdata._core.elements import axes_of, levels_of, spatial_axes_of
from spatialdata.errors import listing
from spatialdata.models.label_runs import ids_and_runs, native
from spatialdata.ops.accumulate import Moments
from spatialdata.ops.accumulate_samples import Samples
from spatialdata.ops.aggregate_plan import Part, Plan, table_of
from spatialdata.ops.common_pixels import CommonPixels
from spatialdata.ops.pixel_places import located, reaches
from spatialdata.regions.project import Projection, projection_of
from spatialdata.relations.blocks import computed

if TYPE_CHECKING:
    from numpy.typing import NDArray
    from scipy.sparse import csr_matrix

    from spatialdata.models.scanlines import Scanlines
    from spatialdata.ops.aggregate_funcs import AggFunc
    from spatialdata.ops.pairs import Locator

__all__ = ["aggregate_image_by_labels", "aggregate_image_by_regions"]


def aggregate_image_by_labels(
    image: Any, labels: Any, funcs: tuple[AggFunc, ...], system: str
) -> tuple[csr_matrix, list[str], NDArray[Any]]:
    """Statistics of the pixels of each label, by channel, in one pass over the pixels.

    Parameters
    ----------
    image
        The image; its finest level counts.
    labels
        The labels, with the spatial axes of the image; flat ones stand for all planes of a volume. Their pixels may be
        others than those of the image: then the pixels of the finer of the two are counted, each with the label and the
        value that its centre lies on.
    funcs
        The functions; deviations are those of a sample.
    system
        The coordinate system in which the two are brought together.

    Returns
    -------
    Sparse matrix of shape ``(labels, variables)``; the names ``channel_<name>_<func>`` of the variables; the ids
    of the labels, sorted, without the background.
    """
    if set(spatial_axes_of(image)) - set(spatial_axes_of(labels)) == {"z"}:
        return _planes_by_labels(image, labels, funcs, system)
    if spatial_axes_of(image) != spatial_axes_of(labels):
        raise NotImplementedError(
            f"An image with the axes {axes_of(image)} cannot be aggregated by labels with the axes {axes_of(labels)}: "
            "it has no depth. Select a plane of the labels first."
        )
    pixels = CommonPixels.of(image, labels, system)
    plan = _plan(image, funcs, 0)
    return _by_labels(plan, _in_blocks(pixels.image, _LabelWork(plan), plan, _runs(pixels.labels)), pixels.ids)


def _by_labels(
    plan: Plan, by_channels: list[Part], ids: NDArray[Any] | None
) -> tuple[csr_matrix, list[str], NDArray[Any]]:
    ids = ids if ids is not None else _ids_of(by_channels)
    plan = replace(plan, regions=len(ids))
    matrix, names = _table(plan, [_renumbered(part, ids) for part in by_channels])
    return matrix, names, ids


def _planes_by_labels(
    image: Any, labels: Any, funcs: tuple[AggFunc, ...], system: str
) -> tuple[csr_matrix, list[str], NDArray[Any]]:
    """Flat labels stand for all planes of a volume."""
    level, mask = levels_of(image)[0], levels_of(labels)[0].data
    there = projection_of(image, system).plane().over(("y", "x"))
    of_labels = projection_of(labels, system).over(("y", "x"))
    plan = _plan(image, funcs, 0)
    planes, runs, ids = [], None, None
    for pixels in (level.data[:, z] for z in range(level.sizes["z"])):
        common = CommonPixels.of_arrays(pixels, mask, there, of_labels, labels if ids is None else ids)
        runs, ids = _runs(common.labels) if runs is None else runs, common.ids
        planes.append(_in_blocks(common.image, _LabelWork(plan), plan, runs))
    return _by_labels(plan, [plan.merged(parts) for parts in zip(*planes, strict=True)], ids)


def aggregate_image_by_regions(
    image: Any, locate: Locator, funcs: tuple[AggFunc, ...], system: str
) -> tuple[csr_matrix, list[str]]:
    """Statistics of the pixels whose centre lies in each region, by channel.

    Parameters
    ----------
    image
        The image; its finest level counts. Of a 3D image the pixels of all planes count, since regions are flat.
    locate
        Finds the regions of places in the coordinates of ``system``.
    funcs
        The functions.
    system
        The coordinate system in which the two are brought together.

    Returns
    -------
    Sparse matrix of shape ``(regions, variables)`` and the names ``channel_<name>_<func>`` of the variables.
    """
    plan = _plan(image, funcs, len(locate))
    projection = projection_of(image, system).plane()
    work = _ShapeWork(plan, projection, locate)
    return _table(plan, _in_blocks(levels_of(image)[0].data, work, plan, None))


def _runs(labels: Any) -> NDArray[Any]:
    """The delayed ids and runs of each block of labels, which all channels share."""
    import dask

    find = dask.delayed(ids_and_runs, pure=False)
    blocks = labels.to_delayed()
    found = np.empty(blocks.shape, dtype=object)
    for position in np.ndindex(*blocks.shape):
        found[position] = find(blocks[position])
    return found


def _plan(image: Any, funcs: tuple[AggFunc, ...], regions: int) -> Plan:
    channels = levels_of(image)[0].coords["c"].to_numpy().tolist()
    return Plan(funcs, regions, tuple(f"channel_{name}" for name in channels), np.dtype(np.float64), None)


def _in_blocks(image: Any, work: Any, plan: Plan, runs: NDArray[Any] | None) -> list[Part]:
    """What is kept of all blocks of an image, for each chunk of its channels."""
    import dask

    task = dask.delayed(work, pure=False, traverse=False)
    merge = dask.delayed(plan.merged, pure=False, traverse=False)
    blocks = image.to_delayed()
    starts = [np.concatenate([[0], np.cumsum(sizes)])[:-1].tolist() for sizes in image.chunks[1:]]
    by_channels = []
    for channel in range(blocks.shape[0]):
        parts = []
        for position in np.ndindex(*blocks.shape[1:]):
            corner = [starts[axis][index] for axis, index in enumerate(position)]
            sizes = [image.chunks[axis + 1][index] for axis, index in enumerate(position)]
            if work.reaches(corner, sizes):
                parts.append(task(blocks[(channel, *position)], None if runs is None else runs[position], corner))
        by_channels.append(merge(parts))
    return list(computed(by_channels, "aggregation of pixels"))


@dataclass(frozen=True, slots=True)
class _LabelWork:
    """What is done with a block of an image and the runs of the labels of its pixels."""

    plan: Plan

    def reaches(self, corner: list[int], sizes: list[int]) -> bool:  # noqa: ARG002
        return True

    def __call__(self, block: NDArray[Any], found: tuple[NDArray[Any], Scanlines], corner: list[int]) -> Part:  # noqa: ARG002
        ids, runs = found
        pixels = native(block)
        moments, samples = None, None
        if not all(func.needs_sample for func in self.plan.funcs):
            moments = Moments.of_runs(ids, runs, pixels, spread=self.plan.needs_spread)
        if any(func.needs_sample for func in self.plan.funcs):
            pixel, figure = runs.pixels(pixels.shape[-1])
            samples = Samples(ids[figure], tuple(column[pixel] for column in pixels.reshape(len(pixels), -1)))
        return Part(moments=moments, samples=samples)


@dataclass(frozen=True, slots=True)
class _ShapeWork:
    """What is done with a block of an image that shapes may lie on."""

    plan: Plan
    projection: Projection
    locate: Locator

    def reaches(self, corner: list[int], sizes: list[int]) -> bool:
        """Whether shapes may lie on a block."""
        return reaches(self.projection, self.locate, corner[-2:], sizes[-2:])

    def __call__(self, block: NDArray[Any], found: None, corner: list[int]) -> Part:  # noqa: ARG002
        planes = block.reshape(len(block), -1, *block.shape[-2:])
        parts = []
        for rows, region, y, x in located(self.projection, self.locate, block.shape[-2:], corner[-2:]):
            values = planes[:, :, rows, :][:, :, y, x]
            columns = values.reshape(len(values), -1)
            parts.append(self.plan.numbers(np.tile(region, planes.shape[1]), list(columns)))
        return self.plan.merged(parts)


def _ids_of(parts: list[Part]) -> NDArray[Any]:
    """The labels that occur in any part, sorted."""
    found = [part.moments.regions for part in parts if part.moments is not None]
    found += [part.samples.region for part in parts if part.samples is not None]
    return np.unique(np.concatenate(found)) if found else np.zeros(0, dtype=np.int64)


def _renumbered(part: Part, ids: NDArray[Any]) -> Part:
    """A part whose regions are the positions of labels instead of the labels."""
    moments, samples = part.moments, part.samples
    if moments is not None:
        moments = replace(moments, regions=np.searchsorted(ids, moments.regions))
    if samples is not None:
        samples = Samples(np.searchsorted(ids, samples.region), samples.columns)
    return Part(moments=moments, samples=samples)


def _table(plan: Plan, by_channels: list[Part]) -> tuple[csr_matrix, list[str]]:
    """The statistics of all channels, from those of each chunk of channels."""
    found: list[list[NDArray[Any]]] = [[] for _ in plan.funcs]
    start = 0
    for part in by_channels:
        size = _columns_of(part)
        names = plan.names[start : start + size] if size else plan.names[start:]
        start += len(names)
        for gathered, one in zip(found, replace(plan, names=names).statistics(part), strict=True):
            gathered.append(one)
    stacked = [np.concatenate(one, axis=1) for one in found]
    if stacked[0].shape[1] != len(plan.names):
        raise ValueError(
            f"The image has the channels {listing(plan.names)}, but {stacked[0].shape[1]} channels of pixels."
        )
    return table_of(stacked, plan.funcs, plan.names, always_named=True)


def _columns_of(part: Part) -> int:
    if part.moments is not None:
        return int(part.moments.count.shape[1])
    return len(part.samples.columns) if part.samples is not None else 0
