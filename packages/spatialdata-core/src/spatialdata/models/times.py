"""The points in time of a raster: the values of its coordinate ``t``.

They are numbers that rise, in any unit; the unit is the attribute ``units`` of the coordinate. Transformations act on
space alone and leave times as they are.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from spatialdata._core.elements import has_time, is_raster, is_tree, lazy_levels_of
from spatialdata.errors import Fault, SeveralTimesError
from spatialdata.models.pyramid import tree_of

if TYPE_CHECKING:
    from numpy.typing import NDArray
    from xarray import DataArray, Variable

__all__ = ["UNITS", "at_one_time", "time_coordinate", "time_faults", "time_values", "without_time"]

UNITS = "units"


def time_coordinate(times: Any, count: int, unit: str | None = None) -> Variable:
    """The coordinate ``t`` of a raster.

    Parameters
    ----------
    times
        One number for each point in time; whole numbers from 0 on if None.
    count
        How many points in time there are.
    unit
        The unit of the times, as OME-Zarr spells it: ``"second"``.

    Raises
    ------
    ValueError
        There are not as many numbers as points in time.

    Examples
    --------
    >>> time_coordinate([0, 30], 2, "second").attrs
    {'units': 'second'}
    """
    from xarray import Variable

    values = np.arange(count) if times is None else np.asarray(times)
    if values.shape != (count,):
        raise ValueError(
            f"The raster has {count} points in time, but t_coords has the shape {values.shape}. Give one number for "
            "each."
        )
    return Variable(("t",), values, attrs={} if unit is None else {UNITS: unit})


def time_values(level: DataArray) -> NDArray[Any]:
    """The points in time of a raster that has an axis t."""
    return np.asarray(level.coords["t"].to_numpy())


def time_faults(level: DataArray) -> list[Fault]:
    """What is wrong with the points in time of a raster."""
    if "t" not in level.dims:
        return []
    if "t" not in level.coords:
        return [Fault(("coords", "t"), "the times are missing; parse counts them from 0 on")]
    times = time_values(level)
    if not np.issubdtype(times.dtype, np.number):
        return [Fault(("coords", "t"), f"times are numbers, in any unit, not {times.dtype}")]
    if not np.isfinite(times).all() or bool((np.diff(times) <= 0).any()):
        return [Fault(("coords", "t"), f"times must be finite and rise; found {_shown(times)}")]
    return []


def _shown(times: Sequence[Any] | NDArray[Any]) -> str:
    shown = ", ".join(str(time) for time in times[:10])
    return shown if len(times) <= 10 else f"{shown}, … ({len(times)})"


def at_one_time(element: Any, what: str) -> Any:
    """A raster without its axis t, for what works on one point in time; other elements as they are.

    Parameters
    ----------
    element
        Any element.
    what
        What needs it, as the subject of the message: ``"rasterize"``.

    Raises
    ------
    SeveralTimesError
        The raster has several points in time.
    """
    if not (is_raster(element) and has_time(element)):
        return element
    levels = lazy_levels_of(element)
    times = time_values(levels[0])
    if len(times) != 1:
        raise SeveralTimesError(
            f"{what} works on one point in time, but the raster has {len(times)}: {_shown(times)}. Select one first: "
            f"spatialdata.select_time(element, {times[0] if len(times) else 0})."
        )
    return without_time(element, 0)


def without_time(raster: Any, index: int) -> Any:
    """A raster at one of its points in time, without the axis t; with its attributes."""
    levels = [level.isel(t=index, drop=True) for level in lazy_levels_of(raster)]
    return tree_of(levels) if is_tree(raster) else levels[0]
