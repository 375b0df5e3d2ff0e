"""How a layer says that it does not show everything."""

from __future__ import annotations

import warnings

__all__ = ["LossyDisplayWarning", "announce"]


class LossyDisplayWarning(UserWarning):
    """A layer shows less than its element holds, or shows it differently; the message says what."""


def announce(name: str, note: str) -> None:
    """Warn that the display of an element is not complete; does nothing for an empty note."""
    if note:
        warnings.warn(f"{name}: {note}", LossyDisplayWarning, stacklevel=3)
