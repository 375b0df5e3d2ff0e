"""Models of images and labels."""

from __future__ import annotations

import warnings
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, ClassVar, Literal, TypeAlias

import numpy as np

from spatialdata._core.elements import is_array, is_raster, is_tree, levels_of, type_name
from spatialdata._core.levels import level_coordinates
from spatialdata.config import settings
from spatialdata.errors import Fault, UnsupportedElementError
from spatialdata.models.base import raise_faults, resolved_transformations, transform_faults
from spatialdata.models.pyramid import (
    VARIABLE,
    Downsampling,
    ScaleFactors,
    automatic_factors,
    build_pyramid,
)
from spatialdata.models.shallow import with_transformations
from spatialdata.models.times import UNITS, time_coordinate, time_faults
from spatialdata.transformations.attach import TRANSFORM_KEY, attach_transformations

if TYPE_CHECKING:
    import dask.array as da
    from xarray import DataArray, DataTree

    from spatialdata.transformations.algebra import BaseTransformation

__all__ = ["Image2DModel", "Image3DModel", "Labels2DModel", "Labels3DModel", "RasterModel", "default_chunks"]

Chunks: TypeAlias = int | tuple[int | tuple[int, ...], ...] | Mapping[str, Any] | str

_ONE_CHUNK_BYTES = 2**26
_CHUNK_SIDE = 2048


class RasterModel:
    """What the models of images and labels share."""

    dims: ClassVar[tuple[str, ...]]
    is_labels: ClassVar[bool] = False

    @classmethod
    def parse(
        cls,
        data: Any,
        dims: Sequence[str] | None = None,
        c_coords: str | Sequence[str | int] | None = None,
        transformations: Mapping[str, BaseTransformation] | None = None,
        scale_factors: ScaleFactors | Literal["auto"] | None = None,
        method: Any = None,
        chunks: Chunks | None = None,
        t_coords: Sequence[float] | None = None,
        t_unit: str | None = None,
        **kwargs: Any,
    ) -> DataArray | DataTree:
        """Make an element of an array.

        Parameters
        ----------
        data
            A numpy, dask or zarr array, or an xarray.DataArray; an xarray.DataTree that is a multiscale raster already
            is validated and copied. The data are not copied and not computed.
        dims
            The axis of each dimension of ``data``, for example ``("y", "x", "c")``; the element has them in the order
            of the model. Those of the model if not given; a DataArray has its own. With a further axis ``"t"`` the
            element has one raster for each point in time, and ``t`` as its first axis.
        c_coords
            Names of the channels; whole numbers from 0 on if not given. Not for labels.
        transformations
            Transformations by coordinate system; the Identity to ``"global"`` if not given.
        scale_factors
            Factors of the further levels, each relative to the level before it; then the result is multiscale, also
            of one level if the list is empty.
            ``"auto"`` halves until a level has at most 1024 pixels along x and y; a raster that has no more is of one
            scale.
        method
            For labels, ``"mode"`` (or a member of an enumeration with "mode" in its name) gives a pixel of a coarser
            level the id that most of its pixels have, instead of that of the pixel in the middle. Others are accepted
            for compatibility and change nothing: images are averaged.
        chunks
            Chunks of the data: a number, a tuple in the order of the model, or a dict by axis. Without it, arrays in
            memory up to 64 MiB are one chunk and larger ones are cut into 2048 × 2048 pixels of a plane; lazy arrays
            keep theirs.
        t_coords
            With an axis t, the points in time: numbers that rise. Those of the DataArray, or whole numbers from 0 on,
            if not given.
        t_unit
            With an axis t, the unit of the times as OME-Zarr spells it, for example ``"second"``.
        **kwargs
            ``rgb=True`` names the channels r, g, b(, a); ``rgb=None`` does so if there are three or four of them.

        Returns
        -------
        The element: an xarray.DataArray, or an xarray.DataTree with ``scale_factors``. Pixel i covers i to i + 1 of
        its axis and has the coordinate i + 0.5.

        Raises
        ------
        ValueError
            The dimensions do not fit the model, the number of channel names is wrong, or the element carries
            transformations already.

        Examples
        --------
        >>> import numpy as np
        >>> from spatialdata.models import Image2DModel
        >>> image = Image2DModel.parse(np.zeros((3, 4, 5), dtype=np.uint8), c_coords=["r", "g", "b"])
        >>> image.dims, image.x.values[0]
        (('c', 'y', 'x'), np.float64(0.5))
        """
        downsampling = _downsampling(method, is_labels=cls.is_labels)
        if isinstance(scale_factors, str) and scale_factors != "auto":
            raise ValueError(f"scale_factors must be a list of factors, 'auto' or None, not {scale_factors!r}.")
        if is_tree(data):
            return cls._parse_tree(data, transformations)
        array, own_dims, attrs = cls._array(data, dims)
        coords = cls._channel_coords(data, array, own_dims, c_coords, kwargs)
        coords |= _time_coords(data, array, own_dims, t_coords, t_unit)
        element = cls._element(array, own_dims, coords, chunks)
        element.attrs.update({key: value for key, value in attrs.items() if key != TRANSFORM_KEY})
        resolved = resolved_transformations(transformations, attrs)
        factors = (automatic_factors(element) or None) if isinstance(scale_factors, str) else scale_factors
        result = element if factors is None else build_pyramid(element, factors, downsampling)
        attach_transformations(result, resolved)
        cls.validate(result)
        return result

    @classmethod
    def _parse_tree(cls, tree: DataTree, transformations: Mapping[str, BaseTransformation] | None) -> DataTree:
        levels = levels_of(tree)
        resolved = resolved_transformations(transformations, levels[0].attrs)
        copy: DataTree = with_transformations(tree, resolved)
        cls.validate(copy)
        return copy

    @classmethod
    def _array(cls, data: Any, dims: Sequence[str] | None) -> tuple[da.Array, tuple[str, ...], Mapping[str, Any]]:
        """The data as a dask array in the order of the model, its dimensions, and the attributes that came with it."""
        import dask.array as da

        attrs: Mapping[str, Any] = {}
        if is_array(data):
            own = tuple(str(dim) for dim in data.dims)
            if dims is not None and tuple(dims) != own:
                raise ValueError(
                    f"The DataArray has the dimensions {own}, but dims={tuple(dims)} was given. Leave dims out."
                )
            dims, attrs, data = own, data.attrs, data.data
        if type_name(data) == "zarr.Array":
            data = da.from_array(data, chunks=data.chunks)
        if not isinstance(data, np.ndarray | da.Array):
            raise UnsupportedArrayError(
                f"{cls.__name__}.parse takes a numpy array, a dask or zarr array or an xarray.DataArray, not "
                f"{type_name(data)}."
            )
        dims = cls.dims if dims is None else tuple(dims)
        order = ("t", *cls.dims) if "t" in dims else cls.dims
        if data.ndim != len(order) or set(dims) != set(order) or len(dims) != len(order):
            raise ValueError(
                f"{cls.__name__} has the dimensions {cls.dims}, or those and 't'. Found an array of shape "
                f"{data.shape} with the dimensions {dims}."
            )
        array = data if isinstance(data, da.Array) else da.from_array(data, chunks=default_chunks(data, dims))
        if tuple(dims) == order:
            return array, order, attrs  # a transposition that changes nothing would keep windows from being read alone
        return array.transpose([dims.index(dim) for dim in order]), order, attrs

    @classmethod
    def _channel_coords(
        cls,
        data: Any,
        array: da.Array,
        dims: tuple[str, ...],
        c_coords: str | Sequence[str | int] | None,
        kwargs: dict[str, Any],
    ) -> dict[str, Any]:
        rgb = kwargs.pop("rgb", False)
        if kwargs:
            raise ValueError(f"{cls.__name__}.parse does not take {', '.join(map(repr, sorted(kwargs)))}.")
        if cls.is_labels:
            if c_coords is not None:
                raise ValueError("Labels have no channels; c_coords must not be given.")
            return {}
        count = array.shape[dims.index("c")]
        if rgb and count not in (3, 4):
            raise ValueError(f"rgb=True is for images with 3 or 4 channels; this one has {count}. Give c_coords.")
        if c_coords is not None:
            names: list[Any] = [c_coords] if isinstance(c_coords, str) else list(c_coords)
        elif rgb or (rgb is None and count in (3, 4)):
            names = list("rgba"[:count])
        elif is_array(data) and "c" in data.coords:
            names = data.coords["c"].to_numpy().tolist()
        else:
            names = list(range(count))
        if len(names) != count:
            hint = "" if array.shape[-1] != len(names) else " If the channels come last, say so with dims."
            raise ValueError(
                f"The image has {count} channels, but {len(names)} channel names were given: {names}.{hint}"
            )
        return {"c": names}

    @staticmethod
    def _element(array: da.Array, dims: tuple[str, ...], coords: dict[str, Any], chunks: Chunks | None) -> DataArray:
        from xarray import DataArray

        if chunks is not None:
            array = array.rechunk(_chunks(chunks, dims))
        coords |= level_coordinates(dims, array.shape, array.shape)
        return DataArray(array, dims=dims, coords=coords, name=VARIABLE)

    @classmethod
    def validate(cls, data: Any) -> None:
        """Raise unless ``data`` is a valid element of this model.

        Parameters
        ----------
        data
            The element. Its data are not read.

        Raises
        ------
        ValidationError
            With everything that is wrong with it.

        Examples
        --------
        >>> import numpy as np
        >>> from spatialdata.models import Labels2DModel
        >>> Labels2DModel.validate(Labels2DModel.parse(np.zeros((4, 5), dtype=np.int32)))
        """
        if not is_raster(data):
            raise UnsupportedElementError(
                f"{cls.__name__} needs an xarray.DataArray or DataTree, not {type_name(data)}."
            )
        faults: list[Fault] = []
        levels = levels_of(data)
        if not levels:
            faults.append(Fault((), "a multiscale raster needs at least the level 'scale0'"))
        for number, level in enumerate(levels):
            path = (f"scale{number}",) if is_tree(data) else ()
            faults.extend(Fault((*path, *fault.path), fault.message) for fault in cls._level_faults(level))
        if is_tree(data) and TRANSFORM_KEY in data.attrs:
            faults.append(
                Fault(("attrs", TRANSFORM_KEY), "transformations belong on the levels, not on the root of the tree")
            )
        raise_faults(f"This is no valid element of {cls.__name__}:", faults)
        _warn_large_chunks(levels[0])

    @classmethod
    def _level_faults(cls, level: DataArray) -> list[Fault]:
        import dask.array as da

        if level.dims not in (cls.dims, ("t", *cls.dims)):
            return [Fault(("dims",), f"must be {cls.dims}, or those after 't', not {tuple(level.dims)}")]
        faults = [*transform_faults(level.attrs), *time_faults(level)]
        if not isinstance(level.data, da.Array):
            faults.append(Fault(("data",), f"must be a dask array, not {type_name(level.data)}; parse wraps it"))
        if cls.is_labels and not (np.issubdtype(level.dtype, np.integer) or level.dtype == bool):
            faults.append(Fault(("dtype",), f"labels hold whole numbers, not {level.dtype}; cast them first"))
        elif level.dtype.kind not in "biufc":
            faults.append(Fault(("dtype",), f"images hold numbers, not {level.dtype}; cast them first"))
        return faults


class UnsupportedArrayError(UnsupportedElementError, ValueError):
    """The object given to a parser of rasters is no array."""


def _chunks(chunks: Chunks, dims: tuple[str, ...]) -> Any:
    """Chunks as dask takes them, by the number of the axis."""
    if isinstance(chunks, Mapping):
        unknown = [axis for axis in chunks if axis not in dims]
        if unknown:
            raise ValueError(f"chunks names the axes {unknown}, but the raster has {dims}.")
        return {dims.index(axis): size for axis, size in chunks.items()}
    if isinstance(chunks, Sequence) and not isinstance(chunks, str) and len(chunks) != len(dims):
        raise ValueError(f"chunks has {len(chunks)} sizes, but the raster has the axes {dims}. Give one for each.")
    if isinstance(chunks, str) and not (chunks == "auto" or any(digit.isdigit() for digit in chunks)):
        raise ValueError(f"chunks={chunks!r} is no size. Give a number, one for each axis, 'auto' or '64 MiB'.")
    return chunks


def _time_coords(
    data: Any, array: da.Array, dims: tuple[str, ...], t_coords: Sequence[float] | None, t_unit: str | None
) -> dict[str, Any]:
    if "t" not in dims:
        if t_coords is not None or t_unit is not None:
            raise ValueError(f"t_coords and t_unit are for rasters with an axis t. Found the dimensions {dims}.")
        return {}
    own = data.coords["t"] if is_array(data) and "t" in data.coords else None
    return {"t": time_coordinate(own if t_coords is None else t_coords, array.shape[0], t_unit or _unit(own))}


def _unit(times: Any) -> str | None:
    return None if times is None else times.attrs.get(UNITS)


def _downsampling(method: Any, *, is_labels: bool) -> Downsampling:
    name = method if method is None or isinstance(method, str) else getattr(method, "name", None)
    if method is not None and not isinstance(name, str):
        raise TypeError(f"method must be the name of a downsampling method or None, not {type(method).__name__}.")
    if not is_labels:
        return "mean"
    return "mode" if name is not None and "mode" in name.lower() else "nearest"


def default_chunks(data: np.ndarray[Any, Any], dims: Sequence[str]) -> tuple[int, ...]:
    """The chunks of a raster that is in memory: planes of squares, or one if it is small."""
    if data.nbytes <= _ONE_CHUNK_BYTES:
        return tuple(data.shape)
    return tuple(min(size, _CHUNK_SIDE) if dim in ("x", "y") else 1 for dim, size in zip(dims, data.shape, strict=True))


def _warn_large_chunks(level: DataArray) -> None:
    largest = int(np.prod([max(sizes, default=0) for sizes in level.data.chunks])) * level.dtype.itemsize
    if largest > settings.large_chunk_threshold_bytes:
        warnings.warn(
            f"A chunk of this raster has {largest} bytes, more than {settings.large_chunk_threshold_bytes} "
            "(settings.large_chunk_threshold_bytes). Pass chunks= to parse it in smaller ones.",
            UserWarning,
            stacklevel=3,
        )


class Image2DModel(RasterModel):
    """Images with the axes c, y, x, or t, c, y, x."""

    dims = ("c", "y", "x")


class Image3DModel(RasterModel):
    """Images with the axes c, z, y, x, or t, c, z, y, x."""

    dims = ("c", "z", "y", "x")


class Labels2DModel(RasterModel):
    """Labels with the axes y, x: each pixel holds the id of an instance, or 0 for the background."""

    dims = ("y", "x")
    is_labels = True


class Labels3DModel(RasterModel):
    """Labels with the axes z, y, x: each pixel holds the id of an instance, or 0 for the background."""

    dims = ("z", "y", "x")
    is_labels = True
