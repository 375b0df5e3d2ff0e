"""A function applied to the pixels of an image or of labels."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

import numpy as np

from spatialdata._core.elements import is_raster, lazy_levels_of, type_name
from spatialdata.errors import UnsupportedElementError, listing
from spatialdata.models.raster import Image2DModel, Image3DModel, Labels2DModel, Labels3DModel
from spatialdata.models.times import UNITS, time_values
from spatialdata.transformations.attach import transformations_of

if TYPE_CHECKING:
    from numpy.typing import NDArray
    from xarray import DataArray, DataTree

    from spatialdata.transformations.algebra import BaseTransformation

__all__ = ["map_raster"]

_STILL = {model.dims: model for model in (Image2DModel, Image3DModel, Labels2DModel, Labels3DModel)}
_MODELS = _STILL | {("t", *dims): model for dims, model in _STILL.items()}


def map_raster(
    data: DataArray | DataTree,
    func: Callable[..., Any],
    func_kwargs: Mapping[str, Any] = MappingProxyType({}),
    blockwise: bool = True,
    depth: int | tuple[int, ...] | dict[int, int] | None = None,
    chunks: tuple[tuple[int, ...], ...] | None = None,
    c_coords: Iterable[int] | Iterable[str] | None = None,
    dims: tuple[str, ...] | None = None,
    transformations: Mapping[str, BaseTransformation] | None = None,
    relabel: bool = True,
    **kwargs: Any,
) -> DataArray:
    """Apply a function to the pixels of an image or of labels, lazily.

    Parameters
    ----------
    data
        An image or labels; the finest level counts.
    func
        Takes an array and returns one: a chunk after the other as numpy arrays, or with ``blockwise=False`` the whole
        as a dask array.
    func_kwargs
        Further arguments of the function.
    blockwise
        Call the function for each chunk.
    depth
        The number of pixels that a chunk gets from its neighbours along each axis, for functions that look around;
        they are cut off afterwards. Beyond the border the raster is mirrored.
    chunks
        The chunks of the result, if they are not those of the input.
    c_coords
        The names of the channels of the result; those of the input if their number is the same, and otherwise whole
        numbers from 0 on.
    dims
        The dimensions of the result, if they are not those of the input; without ``c`` it is labels.
    transformations
        The transformations of the result; those of the input if not given.
    relabel
        For labels that are made chunk by chunk, make the ids of different chunks different: the number of the chunk
        takes the lowest bits of the id.
    **kwargs
        Passed to :func:`dask.array.map_blocks` or :func:`dask.array.map_overlap`, for example ``drop_axis`` and
        ``dtype``.

    Returns
    -------
    A new single-scale image or labels.

    Raises
    ------
    ValueError
        The input is no raster, the result does not have the dimensions, ``depth`` has the wrong length, or channel
        names are given for labels. When computed: the ids of labels have no room for the number of the chunk.

    Examples
    --------
    >>> import numpy as np
    >>> from spatialdata.models import Image2DModel
    >>> image = Image2DModel.parse(np.ones((1, 2, 2)), c_coords=["DAPI"])
    >>> doubled = map_raster(image, lambda block: 2 * block)
    >>> doubled.values.max(), doubled.c.values.tolist()
    (np.float64(2.0), ['DAPI'])
    """
    if not is_raster(data):
        raise NoRasterError(f"The pixels of images and labels can be mapped. {type_name(data)} has none.")
    level = lazy_levels_of(data)[0]
    out_dims = tuple(dims) if dims is not None else tuple(str(dim) for dim in level.dims)
    if out_dims not in _MODELS:
        raise ValueError(f"A raster has the dimensions {listing(_MODELS)}. Found dims={out_dims}.")
    if c_coords is not None and "c" not in out_dims:
        raise ValueError("c_coords names the channels of an image, but the result is labels. Leave it out.")
    mapped = (
        _mapped(level.data, func, func_kwargs, depth, chunks, kwargs) if blockwise else func(level.data, **func_kwargs)
    )
    if mapped.ndim != len(out_dims):
        raise ValueError(
            f"The result has {mapped.ndim} dimensions, but {out_dims} was expected. Name its dimensions with dims, and "
            "tell dask of dropped ones with drop_axis."
        )
    if relabel and blockwise and "c" not in out_dims and mapped.npartitions > 1:
        mapped = _relabelled(mapped)
    own = dict(transformations if transformations is not None else transformations_of(data))
    names: dict[str, Any] = _times(level, mapped, out_dims)
    if "c" in out_dims:
        names["c_coords"] = _channels(level, mapped.shape[out_dims.index("c")], c_coords)
    result: Any = _MODELS[out_dims].parse(mapped, dims=out_dims, transformations=own, **names)
    return result  # type: ignore[no-any-return]


class NoRasterError(UnsupportedElementError, ValueError):
    """Pixels were asked of an element that has none."""


def _mapped(
    data: Any, func: Any, func_kwargs: Mapping[str, Any], depth: Any, chunks: Any, kwargs: dict[str, Any]
) -> Any:
    import dask.array as da

    kwargs = {**kwargs, **({"chunks": chunks} if chunks is not None else {})}
    if depth is None:
        return da.map_blocks(func, data, **func_kwargs, **kwargs)
    if not isinstance(depth, int | dict) and len(depth) != data.ndim:
        raise ValueError(
            f"depth has {len(depth)} numbers, but the raster has {data.ndim} dimensions. Give one for each."
        )
    kwargs.setdefault("boundary", "reflect")
    return da.map_overlap(func, data, depth=depth, **func_kwargs, **kwargs)


def _channels(level: DataArray, count: int, c_coords: Iterable[Any] | None) -> list[Any]:
    if c_coords is not None:
        return [c_coords] if isinstance(c_coords, str) else list(c_coords)
    if "c" in level.coords and level.sizes["c"] == count:
        return list(level.coords["c"].to_numpy().tolist())
    return list(range(count))


def _times(level: DataArray, mapped: Any, out_dims: tuple[str, ...]) -> dict[str, Any]:
    """The times of the result: those of the input if there are as many."""
    if "t" not in out_dims or "t" not in level.dims or level.sizes["t"] != mapped.shape[0]:
        return {}
    return {"t_coords": time_values(level), "t_unit": level.coords["t"].attrs.get(UNITS)}


def _relabelled(data: Any) -> Any:
    """Labels whose lowest bits are the number of their chunk; the background stays 0."""
    bits = (data.npartitions - 1).bit_length()
    return data.map_blocks(_numbered, bits=bits, chunk_grid=data.numblocks, dtype=data.dtype)


def _numbered(block: NDArray[Any], bits: int, chunk_grid: tuple[int, ...], block_id: Any = None) -> NDArray[Any]:
    if not block.size:
        return block
    largest = np.iinfo(block.dtype).max if np.issubdtype(block.dtype, np.integer) else 1
    if int(block.max()) > int(largest) >> bits:
        raise ValueError(
            f"The ids of the labels go up to {int(block.max())}, which leaves no room in {block.dtype} for "
            f"the number of one of {int(np.prod(chunk_grid))} chunks. Return larger ids, or give relabel=False."
        )
    number = block.dtype.type(np.ravel_multi_index(block_id, chunk_grid))
    return np.where(block > 0, (block << block.dtype.type(bits)) | number, block)
