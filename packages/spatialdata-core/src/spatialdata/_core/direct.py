"""Lazy arrays whose windows are read without a graph of dask, which costs more than a small chunk does."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, Protocol, runtime_checkable

if TYPE_CHECKING:
    from numpy.typing import NDArray

__all__ = ["DirectArray", "WindowReader", "threads_of"]


class WindowReader(Protocol):
    """Reads windows of an array, from any thread."""

    def __call__(self, window: Sequence[slice], into: NDArray[Any]) -> NDArray[Any]:
        """The pixels of a window, in the order of bytes of this machine.

        Parameters
        ----------
        window
            A slice for each dimension, with a start and a stop inside of the array and no step.
        into
            An array without gaps, of the shape of the window and the type of the array, which may be filled with the
            pixels and returned.
        """
        ...


@runtime_checkable
class DirectArray(Protocol):
    """A lazy array that may be read without a graph."""

    def direct_reader(self) -> WindowReader | None:
        """Who reads windows of the array as it is now; None where only dask can, or where its chunks cut pieces."""
        ...


def threads_of(options: dict[str, Any]) -> int | None:
    """How many threads would compute; None where it is not the threads of this process, or somebody watches tasks.

    Parameters
    ----------
    options
        The options of ``compute``.
    """
    import dask
    import dask.array as da
    import dask.local
    import dask.threaded
    from dask.base import get_scheduler
    from dask.callbacks import Callback
    from dask.system import CPU_COUNT

    if Callback.active or set(options) - {"scheduler", "num_workers", "optimize_graph", "traverse"}:
        return None
    chosen = get_scheduler(scheduler=options.get("scheduler"), cls=da.Array)
    if chosen is dask.local.get_sync:
        return 1
    if chosen is not dask.threaded.get or dask.config.get("pool", None) is not None:
        return None
    return int(options.get("num_workers") or dask.config.get("num_workers", None) or CPU_COUNT)
