"""What of the data of an element cannot be read: all of them are, piece by piece."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, Any

from tqdm import tqdm

from spatialdata._core.elements import is_points, is_raster, levels_of
from spatialdata.errors import Fault, StoreError
from spatialdata.store.files import connection_errors, said

if TYPE_CHECKING:
    from dask.dataframe import DataFrame as DaskDataFrame

    from spatialdata._core.elements import Raster

__all__ = ["damage_of"]

_THREADS = 8


def damage_of(element: Any, path: tuple[str, ...]) -> list[Fault]:
    """Read all data of a lazy element, and report each piece that cannot be read.

    Parameters
    ----------
    element
        An element as it was loaded from a store; of kinds that are loaded whole, nothing is left to be read.
    path
        The element in the faults.
    """
    if is_raster(element):
        pieces = list(_blocks(element))
    elif is_points(element):
        pieces = list(_partitions(element))
    else:
        return []
    with ThreadPoolExecutor(_THREADS) as pool:
        label = "/".join(path)
        found = tqdm(pool.map(_said_by, pieces), label, len(pieces), disable=None, leave=False, delay=0.5)
        return [Fault(path, said) for said in found if said is not None]


def _blocks(raster: Raster) -> Iterator[Callable[..., Any]]:
    """One call for each block of each level that reads it."""
    from dask.array.core import slices_from_chunks

    for level in levels_of(raster):
        yield from (level.data[block].compute for block in slices_from_chunks(level.data.chunks))


def _partitions(points: DaskDataFrame) -> Iterator[Callable[..., Any]]:
    for number in range(points.npartitions):
        yield points.partitions[number].compute


def _said_by(read: Callable[..., Any]) -> str | None:
    try:
        read(scheduler="sync")
    except StoreError as error:
        return " ".join(str(error).split())
    except connection_errors(OSError, KeyError, ValueError, TypeError, RuntimeError) as error:
        return " ".join(said(error).split())
    return None
