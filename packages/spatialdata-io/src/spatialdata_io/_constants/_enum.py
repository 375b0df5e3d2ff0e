"""An enumeration of strings."""

from __future__ import annotations

from enum import StrEnum

__all__ = ["ModeEnum"]


class ModeEnum(StrEnum):
    """Base of enumerations whose members are strings.

    Examples
    --------
    >>> class Side(ModeEnum):
    ...     LEFT = "left"
    >>> Side("left") == "left"
    True
    """
