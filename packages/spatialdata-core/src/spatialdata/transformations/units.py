"""Units of length of coordinate systems, by the names that OME-Zarr uses."""

from __future__ import annotations

from types import MappingProxyType
from typing import TYPE_CHECKING

from spatialdata.errors import UnitError, unknown_name
from spatialdata.transformations.linear import Scale

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from collections.abc import Sequence as SequenceABC

__all__ = ["LENGTHS", "PIXEL", "UNITS_KEY", "check_unit", "known_unit", "merged_units", "unit_factor", "unit_scale"]

PIXEL = "pixel"
# Where the attributes of an object keep the units of its coordinate systems.
UNITS_KEY = "coordinate_system_units"

LENGTHS: Mapping[str, float] = MappingProxyType(
    {
        "angstrom": 1e-10,
        "picometer": 1e-12,
        "nanometer": 1e-9,
        "micrometer": 1e-6,
        "millimeter": 1e-3,
        "centimeter": 1e-2,
        "decimeter": 1e-1,
        "meter": 1.0,
        "kilometer": 1e3,
        "inch": 0.0254,
        "foot": 0.3048,
    }
)
_ABBREVIATIONS = {
    "Å": "angstrom",
    "pm": "picometer",
    "nm": "nanometer",
    "um": "micrometer",
    "µm": "micrometer",  # micro sign
    "μm": "micrometer",  # Greek mu
    "micron": "micrometer",
    "mm": "millimeter",
    "cm": "centimeter",
    "m": "meter",
    "px": PIXEL,
}


def check_unit(unit: str) -> str:
    """The full name of a unit: a length, or ``"pixel"``.

    Raises
    ------
    UnitError
        The unit is not known.

    Examples
    --------
    >>> check_unit("um")
    'micrometer'
    """
    name = _ABBREVIATIONS.get(unit, unit)
    if name != PIXEL and name not in LENGTHS:
        raise UnitError(unknown_name("unit", unit, [*LENGTHS, PIXEL]))
    return name


def known_unit(unit: str) -> str:
    """The full name of a unit, or what was given if it is not known.

    Examples
    --------
    >>> known_unit("um"), known_unit("parsec")
    ('micrometer', 'parsec')
    """
    return _ABBREVIATIONS.get(unit, unit)


def merged_units(
    found: Iterable[Mapping[str, Mapping[str, str]]],
) -> tuple[dict[str, dict[str, str]], list[str]]:
    """Put units of coordinate systems together.

    Parameters
    ----------
    found
        Units by coordinate system and axis, several times.

    Returns
    -------
    units
        Those that nobody contradicts.
    contradicted
        The coordinate systems whose units are said differently.
    """
    merged: dict[str, dict[str, str]] = {}
    contradicted: dict[str, None] = {}
    for units in found:
        for system, axes in units.items():
            known = merged.setdefault(system, {})
            for axis, unit in axes.items():
                if known.setdefault(axis, unit) != unit:
                    contradicted[system] = None
    kept = {system: axes for system, axes in merged.items() if axes and system not in contradicted}
    return kept, list(contradicted)


def unit_factor(unit: str, new_unit: str) -> float:
    """How many of the new unit make one of the unit.

    Raises
    ------
    UnitError
        A unit is not known, or only one of them is a length.

    Examples
    --------
    >>> unit_factor("millimeter", "micrometer")
    1000.0
    """
    old, new = check_unit(unit), check_unit(new_unit)
    if old == new:
        return 1.0
    if PIXEL in (old, new):
        raise UnitError(
            f"{old!r} cannot be converted to {new!r}: how large a pixel is depends on the image. Use "
            "SpatialData.pixel_size."
        )
    factor = LENGTHS[old] / LENGTHS[new]
    return float(f"{factor:.15g}")


def unit_scale(unit: str, new_unit: str, axes: SequenceABC[str] = ("x", "y")) -> Scale:
    """The scale from a coordinate system in one unit to the same one in another.

    Parameters
    ----------
    unit, new_unit
        Units of length, such as ``"micrometer"``, ``"um"`` or ``"millimeter"``.
    axes
        The axes that are scaled.

    Examples
    --------
    >>> unit_scale("nm", "um").scale
    array([0.001, 0.001])
    """
    return Scale([unit_factor(unit, new_unit)] * len(axes), axes)
