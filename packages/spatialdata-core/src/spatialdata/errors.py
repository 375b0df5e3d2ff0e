"""The errors of SpatialData.

Every error is also one of Python's own, so that code which catches ``KeyError`` or ``ValueError`` keeps working.
"""

from __future__ import annotations

from dataclasses import dataclass
from difflib import get_close_matches
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

__all__ = [
    "AmbiguousTransformationError",
    "ElementNotFoundError",
    "Fault",
    "IdTypeError",
    "InvalidAttributeError",
    "LandmarkError",
    "NoTransformationError",
    "SeveralTimesError",
    "SpatialDataError",
    "StoreBusyError",
    "StoreError",
    "StoreExistsError",
    "StoreNotFoundError",
    "TransformationError",
    "UnfinishedBuildError",
    "UnitError",
    "UnknownCoordinateSystemError",
    "UnknownTimeError",
    "UnsupportedElementError",
    "ValidationError",
]


class SpatialDataError(Exception):
    """Base of all errors that this package raises on purpose."""


class ElementNotFoundError(SpatialDataError, KeyError):
    """An element was asked for by a name that no element has."""

    def __str__(self) -> str:
        return str(self.args[0]) if self.args else ""


class UnknownCoordinateSystemError(SpatialDataError, ValueError):
    """A coordinate system was named that the element or the object does not have."""


class UnknownTimeError(SpatialDataError, ValueError):
    """A point in time was asked for that no element has."""


class UnsupportedElementError(SpatialDataError, TypeError):
    """An object is no element, or is of a kind that the operation does not take."""


class SeveralTimesError(UnsupportedElementError, ValueError):
    """A raster has several points in time, and the operation works on one."""


class TransformationError(SpatialDataError, ValueError):
    """A transformation cannot be built, inverted or expressed over the axes asked for."""


class NoTransformationError(TransformationError, RuntimeError):
    """No chain of transformations leads from one coordinate system to another."""


class AmbiguousTransformationError(TransformationError, RuntimeError):
    """Several equally short chains of transformations lead from one coordinate system to another."""


class UnitError(SpatialDataError, ValueError):
    """A unit is not known, or lengths are asked for where a coordinate system has no unit of length."""


class LandmarkError(SpatialDataError, ValueError):
    """Landmarks are too few, do not pair up, or do not determine a transformation."""


class IdTypeError(SpatialDataError, TypeError):
    """The ids of a table and those of the element that it annotates are of different types, so that none can match."""


class StoreError(SpatialDataError, OSError):
    """A store or an element in it cannot be read or written."""


class StoreNotFoundError(StoreError, FileNotFoundError):
    """There is no store at the location given."""


class StoreExistsError(StoreError, FileExistsError, ValueError):
    """There is something at the place that was to be written to."""


class UnfinishedBuildError(StoreExistsError):
    """Batches of an element are there that an earlier process has not finished."""


class StoreBusyError(StoreError, BlockingIOError):
    """Another process or thread is writing to the store."""


@dataclass(frozen=True, slots=True)
class Fault:
    """One thing that is wrong with an object.

    Attributes
    ----------
    path
        Where the fault lies, for example ``("tables", "cells", "obs")``.
    message
        What was found, and what is valid.
    """

    path: tuple[str, ...]
    message: str

    def __str__(self) -> str:
        return f"{'/'.join(self.path)}: {self.message}" if self.path else self.message


class ValidationError(SpatialDataError, ValueError):
    """An object breaks the rules of its model; all faults are reported at once.

    Parameters
    ----------
    title
        What was being validated.
    faults
        Everything that is wrong with it.
    """

    def __init__(self, title: str, faults: Sequence[Fault]) -> None:
        self.title = title
        self.faults = tuple(faults)
        lines = "\n".join(f"  {fault}" for fault in self.faults)
        super().__init__(f"{title}\n{lines}" if self.faults else title)

    @property
    def errors(self) -> list[Fault]:
        """The faults as a list."""
        return list(self.faults)


class InvalidAttributeError(ValidationError, TypeError):
    """An attribute cannot be stored."""


def listing(names: Iterable[object], *, limit: int = 20) -> str:
    """Write names as they appear at the end of an error message, shortened after ``limit``."""
    shown = [repr(name) for name in names]
    if not shown:
        return "none"
    more = f" and {len(shown) - limit} more" if len(shown) > limit else ""
    return ", ".join(shown[:limit]) + more


def unknown_name(what: str, name: object, valid: Iterable[object]) -> str:
    """Say that ``name`` is unknown, list the valid names and point at the nearest one."""
    known = list(valid)
    near = get_close_matches(str(name), [str(candidate) for candidate in known], n=1)
    hint = f" Did you mean {near[0]!r}?" if near else ""
    return f"There is no {what} {name!r}. Known: {listing(known)}.{hint}"
