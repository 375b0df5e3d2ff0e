"""Work off the GUI thread: requests are served one after the other, none is dropped, none blocks the window."""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from qtpy.QtCore import QObject, Signal

if TYPE_CHECKING:
    from collections.abc import Callable

__all__ = ["Loader"]


@dataclass(frozen=True, slots=True, eq=False)
class _Job:
    what: str
    work: Callable[[], Any]
    done: Callable[[Any], Any]


class Loader(QObject):  # type: ignore[misc]
    """Runs jobs in a worker thread of napari; emits ``busy`` with the names of the jobs that are left."""

    busy = Signal(list)

    def __init__(self, parent: QObject) -> None:
        super().__init__(parent)
        self._jobs: deque[_Job] = deque()

    def submit(self, what: str, work: Callable[[], Any], done: Callable[[Any], Any]) -> None:
        """Run ``work`` in a thread and hand its result to ``done`` in the GUI thread.

        An error in ``work`` is shown by napari as any other, and the next job begins.
        """
        self._jobs.append(_Job(what, work, done))
        self._report()
        if len(self._jobs) == 1:
            self._start()

    def _start(self) -> None:
        from napari.qt.threading import create_worker

        job = self._jobs[0]
        worker = create_worker(job.work)
        worker.returned.connect(job.done)
        worker.finished.connect(self._next)
        worker.start()

    def _next(self) -> None:
        self._jobs.popleft()
        self._report()
        if self._jobs:
            self._start()

    def _report(self) -> None:
        self.busy.emit([job.what for job in self._jobs])
