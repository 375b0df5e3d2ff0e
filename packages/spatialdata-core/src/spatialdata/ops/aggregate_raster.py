"""Images aggregated by labels and by shapes: each pixel counts where its centre lies."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import replace
from typing import TYPE_CHECKING, Any, TypeVar

import numpy as np

from spatialdata._core.direct import DirectArray
from spatialdata._core.elements import lazy_levels_of, spatial_axes_of
from spatialdata.errors import listing
from spatialdata.models.label_ids import united_ids
from spatialdata.models.label_runs import ids_and_runs
from spatialdata.ops.accumulate import Moments
from spatialdata.ops.accumulate_wholes import are_wholes
from spatialdata.ops.aggregate_plan import Part, Plan, table_of
from spatialdata.ops.common_pixels import CommonPixels
from spatialdata.ops.cube_fractions import CubeFractions
from spatialdata.ops.figures_on_pixels import FiguresOnPixels
from spatialdata.ops.label_pixels import labels_of_columns
from spatialdata.ops.pixel_fractions import FigureFractions
from spatialdata.ops.pixel_work import PixelWork, RunWork
from spatialdata.ops.split_regions import labels_in_several_blocks
from spatialdata.regions.project import projection_of
from spatialdata.relations.blocks import by_block, computed
from spatialdata.relations.instances import instance_ids

if TYPE_CHECKING:
    from numpy.typing import NDArray
    from scipy.sparse import csr_matrix

    from spatialdata.ops.aggregate_funcs import AggFunc
    from spatialdata.ops.pixel_runs import PixelRuns

__all__ = ["aggregate_image_by_labels", "aggregate_image_by_regions"]

T = TypeVar("T")

_SAYS = "aggregation of pixels"
_BYTES_AT_ONCE = 2**26


def aggregate_image_by_labels(
    image: Any, labels: Any, funcs: tuple[AggFunc, ...], system: str, *, weighted: bool = False
) -> tuple[csr_matrix, list[str], NDArray[Any]]:
    """Statistics of the pixels of each label, by channel, in one pass over the pixels.

    Parameters
    ----------
    image
        The image; its finest level counts.
    labels
        The labels. Flat ones stand for all planes of a volume, and a pixel of a flat image counts once for each label
        that some plane has there. Their pixels may be others than those of the image: then the pixels of the finer of
        the two are counted, each with the label and the value that its centre lies on.
    funcs
        The functions; deviations are those of a sample.
    system
        The coordinate system in which the two are brought together.
    weighted
        Whether the last channel holds weights; then all channels are in one chunk.

    Returns
    -------
    Sparse matrix of shape ``(labels, variables)``; the names ``channel_<name>_<func>`` of the variables; the ids
    of the labels, sorted, without the background.
    """
    if set(spatial_axes_of(image)) - set(spatial_axes_of(labels)) == {"z"}:
        return _planes_by_labels(image, labels, _plan(image, funcs, 0, weighted=weighted), system)
    if set(spatial_axes_of(labels)) - set(spatial_axes_of(image)) == {"z"}:
        return _flat_by_volumes(image, labels, _plan(image, funcs, 0, weighted=weighted), system)
    pixels = CommonPixels.of(image, labels, system)
    plan = _plan(image, funcs, 0, weighted=weighted)
    if plan.needs_only_sums and not plan.exact and _channels_fit(pixels):
        image = pixels.image.rechunk((pixels.image.shape[:1], *pixels.image.chunks[1:]))
        parts = by_block(_sums_on_labels, (image, pixels.labels), _SAYS)
        return _by_labels([Part(moments=Moments.merged(parts))] if parts else [], plan, pixels.ids)
    work = RunWork(plan, _split_labels(plan, pixels.labels))
    return _finished(_in_blocks(pixels.image, work, plan, _runs(pixels.labels)), _by_labels, plan, pixels.ids)


def _split_labels(plan: Plan, labels: Any) -> NDArray[Any] | None:
    """The labels with pixels in several blocks, where values are kept until all of a label are there."""
    return labels_in_several_blocks(labels) if any(func.needs_sample for func in plan.funcs) else None


def _channels_fit(pixels: CommonPixels) -> bool:
    """Whether all channels of a block may be held together, which costs nothing where they are read anew."""
    channels, *others = pixels.image.chunks
    size = sum(channels) * math.prod(max(sizes) for sizes in others) * pixels.image.dtype.itemsize
    return len(channels) == 1 or (isinstance(pixels.image, DirectArray) and size <= _BYTES_AT_ONCE)


def _sums_on_labels(start: tuple[int, ...], pixels: NDArray[Any], labels: NDArray[Any]) -> Moments:  # noqa: ARG001
    return Moments.of_labels(labels, pixels)


def _by_labels(
    by_channels: list[Part], plan: Plan, ids: NDArray[Any] | None
) -> tuple[csr_matrix, list[str], NDArray[Any]]:
    ids = ids if ids is not None else _ids_of(by_channels)
    plan = replace(plan, regions=len(ids))
    matrix, names = _table([_renumbered(part, ids) for part in by_channels], plan)
    return matrix, names, ids


def _planes_by_labels(image: Any, labels: Any, plan: Plan, system: str) -> tuple[csr_matrix, list[str], NDArray[Any]]:
    """Flat labels stand for all planes of a volume."""
    import dask

    level, mask = lazy_levels_of(image)[0], lazy_levels_of(labels)[0].data
    there = projection_of(image, system).plane().over(("y", "x"))
    of_labels = projection_of(labels, system).over(("y", "x"))
    planes, runs, ids = [], None, None
    for pixels in (level.data[:, z] for z in range(level.sizes["z"])):
        common = CommonPixels.of_arrays(pixels, mask, there, of_labels, labels if ids is None else ids)
        runs, ids = _runs(common.labels) if runs is None else runs, common.ids
        planes.append(_in_blocks(common.image, RunWork(plan), plan, runs))
    merge = dask.delayed(plan.merged, pure=False, traverse=False)
    return _finished([merge(list(parts)) for parts in zip(*planes, strict=True)], _by_labels, plan, ids)


def _flat_by_volumes(image: Any, labels: Any, plan: Plan, system: str) -> tuple[csr_matrix, list[str], NDArray[Any]]:
    """A flat image lies at all depths; each of its pixels counts once for each label above or below."""
    import dask
    import dask.array as da

    there, of_labels = projection_of(image, system), projection_of(labels, system).plane().over(("y", "x"))
    ids = instance_ids(labels).to_numpy()
    pixels, plan = lazy_levels_of(image)[0].data, replace(plan, regions=len(ids))
    common = [CommonPixels.of_arrays(pixels, mask, there, of_labels, ids) for mask in lazy_levels_of(labels)[0].data]
    find = dask.delayed(labels_of_columns, pure=False)
    columns = da.stack([one.labels for one in common]).rechunk({0: -1}).to_delayed()[0]
    runs = np.empty(columns.shape, dtype=object)
    for position in np.ndindex(*columns.shape):
        runs[position] = find(columns[position])
    return _finished(_in_blocks(common[0].image, PixelWork(plan), plan, runs), _by_labels, plan, ids)


def aggregate_image_by_regions(
    image: Any,
    regions: PixelRuns | FigureFractions | CubeFractions,
    funcs: tuple[AggFunc, ...],
    *,
    weighted: bool = False,
) -> tuple[csr_matrix, list[str]]:
    """Statistics of the pixels whose centre lies in each region, by channel.

    Parameters
    ----------
    image
        The image; its finest level counts. Of a 3D image the pixels of all planes count where regions are flat.
    regions
        Finds the pixels of the regions, or those that they cover and the part of each, which values are multiplied by.
    funcs
        The functions.
    weighted
        Whether the last channel holds weights; then all channels are in one chunk.

    Returns
    -------
    Sparse matrix of shape ``(regions, variables)`` and the names ``channel_<name>_<func>`` of the variables.
    """
    in_part = isinstance(regions, FigureFractions | CubeFractions)
    plan = _plan(image, funcs, len(regions), weighted=weighted, fractions=in_part)
    data = lazy_levels_of(image)[0].data
    if isinstance(regions, CubeFractions):
        of_cubes = _in_blocks(data, PixelWork(plan, flat=False), plan, regions.tasks(data))
        return _finished(of_cubes, _table, plan)
    split = (
        regions.in_several(data.chunks[-2:]) if _is_one_deep(data) and isinstance(regions, FiguresOnPixels) else None
    )
    work = PixelWork(plan, split) if isinstance(regions, FigureFractions) else RunWork(plan, split, flat=True)
    return _finished(_in_blocks(data, work, plan, _runs_on_planes(regions, data)), _table, plan)


def _is_one_deep(data: Any) -> bool:
    """Whether a block has all pixels at its places."""
    return bool(math.prod(data.numblocks[1:-2]) == 1)


def _runs_on_planes(regions: PixelRuns | FigureFractions, data: Any) -> NDArray[Any]:
    """The delayed numbers and runs of regions on each block, which all channels and planes share; None for none."""
    y, x = (np.concatenate([[0], np.cumsum(sizes)]).tolist() for sizes in data.chunks[-2:])
    found = np.empty(data.numblocks[1:], dtype=object)
    for row, column in np.ndindex(*data.numblocks[-2:]):
        shape = (data.chunks[-2][row], data.chunks[-1][column])
        task = regions.task((y[row], x[column]), shape)
        for depth in np.ndindex(*data.numblocks[1:-2]):
            found[(*depth, row, column)] = task
    return found


def _runs(labels: Any) -> NDArray[Any]:
    """The delayed ids and runs of each block of labels, which all channels share."""
    import dask

    find = dask.delayed(ids_and_runs, pure=False)
    blocks = labels.to_delayed()
    found = np.empty(blocks.shape, dtype=object)
    for position in np.ndindex(*blocks.shape):
        found[position] = find(blocks[position])
    return found


def _plan(image: Any, funcs: tuple[AggFunc, ...], regions: int, *, weighted: bool, fractions: bool = False) -> Plan:
    channels = lazy_levels_of(image)[0].coords["c"].to_numpy().tolist()
    names = tuple(f"channel_{name}" for name in (channels[:-1] if weighted else channels))
    dtype = lazy_levels_of(image)[0].dtype
    dtype = dtype if are_wholes(dtype) else np.dtype(np.float64)
    plan = Plan(funcs, regions, names, dtype, None, weighted=weighted, fractions=fractions)
    plan.check()
    return plan


def _in_blocks(image: Any, work: RunWork | PixelWork, plan: Plan, runs: NDArray[Any]) -> list[Any]:
    """What is kept of all blocks of an image that have pixels and runs, for each chunk of its channels, delayed."""
    import dask

    task = dask.delayed(work, pure=False, traverse=False)
    merge = dask.delayed(plan.merged, pure=False, traverse=False)
    blocks = image.to_delayed()
    sizes = [np.array(along) for along in image.chunks[1:]]
    positions = [
        position
        for position in np.ndindex(*blocks.shape[1:])
        if runs[position] is not None and all(along[at] for along, at in zip(sizes, position, strict=True))
    ]
    return [
        merge([task(blocks[(channel, *position)], runs[position]) for position in positions])
        for channel in range(blocks.shape[0])
    ]


def _finished(by_channels: list[Any], finish: Callable[..., T], *further: Any) -> T:
    """What a function makes of the delayed parts, where dask works, so that only the result comes back."""
    import dask

    result: T = computed([dask.delayed(finish, pure=False)(by_channels, *further)], _SAYS)[0]
    return result


def _ids_of(parts: list[Part]) -> NDArray[Any]:
    """The labels that occur in any part, sorted."""
    found = [part.moments.regions for part in parts if part.moments is not None]
    found += [regions for part in parts if part.samples is not None for regions in part.samples.seen()]
    found += [part.wholes.regions for part in parts if part.wholes is not None]
    if len(found) == 1 and parts[0].moments is not None:
        return found[0]
    return united_ids(found)[0] if found else np.zeros(0, dtype=np.int64)


def _renumbered(part: Part, ids: NDArray[Any]) -> Part:
    """A part whose regions are the positions of labels instead of the labels."""
    moments, samples = part.moments, part.samples
    if moments is not None:
        is_same = moments.regions is ids
        moments = replace(moments, regions=np.arange(len(ids)) if is_same else np.searchsorted(ids, moments.regions))
    if samples is not None:
        samples = samples.renumbered(ids)
    wholes = part.wholes
    if wholes is not None:
        wholes = replace(wholes, regions=np.searchsorted(ids, wholes.regions))
    return Part(moments=moments, samples=samples, wholes=wholes)


def _table(by_channels: list[Part], plan: Plan) -> tuple[csr_matrix, list[str]]:
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
    if part.wholes is not None:
        return int(part.wholes.count.shape[1])
    return len(part.samples.columns) if part.samples is not None else 0
