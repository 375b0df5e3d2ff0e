"""Images and labels in a store: lazy arrays, one for each level."""

from __future__ import annotations

import itertools
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from spatialdata._core.elements import RASTER_DIMS, axes_of, has_time, levels_of
from spatialdata._core.levels import level_coordinates, place_of
from spatialdata.errors import StoreError
from spatialdata.models.kind import Kind
from spatialdata.models.label_statistics import remember_statistics
from spatialdata.models.pyramid import VARIABLE, coarsening_of, tree_of
from spatialdata.models.times import UNITS, time_coordinate, time_values
from spatialdata.store.attributes import own_attrs, stored_attrs
from spatialdata.store.chunks import ChunkGrid, grid_of, new_array
from spatialdata.store.dialects import v04, v05_spatialdata, v06_spatialdata
from spatialdata.store.dialects.choice import dialect_of
from spatialdata.store.dialects.edges import edges_of, transformations_of_edges, units_of_edges
from spatialdata.store.dialects.level_places import places_said
from spatialdata.store.dialects.multiscale import Times
from spatialdata.store.documents import array_shape, write_group
from spatialdata.store.field_arrays import arrays_below, write_fields
from spatialdata.store.label_statistics import StatisticsOfBlocks, StoredLabels, write_statistics
from spatialdata.store.lazy_pixels import lazy_pixels
from spatialdata.store.levels import write_levels
from spatialdata.store.source import ElementSource, reading
from spatialdata.store.stored_array import StoredArray
from spatialdata.transformations.attach import (
    TRANSFORM_KEY,
    attach_to_levels,
    check_transformations,
    transformations_of,
)

if TYPE_CHECKING:
    from xarray import DataArray

    from spatialdata._core.elements import Raster
    from spatialdata._core.levels import LevelPlace
    from spatialdata._core.sources import Window
    from spatialdata.store.dialects.multiscale import Multiscale
    from spatialdata.store.dialects.v06_read import Field
    from spatialdata.store.dialects.v06_spatialdata import Units
    from spatialdata.store.documents import Node
    from spatialdata.store.options import WriteOptions
    from spatialdata.transformations.algebra import BaseTransformation

__all__ = ["RasterSource", "placed_attributes", "write_raster"]


class RasterSource(ElementSource):
    """An image or labels in a store."""

    _placed: tuple[Node, dict[str, BaseTransformation]] | None = None

    @property
    def description(self) -> Multiscale:
        """Levels, axes, channels and transformations, as the attributes give them."""
        _ = self.version
        attributes = self.node.attributes
        with reading(self.where, self.folder):
            found: Multiscale = dialect_of(self.container.zarr_format, attributes).read(attributes, self.where)
        if found.axes not in RASTER_DIMS or ("c" in found.axes) != (self.kind is Kind.IMAGE):
            raise StoreError(
                f"{self.where} has the axes {found.axes}. Valid for {self.kind.container}: "
                f"{', '.join(str(axes) for axes in RASTER_DIMS if ('c' in axes) == (self.kind is Kind.IMAGE))}."
            )
        return found

    @property
    def attrs(self) -> Mapping[str, Any]:
        """The transformations, under ``"transform"``, and what the user added."""
        return {**stored_attrs(self.node.attributes), TRANSFORM_KEY: self._transformations(self.description)}

    @property
    def is_in_06(self) -> bool:
        """Whether the metadata are in OME-Zarr 0.6."""
        return v06_spatialdata.is_spoken(self.node.attributes)

    @property
    def units(self) -> dict[str, dict[str, str]]:
        """See :meth:`ElementSource.units`."""
        if self.is_in_06:
            return v06_spatialdata.units(self.node.attributes, self.where)
        return units_of_edges(self.description.edges)

    def _transformations(self, found: Multiscale) -> dict[str, BaseTransformation]:
        """The transformations; read again only when the metadata were replaced, since some lie in arrays."""
        node = self.node
        if self._placed is None or self._placed[0] is not node:
            self._placed = (node, self._read_transformations(found))
        return dict(self._placed[1])

    def _read_transformations(self, found: Multiscale) -> dict[str, BaseTransformation]:
        if not self.is_in_06:
            return transformations_of_edges(found.edges, found.axes, self.where)
        with reading(self.where, self.folder):
            return v06_spatialdata.places(self.node.attributes, self.where, arrays_below(self.folder))

    def load(self, *, columns: Sequence[str] | None = None, window: Window | None = None) -> Raster:  # noqa: ARG002
        """The element, with lazy data; slicing it reads only the chunks that are needed.

        Returns
        -------
        An xarray.DataArray for one level, an xarray.DataTree for several.
        """
        self._renew()
        found = self.description
        arrays = self._arrays(found)
        places = places_said(found.levels, found.axes, [array.shape for array in arrays])
        levels = [
            _level(array, place, found, arrays[0].shape, self.where)
            for array, place in zip(arrays, places, strict=True)
        ]
        levels[0].attrs.update(stored_attrs(self.node.attributes))
        attach_to_levels(levels, places, check_transformations(self._transformations(found)))
        return levels[0] if len(levels) == 1 else tree_of(levels)

    def check(self) -> None:
        """See :meth:`ElementSource.check`."""
        _ = self.attrs
        self._arrays(self.description)

    def facts(self) -> dict[str, Any]:
        """See :meth:`ElementSource.facts`."""
        found = self.description
        arrays = self._arrays(found)
        facts: dict[str, Any] = {
            "class": "DataArray" if len(arrays) == 1 else "DataTree",
            "axes": "".join(found.axes),
            "shapes": [list(array.shape) for array in arrays],
            "dtype": str(arrays[0].dtype),
        }
        return facts if found.channels is None else {**facts, "channels": list(found.channels)}

    def summary(self) -> str:
        """See :meth:`ElementSource.summary`."""
        facts = self.facts()
        shapes = ", ".join(str(tuple(shape)) for shape in facts["shapes"])
        return f"{facts['class']}[{facts['axes']}] {shapes} {facts['dtype']}"

    def _arrays(self, found: Multiscale) -> list[StoredArray]:
        with reading(self.where, self.folder):
            arrays = [self._array(path, number) for number, path in enumerate(found.paths)]
        for path, array in zip(found.paths, arrays, strict=True):
            if array.ndim != len(found.axes):
                raise StoreError(
                    f"The array {path} of {self.where} has the shape {array.shape}, which does not fit its axes "
                    f"{found.axes}."
                )
        count = arrays[0].shape[found.axes.index("c")] if "c" in found.axes else 0
        if found.channels is not None and len(found.channels) != count:
            raise StoreError(f"{self.where} names {len(found.channels)} channels {found.channels}, but has {count}.")
        return arrays

    def _array(self, path: str, number: int) -> StoredArray:
        has_statistics = number == 0 and self.kind is Kind.LABELS
        return (StoredLabels if has_statistics else StoredArray)(self.folder / path, self.documents(path))


def _level(array: StoredArray, place: LevelPlace, found: Multiscale, full: tuple[int, ...], where: str) -> DataArray:
    from xarray import DataArray

    data = lazy_pixels(array)
    if isinstance(array, StoredLabels):
        remember_statistics(data, array)
    coords = level_coordinates(found.axes, full, array.shape, place)
    for axis, size in zip(found.axes, array.shape, strict=True):
        if axis == "c":
            coords[axis] = list(found.channels) if found.channels is not None else list(range(size))
        elif axis == "t":
            times = found.times or Times()
            coords[axis] = time_coordinate(times.values(size, where), size, times.unit)
    return DataArray(data, dims=found.axes, coords=coords, name=VARIABLE)


def write_raster(folder: Path, kind: Kind, name: str, raster: Raster, options: WriteOptions) -> None:
    """Write an image or labels into a folder.

    Parameters
    ----------
    folder
        The folder of the element; it is made a Zarr group with the arrays ``s0``, ``s1``, …
    kind, name
        The element.
    raster
        The element itself. All levels are written in one pass; those that are no longer known to follow from the level
        before them are written as they are.
    options
        Versions, codec, chunks and shards.
    """
    levels = levels_of(raster)
    axes = axes_of(raster)
    attributes, fields = _attributes(kind, name, raster, options)
    write_group(folder, attributes, options.formats.container.zarr_format)
    write_fields(folder, fields)
    steps = [None, *(coarsening_of(level, before) for before, level in itertools.pairwise(levels))]
    grids: list[ChunkGrid] = []
    for level, step in zip(levels, steps, strict=True):
        grids.append(grid_of(level.data, axes, options, finer=grids[-1] if step else None))
    targets = [
        new_array(folder / f"s{number}", level.data, grid, axes, kind, options)
        for number, (level, grid) in enumerate(zip(levels, grids, strict=True))
    ]
    watched = StatisticsOfBlocks() if options.label_statistics and kind is Kind.LABELS and "t" not in axes else None
    write_levels([level.data for level in levels], targets, grids, steps, watched)
    statistics = watched.merged() if watched else None
    if statistics is not None:
        write_statistics(folder / "s0", statistics, axes)


def _attributes(
    kind: Kind, name: str, raster: Raster, options: WriteOptions
) -> tuple[dict[str, Any], dict[str, Field]]:
    levels = levels_of(raster)
    axes = axes_of(raster)
    is_image = kind is Kind.IMAGE
    places = [place_of(levels[0], level) for level in levels]
    channels = _channels(levels[0]) if is_image else None
    own = own_attrs(raster, f"{kind.container}/{name}")
    placed = transformations_of(raster)
    times = _times(levels[0]) if has_time(raster) else None
    if options.ngff == v06_spatialdata.NGFF_VERSION:
        described = v06_spatialdata.attributes_of(
            name, axes, places, levels[0].shape, placed, channels, options.units, times
        )
        return {**described[0], **own}, described[1]
    common = (
        f"/images/{name}" if is_image else name,
        axes,
        places,
        edges_of(placed, axes, options.units),
        channels,
    )
    attributes = (
        v05_spatialdata.attributes_of(*common, times)
        if options.formats.container.zarr_format == 3
        else v04.attributes_of(*common, options.formats.version(kind), times)
    )
    return {**attributes, **own}, {}


def placed_attributes(
    source: RasterSource, transformations: Mapping[str, BaseTransformation], units: Units
) -> tuple[dict[str, Any], dict[str, Field]]:
    """The attributes of a raster in a store with other transformations, and the fields that belong beside them."""
    attributes = dict(source.node.attributes)
    found = source.description
    if source.is_in_06:
        shape = array_shape(source.folder / found.paths[0])
        axes: Any = found.axes
        return v06_spatialdata.with_places(attributes, transformations, axes, shape, units, source.where)
    dialect = v05_spatialdata if source.container.zarr_format == 3 else v04
    return dialect.with_edges(attributes, edges_of(transformations, found.axes, units), source.where), {}


def _times(level: DataArray) -> Times:
    return Times.of(time_values(level), level.coords["t"].attrs.get(UNITS))


def _channels(level: DataArray) -> list[Any]:
    if "c" not in level.coords:
        return list(range(level.sizes["c"]))
    return list(level.coords["c"].to_numpy().tolist())
