"""A region cut into tiles that share nothing, each with a halo around it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from itertools import product
from typing import TYPE_CHECKING

import numpy as np

from spatialdata._core.elements import type_name
from spatialdata.errors import UnsupportedElementError
from spatialdata.regions.region import BoundingBox, Circle, PolygonRegion
from spatialdata.regions.volume import VolumeRegion

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from spatialdata.regions.kinds import Region

__all__ = ["Tile", "tiles_of"]

_ROUNDING = 1e-12


@dataclass(frozen=True, slots=True, kw_only=True)
class Tile:
    """One tile.

    Attributes
    ----------
    inner
        The tile itself; its lower bounds belong to it and its upper ones to the next tile.
    outer
        The tile with its halo, which neighbours have too.
    """

    inner: BoundingBox
    outer: BoundingBox


def tiles_of(region: Region, size: float | Mapping[str, float], halo: float = 0.0) -> list[Tile]:
    """Cut a region into tiles.

    Parameters
    ----------
    region
        A box with bounds, of which all tiles are given; or a polygon or circle, of which those are given that meet
        it.
    size
        The length of the sides, or one for each axis, in the units of the coordinate system. Tiles at the upper end
        may be smaller.
    halo
        How far the outer boxes reach beyond the tiles, also beyond the region.

    Returns
    -------
    The tiles, row by row. Each place of the region, its border included, lies in exactly one inner box. Those of a
    volume are all tiles of the box around it.

    Raises
    ------
    UnsupportedElementError
        The region is something else.
    ValueError
        The region is not bounded, a size is not above 0, or the halo is negative.

    Examples
    --------
    >>> box = BoundingBox(
    ...     target_coordinate_system="global", axes=("x", "y"), min_coordinate=[0, 0], max_coordinate=[5, 2]
    ... )
    >>> [tile.inner.bounds("x") for tile in tiles_of(box, size=2.5)]
    [(0.0, 2.5), (2.5, 5.000000000000001)]
    """
    if not isinstance(region, BoundingBox | PolygonRegion | Circle | VolumeRegion):
        raise UnsupportedElementError(
            f"Tiles are cut out of a BoundingBox, a PolygonRegion, a Circle or a VolumeRegion, not of "
            f"{type_name(region)}. For an element, give the box of its extent (get_extent), or of labels their region "
            "(region_of_labels)."
        )
    axes, lower, upper = _bounds(region)
    missing = [axis for axis in axes if axis not in size] if isinstance(size, Mapping) else []
    if missing:
        raise ValueError(f"Tiles need a size along each of the axes {axes}. Found {size!r} without {missing}.")
    sizes = np.array([size[axis] if isinstance(size, Mapping) else size for axis in axes], dtype=np.float64)
    if not (sizes > 0).all() or not halo >= 0:
        raise ValueError(f"Tiles need sizes above 0 and a halo from 0 on. Found {size!r} and {halo!r}.")
    cuts = [_cuts(low, high, step) for low, high, step in zip(lower, upper, sizes, strict=True)]
    tiles = []
    for corner in product(*(range(len(cut) - 1) for cut in reversed(cuts))):
        place = corner[::-1]
        low = np.array([cut[at] for cut, at in zip(cuts, place, strict=True)])
        high = np.array([cut[at + 1] for cut, at in zip(cuts, place, strict=True)])
        if _meets(region, low, high):
            system = region.target_coordinate_system
            inner, outer = (
                BoundingBox(
                    target_coordinate_system=system,
                    axes=axes,
                    min_coordinate=low - around,
                    max_coordinate=high + around,
                    closed="left",
                )
                for around in (0.0, halo)
            )
            tiles.append(Tile(inner=inner, outer=outer))
    return tiles


def _bounds(region: Region) -> tuple[tuple[str, ...], NDArray[np.float64], NDArray[np.float64]]:
    if isinstance(region, BoundingBox):
        if not (np.isfinite(region.min_coordinate).all() and np.isfinite(region.max_coordinate).all()):
            raise ValueError("A box without bounds along an axis cannot be cut into tiles. Give it bounds.")
        return region.axes, region.min_coordinate, region.max_coordinate
    if isinstance(region, VolumeRegion):
        return ("x", "y", "z"), *region.bounds()
    bounds = np.array(region.bounds if isinstance(region, Circle) else region.polygon.bounds)
    return ("x", "y"), bounds[:2], bounds[2:]


def _cuts(lower: float, upper: float, size: float) -> NDArray[np.float64]:
    """The bounds of tiles along an axis; the last lies just beyond the end, which belongs to the last tile."""
    # What rounding left over is no tile of its own.
    count = max(int(np.ceil((upper - lower) / size * (1 - _ROUNDING))), 1)
    cuts: NDArray[np.float64] = lower + size * np.arange(count + 1, dtype=np.float64)
    cuts[-1] = np.nextafter(upper, np.inf)
    return cuts


def _meets(region: Region, lower: NDArray[np.float64], upper: NDArray[np.float64]) -> bool:
    if isinstance(region, Circle):
        nearest = np.clip(region.centre, lower, upper)
        return bool(((nearest - region.centre) ** 2).sum() <= region.radius**2)
    if isinstance(region, PolygonRegion):
        import shapely

        return bool(shapely.intersects(region.polygon, shapely.box(*lower, *upper)))
    return True
