"""A progress bar over the tasks of a computation."""

from __future__ import annotations

from typing import Any

from dask.callbacks import Callback
from tqdm import tqdm

__all__ = ["TaskBar"]


class TaskBar(Callback):  # type: ignore[misc]
    """Show how many tasks of the computations in a ``with`` block are done; nothing unless stderr is a terminal.

    Parameters
    ----------
    label
        What is being computed.
    """

    def __init__(self, label: str) -> None:
        super().__init__()
        self._bar = tqdm(total=0, desc=label, unit="task", disable=None, leave=False, delay=0.5)

    def _start_state(self, _graph: Any, state: dict[str, Any]) -> None:
        self._bar.total = (self._bar.total or 0) + len(state["ready"]) + len(state["waiting"])
        self._bar.refresh()

    def _posttask(self, *_: Any) -> None:
        self._bar.update()

    def __exit__(self, *args: Any) -> None:
        super().__exit__(*args)
        self._bar.close()
