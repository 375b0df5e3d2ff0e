"""Datasets that are open in a viewer, and what they offer to be shown."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from spatialdata import SpatialData

__all__ = ["CONTAINERS", "Dataset", "Entry"]

CONTAINERS = ("images", "labels", "shapes", "points")
"""The containers of spatial elements, in the order in which layers are stacked."""


@dataclass(frozen=True, slots=True, eq=False)
class Dataset:
    """One SpatialData object under the name by which the viewer lists it.

    Attributes
    ----------
    name
        Name of the store, or ``"dataset <n>"`` for an object that lives in memory.
    sdata
        The object itself; it is never changed.
    """

    name: str
    sdata: SpatialData

    def elements(self) -> Iterator[tuple[str, str, frozenset[str]]]:
        """Give container, name and coordinate systems of every element, bottom layers first; reads metadata only."""
        for container in CONTAINERS:
            elements = getattr(self.sdata, container)
            for name in elements:
                yield container, name, frozenset(self.transformations(container, name))

    def transformations(self, container: str, name: str) -> Mapping[str, Any]:
        """The transformations of an element by coordinate system; reads metadata only."""
        found: Mapping[str, Any] = getattr(self.sdata, container).transformations(name)
        return found

    def element(self, name: str) -> Any:
        """The element of that name."""
        return self.sdata[name]


@dataclass(frozen=True, slots=True)
class Entry:
    """An element as it is listed.

    Attributes
    ----------
    dataset
        Where the element lives.
    container
        ``"images"``, ``"labels"``, ``"points"`` or ``"shapes"``.
    name
        The name of the element in its dataset.
    label
        The name under which it is listed: the name, followed by ``_<position of the dataset>`` where several
        datasets have an element of this name.
    """

    dataset: Dataset
    container: str
    name: str
    label: str
