"""Sources: places from which an element is loaded when it is first needed."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Protocol, runtime_checkable

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Sequence

    import numpy as np
    from numpy.typing import NDArray

__all__ = [
    "Bounded",
    "ColumnedTable",
    "Derived",
    "DerivedShapes",
    "InMemory",
    "OneByOne",
    "PartedShapes",
    "Pending",
    "RowMove",
    "RowSource",
    "RowTest",
    "Source",
    "Window",
    "locations_of",
]


@dataclass(frozen=True, slots=True)
class Window:
    """An axis-aligned box in the intrinsic coordinates of an element.

    Attributes
    ----------
    axes
        Names of the bounded axes; other axes are unbounded.
    lower, upper
        Bounds along these axes, in the units of the element. A reader may return more than lies inside, never less.
    """

    axes: tuple[str, ...]
    lower: tuple[float, ...]
    upper: tuple[float, ...]

    def bounds(self, axis: str) -> tuple[float, float]:
        """The bounds along one axis; infinite where the axis is not bounded."""
        if axis not in self.axes:
            return float("-inf"), float("inf")
        index = self.axes.index(axis)
        return self.lower[index], self.upper[index]


@runtime_checkable
class Source(Protocol):
    """Where an element comes from.

    ``load()`` gives the whole element; ``load(columns=…, window=…)`` may give less, and reads only what it gives.
    """

    @property
    def attrs(self) -> Mapping[str, Any]:
        """The attributes of the element (its transformations under ``"transform"``), known without loading it."""
        ...

    @property
    def location(self) -> str | None:
        """The path or address of the element, or None for one that lives in memory."""
        ...

    def load(self, *, columns: Sequence[str] | None = None, window: Window | None = None) -> Any:
        """Load the element, or the given columns of the rows that may lie inside the window."""
        ...


@runtime_checkable
class Bounded(Protocol):
    """A source that knows how far its element reaches without loading it."""

    def bounds(self, axes: Sequence[str]) -> tuple[list[float], list[float]] | None:
        """The least and the greatest coordinate along each axis; None if only the data tell."""
        ...


@runtime_checkable
class PartedShapes(Source, Protocol):
    """A source of shapes that tells what they cover, and loads parts of them, without loading all."""

    def bounds(self, axes: Sequence[str]) -> tuple[list[float], list[float]] | None:
        """The box around all shapes, circles with their radius; None if only the data tell."""
        ...

    def are_discs(self) -> bool:
        """Whether the shapes are circles."""
        ...

    def has_parts(self) -> bool:
        """Whether a window may load less than all."""
        ...


@runtime_checkable
class ColumnedTable(Source, Protocol):
    """A source of a table that loads some of the columns without the others."""

    def with_columns(self, columns: Sequence[str]) -> Any:
        """The table with these columns of ``obs``, as far as there are such, and those that say what it annotates.

        Matrices are lazy, ``var`` has no columns, there is no ``raw``, and ``uns`` says only what the table annotates.
        """
        ...


class RowTest(Protocol):
    """Tells by their coordinates which rows are wanted. It travels to where the rows are read."""

    @property
    def axes(self) -> tuple[str, ...]:
        """The axes that it looks at."""
        ...

    def __call__(self, coordinates: NDArray[np.float64]) -> NDArray[np.bool_]:
        """Which rows, given by their coordinates of shape ``(rows, axes)``, are wanted."""
        ...


class RowMove(Protocol):
    """Gives rows other coordinates. It travels to where the rows are read."""

    @property
    def axes(self) -> tuple[str, ...]:
        """The axes that it changes."""
        ...

    def __call__(self, columns: Sequence[NDArray[Any]]) -> NDArray[np.float64]:
        """The new coordinates, of shape ``(axes, rows)``, of rows whose coordinates are given axis by axis."""
        ...


@runtime_checkable
class RowSource(Protocol):
    """A source of rows that reads no more of them than is asked for, wherever the work is done."""

    def rows(self, columns: Sequence[str], window: Window) -> Any:
        """Some columns of the rows that may lie inside the window, as a lazy frame without their index."""
        ...

    def blocks(self, columns: Sequence[str], window: Window) -> Sequence[Iterable[tuple[NDArray[Any], ...]]]:
        """The same in portions, each of which travels to where it is read, and there gives the columns block by block.

        The arrays of a block are lent until the next one is asked for, and are not to be written to.
        """
        ...

    def select(self, wanted: Sequence[tuple[Window, RowTest]]) -> list[Any]:
        """For each window the rows inside that pass a test, as a lazy frame without attributes; None for no rows."""
        ...

    def moved(self, move: RowMove) -> Any:
        """All rows at other coordinates, as a lazy frame without attributes."""
        ...


@dataclass(frozen=True, slots=True)
class InMemory:
    """The source of an element that is in memory already."""

    element: Any

    @property
    def attrs(self) -> Mapping[str, Any]:
        """The attributes of the element."""
        return getattr(self.element, "attrs", {})

    @property
    def location(self) -> str | None:
        """None: the element is in memory."""
        return None

    def load(self, *, columns: Sequence[str] | None = None, window: Window | None = None) -> Any:  # noqa: ARG002
        """Return the element; the window is not applied."""
        return self.element if columns is None else self.element[list(columns)]


class Derived:
    """An element that is made of others when it is first used.

    Parameters
    ----------
    make
        Makes the element. For an element of one origin it takes the arguments of :meth:`Source.load`.
    attrs
        The attributes that the element will have.
    origins
        The sources of what it is made of.
    """

    def __init__(self, make: Callable[..., Any], attrs: Mapping[str, Any], origins: Sequence[Source]) -> None:
        self._make = make
        self._attrs = attrs
        self.origins = tuple(origins)

    @property
    def attrs(self) -> Mapping[str, Any]:
        """The attributes of the element."""
        return self._attrs

    @property
    def location(self) -> str | None:
        """The place of the only origin; None if there are several."""
        return self.origins[0].location if len(self.origins) == 1 else None

    @property
    def is_lazy(self) -> bool:
        """Whether the matrices of a table stay where they are when it is loaded."""
        return any(getattr(origin, "is_lazy", False) for origin in self.origins)

    def load(self, *, columns: Sequence[str] | None = None, window: Window | None = None) -> Any:
        """Make the element, or the part of it that is asked for."""
        part = {key: value for key, value in (("columns", columns), ("window", window)) if value is not None}
        return self._make(**part)

    def summary(self) -> str:
        """The element in a few words."""
        says = [getattr(origin, "summary", None) for origin in self.origins]
        words = [str(one()) for one in says if callable(one)]
        return words[0] if len(words) == 1 else f"of {len(self.origins)} parts, not loaded"


class DerivedShapes(Derived):
    """Shapes that are those of one other source, which tells what they cover and loads parts of them."""

    @property
    def _origin(self) -> PartedShapes:
        origin = self.origins[0]
        if not isinstance(origin, PartedShapes):
            raise TypeError(f"{type(origin).__name__} does not load parts of shapes.")
        return origin

    def bounds(self, axes: Sequence[str]) -> tuple[list[float], list[float]] | None:
        """See :meth:`PartedShapes.bounds`."""
        return self._origin.bounds(axes)

    def are_discs(self) -> bool:
        """See :meth:`PartedShapes.are_discs`."""
        return self._origin.are_discs()

    def has_parts(self) -> bool:
        """See :meth:`PartedShapes.has_parts`."""
        return self._origin.has_parts()


@dataclass(frozen=True, slots=True)
class Pending:
    """An element that an object gets without its being loaded.

    Attributes
    ----------
    container
        The mapping that it belongs to, such as ``"points"``.
    source
        Where it is loaded from.
    """

    container: str
    source: Source


def locations_of(source: Source) -> list[str]:
    """All places from which an element is loaded."""
    if isinstance(source, Derived):
        return [place for origin in source.origins for place in locations_of(origin)]
    return [] if source.location is None else [source.location]


class OneByOne(Mapping[str, Any]):
    """Elements by name, of which those that are not loaded are loaded for the moment, each time they are used.

    Parameters
    ----------
    loaded
        The elements that are in memory.
    sources
        Where all of them come from, in their order.
    """

    def __init__(self, loaded: Mapping[str, Any], sources: Mapping[str, Source]) -> None:
        self._loaded = loaded
        self._sources = sources

    def __getitem__(self, name: str) -> Any:
        return self._loaded[name] if name in self._loaded else self._sources[name].load()

    def __iter__(self) -> Iterator[str]:
        return iter(self._sources)

    def __len__(self) -> int:
        return len(self._sources)

    def is_loaded(self, name: str) -> bool:
        """Whether an element is in memory."""
        return name in self._loaded
