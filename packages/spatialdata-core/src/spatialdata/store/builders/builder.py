"""What all builders share: where the batches wait, what happens when a process ends, and how the element appears."""

from __future__ import annotations

import shutil
from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping
from contextlib import ExitStack, suppress
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Any, ClassVar, Self

from tqdm import tqdm

from spatialdata.errors import StoreError, UnfinishedBuildError
from spatialdata.store.builders.journal import Journal
from spatialdata.store.changing import check_free
from spatialdata.store.lock import exclusive
from spatialdata.store.stand_in import building_folder
from spatialdata.store.store import Entry, Store
from spatialdata.store.write import write_element

if TYPE_CHECKING:
    from spatialdata.models.kind import Kind
    from spatialdata.store.options import WriteOptions

__all__ = ["Builder", "Place"]


@dataclass(frozen=True, slots=True)
class Place:
    """Where an element is built.

    Attributes
    ----------
    root
        The store: a folder of this machine, an archive, or behind an address.
    name
        The name of the element.
    options
        How it is written at the end.
    overwrite
        Replace an element of that name.
    resume
        True: go on with batches that an earlier process has left, if there are any. False: discard them. None: they
        are an error.
    placed
        Called when the element is in the store.
    """

    root: Path
    name: str
    options: WriteOptions
    overwrite: bool
    resume: bool | None
    placed: Callable[[], None]


class Builder(ABC):
    """Write an element in batches; to be used in a ``with`` block.

    Each batch is kept on disk, beside the elements of the store, when the call that appends it returns; those for a
    store behind an address in a folder for temporary files of this machine. At the end of the block the element is made
    of them and put into the store in one step. An exception in the block leaves the store as it was; batches that are
    complete wait for ``resume=True``, as they do when the process is killed.
    """

    kind: ClassVar[Kind]

    def __init__(self, place: Place, declared: Mapping[str, Any]) -> None:
        self._place = place
        self._entry = Entry(self.kind, place.name)
        self._folder = building_folder(place.root) / self.kind.container / place.name
        self._journal = Journal(self._folder, declared)
        self._held: ExitStack | None = None
        self._bar: Any = None
        self._rows = 0

    @property
    def batches_done(self) -> int:
        """The number of batches that are complete."""
        return len(self._journal.entries)

    @property
    def rows(self) -> int:
        """The number of rows in these batches."""
        return self._rows

    def __repr__(self) -> str:
        return f"{type(self).__name__} of {self._entry}: {self.batches_done} batches, {self.rows} rows"

    def __enter__(self) -> Self:
        if self._bar is not None:
            raise StoreError(f"The builder of {self._entry} was used already. Make another one.")
        store = Store.open(self._place.root)
        check_free(store, self._entry, overwrite=self._place.overwrite)
        self._folder.parent.parent.mkdir(mode=0o700, exist_ok=True)
        self._folder.parent.mkdir(exist_ok=True)
        with ExitStack() as stack:
            stack.enter_context(exclusive(self._folder))
            self._open()
            self._bar = stack.enter_context(
                tqdm(desc=f"Building {self._entry}", unit="row", initial=self.rows, disable=None, leave=False)
            )
            self._held = stack.pop_all()
        return self

    def _open(self) -> None:
        found = Journal.exists(self._folder)
        if found and self._place.resume is None:
            raise UnfinishedBuildError(
                f"An earlier process has not finished {self._entry} in {self._place.root}; its batches are in "
                f"{self._folder}. Go on with resume=True, or discard them with resume=False."
            )
        if not (found and self._place.resume):
            shutil.rmtree(self._folder, ignore_errors=True)
            self._folder.mkdir()
            self._journal.begin()
            self._start()
            return
        self._journal.go_on()
        self._rows = sum(int(entry["rows"]) for entry in self._journal.entries)
        self._go_on()

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        try:
            if error is None:
                self._publish()
                shutil.rmtree(self._folder, ignore_errors=True)
        except BaseException as failure:
            self._explain(failure)
            raise
        finally:
            if not self.batches_done:
                shutil.rmtree(self._folder, ignore_errors=True)
            held, self._held = self._held, None
            if held is not None:
                held.close()
            for folder in (self._folder.parent, self._folder.parent.parent):
                with suppress(OSError):
                    folder.rmdir()
        if error is None:
            self._place.placed()
        else:
            self._explain(error)

    def _explain(self, error: BaseException) -> None:
        if self.batches_done:
            error.add_note(
                f"{self._entry} was not written. Its {self.batches_done} complete batches are kept; resume=True goes "
                "on with them, resume=False discards them."
            )

    def _publish(self) -> None:
        write_element(
            self._place.root,
            self.kind,
            self._place.name,
            self._element(),
            overwrite=self._place.overwrite,
            options=self._place.options,
        )

    def _record(self, rows: int, entry: Mapping[str, Any]) -> None:
        self._journal.record({"rows": rows, **entry})
        self._rows += rows
        self._bar.update(rows)

    def _next_file(self, suffix: str) -> Path:
        """The file of the next batch; one that a killed process has left unfinished is replaced."""
        return self._folder / f"batch-{self.batches_done:06d}{suffix}"

    def _check_open(self) -> None:
        if self._held is None:
            raise StoreError(f"The builder of {self._entry} is not open. Use it in a with block.")

    def _check_started(self) -> None:
        if not self.batches_done:
            raise ValueError(f"Nothing was appended to {self._entry}, so there is nothing to write.")

    def _start(self) -> None:  # noqa: B027  # most builders make nothing before the first batch
        """Make what is needed before the first batch."""

    @abstractmethod
    def _go_on(self) -> None:
        """Take up the entries of the journal."""

    @abstractmethod
    def _element(self) -> Any:
        """The element, made of all batches; lazy as far as its kind can be."""
