"""Names of axes.

Five axes exist: ``t`` (time), ``c`` (channel) and the spatial ``x``, ``y``, ``z``. Axes are always named; their order
never carries meaning.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal, TypeAlias

if TYPE_CHECKING:
    from collections.abc import Sequence

__all__ = [
    "AXES",
    "SPATIAL_AXES",
    "C",
    "T",
    "ValidAxis",
    "X",
    "Y",
    "Z",
    "get_spatial_axes",
    "validate_axes",
    "validate_axis_name",
]

ValidAxis: TypeAlias = Literal["t", "c", "x", "y", "z"]

X: ValidAxis = "x"
Y: ValidAxis = "y"
Z: ValidAxis = "z"
C: ValidAxis = "c"
T: ValidAxis = "t"

SPATIAL_AXES: tuple[ValidAxis, ...] = (X, Y, Z)
AXES: tuple[ValidAxis, ...] = (T, C, X, Y, Z)


def validate_axis_name(axis: str) -> None:
    """Raise a TypeError unless ``axis`` is one of ``"t"``, ``"c"``, ``"x"``, ``"y"``, ``"z"``.

    Examples
    --------
    >>> validate_axis_name("x")
    """
    if axis not in AXES:
        raise TypeError(f"{axis!r} is not the name of an axis. Valid: 't', 'c', 'x', 'y', 'z'.")


def validate_axes(axes: Sequence[str]) -> None:
    """Raise unless all axes are known (TypeError) and differ from one another (ValueError).

    Examples
    --------
    >>> validate_axes(("c", "y", "x"))
    """
    for axis in axes:
        validate_axis_name(axis)
    if len(set(axes)) != len(axes):
        raise ValueError(f"An axis occurs twice in {tuple(axes)}. Each of 't', 'c', 'x', 'y', 'z' may occur once.")


def get_spatial_axes(axes: Sequence[str]) -> tuple[ValidAxis, ...]:
    """Keep the spatial axes, in the order given.

    Parameters
    ----------
    axes
        Names of axes, for example ``("c", "y", "x")``.

    Returns
    -------
    The axes without those of channels and of time.

    Examples
    --------
    >>> get_spatial_axes(("c", "y", "x"))
    ('y', 'x')
    """
    validate_axes(axes)
    return tuple(axis for axis in axes if axis in SPATIAL_AXES)
