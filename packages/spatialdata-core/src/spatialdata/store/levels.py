"""The levels of a raster written in one pass: pieces of the finest go in, and all levels come out.

Pieces may come in any order, of any size and from several threads. Where one fills a block of an array on disk, it is
written as it is; otherwise pixels wait until their block is whole. A block that is whole is also made coarser and
handed on to the next level, so that no pixel is read or computed twice.
"""

from __future__ import annotations

import itertools
import math
import threading
import warnings
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, TypeAlias

import numpy as np

if TYPE_CHECKING:
    import dask.array as da
    import zarr
    from numpy.typing import NDArray

    from spatialdata.models.pyramid import Coarsening
    from spatialdata.store.chunk_files import ChunkFiles
    from spatialdata.store.chunks import ChunkGrid

    Target: TypeAlias = zarr.Array[Any] | ChunkFiles | NDArray[Any]

__all__ = ["LevelWriter", "write_levels"]

Place: TypeAlias = tuple[int, ...]

# So many bytes of pixels are made coarser at once, unless blocks on disk are larger.
_PORTION_BYTES = 2**25


def write_levels(
    levels: Sequence[da.Array],
    targets: Sequence[Target],
    grids: Sequence[ChunkGrid],
    steps: Sequence[Coarsening | None],
    watch: Callable[[Place, NDArray[Any]], None] | None = None,
) -> None:
    """Write lazy levels, the finest first, in one pass over the blocks of dask.

    Parameters
    ----------
    levels
        The data.
    targets, grids
        The arrays on disk, and how they are cut.
    steps
        How each level follows from the one before it; None for those that are computed by themselves.
    watch
        What is called, in any thread, with the place of the first pixel and the pixels of each block of the finest
        level, while they are in memory.
    """
    import dask.array as da

    if not _on_threads():
        _write_each(levels, targets, grids)
        if watch is not None:
            _read_again(targets[0], grids[0].block, watch)
        return
    writers: list[LevelWriter] = []
    for number in reversed(range(len(levels))):
        step = steps[number + 1] if number + 1 < len(levels) else None
        writer = LevelWriter(
            levels[number].shape,
            levels[number].dtype,
            target=targets[number],
            block=grids[number].block,
            coarser=(step, writers[-1]) if step else None,
            watch=watch if number == 0 else None,
        )
        writers.append(writer)
    own = [number for number, step in enumerate(steps) if step is None]
    da.store([levels[n] for n in own], [writers[-1 - n] for n in own], lock=False)
    for number in own:
        writers[-1 - number].finish()


def _on_threads() -> bool:
    """Whether dask computes in this process, where all tasks can hand pixels to one writer."""
    import dask.array as da
    import dask.local
    import dask.threaded
    from dask.base import get_scheduler

    return get_scheduler(cls=da.Array) in (dask.threaded.get, dask.local.get_sync)


def _write_each(levels: Sequence[da.Array], targets: Sequence[Target], grids: Sequence[ChunkGrid]) -> None:
    """Write the levels as one graph, in blocks that do not share a chunk on disk, so that any worker can write any."""
    import dask.array as da

    sources = [_aligned(data, grid.block) for data, grid in zip(levels, grids, strict=True)]
    with warnings.catch_warnings():
        # Rechunking is what is wanted here.
        warnings.simplefilter("ignore", da.PerformanceWarning)
        da.store(sources, list(targets), lock=False)


def _read_again(target: Target, block: Place, watch: Callable[[Place, NDArray[Any]], None]) -> None:
    """Let blocks be looked at that other processes have written."""
    spans = [range(0, size, step) for size, step in zip(target.shape, block, strict=True)]
    for start in itertools.product(*spans):
        stop = [min(first + step, size) for first, step, size in zip(start, block, target.shape, strict=True)]
        watch(start, np.asarray(target[tuple(slice(a, b) for a, b in zip(start, stop, strict=True))]))


def _aligned(data: da.Array, chunks: tuple[int, ...]) -> da.Array:
    blocks: list[Any] = []
    for sizes, chunk in zip(data.chunks, chunks, strict=True):
        is_aligned = all(size % chunk == 0 for size in sizes[:-1])
        blocks.append(sizes if is_aligned else -(-max(sizes) // chunk) * chunk)
    return data.rechunk(tuple(blocks))


class LevelWriter:
    """One level on its way to disk, and the coarser ones that follow from it.

    Parameters
    ----------
    shape, dtype
        Those of the level.
    target
        The array on disk; None if the level is there already and only the coarser ones are wanted.
    block
        The size of what is written in one piece, along each dimension.
    coarser
        How the next level follows from this one, and its writer; None for the last level.
    watch
        What is called with the place and the pixels of each block.

    Examples
    --------
    >>> import numpy as np
    >>> found = np.zeros((4, 4))
    >>> writer = LevelWriter((4, 4), found.dtype, target=found, block=(2, 2))
    >>> writer[0:4, 0:1] = np.ones((4, 1))  # waits for the other column
    >>> writer.waiting, int(found.sum())
    (8, 0)
    >>> writer[0:4, 1:4] = np.ones((4, 3))
    >>> writer.waiting, int(found.sum())
    (0, 16)
    """

    def __init__(
        self,
        shape: Sequence[int],
        dtype: np.dtype[Any],
        *,
        target: Target | None,
        block: Sequence[int],
        coarser: tuple[Coarsening, LevelWriter] | None = None,
        watch: Callable[[Place, NDArray[Any]], None] | None = None,
    ) -> None:
        self._watch = watch
        self.shape, self.dtype = tuple(shape), np.dtype(dtype)
        self._coarser = coarser
        self._target = target
        factors = coarser[0].factors if coarser else (1,) * len(self.shape)
        fits = all(b % f == 0 or b >= n for b, f, n in zip(block, factors, self.shape, strict=True))
        self._gathers: list[_Gather] = []
        if target is not None:
            use = self._write_and_hand_on if coarser and fits else self._write
            self._gathers.append(_Gather(self.shape, self.dtype, tuple(block), use))
        if coarser and (target is None or not fits):
            whole = tuple(-(-b // f) * f for b, f in zip(block, factors, strict=True))
            self._gathers.append(_Gather(self.shape, self.dtype, whole, self._hand_on))

    def __setitem__(self, key: tuple[slice, ...], pixels: NDArray[Any]) -> None:
        """Take a piece; no pixel may come twice."""
        start = tuple(part.start or 0 for part in key)
        for gather in self._gathers:
            gather.put(start, pixels)

    def __dask_tokenize__(self) -> object:
        return type(self).__name__, id(self)

    @property
    def waiting(self) -> int:
        """How many pixels of this level and the coarser ones wait in memory."""
        own = sum(gather.waiting for gather in self._gathers)
        return own + (self._coarser[1].waiting if self._coarser else 0)

    def finish(self) -> None:
        """Write what waits, with 0 where no pixel came."""
        for gather in self._gathers:
            gather.flush()
        if self._coarser:
            self._coarser[1].finish()

    def _write(self, start: Place, pixels: NDArray[Any]) -> None:
        if self._watch is not None:
            self._watch(start, pixels)
        if self._target is not None:
            self._target[_slices(start, pixels.shape)] = pixels

    def _hand_on(self, start: Place, pixels: NDArray[Any]) -> None:
        if self._coarser is None:
            return
        coarsening, level = self._coarser
        for offset in _portions(pixels, coarsening.factors):
            coarse = coarsening(pixels[offset])
            if coarse.size:
                first = [(a + part.start) // f for a, part, f in zip(start, offset, coarsening.factors, strict=True)]
                level[_slices(first, coarse.shape)] = coarse

    def _write_and_hand_on(self, start: Place, pixels: NDArray[Any]) -> None:
        self._write(start, pixels)
        self._hand_on(start, pixels)


@dataclass(slots=True)
class _Block:
    """The pixels of a block that is not whole yet, and how many of them are missing."""

    pixels: NDArray[Any]
    missing: int


class _Gather:
    """Pieces put together to blocks of a grid.

    Parameters
    ----------
    shape, dtype
        Those of the whole array.
    block
        The size of a block; those at the far border are smaller.
    use
        What is called with the place of the first pixel and the pixels of each whole block, in any thread.
    """

    def __init__(
        self, shape: Place, dtype: np.dtype[Any], block: Place, use: Callable[[Place, NDArray[Any]], None]
    ) -> None:
        self._shape, self._dtype, self._block, self._use = shape, dtype, block, use
        self._lock = threading.Lock()
        self._blocks: dict[Place, _Block] = {}

    @property
    def waiting(self) -> int:
        """How many pixels the blocks that are not whole hold in memory."""
        with self._lock:
            return sum(block.pixels.size for block in self._blocks.values())

    def put(self, start: Place, piece: NDArray[Any]) -> None:
        """Take a piece."""
        for first, target, source in self._parts(start, piece.shape):
            part = piece[source]
            size = self._size(first)
            if part.shape == size:
                self._use(first, part)
                continue
            with self._lock:
                if first not in self._blocks:
                    self._blocks[first] = _Block(np.zeros(size, dtype=self._dtype), math.prod(size))
                block = self._blocks[first]
            block.pixels[target] = part
            with self._lock:
                block.missing -= part.size
                is_whole = block.missing == 0
                if is_whole:
                    del self._blocks[first]
            if is_whole:
                self._use(first, block.pixels)

    def flush(self) -> None:
        """Use all blocks that are not whole."""
        with self._lock:
            blocks, self._blocks = self._blocks, {}
        for first in sorted(blocks):
            self._use(first, blocks[first].pixels)

    def _size(self, first: Place) -> Place:
        return tuple(min(b, n - a) for a, b, n in zip(first, self._block, self._shape, strict=True))

    def _parts(self, start: Place, shape: Place) -> Iterator[tuple[Place, tuple[slice, ...], tuple[slice, ...]]]:
        """The blocks that a piece meets: where each begins, and the pixels in the block and in the piece."""
        axes = [_spans(*along) for along in zip(start, shape, self._block, strict=True)]
        for parts in itertools.product(*axes):
            first, target, source = zip(*parts, strict=True)
            yield first, target, source


def _spans(start: int, size: int, block: int) -> list[tuple[int, slice, slice]]:
    """The same along one axis."""
    spans = []
    for first in range(start // block * block, start + size, block):
        low, high = max(start, first), min(start + size, first + block)
        spans.append((first, slice(low - first, high - first), slice(low - start, high - start)))
    return spans


def _portions(pixels: NDArray[Any], factors: Sequence[int]) -> Iterator[tuple[slice, ...]]:
    """Cut along the longest axis where making all of it coarser at once would take much memory."""
    axis = int(np.argmax(pixels.shape))
    row_bytes = max(pixels.nbytes // max(pixels.shape[axis], 1), 1)
    step = max(_PORTION_BYTES // (row_bytes * factors[axis]), 1) * factors[axis]
    for first in range(0, pixels.shape[axis], step):
        stop = min(first + step, pixels.shape[axis])
        yield tuple(slice(first, stop) if k == axis else slice(0, n) for k, n in enumerate(pixels.shape))


def _slices(start: Sequence[int], shape: Sequence[int]) -> tuple[slice, ...]:
    return tuple(slice(a, a + n) for a, n in zip(start, shape, strict=True))
