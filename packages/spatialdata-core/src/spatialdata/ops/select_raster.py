"""Queries of images and labels: the pixels whose centre lies inside."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from spatialdata._core.axes import SPATIAL_AXES, ValidAxis
from spatialdata._core.elements import has_time, is_tree, lazy_levels_of, spatial_axes_of
from spatialdata._core.levels import Along, LevelPlace, level_coordinates, place_of
from spatialdata._core.sources import Window
from spatialdata.grids.grid import pixels_between
from spatialdata.models.label_parts import remember_part
from spatialdata.models.pyramid import kept_coordinates, tree_of
from spatialdata.models.times import time_values
from spatialdata.ops.bent import pixels_within
from spatialdata.regions.place import Placed, PlacedBend, place
from spatialdata.regions.placed import PlacedBox, PlacedPolygon
from spatialdata.regions.region import BoundingBox, Circle
from spatialdata.regions.volume import PlacedVolume, VolumeRegion
from spatialdata.transformations.attach import TRANSFORM_KEY, attach_to_levels, transformations_of
from spatialdata.transformations.linear import Sequence as Chain
from spatialdata.transformations.linear import Translation

if TYPE_CHECKING:
    from dask.array import Array
    from numpy.typing import NDArray
    from xarray import DataArray, DataTree

    from spatialdata.regions.kinds import Region
    from spatialdata.transformations.algebra import FloatArray

__all__ = ["raster_request", "select_raster"]


def select_raster(raster: Any, regions: Sequence[Region], *, mask: bool = True) -> list[DataArray | DataTree | None]:
    """The part of a raster inside each of several regions.

    Parameters
    ----------
    raster
        An image or labels, of one or several scales.
    regions
        The regions. The rectangle of pixels around each is taken; where the place of the raster is not linear, around
        the pixels whose centre lies in the box around the region.
    mask
        Set the pixels whose centre lies outside of a polygon, circle or volume to 0. Boxes are never masked, not even
        those that are turned against the pixels.

    Returns
    -------
    For each region a lazy raster, or None where no pixel centre lies in the rectangle. Its pixels are where they
    were: every transformation starts with the Translation by the first pixel taken. Each level is cut by the same
    bounds, and masked by the centres of its own pixels; where these do not begin with those of the finest level, its
    transformations have a Translation more. Levels that become empty are left out.
    """
    return [_selected(raster, region, mask=mask) for region in regions]


def _selected(raster: Any, region: Region, *, mask: bool) -> DataArray | DataTree | None:
    placed = place(_rectangle(region), raster)
    inside = place(region, raster) if mask and not isinstance(region, BoundingBox) else None
    times = _times_in(raster, region)
    window = _window(raster, placed)
    if window is None:
        return None
    ends = _Ends(window, placed) if isinstance(region, BoundingBox) else _Ends(window, None)
    return _cut(raster, ends, inside, times)


@dataclass(frozen=True, slots=True)
class _Ends:
    """Where the pixels of a region begin and end along each axis.

    Attributes
    ----------
    window
        The box around the region in pixel coordinates.
    placed
        A box that its border is to be tested for; None where the window is all that matters.
    """

    window: Window
    placed: Placed | None

    def pixels(self, axis: ValidAxis, along: Along, size: int) -> slice:
        """The pixels whose centre lies inside, along an axis of a level with so many."""
        lower, upper = (bound - along.start for bound in self.window.bounds(axis))
        found = pixels_between(lower, upper, size, along.step)
        if not isinstance(self.placed, PlacedBox) or not self.placed.projection.is_monomial:
            return found
        # The window is rounded; where centres lie is told as for points, in the coordinate system of the box.
        start, stop = max(found.start - 1, 0), min(max(found.stop, found.start) + 1, size)
        ends = [start, start + 1, start + 2, stop - 3, stop - 2, stop - 1]
        near = np.unique(np.clip(ends, start, max(stop - 1, start)))
        centres = along.start + (near + 0.5) * along.step
        inside = near[self.placed.contains_along(axis, centres)]
        return slice(int(inside[0]), int(inside[-1]) + 1) if len(inside) else slice(start, start)


def _window(raster: Any, placed: Placed) -> Window | None:
    """The box around a region in pixel coordinates; None where it meets no pixel centre."""
    return pixels_within(raster, placed) if isinstance(placed, PlacedBend) else placed.window()


def _times_in(raster: Any, region: Region) -> dict[str, slice]:
    """The points in time that a region takes, which rise and so follow each other."""
    if not isinstance(region, BoundingBox) or "t" not in region.axes or not has_time(raster):
        return {}
    inside = np.flatnonzero(region.holds_times(time_values(lazy_levels_of(raster)[0])))
    return {"t": slice(int(inside[0]), int(inside[-1]) + 1) if len(inside) else slice(0, 0)}


def _rectangle(region: Region) -> BoundingBox:
    """The box around a region in its coordinate system."""
    if isinstance(region, BoundingBox):
        return region
    if isinstance(region, VolumeRegion):
        lower, upper = region.bounds()
        return BoundingBox(
            target_coordinate_system=region.target_coordinate_system,
            axes=("x", "y", "z"),
            min_coordinate=lower,
            max_coordinate=upper,
        )
    x_min, y_min, x_max, y_max = region.bounds if isinstance(region, Circle) else region.polygon.bounds
    return BoundingBox(
        target_coordinate_system=region.target_coordinate_system,
        axes=("x", "y"),
        min_coordinate=np.array([x_min, y_min]),
        max_coordinate=np.array([x_max, y_max]),
    )


def raster_request(raster: Any, region: Region) -> dict[str, slice]:
    """The bounds of a region in the pixel coordinates of a raster, by axis, for xarray's ``sel``."""
    axes = spatial_axes_of(raster)
    nowhere = Window(axes, (0.0,) * len(axes), (0.0,) * len(axes))
    window = _window(raster, place(_rectangle(region), raster)) or nowhere
    request = {axis: slice(*window.bounds(axis)) for axis in lazy_levels_of(raster)[0].dims if axis in window.axes}
    if isinstance(region, BoundingBox) and "t" in region.axes and has_time(raster):
        request["t"] = slice(*region.bounds("t"))
    return request


def _cut(raster: Any, ends: _Ends, inside: Placed | None, times: dict[str, slice]) -> DataArray | DataTree | None:
    full, *coarser = lazy_levels_of(raster)
    whole = place_of(full, full)
    slices = {**times, **_slices(full, whole, ends)}
    if _is_empty(slices):
        return None
    start = {str(axis): part.start for axis, part in slices.items() if axis in SPATIAL_AXES}
    finest = _level(full, slices, _mask(whole, slices, inside))
    if inside is None or isinstance(inside, PlacedPolygon):
        first = tuple(slices[str(dim)].start if str(dim) in slices else 0 for dim in full.dims)
        remember_part(finest.data, full.data, first, None if inside is None else inside.geometry)
    levels, places = [finest], [whole]
    for level in coarser:
        place = place_of(full, level)
        own = {**times, **_slices(level, place, ends)}
        if _is_empty(own):
            break
        cut = {axis: along.cut(own[axis].start, start[axis]) for axis, along in place.items()}
        levels.append(_level(level, own, _mask(place, own, inside), finest.shape, cut))
        places.append(cut)
    attach_to_levels(levels, places, _moved(full, start))
    return tree_of(levels) if is_tree(raster) else finest


def _slices(level: DataArray, place: LevelPlace, ends: _Ends) -> dict[str, slice]:
    return {axis: ends.pixels(axis, along, level.sizes[axis]) for axis, along in place.items()}


def _mask(place: LevelPlace, slices: dict[str, slice], inside: Placed | None) -> _Mask | None:
    """Which pixels of a level lie inside a region."""
    if inside is None:
        return None
    first = tuple(slices[axis].start for axis in place)
    return _Mask(inside, first, tuple(place.values()))


@dataclass(frozen=True, slots=True)
class _Mask:
    """The pixels of a level that lie inside a region.

    Attributes
    ----------
    region
        The region, placed in the pixel coordinates of the finest level.
    first
        The first pixel along each spatial axis.
    place
        Where the pixels of the level lie along each spatial axis.
    """

    region: Placed
    first: tuple[int, ...]
    place: tuple[Along, ...]

    def __call__(self, block: NDArray[Any], block_info: Any = None) -> NDArray[Any]:
        """A block with 0 outside."""
        depth = len(self.first)
        location = block_info[0]["array-location"][-depth:]
        steps = [
            along.start + (first + np.arange(low, high) + 0.5) * along.step
            for (low, high), first, along in zip(location, self.first, self.place, strict=True)
        ]
        planes = steps[0] if depth == 3 and isinstance(self.region, PlacedBend | PlacedVolume) else np.zeros(1)
        inside = [self._in_plane(plane, *steps[-2:]) for plane in planes]
        return np.where(inside if len(inside) > 1 else inside[0], block, np.zeros((), dtype=block.dtype))

    def _in_plane(self, plane: float, y: FloatArray, x: FloatArray) -> NDArray[np.bool_]:
        """Which pixel centres of a plane lie inside."""
        centres = np.full((len(y) * len(x), len(self.first)), plane)
        centres[:, -2], centres[:, -1] = np.repeat(y, len(x)), np.tile(x, len(y))
        return self.region.contains(centres, border=True).reshape(len(y), len(x))


def _is_empty(slices: dict[str, slice]) -> bool:
    return any(part.start >= part.stop for part in slices.values())


def _moved(raster: Any, start: dict[str, int]) -> dict[str, Any]:
    transformations = transformations_of(raster)
    if not any(start.values()):
        return dict(transformations)
    shift = Translation([float(value) for value in start.values()], tuple(start))
    return {name: Chain([shift, transformation]) for name, transformation in transformations.items()}


def _level(
    level: DataArray,
    slices: dict[str, slice],
    mask: _Mask | None,
    finest: tuple[int, ...] | None = None,
    place: LevelPlace | None = None,
) -> DataArray:
    """One level cut; its coordinates are counted anew, in pixels of the finest level, which may be itself."""
    from xarray import DataArray

    data = _regular(level.data[tuple(slices.get(str(dim), slice(None)) for dim in level.dims)])
    if mask is not None:
        data = data.map_blocks(mask, dtype=data.dtype, meta=data._meta)  # noqa: SLF001
    kept = kept_coordinates(level)
    coords = {dim: variable[slices[dim]] if dim in slices else variable for dim, variable in kept.items()}
    coords |= level_coordinates(level.dims, finest or data.shape, data.shape, place)
    attrs = {key: value for key, value in level.attrs.items() if key != TRANSFORM_KEY}
    return DataArray(data, dims=level.dims, coords=coords, name=level.name, attrs=attrs)


def _regular(data: Array) -> Array:
    """Rechunk an array whose chunks a store could not hold: of one size, but for a smaller last one."""
    chunks = tuple(
        sizes if len(set(sizes[:-1])) <= 1 and sizes[-1] <= sizes[0] else max(sizes) for sizes in data.chunks
    )
    return data if chunks == data.chunks else data.rechunk(chunks)
