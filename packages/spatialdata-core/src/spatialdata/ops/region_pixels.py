"""The pixels of an image that lie on labels or shapes, block by block."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from spatialdata._core.elements import axes_of, levels_of, spatial_axes_of
from spatialdata.errors import listing
from spatialdata.models.label_runs import BlockShapes, ids_and_runs, ids_and_shapes, shapes_of_runs
from spatialdata.models.label_statistics import known_statistics
from spatialdata.models.times import at_one_time
from spatialdata.ops.pairs import Figures
from spatialdata.ops.pixel_statistics import BlockPixels, pixels_of_runs, quantiles_of
from spatialdata.ops.rasterize_raster import level_for
from spatialdata.ops.rasterize_shapes import PlacedFigures, figures_reaching
from spatialdata.ops.resample import resample
from spatialdata.regions.project import Projection, projection_of
from spatialdata.relations.blocks import computed

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from spatialdata.models.scanlines import Scanlines
    from spatialdata.transformations.algebra import FloatArray

__all__ = ["Gathered", "gather_labels", "gather_shapes"]

_MEASURING = "measuring labels and shapes"


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
class _Part:
    """What one block holds: ids, and for each of them what is in the block."""

    ids: NDArray[Any]
    shapes: BlockShapes | None
    pixels: BlockPixels | None
    owners: NDArray[np.int64]
    values: NDArray[Any] | None


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
        The image whose pixels are taken; if they are not those of the labels, the ones under their centres.
    system
        The coordinate system in which labels and image are brought together.
    quantiles
        Numbers from 0 to 1. They need all pixels of instances in memory; all else needs one block at a time.
    spread
        Whether deviations are wanted.
    background
        Whether 0 counts as an instance.
    """
    import dask

    labels, image = at_one_time(labels, _MEASURING), at_one_time(image, _MEASURING)
    known = known_statistics(labels) if image is None else None
    if known is not None:
        known = known if background else known.without_background()
        return Gathered(known.ids, known.shapes, None, None)
    data = levels_of(labels)[0].data
    starts = [np.concatenate([[0], np.cumsum(sizes)])[:-1] for sizes in data.chunks]
    blocks = data.to_delayed()
    values = None if image is None else _over_labels(image, labels, system).to_delayed()
    look = dask.delayed(_part_of_labels, pure=False)
    tasks = [
        look(
            blocks[position],
            None if values is None else values[(0, *position)],
            tuple(int(starts[axis][index]) for axis, index in enumerate(position)),
            spread=spread,
            keep=bool(len(quantiles)),
            background=background,
        )
        for position in np.ndindex(blocks.shape)
    ]
    parts: list[_Part] = list(computed(tasks, "pixels of labels"))
    ids, owner = np.unique(np.concatenate([part.ids for part in parts]), return_inverse=True)
    return _gathered(ids, owner.ravel(), parts, quantiles)


def _part_of_labels(
    block: NDArray[Any],
    values: NDArray[Any] | None,
    start: tuple[int, ...],
    *,
    spread: bool,
    keep: bool,
    background: bool,
) -> _Part:
    block = np.asarray(block)
    if values is None:
        ids, shapes = ids_and_shapes(block, start, background=background)
        return _Part(ids, shapes, None, np.zeros(0, dtype=np.int64), None)
    ids, runs = ids_and_runs(block, background=background)
    shapes = shapes_of_runs(runs, len(ids), block.shape, start)
    return _with_pixels(ids, shapes, runs, values, spread=spread, keep=keep)


def _with_pixels(
    ids: NDArray[Any],
    shapes: BlockShapes | None,
    runs: Scanlines,
    values: NDArray[Any],
    *,
    spread: bool,
    keep: bool,
) -> _Part:
    values = np.asarray(values)
    pixels = pixels_of_runs(runs, len(ids), values, spread=spread)
    if not keep:
        return _Part(ids, shapes, pixels, np.zeros(0, dtype=np.int64), None)
    pixel, owner = runs.pixels(values.shape[-1])
    return _Part(ids, shapes, pixels, owner, values.reshape(len(values), -1)[:, pixel])


def _gathered(ids: NDArray[Any], owner: NDArray[np.intp], parts: list[_Part], quantiles: Sequence[float]) -> Gathered:
    size = len(ids)
    shapes = [part.shapes for part in parts if part.shapes is not None]
    pixels = [part.pixels for part in parts if part.pixels is not None]
    found = None
    if len(quantiles) and pixels:
        first = np.cumsum([0, *(len(part.ids) for part in parts)])
        owners = np.concatenate([owner[first[number] + part.owners] for number, part in enumerate(parts)])
        values = np.concatenate([part.values for part in parts if part.values is not None], axis=1)
        channels = [quantiles_of(owners, channel.astype(np.float64), size, quantiles) for channel in values]
        found = np.stack(channels, axis=1)
    return Gathered(
        ids,
        BlockShapes.merged(shapes, owner, size) if shapes else None,
        BlockPixels.merged(pixels, owner, size) if pixels else None,
        found,
    )


def _over_labels(image: Any, labels: Any, system: str) -> Any:
    """The image on the pixels of the labels, in their chunks; nan where it does not reach."""
    import dask.array as da

    mask = levels_of(labels)[0]
    if spatial_axes_of(image) != spatial_axes_of(labels):
        raise ValueError(
            f"The image has the axes {axes_of(image)} and the labels {axes_of(labels)}. Both must be flat, or neither."
        )
    of_labels = projection_of(labels, system)
    level, of_image = level_for(image, system, float(np.linalg.norm(of_labels.linear, axis=0).min()))
    back = of_image.inverse()
    to_source = Projection(back.axes, back.linear @ of_labels.linear, back.linear @ of_labels.offset + back.offset)
    chunks = (-1, *mask.data.chunks)
    if _is_same(to_source) and level.shape[1:] == mask.shape:
        return level.data.rechunk(chunks)
    data = resample(level.data, to_source, mask.shape).rechunk(chunks)
    low, high = to_source.box(np.zeros(mask.ndim), np.array(mask.shape, dtype=np.float64))
    if (low >= 0).all() and (high <= level.shape[1:]).all():
        return data
    ones = da.ones(level.shape[1:], chunks=level.data.chunks[1:], dtype=np.uint8)
    reached = resample(ones, to_source, mask.shape).rechunk(mask.data.chunks)
    return da.where(reached[None] > 0, data.astype(np.float64), np.nan)


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
        The image; its finest level counts.
    system
        The coordinate system in which the two are brought together.
    quantiles
        Numbers from 0 to 1.
    spread
        Whether deviations are wanted.
    """
    import dask

    image = at_one_time(image, _MEASURING)
    if "z" in axes_of(image):
        raise ValueError(
            f"Shapes are flat, but the image has the axes {listing(axes_of(image))}. Select a plane first."
        )
    level = levels_of(image)[0]
    of_shapes, back = projection_of(shapes, system), projection_of(image, system).inverse()
    rows = [of_shapes.axes.index(axis) for axis in back.axes]
    linear, offset = of_shapes.linear[rows], of_shapes.offset[rows]
    placed = PlacedFigures(Figures.of(shapes), back.linear @ linear, back.linear @ offset + back.offset)
    data = level.data.rechunk((-1, *level.data.chunks[1:]))
    bounds = placed.bounds()
    look = dask.delayed(_part_of_shapes, pure=False)
    wanted = {"spread": spread, "keep": bool(len(quantiles))}
    tasks = []
    for corner, size, block in _tiles(data):
        chosen = figures_reaching(bounds, corner, size)
        if len(chosen):
            tasks.append(look(placed.part(chosen, corner), chosen, block, **wanted))
    nothing = np.zeros(0, dtype=np.intp)
    blank = np.zeros((data.shape[0], 1, 1))
    none = _part_of_shapes(placed.part(nothing, (0, 0)), nothing, blank, **wanted)
    parts: list[_Part] = [none, *computed(tasks, "pixels of shapes")]
    return _gathered(np.arange(len(shapes)), np.concatenate([part.ids for part in parts]), parts, quantiles)


def _tiles(data: Any) -> Any:
    """The corner, the shape and the delayed values of each block of an image."""
    blocks = data.to_delayed()
    y = np.concatenate([[0], np.cumsum(data.chunks[1])])
    x = np.concatenate([[0], np.cumsum(data.chunks[2])])
    for _, row, column in np.ndindex(blocks.shape):
        yield (int(y[row]), int(x[column])), (data.chunks[1][row], data.chunks[2][column]), blocks[0, row, column]


def _part_of_shapes(
    placed: PlacedFigures, numbers: NDArray[np.intp], values: NDArray[Any], *, spread: bool, keep: bool
) -> _Part:
    values = np.asarray(values)
    return _with_pixels(numbers, None, placed.scanlines(*values.shape[1:]), values, spread=spread, keep=keep)
