"""Elements of a store that lie elsewhere: in another store, or in an OME-Zarr image, here or behind an address.

The attributes of the root say where, and how they lie in coordinate systems if that is other than there. Other readers
pass that over; they find the store without these elements.
"""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

from spatialdata.errors import StoreError, StoreNotFoundError, listing
from spatialdata.models.kind import Kind
from spatialdata.store.dialects.edges import edges_of
from spatialdata.store.dialects.exact import exact_json, read_exact
from spatialdata.store.files import archive_of, is_local, path_of
from spatialdata.transformations.attach import TRANSFORM_KEY, attach_transformations

if TYPE_CHECKING:
    from spatialdata._core.sources import Window
    from spatialdata.transformations.algebra import BaseTransformation

__all__ = ["LINKED_KEY", "Link", "LinkedSource", "link_to", "linked_source", "read_linked"]

LINKED_KEY = "linked_elements"
_TRANSFORMATIONS = "transformations"


@dataclass(frozen=True, slots=True)
class Link:
    """Where an element lies.

    Attributes
    ----------
    store
        The path or address of the other store; a relative path counts from this store.
    element
        Kind and name there, such as ``"images/slide"``.
    transformations
        The transformations that the element has here, by coordinate system, in full; None for those that it has there.
    """

    store: str
    element: str
    transformations: Mapping[str, Any] | None = None

    @property
    def is_relative(self) -> bool:
        """Whether the other store is found from this one."""
        return "://" not in self.store and not Path(self.store).is_absolute()

    def placed(self, transformations: Mapping[str, BaseTransformation], origin: Any) -> Link:
        """The link of an element that has some transformations here.

        Raises
        ------
        TransformationError
            A transformation is of a class of your own, does not fit the axes, or has too large a field.
        """
        if origin.attrs.get(TRANSFORM_KEY) == dict(transformations):
            return Link(self.store, self.element)
        edges_of(transformations, tuple(origin.facts()["axes"]))
        return Link(self.store, self.element, {name: exact_json(one) for name, one in transformations.items()})

    def target(self, root: Path) -> Path:
        """The other store, for a link of the store ``root``."""
        if "://" in self.store or not is_local(root):
            return path_of(self.store)
        return path_of(Path(os.path.normpath(root / self.store)))

    def to_json(self) -> dict[str, Any]:
        """As the root of the store says it."""
        said: dict[str, Any] = {"store": self.store, "element": self.element}
        return said if self.transformations is None else {**said, _TRANSFORMATIONS: dict(self.transformations)}


def read_linked(said: object, where: str) -> dict[str, Link]:
    """The links that the root of a store says, by the kind and the name that the element has here.

    Raises
    ------
    StoreError
        They are not what they should be.
    """
    if said is None:
        return {}
    try:
        links = dict(said)  # type: ignore[call-overload]
        return {
            str(place): Link(str(link["store"]), str(link["element"]), _transformations_in(link))
            for place, link in links.items()
        }
    except (TypeError, KeyError, ValueError) as error:
        raise StoreError(
            f"{where} has the {LINKED_KEY} {said!r}. They must be an object of kind and name, each with 'store' and "
            "'element'."
        ) from error


def _transformations_in(link: Mapping[str, Any]) -> dict[str, Any] | None:
    found = link.get(_TRANSFORMATIONS)
    return None if found is None else dict(found)


def link_to(location: Any, element: str | None, root: Path) -> tuple[Link, Any]:
    """A link to an element, and where that is loaded from.

    Parameters
    ----------
    location
        The other store, or a plain OME-Zarr image.
    element
        Its name or its kind and name; may be left out if there is only one.
    root
        The store that gets the link.

    Raises
    ------
    StoreError
        There is no such element.
    """
    path = path_of(location)
    sources = _sources_in(path)
    found = [place for place in sources if element in (None, place, place.partition("/")[2])]
    if len(found) != 1:
        raise StoreError(f"{path} has {listing(sources)}. Say by its name which of these is meant, not {element!r}.")
    sources[found[0]].check()
    here = archive_of(path) or path
    link = Link(_said(path, root, relative=not here.is_absolute()), found[0])
    return link, linked_source(path, link, f"{found[0]} of {path}")


def _said(store: Path, root: Path, *, relative: bool) -> str:
    """How the store ``root`` says where another store lies."""
    here = archive_of(store) or (store if is_local(store) else None)
    if here is None:
        return str(store)
    if not relative or not is_local(root):
        return str(here.absolute())
    try:
        return Path(os.path.relpath(here.resolve(), root.resolve())).as_posix()
    except ValueError:
        # Windows has no way from one drive to another.
        return str(here.resolve())


def _sources_in(path: Path) -> dict[str, Any]:
    from spatialdata.store.plain import plain_store
    from spatialdata.store.store import Store

    try:
        store = Store.open(path)
    except StoreNotFoundError:
        plain = plain_store(path).rasters
        if not plain:
            raise
        return {str(entry): source for entry, source in plain.items()}
    return {str(entry): store.source(entry) for entry in store.entries() if entry not in store.links}


class LinkedSource:
    """An element in another store, which is opened when the element is first asked for.

    Parameters
    ----------
    store
        The other store.
    link
        What the store says of the element.
    where
        The element as error messages name it.
    """

    def __init__(self, store: Path, link: Link, where: str) -> None:
        self._store = store
        self._link = link
        self._element = link.element
        self.where = where
        self.kind = Kind(link.element.partition("/")[0])

    def link_from(self, root: Path, transformations: Mapping[str, BaseTransformation] | None) -> Link:
        """The link to the same element that another store says.

        Parameters
        ----------
        root
            The other store.
        transformations
            Those of the element there; None for the same as here, for which nothing has to be opened.
        """
        said = _said(self._store, root, relative=self._link.is_relative)
        link = Link(said, self._element, self._link.transformations)
        return link if transformations is None else link.placed(transformations, self.origin)

    @cached_property
    def origin(self) -> Any:
        """The source in the other store."""
        try:
            sources = _sources_in(self._store)
        except StoreError as error:
            raise StoreError(f"{self.where} lies in {self._store}, which cannot be opened: {error}") from error
        if self._element not in sources:
            raise StoreError(
                f"{self.where} lies in {self._store}, which has no {self._element} of its own. It has "
                f"{listing(sources)}."
            )
        return sources[self._element]

    @property
    def is_elsewhere(self) -> bool:
        """Whether the other store is not on this machine, so that opening it may take long."""
        return not is_local(self._store)

    @property
    def attrs(self) -> Mapping[str, Any]:
        """The attributes of the element, with the transformations that it has here."""
        attrs: Mapping[str, Any] = self.origin.attrs
        return attrs if self._link.transformations is None else {**attrs, TRANSFORM_KEY: self._transformations}

    @cached_property
    def _transformations(self) -> dict[str, BaseTransformation]:
        said = self._link.transformations or {}
        return {str(name): read_exact(one, f"{self.where}: the link, {name!r}") for name, one in said.items()}

    @property
    def location(self) -> str:
        """Where the element lies; the other store is not opened for that."""
        return f"{self._store}/{self._element}"

    @property
    def units(self) -> Any:
        """The units of coordinate systems that the element says; none before a store behind an address was opened."""
        return {} if self.is_elsewhere and "origin" not in self.__dict__ else self.origin.units

    def load(self, *, columns: Sequence[str] | None = None, window: Window | None = None) -> Any:
        """Load the element, or the given columns of the rows that may lie inside the window."""
        element = self.origin.load(columns=columns, window=window)
        if self._link.transformations is not None:
            attach_transformations(element, self._transformations)
        return element

    def __getattr__(self, name: str) -> Any:
        if name.startswith("__"):
            raise AttributeError(name)
        return getattr(self.origin, name)


class LinkedShapes(LinkedSource):
    """Shapes in another store, of which parts can be loaded as from their own."""

    def bounds(self, axes: Sequence[str]) -> tuple[list[float], list[float]] | None:
        """See :meth:`spatialdata._core.sources.PartedShapes.bounds`."""
        found: tuple[list[float], list[float]] | None = self.origin.bounds(axes)
        return found

    def are_discs(self) -> bool:
        """See :meth:`spatialdata._core.sources.PartedShapes.are_discs`."""
        return bool(self.origin.are_discs())

    def has_parts(self) -> bool:
        """See :meth:`spatialdata._core.sources.PartedShapes.has_parts`."""
        return bool(self.origin.has_parts())


def linked_source(store: Path, link: Link, where: str) -> LinkedSource:
    """The source of an element in another store; parameters are those of :class:`LinkedSource`."""
    is_shapes = Kind(link.element.partition("/")[0]) is Kind.SHAPES
    return (LinkedShapes if is_shapes else LinkedSource)(store, link, where)
