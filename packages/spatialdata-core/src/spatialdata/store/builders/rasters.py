"""Images and labels that are written block by block."""

from __future__ import annotations

import itertools
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from spatialdata.errors import listing
from spatialdata.models.kind import Kind
from spatialdata.models.raster import Image2DModel, Image3DModel, Labels2DModel, Labels3DModel
from spatialdata.store.builders.builder import Builder, Place
from spatialdata.store.builders.journal import to_disk
from spatialdata.store.chunks import storage_chunks

if TYPE_CHECKING:
    from numpy.typing import NDArray

__all__ = ["ImageBuilder", "LabelsBuilder"]

_ARRAY = "pixels"
_MODELS = {
    ("c", "y", "x"): Image2DModel,
    ("c", "z", "y", "x"): Image3DModel,
    ("y", "x"): Labels2DModel,
    ("z", "y", "x"): Labels3DModel,
}

Box = tuple[tuple[int, int], ...]


class _RasterBuilder(Builder):
    """Write a raster block by block.

    Parameters
    ----------
    place
        The store and the name.
    shape
        The shape of the whole.
    dims
        The axes, in the order of the model, with or without ``"t"`` before them; if not given, without.
    dtype
        The type of the pixels.
    chunks
        Sizes of the chunks by axis; those of :func:`~spatialdata.store.chunks.storage_chunks` if not given.
    fill
        The value of pixels that no block covers; None if all must be covered.
    parse
        Further arguments for the model.
    """

    def __init__(
        self,
        place: Place,
        *,
        shape: Sequence[int],
        dims: Sequence[str] | None,
        dtype: Any,
        chunks: Mapping[str, int] | None,
        fill: float | None,
        parse: Mapping[str, Any],
    ) -> None:
        self._shape = tuple(int(size) for size in shape)
        self._axes = self._axes_for(dims, self._shape)
        self._dtype = np.dtype(dtype)
        self._fill = None if fill is None else self._dtype.type(fill)
        self._chunks = self._chunks_of(chunks)
        self._parse = dict(parse)
        super().__init__(
            place, {"dims": self._axes, "shape": self._shape, "dtype": str(self._dtype), "chunks": self._chunks}
        )
        self._array: Any = None
        # What is wrong with the declaration is said before any block is written.
        self._model.parse(self._lazy_zeros(), dims=self._axes, **self._parse)

    def _axes_for(self, dims: Sequence[str] | None, shape: tuple[int, ...]) -> tuple[str, ...]:
        valid = [axes for axes in _MODELS if ("c" in axes) == (self.kind is Kind.IMAGE)]
        known = [*valid, *(("t", *axes) for axes in valid)]
        fitting = [axes for axes in valid if len(axes) == len(shape)]
        axes = tuple(dims) if dims is not None else (fitting or [()])[0]
        if axes not in known or len(axes) != len(shape):
            what = f"has {len(shape)} axes" if dims is None else f"does not fit dims={axes}"
            names = ["".join(one) for one in known]
            raise ValueError(f"shape={shape} {what}. Valid dims for {self.kind.container}: {listing(names)}.")
        if min(shape) < 1:
            raise ValueError(f"shape={shape} must be of whole numbers above 0.")
        return axes

    @property
    def _model(self) -> Any:
        return _MODELS[tuple(axis for axis in self._axes if axis != "t")]

    def _lazy_zeros(self) -> Any:
        import dask.array as da

        return da.zeros(self._shape, dtype=self._dtype, chunks=self._chunks)

    def _chunks_of(self, given: Mapping[str, int] | None) -> tuple[int, ...]:
        import dask.array as da

        asked: dict[str, Any] = dict(given or {})
        unknown = sorted(set(asked) - set(self._axes))
        if unknown or any(not isinstance(size, int) or size < 1 for size in asked.values()):
            raise ValueError(f"chunks={asked} must give whole numbers above 0 for some of the axes {self._axes}.")
        whole = da.zeros(self._shape, dtype=self._dtype, chunks=self._shape)
        usual = storage_chunks(whole, self._axes)
        sizes = zip(self._axes, usual, self._shape, strict=True)
        return tuple(min(asked.get(axis, size), full) for axis, size, full in sizes)

    @property
    def shape(self) -> tuple[int, ...]:
        """The shape of the whole."""
        return self._shape

    def append(self, strip: Any) -> None:
        """Write the rows below those that were appended before.

        Parameters
        ----------
        strip
            An array with the axes of the raster, as large as it along all of them but y.
        """
        self._check_open()
        strip = strip if hasattr(strip, "dtype") else np.asarray(strip)
        axis = self._axes.index("y")
        if np.ndim(strip) != len(self._shape):
            raise ValueError(f"A strip has the axes {self._axes}. Found the shape {np.shape(strip)}.")
        start = self.rows
        box = tuple(
            (start, start + np.shape(strip)[axis]) if number == axis else (0, size)
            for number, size in enumerate(self._shape)
        )
        self._write(box, strip, appended=True)

    def __setitem__(self, region: Any, block: Any) -> None:
        """Write a block.

        Parameters
        ----------
        region
            Slices without steps, and whole numbers, for each axis; fewer of them, or ``…``, mean the whole axis. In
            pixels from the corner of the raster.
        block
            An array of numpy or dask of the shape of the region.
        """
        self._check_open()
        box, dropped = self._box(region)
        values = block if hasattr(block, "dtype") else np.asarray(block)
        for axis in dropped:
            values = values[(slice(None),) * axis + (None,)]
        self._write(box, values, appended=False)

    def _box(self, region: Any) -> tuple[Box, list[int]]:
        keys = list(region) if isinstance(region, tuple) else [region]
        if Ellipsis in [key for key in keys if key is Ellipsis]:
            at = next(number for number, key in enumerate(keys) if key is Ellipsis)
            keys[at : at + 1] = [slice(None)] * (len(self._shape) - len(keys) + 1)
        keys += [slice(None)] * (len(self._shape) - len(keys))
        if len(keys) != len(self._shape):
            raise IndexError(f"The raster has the axes {self._axes}; {len(keys)} were given.")
        box, dropped = [], []
        for number, (key, size) in enumerate(zip(keys, self._shape, strict=True)):
            start, stop = _range(key, size, self._axes[number])
            box.append((start, stop))
            if not isinstance(key, slice):
                dropped.append(number)
        return tuple(box), dropped

    def _write(self, box: Box, values: Any, *, appended: bool) -> None:
        wanted = tuple(stop - start for start, stop in box)
        if tuple(np.shape(values)) != wanted:
            raise ValueError(
                f"The block for {_text(box, self._axes)} must have the shape {wanted}, not {np.shape(values)}."
            )
        beyond = [axis for axis, (_, stop), size in zip(self._axes, box, self._shape, strict=True) if stop > size]
        if beyond:
            raise IndexError(f"{_text(box, self._axes)} reaches beyond the raster, which has the shape {self._shape}.")
        dtype = np.dtype(values.dtype)
        if not np.can_cast(dtype, self._dtype, "safe"):
            raise TypeError(
                f"The raster is of {self._dtype}, which cannot hold every value of {dtype}. Cast the block."
            )
        for offset, part in _parts(values):
            place = tuple(
                slice(start + skip, start + skip + size)
                for (start, _), skip, size in zip(box, offset, part.shape, strict=True)
            )
            self._array[place] = part.astype(self._dtype, copy=False)
        for file in self._files(box):
            if file.exists():
                to_disk(file)
        count = wanted[self._axes.index("y")] if appended else 0
        self._record(count, {"box": box, "appended": appended})

    def _files(self, box: Box) -> Iterator[Path]:
        """The chunks that a box touches; a chunk of zeros has no file."""
        ranges = [
            range(start // chunk, -(-stop // chunk)) for (start, stop), chunk in zip(box, self._chunks, strict=True)
        ]
        for numbers in itertools.product(*ranges):
            yield self._folder.joinpath(_ARRAY, "c", *map(str, numbers))

    def _start(self) -> None:
        import zarr
        from zarr.codecs import BloscCodec

        self._array = zarr.create_array(
            self._folder / _ARRAY,
            shape=self._shape,
            chunks=self._chunks,
            dtype=self._dtype,
            compressors=BloscCodec(cname="lz4", clevel=1, shuffle="noshuffle"),
            fill_value=0 if self._fill is None else self._fill,
            zarr_format=3,
        )

    def _go_on(self) -> None:
        import zarr

        if not (self._folder / _ARRAY).exists():
            self._start()
        self._array = zarr.open_array(self._folder / _ARRAY, mode="r+")

    def _element(self) -> Any:
        import dask.array as da

        self._check_started()
        if self._fill is None:
            self._check_covered()
        pixels = da.from_array(self._array, chunks=self._chunks)
        return self._model.parse(pixels, dims=self._axes, **self._parse)

    def _check_covered(self) -> None:
        boxes = [entry["box"] for entry in self._journal.entries]
        gap = _first_gap(boxes, self._shape)
        if gap is not None:
            raise ValueError(
                f"No block covers {_text(gap, self._axes)} of {self._entry}. Write it (resume=True goes on), or give "
                "fill= when the raster is created, the value of pixels that are not covered."
            )


class ImageBuilder(_RasterBuilder):
    """Write an image block by block; see :meth:`spatialdata.SpatialData.create_image`."""

    kind = Kind.IMAGE


class LabelsBuilder(_RasterBuilder):
    """Write labels block by block; see :meth:`spatialdata.SpatialData.create_labels`."""

    kind = Kind.LABELS


def _range(key: Any, size: int, axis: str) -> tuple[int, int]:
    if isinstance(key, slice):
        if key.step not in (None, 1):
            raise IndexError(f"A region has no steps. Found {key} along {axis}.")
        start = 0 if key.start is None else int(key.start)
        stop = size if key.stop is None else int(key.stop)
    elif isinstance(key, int | np.integer) and not isinstance(key, bool):
        start, stop = int(key), int(key) + 1
    else:
        raise IndexError(f"A region is given by slices and whole numbers. Found {key!r} along {axis}.")
    if start < 0 or stop > size or start >= stop:
        raise IndexError(f"The region {start}:{stop} along {axis} must lie in 0:{size} and not be empty.")
    return start, stop


def _parts(values: Any) -> Iterator[tuple[tuple[int, ...], NDArray[Any]]]:
    """The blocks of an array with their offsets; an array in memory is one."""
    if not hasattr(values, "to_delayed"):
        array = np.asarray(values)
        yield (0,) * array.ndim, array
        return
    offsets = [np.cumsum((0, *sizes[:-1])).tolist() for sizes in values.chunks]
    for numbers in np.ndindex(*values.numblocks):
        yield tuple(of[number] for of, number in zip(offsets, numbers, strict=True)), values.blocks[numbers].compute()


def _text(box: Sequence[Sequence[int]], axes: Sequence[str]) -> str:
    return ", ".join(f"{axis} {start}:{stop}" for axis, (start, stop) in zip(axes, box, strict=True))


def _first_gap(boxes: Sequence[Box], shape: tuple[int, ...]) -> Box | None:
    """A part of a raster that no box covers, on the grid of the edges of all boxes."""
    edges = [np.unique([0, size, *(edge for box in boxes for edge in box[axis])]) for axis, size in enumerate(shape)]
    covered = np.zeros([len(of) - 1 for of in edges], dtype=bool)
    for box in boxes:
        covered[tuple(slice(*np.searchsorted(of, side)) for of, side in zip(edges, box, strict=True))] = True
    if covered.all():
        return None
    first = np.unravel_index(int(np.argmin(covered)), covered.shape)
    return tuple((int(of[number]), int(of[number + 1])) for of, number in zip(edges, first, strict=True))
