"""The state of a session: which datasets are open, and in which coordinate system they are seen."""

from __future__ import annotations

from collections import Counter
from pathlib import Path
from typing import TYPE_CHECKING

from psygnal import Signal

from napari_spatialdata.model.dataset import Dataset, Entry
from spatialdata.errors import ElementNotFoundError, UnknownCoordinateSystemError

if TYPE_CHECKING:
    from collections.abc import Iterable

    from spatialdata import SpatialData

__all__ = ["Session"]

_FIRST = "global"


class Session:
    """The datasets of one viewer and the coordinate system in which they are shown.

    Attributes
    ----------
    datasets_changed
        Emitted after a dataset has been added.
    coordinate_system_changed
        Emitted with the previous and the new coordinate system after another one has been selected.

    Examples
    --------
    >>> session = Session()
    >>> session.coordinate_systems
    []
    """

    datasets_changed = Signal()
    coordinate_system_changed = Signal(object, str)

    def __init__(self, datasets: Iterable[SpatialData] = ()) -> None:
        self._datasets: list[Dataset] = []
        self._coordinate_system: str | None = None
        for sdata in datasets:
            self.add(sdata)

    @property
    def datasets(self) -> tuple[Dataset, ...]:
        """The open datasets in the order in which they were added."""
        return tuple(self._datasets)

    @property
    def coordinate_system(self) -> str | None:
        """The coordinate system that is shown; None as long as no dataset has one."""
        return self._coordinate_system

    @property
    def coordinate_systems(self) -> list[str]:
        """The coordinate systems of all datasets, each once, sorted, ``"global"`` first."""
        names = {name for dataset in self._datasets for name in dataset.sdata.coordinate_systems}
        return sorted(names, key=lambda name: (name != _FIRST, name))

    def add(self, sdata: SpatialData) -> Dataset:
        """Open a dataset; one that is open already is not opened twice.

        Parameters
        ----------
        sdata
            The object to list. It is not copied and not changed.

        Returns
        -------
        Dataset
            The object under its name in this session.
        """
        for dataset in self._datasets:
            if dataset.sdata is sdata:
                return dataset
        dataset = Dataset(self._free_name(sdata), sdata)
        self._datasets.append(dataset)
        self.datasets_changed.emit()
        systems = self.coordinate_systems
        if self._coordinate_system is None and systems:
            self.select(systems[0])
        return dataset

    def _free_name(self, sdata: SpatialData) -> str:
        stem = f"dataset {len(self._datasets)}" if sdata.path is None else Path(str(sdata.path)).stem
        taken = {dataset.name for dataset in self._datasets}
        candidates = (stem if number == 0 else f"{stem} [{number}]" for number in range(len(taken) + 1))
        return next(name for name in candidates if name not in taken)

    def select(self, coordinate_system: str) -> None:
        """Show another coordinate system.

        Raises
        ------
        UnknownCoordinateSystemError
            No open dataset has it.
        """
        self.require(coordinate_system)
        previous = self._coordinate_system
        if coordinate_system != previous:
            self._coordinate_system = coordinate_system
            self.coordinate_system_changed.emit(previous, coordinate_system)

    def require(self, coordinate_system: str) -> None:
        """Raise UnknownCoordinateSystemError if no open dataset has the coordinate system."""
        known = self.coordinate_systems
        if coordinate_system not in known:
            raise UnknownCoordinateSystemError(
                f"There is no coordinate system {coordinate_system!r} in the open datasets. "
                f"Known: {', '.join(map(repr, known)) or 'none'}."
            )

    def entries(self, coordinate_system: str | None = None) -> list[Entry]:
        """List the elements that have a place in a coordinate system.

        Parameters
        ----------
        coordinate_system
            Its name; None lists the elements of all.

        Returns
        -------
        list of Entry
            Sorted by dataset, then by name.
        """
        listed = [
            (position, dataset, container, name, systems)
            for position, dataset in enumerate(self._datasets)
            for container, name, systems in dataset.elements()
        ]
        count = Counter(name for *_, name, _ in listed)
        entries = [
            (position, Entry(dataset, container, name, name if count[name] == 1 else f"{name}_{position}"))
            for position, dataset, container, name, systems in listed
            if coordinate_system is None or coordinate_system in systems
        ]
        return [entry for _, entry in sorted(entries, key=lambda pair: (pair[0], pair[1].name))]

    def find(self, label: str, coordinate_system: str) -> Entry:
        """Find an element by the label under which it is listed in a coordinate system.

        The bare name will do where only one dataset has an element of that name in the system.

        Raises
        ------
        UnknownCoordinateSystemError
            No open dataset has the coordinate system, or the element has no place in it (also a ``ValueError``).
        ElementNotFoundError
            No element is listed under this label in any coordinate system (also a ``KeyError``).
        """
        self.require(coordinate_system)
        entries = self.entries(coordinate_system)
        found = [entry for entry in entries if entry.label == label]
        found = found or [entry for entry in entries if entry.name == label]
        if len(found) == 1:
            return found[0]
        listed = ", ".join(repr(entry.label) for entry in entries) or "none"
        elsewhere = {entry.label for entry in self.entries()} | {entry.name for entry in self.entries()}
        if label in elsewhere:
            raise UnknownCoordinateSystemError(
                f"Element {label!r} is not listed in coordinate system {coordinate_system!r}. Listed there: {listed}."
            )
        raise ElementNotFoundError(
            f"There is no element {label!r} in the open datasets. In {coordinate_system!r} there are: {listed}."
        )
