"""Sources: places from which an element is loaded when it is first needed."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Protocol, runtime_checkable

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

__all__ = ["Bounded", "InMemory", "PartedShapes", "Source", "Window"]


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
