"""Images aggregated by labels."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from spatialdata._core.elements import axes_of, levels_of
from spatialdata.errors import listing
from spatialdata.ops.accumulate import AGG_FUNCS, Statistics
from spatialdata.regions.project import projection_over
from spatialdata.relations.instances import instance_ids
from spatialdata.transformations.attach import get_transformation

if TYPE_CHECKING:
    from numpy.typing import NDArray
    from scipy.sparse import csr_matrix

__all__ = ["aggregate_image"]

_SAME = 1e-9


def aggregate_image(
    image: Any, labels: Any, agg_func: str | list[str], system: str
) -> tuple[csr_matrix, list[str], NDArray[Any]]:
    """Statistics of the pixels of each label, by channel.

    Parameters
    ----------
    image
        The image; its finest level counts.
    labels
        The labels, whose pixels must lie exactly on those of the image.
    agg_func
        One or several of ``AGG_FUNCS``; deviations are those of a sample.
    system
        The coordinate system in which the two must coincide.

    Returns
    -------
    Sparse matrix of shape ``(labels, variables)``; the names ``channel_<name>_<func>`` of the variables; the ids
    of the labels, sorted, without the background.
    """
    funcs = [agg_func] if isinstance(agg_func, str) else list(agg_func)
    unknown = [func for func in funcs if func not in AGG_FUNCS]
    if unknown or not funcs:
        raise ValueError(f"agg_func must be of {listing(AGG_FUNCS)}. Found {listing(unknown)}.")
    pixels, mask = levels_of(image)[0], levels_of(labels)[0]
    _check_same_grid(image, labels, system)
    ids = instance_ids(labels).to_numpy()
    statistics = {func: Statistics(func, len(ids), pixels.sizes["c"]) for func in funcs}
    for block, values in _blocks(mask.data, pixels.data):
        inside = np.flatnonzero(block)
        region = np.searchsorted(ids, block[inside])
        numbers = values[:, inside].T.astype(np.float64)
        for gathered in statistics.values():
            gathered.add(region, numbers)
    channels = [str(name) for name in pixels.coords["c"].to_numpy().tolist()]
    return (*_table(statistics, channels), ids)


def _table(statistics: dict[str, Statistics], channels: list[str]) -> tuple[csr_matrix, list[str]]:
    from scipy.sparse import csr_matrix

    results = {func: gathered.result() for func, gathered in statistics.items()}
    columns = [results[func][:, number] for number in range(len(channels)) for func in results]
    names = [f"channel_{channel}_{func}" for channel in channels for func in results]
    return csr_matrix(np.stack(columns, axis=1)), names


def _blocks(mask: Any, pixels: Any) -> Any:
    """Flat blocks of the labels, and of the same pixels of the image with shape ``(channels, pixels)``."""
    import dask
    from tqdm import tqdm

    image = pixels.rechunk((-1, *mask.chunks))
    blocks, values = mask.to_delayed(), image.to_delayed()
    positions = list(np.ndindex(blocks.shape))
    for position in tqdm(positions, desc="aggregation of pixels", disable=None, leave=False, delay=0.5):
        block, part = dask.compute(blocks[position], values[(0, *position)])
        yield np.asarray(block).ravel(), np.asarray(part).reshape(part.shape[0], -1)


def _check_same_grid(image: Any, labels: Any, system: str) -> None:
    full, mask = levels_of(image)[0], levels_of(labels)[0]
    a = projection_over(get_transformation(image, system), axes_of(image))
    b = projection_over(get_transformation(labels, system), axes_of(labels))
    same = np.allclose(a.linear, b.linear, atol=_SAME) and np.allclose(a.offset, b.offset, atol=_SAME)
    sizes = [{axis: level.sizes[axis] for axis in mask.dims} for level in (full, mask)]
    if not same or sizes[0] != sizes[1]:
        raise NotImplementedError(
            f"The pixels of the image and of the labels do not coincide in {system!r}: "
            f"shapes {sizes[0]} and {sizes[1]}, "
            f"offsets {a.offset.tolist()} and {b.offset.tolist()}. Bring one onto the grid of the other first."
        )
