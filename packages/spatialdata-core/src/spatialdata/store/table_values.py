"""What a table consists of, written in the layout of anndata with the chunks that are wanted here."""

from __future__ import annotations

import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from importlib.metadata import version
from typing import TYPE_CHECKING, Any

import numpy as np

from spatialdata._core.matrices import is_lazy
from spatialdata.store.table_arrays import ArrayLayout, SparseWriter, write_blocks

if TYPE_CHECKING:
    import zarr

__all__ = ["write_value"]

_FORMATS = {"csr": "csr_matrix", "csc": "csc_matrix"}
_NUMERIC = "biufc"


def write_value(group: zarr.Group, name: str, value: Any, layout: ArrayLayout) -> None:
    """Write a frame, a matrix or whatever else anndata knows.

    Parameters
    ----------
    group, name
        The group that gets it, and its name there.
    value
        The value. A lazy matrix is computed block by block.
    layout
        How arrays are cut.

    Raises
    ------
    TypeError
        A part of the value is of a type that anndata cannot store.

    Warns
    -----
    UserWarning
        Objects that are no strings are stored as text.
    """
    from anndata._io.specs.registry import IORegistryError
    from anndata.experimental import write_dispatched

    def write(function: Any, store: Any, key: str, element: Any, *, dataset_kwargs: Any, iospec: Any) -> None:
        parent, own_name = _place(store, key)
        encoding = _FORMATS.get(getattr(getattr(element, "_meta", element), "format", ""))
        if encoding is not None:
            _write_sparse(parent, own_name, element, encoding, layout)
        elif is_lazy(element):
            write_blocks(parent, own_name, element.shape, element.dtype, _rows(element), layout)
        elif iospec.encoding_type in ("array", "string-array") and np.ndim(element):
            if iospec.encoding_type == "string-array":
                _warn_of_objects(f"{store.path}/{key}".strip("/"), element)
            shards = layout.chunks_per_shard > 1 and getattr(element, "dtype", np.dtype("O")).kind in _NUMERIC
            sizes = layout.sizes(np.shape(element), shards=shards)
            function(store, key, element, dataset_kwargs={**dataset_kwargs, **sizes})
        else:
            function(store, key, element, dataset_kwargs=dataset_kwargs)

    with _settings(group.metadata.zarr_format):
        try:
            write_dispatched(group, name, value, write)
        except (IORegistryError, AttributeError) as error:
            where = "; ".join(getattr(error, "__notes__", ()))
            raise TypeError(
                f"{name} holds what anndata cannot store: {error} ({where}). Turn it into text, numbers or arrays first"
            ) from error


def _warn_of_objects(where: str, element: Any) -> None:
    from pandas.api.types import infer_dtype

    found = infer_dtype(np.ravel(element), skipna=False)
    if found not in ("string", "empty"):
        warnings.warn(
            f"{where} holds Python objects that are no strings ({found}), which are stored as text. Cast them first "
            "if that is not meant.",
            UserWarning,
            stacklevel=2,
        )


def _place(store: Any, key: str) -> tuple[Any, str]:
    """The group and the name within it, of a key that may be a path."""
    parent, _, name = key.strip("/").rpartition("/")
    return (store[parent] if parent else store), name


def _write_sparse(parent: zarr.Group, name: str, matrix: Any, encoding: str, layout: ArrayLayout) -> None:
    axis = 0 if encoding == "csr_matrix" else 1
    writer = SparseWriter(parent, name, encoding, matrix.shape[1 - axis], matrix.dtype, layout)
    for block in _compressed(matrix, axis) if is_lazy(matrix) else [matrix]:
        writer.append(block)
    writer.finish()


def _compressed(matrix: Any, axis: int) -> Iterator[Any]:
    """The blocks of a lazy sparse matrix along its rows or columns, one at a time in memory."""
    kind = "csr" if axis == 0 else "csc"
    start = 0
    for size in matrix.chunks[axis]:
        key = (slice(start, start + size), slice(None)) if axis == 0 else (slice(None), slice(start, start + size))
        yield matrix[key].compute().asformat(kind)
        start += size


def _rows(matrix: Any) -> Iterator[Any]:
    start = 0
    for size in matrix.chunks[0]:
        yield matrix[start : start + size].compute()
        start += size


@contextmanager
def _settings(zarr_format: int) -> Iterator[None]:
    """Missing strings are allowed; shards are chosen here."""
    import anndata

    wanted: dict[str, Any] = {"auto_shard_zarr_v3": False, "allow_write_nullable_strings": True}
    if version("anndata").startswith("0.12."):
        # Its first release takes the format of strings from here; later ones know it, and warn of the setting.
        wanted["zarr_write_format"] = zarr_format
    known = {name: value for name, value in wanted.items() if name in dir(anndata.settings)}
    with anndata.settings.override(**known):
        yield
