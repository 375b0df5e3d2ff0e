"""The ground of the SpatialData object: five mappings, attributes and a path."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any, Self

from spatialdata._core.elements import is_table, require_mapping
from spatialdata._sdata.elements import Elements, Shelf
from spatialdata._sdata.tables import warn_missing_targets
from spatialdata.errors import ElementNotFoundError, Fault, ValidationError, unknown_name
from spatialdata.models.base import raise_faults
from spatialdata.models.kind import SPATIAL_KINDS, Kind
from spatialdata.transformations.links import LINKS_KEY, linked_systems

if TYPE_CHECKING:
    from anndata import AnnData

    from spatialdata.transformations.algebra import BaseTransformation

__all__ = ["ElementHolder"]

_INSERTION_ORDER = (Kind.IMAGE, Kind.LABELS, Kind.SHAPES, Kind.POINTS, Kind.TABLE)


class ElementHolder:
    """Elements by name, attributes, and the path of a store."""

    def __init__(
        self,
        images: Mapping[str, Any] | None = None,
        labels: Mapping[str, Any] | None = None,
        points: Mapping[str, Any] | None = None,
        shapes: Mapping[str, Any] | None = None,
        tables: AnnData | Mapping[str, AnnData] | None = None,
        attrs: Mapping[Any, Any] | None = None,
    ) -> None:
        self._shelf = Shelf()
        self._path: Path | str | None = None
        self.attrs = attrs
        for name, mapping in (("images", images), ("labels", labels), ("points", points), ("shapes", shapes)):
            if mapping is not None:
                require_mapping(mapping, name)
        if tables is not None and not is_table(tables):
            require_mapping(tables, "tables")
        given: dict[Kind, Mapping[str, Any]] = {
            Kind.IMAGE: images or {},
            Kind.LABELS: labels or {},
            Kind.POINTS: points or {},
            Kind.SHAPES: shapes or {},
            Kind.TABLE: {"table": tables} if is_table(tables) else (tables or {}),
        }
        self._fill(given)

    def _fill(self, given: Mapping[Kind, Mapping[str, Any]]) -> None:
        faults: list[Fault] = []
        for kind in _INSERTION_ORDER:
            for name in given[kind]:
                try:
                    self._shelf[kind].put(name, given[kind])
                except ValidationError as error:
                    path = (kind.container, str(name))
                    faults.extend(Fault((*path, *fault.path), fault.message) for fault in error.faults)
                except (ValueError, KeyError) as error:
                    faults.append(Fault((kind.container, str(name)), str(error)))
        raise_faults("The SpatialData object cannot be made:", faults)
        for name in self.tables:
            if self.tables.is_loaded(name):
                warn_missing_targets(self, self.tables[name])

    @property
    def shelf(self) -> Shelf:
        """The five mappings by kind."""
        return self._shelf

    @property
    def images(self) -> Elements:
        """The images by name."""
        return self._shelf[Kind.IMAGE]

    @images.setter
    def images(self, elements: Mapping[str, Any]) -> None:
        self._shelf[Kind.IMAGE].replace_all(elements)

    @property
    def labels(self) -> Elements:
        """The labels by name."""
        return self._shelf[Kind.LABELS]

    @labels.setter
    def labels(self, elements: Mapping[str, Any]) -> None:
        self._shelf[Kind.LABELS].replace_all(elements)

    @property
    def points(self) -> Elements:
        """The points by name."""
        return self._shelf[Kind.POINTS]

    @points.setter
    def points(self, elements: Mapping[str, Any]) -> None:
        self._shelf[Kind.POINTS].replace_all(elements)

    @property
    def shapes(self) -> Elements:
        """The shapes by name."""
        return self._shelf[Kind.SHAPES]

    @shapes.setter
    def shapes(self, elements: Mapping[str, Any]) -> None:
        self._shelf[Kind.SHAPES].replace_all(elements)

    @property
    def tables(self) -> Elements:
        """The tables by name."""
        return self._shelf[Kind.TABLE]

    @tables.setter
    def tables(self, elements: Mapping[str, Any]) -> None:
        self._shelf[Kind.TABLE].replace_all(elements)

    @property
    def attrs(self) -> dict[Any, Any]:
        """Anything about the whole."""
        return self._attrs

    @attrs.setter
    def attrs(self, value: Mapping[Any, Any] | None) -> None:
        if value is not None and not isinstance(value, Mapping):
            raise TypeError(f"attrs must be a mapping, not {type(value).__name__}.")
        self._attrs: dict[Any, Any] = value if isinstance(value, dict) else dict(value or {})

    @property
    def path(self) -> Path | str | None:
        """The store of the object, or None."""
        return self._path

    @path.setter
    def path(self, value: Path | str | None) -> None:
        given: Any = value
        if not (given is None or isinstance(given, str | Path) or hasattr(type(given), "fs")):
            raise TypeError(f"path must be a string, a Path or None, not {type(value).__name__}.")
        self._path = value

    def is_backed(self) -> bool:
        """Whether the object has a store."""
        return self._path is not None

    @property
    def coordinate_systems(self) -> list[str]:
        """The names of all coordinate systems, sorted."""
        systems = {system for _, transformations in self.gen_transformations() for system in transformations}
        return sorted(systems | linked_systems(self.attrs.get(LINKS_KEY, ())))

    def __getitem__(self, name: str) -> Any:
        return self._mapping(name)[name]

    def __setitem__(self, name: str, element: Any) -> None:
        self._shelf.place(element)[name] = element

    def __delitem__(self, name: str) -> None:
        del self._mapping(name)[name]

    def __contains__(self, name: object) -> bool:
        return any(name in elements for elements in self._shelf)

    def _mapping(self, name: str) -> Elements:
        elements = self._shelf.find(name)
        if elements is None:
            raise ElementNotFoundError(unknown_name("element", name, self._shelf.names()))
        return elements

    def get(self, key: str, default_value: Any = None) -> Any:
        """The element of that name, or the default.

        Parameters
        ----------
        key
            The name of an element or a table.
        default_value
            What is returned if there is none.
        """
        elements = self._shelf.find(key)
        return default_value if elements is None else elements[key]

    def gen_elements(self) -> Iterator[tuple[str, str, Any]]:
        """Yield kind, name and element of all elements and tables."""
        for elements in self._shelf:
            for name in list(elements):
                yield elements.kind.container, name, elements[name]

    def _gen_elements(self, include_tables: bool = False) -> Iterator[tuple[str, str, Any]]:
        """As packages on top of earlier releases call it; use gen_elements and gen_spatial_elements."""
        return self.gen_elements() if include_tables else self.gen_spatial_elements()

    @property
    def _shared_keys(self) -> set[str]:
        """The names of all elements, as packages on top of earlier releases ask for them."""
        return set(self._shelf.names())

    def _element_type_from_element_name(self, element_name: str) -> str:
        """The kind of an element, such as ``"shapes"``, as packages on top of earlier releases ask for it."""
        elements = self._shelf.find(element_name)
        if elements is None:
            raise ValueError(unknown_name("element", element_name, self._shelf.names()))
        return elements.kind.container

    def gen_spatial_elements(self) -> Iterator[tuple[str, str, Any]]:
        """Yield kind, name and element of all elements but tables."""
        for container, name in self.gen_spatial_names():
            yield container, name, self._shelf[Kind(container)][name]

    def gen_spatial_names(self) -> Iterator[tuple[str, str]]:
        """Yield kind and name of all elements but tables; nothing is loaded."""
        for kind in SPATIAL_KINDS:
            for name in list(self._shelf[kind]):
                yield kind.container, name

    def gen_transformations(self) -> Iterator[tuple[str, Mapping[str, BaseTransformation]]]:
        """Yield name and transformations of all elements but tables; nothing is loaded."""
        for container, name in self.gen_spatial_names():
            yield name, self._shelf[Kind(container)].transformations(name)

    def locate_element(self, element: Any) -> list[str]:
        """Where an element is, found by identity: ``["images/dapi"]``, or an empty list.

        Parameters
        ----------
        element
            An element or a table.
        """
        places = ((elements.kind.container, elements.name_of(element)) for elements in self._shelf)
        return [f"{container}/{name}" for container, name in places if name is not None]

    def __copy__(self) -> Self:
        copy = self._holding(self._shelf.names())
        copy.path = self.path
        return copy

    def _holding(self, names: Collection[str]) -> Self:
        """A new object with the same elements of the given names, loaded or not, and the same attributes."""
        held = type(self)(attrs=self.attrs)
        for elements in self._shelf:
            for name in elements:
                if name in names:
                    held.shelf[elements.kind].put(name, elements)
        return held
