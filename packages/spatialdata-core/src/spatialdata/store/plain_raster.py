"""One OME-Zarr image that no SpatialData tool wrote, as an element."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from spatialdata._core.levels import level_coordinates
from spatialdata.errors import StoreError, listing
from spatialdata.models.kind import Kind
from spatialdata.models.pyramid import VARIABLE, tree_of
from spatialdata.models.times import time_coordinate
from spatialdata.store.dialects import v06
from spatialdata.store.dialects.level_places import Said, places_said, said_of, telling
from spatialdata.store.dialects.multiscale import EDGES, Times, only_multiscale, times_of
from spatialdata.store.dialects.without_axes import restricted, without_time
from spatialdata.store.documents import document_stamp, read_node
from spatialdata.store.field_arrays import arrays_below
from spatialdata.store.lazy_pixels import lazy_pixels
from spatialdata.store.source import reading
from spatialdata.store.stored_array import StoredArray
from spatialdata.transformations.attach import DEFAULT_COORDINATE_SYSTEM, TRANSFORM_KEY, attach_transformations
from spatialdata.transformations.linear import Scale, Translation
from spatialdata.transformations.linear import Sequence as SequenceOf
from spatialdata.transformations.units import known_unit

if TYPE_CHECKING:
    from xarray import DataArray

    from spatialdata._core.axes import ValidAxis
    from spatialdata._core.elements import Raster
    from spatialdata._core.levels import LevelPlace
    from spatialdata._core.sources import Window
    from spatialdata.transformations.algebra import BaseTransformation

__all__ = ["Join", "PlainRaster", "RasterOf04", "RasterOf06", "ome_of", "spatial"]

_VERSIONS = ("0.4", "0.5")
# Its drafts have names such as 0.6.dev3.
_NEWEST = "0.6"
_SPATIAL: tuple[ValidAxis, ...] = ("z", "y", "x")


def ome_of(attributes: Mapping[str, Any]) -> dict[str, Any]:
    """The metadata of OME-Zarr, which 0.5 and later keep under ``ome``."""
    inner = attributes.get("ome")
    return dict(inner) if isinstance(inner, Mapping) else dict(attributes)


def spatial(transformation: BaseTransformation, axes: Sequence[ValidAxis]) -> BaseTransformation:
    """A transformation over the spatial ones of the axes of its input; all others of an element pass through."""
    return restricted(transformation, tuple(axes), tuple(axis for axis in axes if axis in _SPATIAL))


@dataclass(frozen=True, slots=True, kw_only=True)
class _Described:
    """What the metadata say of the levels."""

    axes: tuple[str, ...]
    paths: tuple[str, ...]
    times: Times | None
    levels: tuple[Said | None, ...]


class PlainRaster(ABC):
    """An image or labels of plain OME-Zarr.

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

    @property
    def ome(self) -> dict[str, Any]:
        """The metadata."""
        with reading(self.where, self.folder):
            body = ome_of(read_node(self.folder).attributes)
            version = body.get("version", only_multiscale(body, self.where).get("version"))
            if version not in _VERSIONS and not str(version).startswith(_NEWEST):
                hint = " Open the SpatialData store that it belongs to." if "spatialdata" in str(version) else ""
                raise StoreError(f"It has the NGFF version {version!r}. Valid: {listing([*_VERSIONS, _NEWEST])}.{hint}")
            return body

    @property
    def attrs(self) -> Mapping[str, Any]:
        """The transformations, under ``"transform"``."""
        with reading(self.where, self.folder):
            return {TRANSFORM_KEY: self.places()}

    @property
    @abstractmethod
    def units(self) -> dict[str, dict[str, str]]:
        """The units of coordinate systems, by coordinate system and axis."""

    @abstractmethod
    def described(self) -> _Described:
        """Axes, levels and times."""

    @abstractmethod
    def places(self) -> dict[str, BaseTransformation]:
        """The transformations by coordinate system."""

    def arrays(self, described: _Described) -> list[StoredArray]:
        """The arrays of the levels, the finest first."""
        with reading(self.where, self.folder):
            arrays = [StoredArray(self.folder / path) for path in described.paths]
            for path, array in zip(described.paths, arrays, strict=True):
                if array.ndim != len(described.axes):
                    raise StoreError(
                        f"The array {path} has the shape {array.shape}, which does not fit the axes {described.axes}."
                    )
            return arrays

    def is_kept(self, axis: str, size: int) -> bool:
        """Whether the element has an axis of the file."""
        return axis in ("y", "x") or (axis in "tz" and size > 1) or (axis == "c" and self.kind is Kind.IMAGE)

    def kept(self, array: StoredArray, axes: tuple[str, ...]) -> tuple[str, ...]:
        """The axes of the element; an error if another axis has more than one value."""
        kept = tuple(axis for axis, size in zip(axes, array.shape, strict=True) if self.is_kept(axis, size))
        for axis, size in zip(axes, array.shape, strict=True):
            if axis not in kept and size > 1:
                raise StoreError(
                    f"{self.where} has {size} values along {axis!r}. An element has t, c (images), z, y and x only; "
                    "take one of them and write it on its own."
                )
        return kept

    def load(self, *, columns: Sequence[str] | None = None, window: Window | None = None) -> Raster:  # noqa: ARG002
        """The element, with lazy data."""
        described = self.described()
        arrays = self.arrays(described)
        kept = self.kept(arrays[0], described.axes)
        places = places_said(telling(described.levels), described.axes, [array.shape for array in arrays])
        levels = [self._level(array, described, kept) for array in arrays]
        levels = [_with_coordinates(level, levels[0], place) for level, place in zip(levels, places, strict=True)]
        element = levels[0] if len(levels) == 1 else tree_of(levels)
        attach_transformations(element, self.attrs[TRANSFORM_KEY])
        return element

    def _level(self, array: StoredArray, described: _Described, kept: tuple[str, ...]) -> DataArray:
        from xarray import DataArray

        chosen = tuple(slice(None) if axis in kept else 0 for axis in described.axes)
        data = lazy_pixels(array)[chosen]
        if self.kind is Kind.IMAGE and "c" not in kept:
            data, kept = data[None], ("c", *kept)
        order = tuple(axis for axis in ("t", "c", "z", "y", "x") if axis in kept)
        if kept != order:
            data = data.transpose([kept.index(axis) for axis in order])
        coords: dict[str, Any] = {}
        if "c" in order:
            coords["c"] = self._channels(data.shape[order.index("c")])
        if "t" in order:
            times = described.times or Times()
            coords["t"] = time_coordinate(times.values(data.shape[0], self.where), data.shape[0], times.unit)
        return DataArray(data, dims=order, coords=coords, name=VARIABLE)

    def _channels(self, count: int) -> list[Any]:
        """The names of the channels, where each has one, or else their numbers."""
        omero = self.ome.get("omero")
        channels = omero.get("channels") if isinstance(omero, Mapping) else None
        names = [channel.get("label") for channel in channels or []]
        return names if len(names) == count and None not in names else list(range(count))

    def check(self) -> None:
        """Raise a StoreError unless the metadata are readable and fit the arrays."""
        described = self.described()
        self.kept(self.arrays(described)[0], described.axes)
        _ = self.attrs

    def summary(self) -> str:
        """The type and the shape of the element in a few words."""
        described = self.described()
        arrays = self.arrays(described)
        kind = "DataArray" if len(arrays) == 1 else "DataTree"
        shapes = ", ".join(str(array.shape) for array in arrays)
        return f"{kind}[{''.join(described.axes)}] {shapes} {arrays[0].dtype}"


def _with_coordinates(level: DataArray, full: DataArray, place: LevelPlace) -> DataArray:
    return level.assign_coords(level_coordinates(level.dims, full.shape, level.shape, place))


class RasterOf04(PlainRaster):
    """An image or labels of OME-Zarr 0.4 or 0.5.

    Axes of size 1 that an element need not have (time, and z of a flat image) are left out. The scale of the finest
    level, and its translation, lead to the coordinate system ``"global"``; they act on pixels whose first one begins
    at 0.
    """

    def _multiscale(self) -> dict[str, Any]:
        return only_multiscale(self.ome, self.where)

    @property
    def units(self) -> dict[str, dict[str, str]]:
        """See :meth:`PlainRaster.units`."""
        with reading(self.where, self.folder):
            found = {axis["name"]: axis["unit"] for axis in self._multiscale()["axes"] if "unit" in axis}
        units = {axis: known_unit(str(unit)) for axis, unit in found.items() if axis in _SPATIAL}
        return {DEFAULT_COORDINATE_SYSTEM: units} if units else {}

    def described(self) -> _Described:
        """See :meth:`PlainRaster.described`."""
        with reading(self.where, self.folder):
            multiscale = self._multiscale()
            axes = tuple(str(axis["name"]) for axis in multiscale["axes"])
            paths = tuple(str(dataset["path"]) for dataset in multiscale["datasets"])
            times = times_of(multiscale, axes, self.where, multiscale.get(EDGES, []))
            levels = tuple(said_of(dataset.get(EDGES), len(axes)) for dataset in multiscale["datasets"])
        return _Described(axes=axes, paths=paths, times=times, levels=levels)

    def places(self) -> dict[str, BaseTransformation]:
        """From pixels of the finest level to the units of the file."""
        multiscale, described = self._multiscale(), self.described()
        axes = described.axes
        scale, shift = np.ones(len(axes)), np.zeros(len(axes))
        for step in [*multiscale["datasets"][0].get(EDGES, []), *multiscale.get(EDGES, [])]:
            factors = np.asarray(step.get("scale", np.ones(len(axes))), dtype=np.float64)
            scale, shift = scale * factors, shift * factors
            shift = shift + np.asarray(step.get("translation", np.zeros(len(axes))), dtype=np.float64)
        kept = [axis for axis in self.kept(self.arrays(described)[0], axes) if axis in _SPATIAL]
        chosen = [axes.index(axis) for axis in kept]
        placed: BaseTransformation = Scale(scale[chosen].tolist(), tuple(kept))
        if shift[chosen].any():
            placed = SequenceOf([placed, Translation(shift[chosen].tolist(), tuple(kept))])
        return {DEFAULT_COORDINATE_SYSTEM: placed}


@dataclass(frozen=True, slots=True)
class Join:
    """How a coordinate system of an image lies in one outside of it.

    Attributes
    ----------
    own, other
        The names of the two.
    transformation
        From the image's own to the other.
    """

    own: str
    other: str
    transformation: BaseTransformation


class RasterOf06(PlainRaster):
    """An image or labels of OME-Zarr 0.6, in all coordinate systems that its metadata lead to.

    Parameters
    ----------
    folder, kind
        As for :class:`PlainRaster`.
    prefix
        What comes before the names of its own coordinate systems.
    joins
        How they lie in others.
    others
        The coordinate systems of further images that its metadata name, by the path of the image and their name.
    """

    def __init__(
        self,
        folder: Path,
        kind: Kind,
        prefix: str = "",
        joins: Sequence[Join] = (),
        others: Mapping[str, Mapping[str, v06.System]] | None = None,
    ) -> None:
        super().__init__(folder, kind)
        self.prefix = prefix
        self.joins = tuple(joins)
        self.others = others or {}
        self._image: tuple[object, v06.Image] | None = None

    def is_kept(self, axis: str, size: int) -> bool:
        """See :meth:`PlainRaster.is_kept`; a flat z stays, since transformations may name it."""
        return axis == "z" or super().is_kept(axis, size)

    @property
    def image(self) -> v06.Image:
        """The metadata, read; again only when they were replaced, since some transformations lie in arrays."""
        with reading(self.where, self.folder):
            stamp = document_stamp(self.folder)
            if self._image is None or self._image[0] != stamp:
                read = v06.parse_image(self.ome, self.where, arrays_below(self.folder), self.others)
                self._image = (stamp, read)
            return self._image[1]

    @property
    def units(self) -> dict[str, dict[str, str]]:
        """See :meth:`PlainRaster.units`."""
        with reading(self.where, self.folder):
            systems = v06.systems_of(self.ome, self.where)
        return {f"{self.prefix}{name}": v06.lengths_of(system) for name, system in systems.items()}

    def described(self) -> _Described:
        """See :meth:`PlainRaster.described`."""
        with reading(self.where, self.folder):
            paths, axes = v06.level_axes(self.ome, self.where)
            times = v06.times_of_image(self.ome, axes, self.where)
            levels = v06.said_of_levels(self.ome, axes, self.where)
            return _Described(axes=axes, paths=paths, times=times, levels=levels)

    def places(self) -> dict[str, BaseTransformation]:
        """See :meth:`PlainRaster.places`."""
        image = self.image
        axes = without_time(image.systems[image.intrinsic].axes)
        own = {name: spatial(place, axes) for name, place in v06.places_of(image).items()}
        found = {f"{self.prefix}{name}": place for name, place in own.items()}
        for join in self.joins:
            if join.own in own and join.other not in found:
                found[join.other] = SequenceOf([own[join.own], join.transformation])
        return found
