"""The pixels of an image that lie on labels or shapes, block by block."""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Any

import numpy as np

from spatialdata._core.elements import lazy_levels_of, spatial_axes_of
from spatialdata.models.label_ids import united_ids
from spatialdata.models.label_runs import BlockShapes, ids_and_runs, ids_and_shapes, shapes_of_runs
from spatialdata.models.label_statistics import known_statistics
from spatialdata.models.times import at_one_time
from spatialdata.ops.bent import in_system, under_pixels
from spatialdata.ops.figures import Figures
from spatialdata.ops.pixel_quantiles import KeptPixels, WantedQuantiles, merged_quantiles
from spatialdata.ops.pixel_statistics import BlockPixels, pixels_of_runs
from spatialdata.ops.rasterize_raster import level_for
from spatialdata.ops.rasterize_shapes import PlacedFigures, figures_reaching
from spatialdata.ops.resample import resample
from spatialdata.ops.split_regions import in_several, labels_in_several_blocks
from spatialdata.ops.warp import Warp
from spatialdata.regions.between import Between
from spatialdata.regions.project import Projection, projection_of
from spatialdata.relations.blocks import by_block, computed
from spatialdata.transformations.attach import get_transformation
from spatialdata.transformations.linear import Sequence as Chain

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from spatialdata._core.axes import ValidAxis
    from spatialdata.models.scanlines import Scanlines
    from spatialdata.ops.resample import Bounds
    from spatialdata.transformations.algebra import FloatArray

__all__ = [
    "MEASURING",
    "Gathered",
    "InstancePart",
    "gather_labels",
    "gather_shapes",
    "gathered_parts",
    "image_over",
    "part_with_pixels",
]

MEASURING = "measuring labels and shapes"


@dataclass(frozen=True, slots=True)
class Gathered:
    """What was found out about instances.

    Attributes
    ----------
    ids
        Their ids.
    shapes
        Where their pixels lie, for labels.
    pixels
        Statistics of the pixels of the image, if there is one.
    quantiles
        Array of shape ``(instances, channels, quantiles)``, if some were asked for.
    """

    ids: NDArray[Any]
    shapes: BlockShapes | None
    pixels: BlockPixels | None
    quantiles: FloatArray | None


@dataclass(frozen=True, slots=True)
class InstancePart:
    """What one block holds: ids, and for each of them what is in the block.

    Attributes
    ----------
    ids
        The ids.
    shapes, pixels
        What is known of each.
    kept
        Pixels by id whose quantiles are wanted, or the quantiles; None if none are.
    """

    ids: NDArray[Any]
    shapes: BlockShapes | None
    pixels: BlockPixels | None
    kept: KeptPixels | None


def gather_labels(
    labels: Any,
    image: Any = None,
    system: str = "global",
    quantiles: Sequence[float] = (),
    *,
    spread: bool = True,
    background: bool = False,
) -> Gathered:
    """Look at each pixel of labels once.

    Parameters
    ----------
    labels
        The labels; their finest level counts.
    image
        The image whose pixels are taken, with the axes of the labels; if they are not those of the labels, the ones
        under their centres.
    system
        The coordinate system in which labels and image are brought together.
    quantiles
        Numbers from 0 to 1. Of instances in several blocks they need all pixels in memory; all else needs one block at
        a time.
    spread
        Whether deviations are wanted.
    background
        Whether 0 counts as an instance.
    """
    labels, image = at_one_time(labels, MEASURING), at_one_time(image, MEASURING)
    known = known_statistics(labels) if image is None else None
    if known is not None:
        known = known if background else known.without_background()
        return Gathered(known.ids, known.shapes, None, None)
    data = lazy_levels_of(labels)[0].data
    arrays = [data] if image is None else [image_over(image, labels, system), data]
    kept = WantedQuantiles.of(quantiles, lambda: labels_in_several_blocks(data))
    work = partial(_part_of_labels, spread=spread, quantiles=kept, background=background)
    parts: list[InstancePart] = by_block(work, arrays, "pixels of labels")
    ids, owner = united_ids([part.ids for part in parts])
    return gathered_parts(ids, owner, parts, quantiles)


def _part_of_labels(
    start: tuple[int, ...], *blocks: NDArray[Any], spread: bool, quantiles: WantedQuantiles | None, background: bool
) -> InstancePart:
    """What a block of labels holds, and the pixels of the image that come before it, if there is one."""
    *values, block = [np.asarray(one) for one in blocks]
    if not values:
        ids, shapes = ids_and_shapes(block, start, background=background)
        return InstancePart(ids, shapes, None, None)
    ids, runs = ids_and_runs(block, background=background)
    shapes = shapes_of_runs(runs, len(ids), block.shape, start)
    return part_with_pixels(ids, shapes, runs, values[0], spread=spread, quantiles=quantiles)


def part_with_pixels(
    ids: NDArray[Any],
    shapes: BlockShapes | None,
    runs: Scanlines,
    values: NDArray[Any],
    *,
    spread: bool,
    quantiles: WantedQuantiles | None,
) -> InstancePart:
    """What a block holds of instances, with the pixels of an image in their runs.

    Parameters
    ----------
    ids, shapes
        The ids, and where their pixels lie if that is wanted.
    runs
        Their runs of pixels, whose figures are positions in ``ids``.
    values
        Array of shape ``(channels, …, width)``.
    spread
        Whether deviations are wanted.
    quantiles
        The quantiles that are wanted.
    """
    values = np.asarray(values)
    pixels = pixels_of_runs(runs, len(ids), values, spread=spread)
    return InstancePart(ids, shapes, pixels, None if quantiles is None else quantiles.kept(ids, runs, values))


def gathered_parts(
    ids: NDArray[Any], owner: NDArray[np.intp], parts: list[InstancePart], quantiles: Sequence[float]
) -> Gathered:
    """What all blocks hold together.

    Parameters
    ----------
    ids
        The ids of all instances.
    owner
        For each id of each part, one after the other, its position in ``ids``.
    parts
        What the blocks hold.
    quantiles
        The quantiles that are wanted.
    """
    size = len(ids)
    shapes = [part.shapes for part in parts if part.shapes is not None]
    pixels = [part.pixels for part in parts if part.pixels is not None]
    found = None
    if len(quantiles) and pixels:
        first = np.cumsum([0, *(len(part.ids) for part in parts)])[:-1].tolist()
        of_parts = [(part.kept, owner[a : a + len(part.ids)]) for part, a in zip(parts, first, strict=True)]
        found = merged_quantiles([(kept, place) for kept, place in of_parts if kept is not None], size, quantiles)
    return Gathered(
        ids,
        BlockShapes.merged(shapes, owner, size) if shapes else None,
        BlockPixels.merged(pixels, owner, size) if pixels else None,
        found,
    )


def image_over(image: Any, labels: Any, system: str) -> Any:
    """An image on the pixels of labels, in their chunks; nan where it does not reach.

    Parameters
    ----------
    image
        The image. Of an image with a depth and flat labels, all planes are taken.
    labels
        The labels. Those with a depth are taken as flat for a flat image.
    system
        The coordinate system in which the two are brought together.
    """
    import dask.array as da

    axes = spatial_axes_of(image) if len(spatial_axes_of(image)) == len(spatial_axes_of(labels)) else ("y", "x")
    to_source, level, bounds = _to_pixels(image, labels, system, axes)
    mask, size = lazy_levels_of(labels)[0].data, len(axes)
    shape, covered = mask.shape[-size:], level.shape[-size:]
    chunks = (-1, *level.data.chunks[1:-size], *mask.chunks[-size:])
    if isinstance(to_source, Projection) and _is_same(to_source) and covered == shape:
        return level.data.rechunk(chunks)
    data = resample(level.data, to_source, shape, bounds=bounds).rechunk(chunks)
    if isinstance(to_source, Projection):
        low, high = to_source.box(np.zeros(size), np.array(shape, dtype=np.float64))
        if (low >= bounds[0]).all() and (high <= bounds[1]).all():
            return data
    ones = da.ones(covered, chunks=level.data.chunks[-size:], dtype=np.uint8)
    reached = resample(ones, to_source, shape, bounds=bounds).rechunk(chunks[-size:])
    return da.where(reached > 0, data.astype(np.float64), np.nan)


def _to_pixels(
    image: Any, labels: Any, system: str, axes: tuple[ValidAxis, ...]
) -> tuple[Projection | Warp, Any, Bounds]:
    """The map from pixels of labels to those of a level of the image over some axes, that level, and its bounds."""
    maps = [get_transformation(element, system) for element in (labels, image)]
    full = lazy_levels_of(image)[0]
    whole = np.zeros(len(axes)), np.array([full.sizes[axis] for axis in axes], dtype=np.float64)
    if not all(one.is_linear for one in maps):
        ones = np.ones(len(axes))
        return Warp(Chain([maps[0], maps[1].inverse()]), axes, 0 * ones, ones, ones, 0 * ones), full, whole
    of_labels, of_image = projection_of(labels, system), projection_of(image, system)
    if of_labels.axes == of_image.axes:
        placed = level_for(image, system, float(np.linalg.norm(of_labels.linear, axis=0).min()))
        return Between.of(of_labels, placed.projection).projection(), placed.level, placed.bounds
    planes = [one.plane().over(axes) for one in (of_labels, of_image)]
    return Between.of(*planes).projection(), full, whole


def _is_same(projection: Projection) -> bool:
    same = np.allclose(projection.linear, np.eye(len(projection.axes)), rtol=0, atol=1e-9)
    return bool(same and np.allclose(projection.offset, 0, rtol=0, atol=1e-6))


def gather_shapes(
    shapes: Any, image: Any, system: str, quantiles: Sequence[float] = (), *, spread: bool = True
) -> Gathered:
    """Look at the pixels of an image whose centre lies in each of several shapes, which may overlap.

    Parameters
    ----------
    shapes
        The shapes.
    image
        The image; its finest level counts. Of an image with a depth, the pixels of all planes do.
    system
        The coordinate system in which the two are brought together.
    quantiles
        Numbers from 0 to 1.
    spread
        Whether deviations are wanted.
    """
    import dask

    image = at_one_time(image, MEASURING)
    if not all(get_transformation(element, system).is_linear for element in (shapes, image)):
        image, shapes = under_pixels(image, in_system(shapes, system), system)
    level = lazy_levels_of(image)[0]
    to_pixels = Between.of(projection_of(shapes, system), projection_of(image, system).plane().over(("y", "x")))
    placed = PlacedFigures(Figures.of(shapes), to_pixels.linear, to_pixels.offset)
    data = level.data.rechunk((-1, *level.data.chunks[1:]))
    bounds = placed.bounds()
    look = dask.delayed(_part_of_shapes, pure=False)
    tiles = [(corner, block, figures_reaching(bounds, corner, size)) for corner, size, block in _tiles(data)]
    kept = WantedQuantiles.of(quantiles, lambda: in_several([chosen for _, _, chosen in tiles]))
    wanted: Any = {"spread": spread, "quantiles": kept}
    tasks = [
        look(placed.part(chosen, corner), chosen, block, **wanted) for corner, block, chosen in tiles if len(chosen)
    ]
    nothing = np.zeros(0, dtype=np.intp)
    blank = np.zeros((data.shape[0], 1, 1))
    none = _part_of_shapes(placed.part(nothing, (0, 0)), nothing, blank, **wanted)
    parts: list[InstancePart] = [none, *computed(tasks, "pixels of shapes")]
    return gathered_parts(np.arange(len(shapes)), np.concatenate([part.ids for part in parts]), parts, quantiles)


def _tiles(data: Any) -> Any:
    """The corner, the shape and the delayed values of each block of an image, on its planes."""
    blocks = data.to_delayed()
    y, x = (np.concatenate([[0], np.cumsum(sizes)]) for sizes in data.chunks[-2:])
    for position in np.ndindex(blocks.shape):
        row, column = position[-2:]
        yield (int(y[row]), int(x[column])), (data.chunks[-2][row], data.chunks[-1][column]), blocks[position]


def _part_of_shapes(
    placed: PlacedFigures,
    numbers: NDArray[np.intp],
    values: NDArray[Any],
    *,
    spread: bool,
    quantiles: WantedQuantiles | None,
) -> InstancePart:
    values = np.asarray(values)
    runs = placed.scanlines(*values.shape[-2:])
    if values.ndim == 4:
        runs = runs.on_planes(values.shape[1], values.shape[2])
    return part_with_pixels(numbers, None, runs, values, spread=spread, quantiles=quantiles)
