"""OME-Zarr images that no SpatialData tool wrote, as elements."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from spatialdata.errors import StoreError, listing
from spatialdata.models.kind import Kind
from spatialdata.models.pyramid import VARIABLE, level_coordinates, tree_of
from spatialdata.models.times import time_coordinate
from spatialdata.store.dialects.multiscale import EDGES, Times, channel_labels, only_multiscale, times_of
from spatialdata.store.documents import child_names, is_node, read_node
from spatialdata.store.source import reading
from spatialdata.store.store import Entry
from spatialdata.store.stored_array import StoredArray
from spatialdata.transformations.attach import DEFAULT_COORDINATE_SYSTEM, TRANSFORM_KEY, attach_transformations
from spatialdata.transformations.linear import Scale, Translation
from spatialdata.transformations.linear import Sequence as SequenceOf

if TYPE_CHECKING:
    from xarray import DataArray

    from spatialdata._core.elements import Raster
    from spatialdata._core.sources import Window
    from spatialdata.transformations.algebra import BaseTransformation

__all__ = ["PlainRaster", "plain_rasters"]

_VERSIONS = ("0.4", "0.5")
_SPATIAL = ("z", "y", "x")


def _body(attributes: Mapping[str, Any]) -> dict[str, Any]:
    """The metadata of OME-Zarr, which 0.5 keeps under ``ome``."""
    inner = attributes.get("ome")
    return dict(inner) if isinstance(inner, Mapping) else dict(attributes)


def plain_rasters(path: Path) -> dict[Entry, PlainRaster]:
    """The image at a path and the labels in it; empty if there is no plain OME-Zarr image.

    The image is named after its folder.
    """
    if not is_node(path) or "multiscales" not in _body(read_node(path).attributes):
        return {}
    name = path.name.removesuffix(".zarr").removesuffix(".ome") or "image"
    found = {Entry(Kind.IMAGE, name): PlainRaster(path, Kind.IMAGE)}
    labels = path / "labels"
    listed = _body(read_node(labels).attributes).get("labels") if is_node(labels) else None
    for label in listed if listed is not None else child_names(labels):
        found[Entry(Kind.LABELS, str(label))] = PlainRaster(labels / str(label), Kind.LABELS)
    return found


class PlainRaster:
    """An image or labels of OME-Zarr 0.4 or 0.5.

    Axes of size 1 that an element need not have (time, and z of a flat image) are left out. The scale of the finest
    level, and its translation, lead to the coordinate system ``"global"``; they act on pixels whose first one begins
    at 0.

    Parameters
    ----------
    folder
        The group.
    kind
        ``Kind.IMAGE`` or ``Kind.LABELS``.
    """

    def __init__(self, folder: Path, kind: Kind) -> None:
        self.folder = folder
        self.kind = kind

    @property
    def where(self) -> str:
        """The raster as error messages name it."""
        return f"The OME-Zarr {self.kind.container} {self.folder}"

    @property
    def location(self) -> str | None:
        """The path of the group."""
        return str(self.folder)

    def _multiscale(self) -> tuple[dict[str, Any], dict[str, Any], tuple[str, ...]]:
        """The metadata, the description of the levels, and the axes."""
        with reading(self.where, self.folder):
            body = _body(read_node(self.folder).attributes)
            described = only_multiscale(body, self.where)
            version = body.get("version", described.get("version"))
            if version not in _VERSIONS:
                raise StoreError(f"It has the NGFF version {version!r}. Valid: {listing(_VERSIONS)}.")
            return body, described, tuple(str(axis["name"]) for axis in described["axes"])

    @property
    def attrs(self) -> Mapping[str, Any]:
        """The transformations, under ``"transform"``."""
        return {TRANSFORM_KEY: {DEFAULT_COORDINATE_SYSTEM: self._placement()}}

    def _placement(self) -> BaseTransformation:
        """From pixels of the finest level to the units of the file."""
        _, described, axes = self._multiscale()
        with reading(self.where, self.folder):
            scale, shift = np.ones(len(axes)), np.zeros(len(axes))
            for step in [*described["datasets"][0].get(EDGES, []), *described.get(EDGES, [])]:
                factors = np.asarray(step.get("scale", np.ones(len(axes))), dtype=np.float64)
                scale, shift = scale * factors, shift * factors
                shift = shift + np.asarray(step.get("translation", np.zeros(len(axes))), dtype=np.float64)
            kept = [axis for axis in self._kept(self._arrays()[0], axes) if axis in _SPATIAL]
            chosen = [axes.index(axis) for axis in kept]
            placed: BaseTransformation = Scale(scale[chosen].tolist(), tuple(kept))
            return SequenceOf([placed, Translation(shift[chosen].tolist(), tuple(kept))]) if shift.any() else placed

    def _arrays(self) -> list[StoredArray]:
        _, described, _ = self._multiscale()
        with reading(self.where, self.folder):
            return [StoredArray(self.folder / str(dataset["path"])) for dataset in described["datasets"]]

    def _kept(self, array: StoredArray, axes: tuple[str, ...]) -> tuple[str, ...]:
        """The axes of the element; an error if another axis has more than one value."""
        kept = []
        for axis, size in zip(axes, array.shape, strict=True):
            wanted = axis in ("y", "x") or (axis in "tz" and size > 1) or (axis == "c" and self.kind is Kind.IMAGE)
            if wanted:
                kept.append(axis)
            elif size > 1:
                raise StoreError(
                    f"{self.where} has {size} values along {axis!r}. An element has t, c (images), z, y and x only; "
                    "take one of them and write it on its own."
                )
        return tuple(kept)

    def load(self, *, columns: Sequence[str] | None = None, window: Window | None = None) -> Raster:  # noqa: ARG002
        """The element, with lazy data."""
        body, described, axes = self._multiscale()
        arrays = self._arrays()
        kept = self._kept(arrays[0], axes)
        channels = channel_labels(body.get("omero"), None, self.where) if self.kind is Kind.IMAGE else None
        times = times_of(described, axes, self.where, described.get(EDGES, []))
        levels = [self._level(array, axes, kept, channels, times) for array in arrays]
        levels = [_with_coordinates(level, levels[0]) for level in levels]
        element = levels[0] if len(levels) == 1 else tree_of(levels)
        attach_transformations(element, self.attrs[TRANSFORM_KEY])
        return element

    def _level(
        self,
        array: StoredArray,
        axes: tuple[str, ...],
        kept: tuple[str, ...],
        channels: Sequence[Any] | None,
        times: Times | None,
    ) -> DataArray:
        import dask.array as da
        from xarray import DataArray

        data = da.from_array(array, chunks=array.chunks)[tuple(slice(None) if axis in kept else 0 for axis in axes)]
        if self.kind is Kind.IMAGE and "c" not in kept:
            data, kept = data[None], ("c", *kept)
        order = tuple(axis for axis in ("t", "c", "z", "y", "x") if axis in kept)
        if kept != order:
            data = data.transpose([kept.index(axis) for axis in order])
        coords: dict[str, Any] = {}
        if "c" in order:
            count = data.shape[order.index("c")]
            coords["c"] = list(channels) if channels and len(channels) == count else list(range(count))
        if "t" in order:
            described = times or Times()
            coords["t"] = time_coordinate(described.values(data.shape[0], self.where), data.shape[0], described.unit)
        return DataArray(data, dims=order, coords=coords, name=VARIABLE)

    def check(self) -> None:
        """Raise a StoreError unless the metadata are readable and fit the arrays."""
        _ = self.attrs

    def summary(self) -> str:
        """The type and the shape of the element in a few words."""
        _, _, axes = self._multiscale()
        arrays = self._arrays()
        kind = "DataArray" if len(arrays) == 1 else "DataTree"
        shapes = ", ".join(str(array.shape) for array in arrays)
        return f"{kind}[{''.join(axes)}] {shapes} {arrays[0].dtype}"


def _with_coordinates(level: DataArray, full: DataArray) -> DataArray:
    places = {axis: level_coordinates(full.sizes[axis], level.sizes[axis]) for axis in _SPATIAL if axis in level.dims}
    return level.assign_coords(places)
