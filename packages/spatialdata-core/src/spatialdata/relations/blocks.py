"""Blocks of arrays, each worked on by itself."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from spatialdata._core.direct import DirectArray, threads_of

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from spatialdata._core.direct import WindowReader

__all__ = ["by_block", "computed"]


def computed(tasks: Sequence[Any], description: str) -> tuple[Any, ...]:
    """The results of delayed tasks, with a progress bar if they take long and a person is watching."""
    import dask
    from tqdm.dask import TqdmCallback

    with TqdmCallback(desc=description, unit="block", disable=None, leave=False, delay=0.5):
        results: tuple[Any, ...] = dask.compute(*tasks)
    return results


def by_block(
    work: Callable[..., Any],
    arrays: Sequence[Any],
    description: str,
    positions: Iterable[tuple[int, ...]] | None = None,
) -> list[Any]:
    """What a function makes of blocks of lazy arrays.

    Where all of them lie in a store and the threads of this process compute, blocks are read without a graph, into
    memory that the next block gets again.

    Parameters
    ----------
    work
        Takes where a block of the last array begins, as a tuple, and the blocks of all arrays in their order. It must
        neither change nor keep them.
    arrays
        Dask arrays. All are cut like the last one, before whose axes they may have others, with one block along each.
    description
        What the progress bar says, which is there if this takes long and a person is watching.
    positions
        The blocks; all of them if not given.

    Returns
    -------
    The results, in the order of the blocks.
    """
    last = arrays[-1]
    chosen = list(np.ndindex(*last.numblocks) if positions is None else positions)
    edges = [np.concatenate([[0], np.cumsum(sizes)]).tolist() for sizes in last.chunks]
    starts = [tuple(edges[axis][index] for axis, index in enumerate(position)) for position in chosen]
    threads = threads_of({})
    readers = [array.direct_reader() if isinstance(array, DirectArray) else None for array in arrays if threads]
    if threads is None or None in readers:
        return _by_dask(work, arrays, chosen, starts, description)
    stops = [tuple(edges[axis][index + 1] for axis, index in enumerate(position)) for position in chosen]
    windows = [
        [slice(a, b) for a, b in zip(start, stop, strict=True)] for start, stop in zip(starts, stops, strict=True)
    ]
    pieces = _Pieces(work, [read for read in readers if read is not None], arrays)
    return _by_threads(pieces, windows, threads, description)


def _by_dask(
    work: Callable[..., Any],
    arrays: Sequence[Any],
    positions: Sequence[tuple[int, ...]],
    starts: Sequence[tuple[int, ...]],
    description: str,
) -> list[Any]:
    import dask

    task = dask.delayed(work, pure=False, traverse=False)
    blocks = [array.to_delayed() for array in arrays]
    tasks = [
        task(start, *[one[(*[0] * (one.ndim - len(position)), *position)] for one in blocks])
        for position, start in zip(positions, starts, strict=True)
    ]
    return list(computed(tasks, description))


class _Pieces:
    """Works on windows, whose pixels each thread reads into memory of its own."""

    def __init__(self, work: Callable[..., Any], readers: Sequence[WindowReader], arrays: Sequence[Any]) -> None:
        import threading

        self._work, self._readers, self._arrays = work, readers, arrays
        self._memory = threading.local()

    def __call__(self, window: Sequence[slice]) -> Any:
        memory = vars(self._memory).setdefault("parts", {})
        return self._work(
            tuple(part.start for part in window),
            *[self._read(number, self._whole_before(number, window), memory) for number in range(len(self._readers))],
        )

    def _whole_before(self, number: int, window: Sequence[slice]) -> list[slice]:
        shape = self._arrays[number].shape
        return [*[slice(0, size) for size in shape[: len(shape) - len(window)]], *window]

    def _read(self, number: int, window: Sequence[slice], memory: dict[int, NDArray[Any]]) -> NDArray[Any]:
        shape = [part.stop - part.start for part in window]
        size = int(np.prod(shape))
        if number not in memory or len(memory[number]) < size:
            memory[number] = np.empty(size, dtype=self._arrays[number].dtype)
        return self._readers[number](window, memory[number][:size].reshape(shape))


def _by_threads(pieces: _Pieces, windows: Sequence[Sequence[slice]], threads: int, description: str) -> list[Any]:
    from concurrent.futures import ThreadPoolExecutor

    from tqdm import tqdm

    threads = min(threads, len(windows))
    with tqdm(total=len(windows), desc=description, unit="block", disable=None, leave=False, delay=0.5) as bar:
        if threads <= 1:
            return [_told(pieces(window), bar) for window in windows]
        # Where one fails, or somebody interrupts, those that have not begun are given up.
        with ThreadPoolExecutor(threads) as pool:
            return [_told(result, bar) for result in pool.map(pieces, windows)]


def _told(result: Any, bar: Any) -> Any:
    bar.update()
    return result
