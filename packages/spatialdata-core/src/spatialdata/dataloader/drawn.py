"""Tiles of an image drawn onto pixels of a coordinate system, many times and fast."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import numpy as np

from spatialdata._core.elements import lazy_levels_of, spatial_axes_of
from spatialdata.dataloader.tiles import CACHE_BYTES, ChunkCache, in_memory
from spatialdata.ops.extent import get_extent
from spatialdata.ops.rasterize import rasterize
from spatialdata.ops.rasterize_grid import target_of
from spatialdata.ops.rasterize_raster import fitting_level, placed_levels
from spatialdata.ops.resample import nearest_pixels
from spatialdata.regions.between import Between
from spatialdata.regions.project import Projection
from spatialdata.transformations.attach import TRANSFORM_KEY, get_transformation

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray
    from xarray import DataArray

    from spatialdata.ops.rasterize_grid import Target

__all__ = ["DrawnTiles"]

_SIZES = {"target_unit_to_pixels": "unit_to_pixels", "target_width": "width", "target_height": "height"}


class DrawnTiles:
    """Boxes of an image as :func:`spatialdata.rasterize` draws them.

    What depends on the image alone is found out once, and its chunks are kept in memory as long as there is room. This
    serves flat images whose place is linear, and tiles that are not larger than a chunk; others are drawn one by one.

    Parameters
    ----------
    image
        The image.
    target_coordinate_system
        The coordinate system of the boxes.
    arguments
        Arguments of :func:`spatialdata.rasterize`, among them the number of pixels.
    """

    def __init__(self, image: Any, target_coordinate_system: str, arguments: Mapping[str, Any]) -> None:
        self._image, self._system, self._arguments = image, target_coordinate_system, dict(arguments)
        full = lazy_levels_of(image)[0]
        is_flat = spatial_axes_of(image) == ("y", "x") and full.dims == ("c", "y", "x")
        is_linear = get_transformation(image, target_coordinate_system).is_linear
        self._is_simple = is_flat and is_linear and set(arguments) <= set(_SIZES)
        self._placed = placed_levels(image, target_coordinate_system) if self._is_simple else []
        self._depth: tuple[float, float] | tuple[()] = ()
        if not self._is_simple:
            self._depth = get_extent(image, target_coordinate_system).get("z", ())
        self._caches: dict[int, ChunkCache] = {}
        self._blanks: dict[tuple[int, ...], DataArray] = {}

    def __getstate__(self) -> tuple[Any, str, dict[str, Any]]:
        return self._image, self._system, self._arguments

    def __setstate__(self, state: tuple[Any, str, dict[str, Any]]) -> None:
        self.__init__(*state)  # type: ignore[misc]

    def tile(self, lower: Sequence[float], upper: Sequence[float]) -> Any:
        """The element between two corners, given as x and y."""
        target = self._target(lower, upper)
        pixels = None if target is None else self._drawn(target)
        if target is None or pixels is None:
            return self._by_itself(lower, upper)
        if pixels.shape not in self._blanks:
            self._blanks[pixels.shape] = self._by_itself(lower, upper)
        tile = self._blanks[pixels.shape].copy(deep=False, data=in_memory(pixels))
        tile.attrs = {TRANSFORM_KEY: {self._system: target.grid().to_world}}
        return tile

    def _by_itself(self, lower: Sequence[float], upper: Sequence[float]) -> DataArray:
        axes = ("x", "y", "z") if self._depth else ("x", "y")
        bounds = ([*lower, *self._depth[:1]], [*upper, *self._depth[1:]])
        drawn: DataArray = rasterize(self._image, axes, *bounds, self._system, **self._arguments)
        return drawn

    def pixels(self, lower: Sequence[float], upper: Sequence[float]) -> NDArray[Any]:
        """The bare pixels of the same."""
        target = self._target(lower, upper)
        found = None if target is None else self._drawn(target)
        return np.asarray(self.tile(lower, upper).data) if found is None else found

    def _target(self, lower: Sequence[float], upper: Sequence[float]) -> Target | None:
        if not self._is_simple:
            return None
        sizes = {_SIZES[name]: value for name, value in self._arguments.items()}
        return target_of(("x", "y"), lower, upper, self._system, **sizes)

    def _drawn(self, target: Target) -> NDArray[Any] | None:
        """The pixels of a box; None where it is larger than a chunk, so that it is drawn in pieces."""
        placed = fitting_level(self._placed, float(target.pixel.min()))
        level, number = placed.level, next(index for index, known in enumerate(self._placed) if known is placed)
        if any(size > max(sizes) for size, sizes in zip(target.shape, level.data.chunks[1:], strict=True)):
            return None
        to_world = Projection(target.axes, np.diag(target.pixel), target.lower)
        to_source = Between.of(to_world, placed.projection).projection()
        cache = self._cache(number)
        found = nearest_pixels(
            lambda window: cache.window(*window), to_source, target.shape, level.shape[1:], placed.bounds
        )
        return np.zeros((level.shape[0], *target.shape), dtype=level.dtype) if found is None else found

    def _cache(self, number: int) -> ChunkCache:
        if number not in self._caches:
            self._caches[number] = ChunkCache(self._placed[number].level.data.rechunk({0: -1}), CACHE_BYTES)
        return self._caches[number]
