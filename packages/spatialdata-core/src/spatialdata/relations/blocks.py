"""Blocks of an array, each worked on by itself."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

__all__ = ["computed"]


def computed(tasks: Sequence[Any], description: str) -> tuple[Any, ...]:
    """The results of delayed tasks, with a progress bar if they take long and a person is watching."""
    import dask
    from tqdm.dask import TqdmCallback

    with TqdmCallback(desc=description, unit="block", disable=None, leave=False, delay=0.5):
        results: tuple[Any, ...] = dask.compute(*tasks)
    return results
