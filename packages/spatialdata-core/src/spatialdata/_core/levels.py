"""Where the levels of a multiscale raster lie in one another.

The coordinates of a level say it: they are those of its pixel centres, in pixels of the finest level. So every level
lies exactly where its pixels come from, also where it was cut at pixels of its own, and where blocks at the border
were left out because they were not whole.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, TypeAlias

import numpy as np

from spatialdata._core.axes import SPATIAL_AXES, ValidAxis, get_spatial_axes

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

__all__ = ["Along", "LevelPlace", "by_sizes", "level_coordinates", "place_of", "plausible"]

_SIDE = "pixel_size"
_NEAR = 1e-6


@dataclass(frozen=True, slots=True)
class Along:
    """The pixels of a level along one axis: pixel i covers ``start + i * step`` to ``start + (i + 1) * step``.

    Attributes
    ----------
    start
        Where the first pixel begins, in pixels of the finest level.
    step
        How many pixels of the finest level a pixel is long.
    """

    start: float
    step: float

    def cut(self, first: int, finest_first: int) -> Along:
        """The pixels from the given one on, where the finest level is cut to begin at ``finest_first``.

        Examples
        --------
        >>> Along(0.0, 4.0).cut(2, 7)
        Along(start=1.0, step=4.0)
        """
        return Along(self.start + first * self.step - finest_first, self.step)


LevelPlace: TypeAlias = "Mapping[ValidAxis, Along]"


def by_sizes(whole: int, size: int) -> Along:
    """The pixels of a level that covers the finest one, of so many pixels each.

    Examples
    --------
    >>> by_sizes(5, 2)
    Along(start=0.0, step=2.5)
    """
    return Along(0.0, whole / max(size, 1))


def plausible(whole: int, size: int, along: Along) -> Along:
    """Where a level is said to lie, or what the sizes say if that cannot be.

    Parameters
    ----------
    whole, size
        The number of pixels along the axis, of the finest level and of this one.
    along
        What is said. A level begins and ends where the finest one does, but for up to one of its own pixels; what says
        otherwise means something else.

    Examples
    --------
    >>> plausible(61, 30, Along(0.0, 2.0)), plausible(60, 30, Along(0.0, 1.0))
    (Along(start=0.0, step=2.0), Along(start=0.0, step=2.0))
    """
    beyond = along.start + size * along.step - whole
    if abs(along.start) <= _NEAR and abs(beyond) <= _NEAR:
        return by_sizes(whole, size)
    is_near = abs(along.start) <= along.step + _NEAR and abs(beyond) <= along.step + _NEAR
    return along if is_near and along.step > 0 else by_sizes(whole, size)


def place_of(full: Any, level: Any) -> dict[ValidAxis, Along]:
    """How a level lies in the finest level of its raster, along each spatial axis.

    Parameters
    ----------
    full, level
        The finest level and the level, as xarray.DataArrays.

    Returns
    -------
    What their coordinates say. Where there are none, or they cannot be right, the level covers the finest one.

    Examples
    --------
    >>> import numpy as np, xarray
    >>> full = xarray.DataArray(np.zeros((2, 5)), dims=("y", "x"), coords={"x": np.arange(5) + 0.5})
    >>> level = xarray.DataArray(np.zeros((2, 2)), dims=("y", "x"), coords={"x": [1.0, 3.0]})
    >>> place_of(full, level)["x"]
    Along(start=0.0, step=2.0)
    """
    return {axis: _along(full, level, axis) for axis in get_spatial_axes(tuple(str(dim) for dim in full.dims))}


def _along(full: Any, level: Any, axis: str) -> Along:
    whole, size = full.sizes[axis], level.sizes[axis]
    ends, finest = _ends(level, axis), _ends(full, axis)
    if full is level or ends is None or finest is None:
        return by_sizes(whole, size)
    side = (finest[1] - finest[0]) / (whole - 1) if whole > 1 else 1.0
    if not side > 0:
        return by_sizes(whole, size)
    if size > 1:
        step = (ends[1] - ends[0]) / (size - 1) / side
    else:
        step = float(level.coords.variables[axis].attrs.get(_SIDE, whole))
    return plausible(whole, size, Along((ends[0] - finest[0]) / side + (1 - step) / 2, step))


def _ends(level: Any, axis: str) -> tuple[float, float] | None:
    """The first and the last coordinate along an axis; None where there are none, or no numbers."""
    found = level.coords.variables.get(axis)
    if found is None or found.dtype.kind not in "iuf" or not found.size:
        return None
    values = found.values
    return float(values[0]), float(values[-1])


def level_coordinates(
    dims: Sequence[Any], full: Sequence[int], shape: Sequence[int], place: LevelPlace | None = None
) -> dict[str, Any]:
    """The coordinates of the pixel centres of a level along the spatial axes, in pixels of the finest level.

    Parameters
    ----------
    dims
        The dimensions of the raster.
    full, shape
        The shapes of the finest level and of this one.
    place
        How the level lies in the finest one, which it covers if this is not given.

    Returns
    -------
    For each spatial axis its name, the coordinates and their attributes, as xarray takes them.

    Examples
    --------
    >>> level_coordinates(("y", "x"), (4, 4), (2, 4), {"y": Along(-1.0, 2.0), "x": Along(0.0, 1.0)})["y"]
    ('y', array([0., 2.]), {})
    """
    coordinates: dict[str, Any] = {}
    for dim, whole, size in zip(dims, full, shape, strict=True):
        if dim not in SPATIAL_AXES:
            continue
        covering = by_sizes(whole, size)
        along = covering if place is None else place[dim]
        values = np.arange(size) * along.step + (along.start + along.step / 2)
        # Two pixel centres tell how large a pixel is, one does not.
        attrs = {_SIDE: along.step} if size == 1 and along.step != covering.step else {}
        coordinates[str(dim)] = (dim, values, attrs)
    return coordinates
