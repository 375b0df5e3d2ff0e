"""The errors of this package; each is also one of Python's own."""

from __future__ import annotations

from spatialdata.errors import SpatialDataError

__all__ = ["AmbiguousKeyError", "KeyNotFoundError"]


class KeyNotFoundError(SpatialDataError, KeyError):
    """A color names a column or gene that neither the element nor its tables have."""

    def __str__(self) -> str:
        return str(self.args[0]) if self.args else ""


class AmbiguousKeyError(SpatialDataError, ValueError):
    """A color could mean several things: a color and a column, or columns in several places."""
