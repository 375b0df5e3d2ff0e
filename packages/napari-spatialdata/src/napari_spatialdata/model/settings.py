"""How elements are drawn."""

from __future__ import annotations

from dataclasses import dataclass

__all__ = ["DrawSettings"]


@dataclass(frozen=True, slots=True, kw_only=True)
class DrawSettings:
    """Choices that apply to layers added from now on.

    Attributes
    ----------
    flatten
        Leave the ``z`` of points and circles out, so that all of them are seen over 2D images.
    point_limit
        Of a points element with more points, a random sample of about this size is drawn, and its layer says so.
        None draws all.
    """

    flatten: bool = True
    point_limit: int | None = 1_000_000
