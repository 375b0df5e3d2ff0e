"""The files that lazy elements read from, found in the graphs of dask."""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from spatialdata._core.container import is_container
from spatialdata._core.elements import is_points, is_raster, is_shapes, is_table, levels_of, type_name
from spatialdata._core.matrices import matrices_of
from spatialdata.errors import UnsupportedElementError
from spatialdata.store.files import is_local
from spatialdata.store.lazy_pixels import StoredWindow
from spatialdata.store.lazy_table import StoredSparse
from spatialdata.store.pieces import Piece
from spatialdata.store.stored_array import StoredArray

if TYPE_CHECKING:
    from anndata import AnnData

    from spatialdata._core.elements import SpatialElement
    from spatialdata.sdata import SpatialData

__all__ = ["get_dask_backing_files"]


def get_dask_backing_files(element: SpatialData | SpatialElement | AnnData) -> list[str]:
    """The files that an element is read from when it is computed.

    Parameters
    ----------
    element
        An element, a table, or a whole object.

    Returns
    -------
    Real paths, sorted: the Zarr group of each raster and of each lazy matrix of a table, and each Parquet file of
    points. Empty for what is in memory, as shapes always are.

    Raises
    ------
    TypeError
        The object is no element.

    Examples
    --------
    >>> import numpy as np
    >>> from spatialdata.models import Labels2DModel
    >>> get_dask_backing_files(Labels2DModel.parse(np.eye(3, dtype=int)))
    []
    """
    return sorted({_real(path) for path in _files_of(element)})


def _real(path: Path) -> str:
    return os.path.realpath(path) if is_local(path) else str(path)


def _files_of(element: Any) -> Iterator[Path]:
    if is_container(element):
        for _, _, part in element.gen_elements():
            yield from _files_of(part)
    elif is_raster(element):
        for level in levels_of(element):
            yield from _in_graph(level.data)
    elif is_points(element):
        yield from _in_graph(element)
    elif is_table(element):
        for _, matrix in matrices_of(element):
            yield from _in_graph(matrix)
    elif not is_shapes(element):
        raise UnsupportedElementError(
            f"{type_name(element)} is no element. Give images, labels, points, shapes, a table or a SpatialData object."
        )


def _in_graph(collection: Any) -> Iterator[Path]:
    graph: Any = collection.__dask_graph__() if hasattr(collection, "__dask_graph__") else {}
    seen: set[int] = set()
    for task in dict(graph).values():
        yield from _in_task(task, seen)


def _in_task(value: Any, seen: set[int]) -> Iterator[Path]:
    """The files that a task, or what it holds, reads."""
    if id(value) in seen or isinstance(value, str | bytes | int | float):
        return
    seen.add(id(value))
    if isinstance(value, StoredArray):
        yield value.path.parent
    elif isinstance(value, StoredWindow):
        yield value.array.path.parent
    elif isinstance(value, StoredSparse):
        yield value.path
    elif isinstance(value, Piece):
        yield value.part
    elif type(value).__module__.startswith("zarr."):
        yield from _of_zarr(value)
    elif isinstance(value, Mapping) and isinstance(value.get("piece"), tuple):
        # How dask describes the part of a Parquet file.
        yield Path(str(value["piece"][0]))
    elif hasattr(value, "fragment"):
        yield Path(str(value.fragment.path))
    else:
        for inner in _inside(value):
            yield from _in_task(inner, seen)


def _of_zarr(array: Any) -> Iterator[Path]:
    root = getattr(getattr(array, "store", None), "root", None)
    if root is not None:
        yield (Path(root) / str(array.path)).parent


def _inside(value: Any) -> Iterable[Any]:
    if isinstance(value, Mapping):
        return value.values()
    if isinstance(value, list | tuple | set):
        return value
    arguments = getattr(value, "args", None)
    if isinstance(arguments, tuple):
        keywords = getattr(value, "kwargs", None)
        return [*arguments, *(keywords.values() if isinstance(keywords, Mapping) else ())]
    return [value.value] if type(value).__name__ == "DataNode" else []
