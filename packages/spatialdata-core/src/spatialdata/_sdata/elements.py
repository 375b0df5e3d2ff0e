"""The mappings of a SpatialData object: names to elements of one kind, loaded when they are first used."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, MutableMapping
from typing import TYPE_CHECKING, Any

from spatialdata._core.elements import element_attrs, is_table, type_name
from spatialdata._core.names import check_name
from spatialdata._core.sources import InMemory, OneByOne, Pending, Source
from spatialdata.errors import ElementNotFoundError, UnsupportedElementError, unknown_name
from spatialdata.models.kind import Kind, kind_of
from spatialdata.models.model import get_model
from spatialdata.transformations.attach import TRANSFORM_KEY

if TYPE_CHECKING:
    from spatialdata.transformations.algebra import BaseTransformation

__all__ = ["DuplicateNameError", "Elements", "Shelf"]


class DuplicateNameError(KeyError, ValueError):
    """The name of an element is taken by one of another kind, or by one that differs in upper and lower case only."""

    def __str__(self) -> str:
        return str(self.args[0])


class _Slot:
    """One element: where it comes from, and itself once it was loaded."""

    __slots__ = ("element", "source")

    def __init__(self, source: Source, element: Any = None) -> None:
        self.source = source
        self.element = element


class Elements(MutableMapping[str, Any]):
    """The elements of one kind, by name.

    Parameters
    ----------
    kind
        The kind of the elements.
    shelf
        The shelf with the mappings of all kinds, over which names are unique.
    """

    def __init__(self, kind: Kind, shelf: Shelf) -> None:
        self._kind = kind
        self._shelf = shelf
        self._slots: dict[str, _Slot] = {}

    @property
    def kind(self) -> Kind:
        """The kind of the elements."""
        return self._kind

    def __getitem__(self, name: str) -> Any:
        slot = self._slot(name)
        if slot.element is None:
            element = slot.source.load()
            get_model(element)
            slot.element = element
        return slot.element

    def __setitem__(self, name: str, element: Any) -> None:
        self.check(name, element)
        self._hold(name, _Slot(InMemory(element), element))

    def __delitem__(self, name: str) -> None:
        self._slot(name)
        del self._slots[name]
        self._shelf.release(name)

    def _hold(self, name: str, slot: _Slot) -> None:
        self._slots[name] = slot
        self._shelf.take(name, self._kind)

    def __iter__(self) -> Iterator[str]:
        return iter(self._slots)

    def __len__(self) -> int:
        return len(self._slots)

    def __contains__(self, name: object) -> bool:
        return name in self._slots

    def __repr__(self) -> str:
        return f"{self._kind.container}: {', '.join(self._slots) or 'none'}"

    def _slot(self, name: str) -> _Slot:
        if name not in self._slots:
            raise ElementNotFoundError(unknown_name(f"element in {self._kind.container}", name, self._slots))
        return self._slots[name]

    def check(self, name: str, element: Any) -> None:
        """Raise unless the element may be put here under that name."""
        if name not in self._slots:
            check_name(name)
            self._shelf.check_free(name, self._kind)
        found = kind_of(element)
        if found is not self._kind:
            raise UnsupportedElementError(
                f"{type_name(element)} is of the kind {found.container!r} and cannot be put into "
                f"{self._kind.container!r}."
            )
        get_model(element)

    def put_source(self, name: str, source: Source) -> None:
        """Put an element that is loaded from its source when it is first used.

        Stores may have names that are not valid for new elements; only names of other kinds are refused.
        """
        self._shelf.check_kind(name, self._kind)
        self._hold(name, _Slot(source))

    def rename(self, name: str, new_name: str) -> None:
        """Give an element another name; its place among the others stays."""
        slots = self._slots
        self._shelf.release(name)
        self._slots = {new_name if key == name else key: value for key, value in slots.items()}
        self._shelf.take(new_name, self._kind)

    def replace_source(self, name: str, source: Source) -> None:
        """Say where a loaded element comes from now."""
        self._slot(name).source = source

    def unload(self, name: str, source: Source) -> None:
        """Load an element again, from its source, when it is next used."""
        self._slots[name] = _Slot(source)

    def source(self, name: str) -> Source:
        """Where an element comes from."""
        return self._slot(name).source

    def is_loaded(self, name: str) -> bool:
        """Whether an element is in memory (its rows and pixels may still be lazy)."""
        return self._slot(name).element is not None

    def loaded(self) -> list[str]:
        """The names of the elements that are in memory."""
        return [name for name, slot in self._slots.items() if slot.element is not None]

    def pending(self, name: str) -> Source | None:
        """Where an element comes from, while it is not in memory."""
        slot = self._slot(name)
        return slot.source if slot.element is None else None

    def transformations(self, name: str) -> Mapping[str, BaseTransformation]:
        """The transformations of an element, which is not loaded for that."""
        found: Mapping[str, BaseTransformation] = self.metadata(name).get(TRANSFORM_KEY, {})
        return found

    def metadata(self, name: str) -> Mapping[str, Any]:
        """The attributes of an element, ``uns`` of a table; an element that is not loaded yet stays so."""
        slot = self._slot(name)
        if slot.element is None:
            return slot.source.attrs
        return slot.element.uns if is_table(slot.element) else element_attrs(slot.element)

    def one_by_one(self, without: Collection[str] = ()) -> OneByOne:
        """The elements, some left out, for someone who goes through them: what is loaded for that does not stay."""
        slots = {name: slot for name, slot in self._slots.items() if name not in without}
        loaded = {name: slot.element for name, slot in slots.items() if slot.element is not None}
        return OneByOne(loaded, {name: slot.source for name, slot in slots.items()})

    def name_of(self, element: Any) -> str | None:
        """The name of an element, found by identity."""
        return next((name for name, slot in self._slots.items() if slot.element is element), None)

    def replace_all(self, elements: Mapping[str, Any]) -> None:
        """Replace all elements; nothing changes if one of them is not valid."""
        if elements is self:
            return
        before = dict(self._slots)
        self._clear()
        try:
            for name in elements:
                self.put(name, elements)
        except (TypeError, ValueError, KeyError):
            self._clear()
            for name, slot in before.items():
                self._hold(name, slot)
            raise

    def _clear(self) -> None:
        for name in list(self._slots):
            self._shelf.release(name)
        self._slots = {}

    def put(self, name: str, origin: Mapping[str, Any]) -> None:
        """Put an element of another mapping; one that it has not loaded yet stays so."""
        if isinstance(origin, Elements) and origin.kind is self._kind:
            self.put_source(name, origin.source(name))
            self._slots[name].element = origin[name] if origin.is_loaded(name) else None
        elif isinstance(pending := origin[name], Pending):
            check_name(name)
            self._shelf.check_free(name, self._kind)
            self.put_source(name, pending.source)
        else:
            self[name] = origin[name]


class Shelf:
    """The five mappings of a SpatialData object, which share one set of names."""

    def __init__(self) -> None:
        self._by_kind = {kind: Elements(kind, self) for kind in Kind}
        # Names without regard to case: the name as it is spelled, and its kind.
        self._taken: dict[str, tuple[str, Kind]] = {}

    def __getitem__(self, kind: Kind) -> Elements:
        return self._by_kind[kind]

    def __iter__(self) -> Iterator[Elements]:
        return iter(self._by_kind.values())

    def find(self, name: str) -> Elements | None:
        """The mapping that has an element of that name."""
        return next((elements for elements in self if name in elements), None)

    def names(self) -> list[str]:
        """All names."""
        return [name for elements in self for name in elements]

    def check_free(self, name: str, kind: Kind) -> None:
        """Raise if a name cannot be used for an element of that kind."""
        other, owner = self._taken.get(name.casefold(), (name, kind))
        if other != name:
            raise DuplicateNameError(
                f"The name {name!r} differs from {other!r} in {owner.container} only in upper and lower case. "
                "Choose another, since such names clash on some file systems."
            )
        self.check_kind(name, kind)

    def check_kind(self, name: str, kind: Kind) -> None:
        """Raise if an element of another kind has the name."""
        other, owner = self._taken.get(name.casefold(), (name, kind))
        if other == name and owner is not kind:
            raise DuplicateNameError(
                f"The name {name!r} is taken in {owner.container}. Names are unique over all kinds."
            )

    def check_renamed(self, name: str, new_name: str) -> None:
        """Raise if an element cannot get a new name."""
        other, owner = self._taken.get(new_name.casefold(), (name, None))
        if owner is not None and other != name:
            raise DuplicateNameError(f"The name {new_name!r} cannot be used: {owner.container} has {other!r} already.")

    def take(self, name: str, kind: Kind) -> None:
        """Note that a name is used."""
        self._taken.setdefault(name.casefold(), (name, kind))

    def release(self, name: str) -> None:
        """Note that a name is free again."""
        if self._taken.get(name.casefold(), ("", None))[0] == name:
            del self._taken[name.casefold()]

    def place(self, element: Any) -> Elements:
        """The mapping for an element."""
        if isinstance(element, Pending):
            return self._by_kind[Kind(element.container)]
        return self._by_kind[Kind.TABLE if is_table(element) else kind_of(element)]
