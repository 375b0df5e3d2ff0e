"""Small functions and types of earlier releases that packages still import and that have no other home here."""

from __future__ import annotations

import functools
import logging
import warnings
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal, TypeAlias, TypeVar

import numpy as np

from spatialdata.errors import UnsupportedElementError
from spatialdata.transformations.algebra import BaseTransformation
from spatialdata.transformations.attach import DEFAULT_COORDINATE_SYSTEM

if TYPE_CHECKING:
    from anndata import AnnData

    from spatialdata.sdata import SpatialData

__all__ = [
    "DEFAULT_COORDINATE_SYSTEM",
    "ArrayLike",
    "Chunks_t",
    "ColorLike",
    "IntArrayLike",
    "MappingToCoordinateSystem_t",
    "ValueOrigin",
    "deprecation_alias",
    "docstring_parameter",
    "left_join",
    "locate_value",
    "logger",
    "normalize_chunks",
]

logger = logging.getLogger("spatialdata")

ArrayLike: TypeAlias = np.ndarray[Any, np.dtype[np.floating[Any]]]
IntArrayLike: TypeAlias = np.ndarray[Any, np.dtype[np.integer[Any]]]
ColorLike: TypeAlias = tuple[float, ...] | str
Chunks_t: TypeAlias = int | tuple[int, ...] | tuple[tuple[int, ...], ...] | Mapping[Any, int | tuple[int, ...] | None]
MappingToCoordinateSystem_t: TypeAlias = dict[str, BaseTransformation]

_F = TypeVar("_F", bound=Callable[..., Any])
_Documented = TypeVar("_Documented")
_PLACES = {"element": "df"}


def __getattr__(name: str) -> Any:
    if name == "Raster_T":
        from xarray import DataArray, DataTree

        return DataArray | DataTree
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


def deprecation_alias(**aliases: str) -> Callable[[_F], _F]:
    """Let a function take arguments by their earlier names too, with a warning.

    Parameters
    ----------
    **aliases
        New names by earlier names; ``version`` says since when.

    Examples
    --------
    >>> @deprecation_alias(size="length", version="1.0")
    ... def double(length):
    ...     return 2 * length
    >>> double(length=2)
    4
    """
    renamed = {old: new for old, new in aliases.items() if old != "version"}

    def decorate(function: _F) -> _F:
        @functools.wraps(function)
        def wrapper(*args: Any, **kwargs: Any) -> Any:
            for old, new in renamed.items():
                if old not in kwargs:
                    continue
                if new in kwargs:
                    raise TypeError(f"{function.__name__} was given both {old!r} and {new!r}. Give {new!r} only.")
                warnings.warn(f"{old!r} is now called {new!r}.", DeprecationWarning, stacklevel=2)
                kwargs[new] = kwargs.pop(old)
            return function(*args, **kwargs)

        return wrapper  # type: ignore[return-value]

    return decorate


def docstring_parameter(*args: Any, **kwargs: Any) -> Callable[[_Documented], _Documented]:
    """Put values into the docstring of a function or class.

    Parameters
    ----------
    *args, **kwargs
        What :meth:`str.format` takes.

    Examples
    --------
    >>> @docstring_parameter(unit="um")
    ... def area(): "Area in {unit}."
    >>> area.__doc__
    'Area in um.'
    """

    def decorate(documented: _Documented) -> _Documented:
        if documented.__doc__ is not None:
            documented.__doc__ = documented.__doc__.format(*args, **kwargs)
        return documented

    return decorate


def normalize_chunks(chunks: Any, axes: Sequence[str]) -> dict[str, int | tuple[int, ...] | None]:
    """Chunks by axis, in whatever way they were given.

    Parameters
    ----------
    chunks
        A number for all axes, a tuple in the order of the axes, or a mapping with all of them.
    axes
        The names of the axes.

    Raises
    ------
    ValueError
        The chunks are none of these, or do not fit the axes.

    Examples
    --------
    >>> normalize_chunks(64, ("y", "x"))
    {'y': 64, 'x': 64}
    """
    if isinstance(chunks, int):
        return dict.fromkeys(axes, chunks)
    if isinstance(chunks, tuple) and len(chunks) == len(axes):
        return dict(zip(axes, chunks, strict=True))
    if isinstance(chunks, Mapping) and set(axes) <= set(chunks):
        return {axis: chunks[axis] for axis in axes}
    raise ValueError(
        f"Chunks are a number, a tuple of {len(axes)} or a mapping with the keys {', '.join(axes)}. Found {chunks!r}."
    )


@dataclass(frozen=True)
class ValueOrigin:
    """Where a value is found.

    Attributes
    ----------
    origin
        ``"df"`` for a column of the element, else ``"obs"``, ``"var"`` or ``"obsm"``.
    is_categorical
        Whether it has categories.
    value_key
        Its name.
    """

    origin: str
    is_categorical: bool
    value_key: str


def locate_value(
    value_key: str,
    element: Any = None,
    sdata: SpatialData | None = None,
    element_name: str | None = None,
    table_name: str | None = None,
) -> list[ValueOrigin]:
    """All places in which a value is found.

    Parameters
    ----------
    value_key
        The name of the value.
    element
        The element, or a table; or
    sdata, element_name
        the object that holds it, and its name there.
    table_name
        The table to search too.
    """
    from spatialdata._core.elements import is_table
    from spatialdata.relations.values import places_of

    table: AnnData | None = None
    found = element
    if sdata is not None and element_name is not None:
        found = sdata[element_name]
        table = None if table_name is None else sdata.tables[table_name]
    if is_table(found):
        found, table = None, found
    return [
        ValueOrigin(_PLACES.get(place, place), _is_categorical(place, value_key, found, table), value_key)
        for place in places_of(value_key, found, table)
    ]


def _is_categorical(place: str, key: str, element: Any, table: AnnData | None) -> bool:
    if place == "element":
        return str(element.dtypes[key]) == "category"
    return place == "obs" and table is not None and str(table.obs[key].dtype) == "category"


def left_join(
    element_dict: Mapping[str, Mapping[str, Any]], table: AnnData, match_rows: Literal["left", "no", "right"]
) -> tuple[dict[str, dict[str, Any]], AnnData | None]:
    """A left join of elements that are given by kind and name.

    Parameters
    ----------
    element_dict
        Elements by name, by kind.
    table
        The table that annotates them.
    match_rows
        The order; see :func:`spatialdata.join_spatialelement_table`.
    """
    from spatialdata.relations.join import join_spatialelement_table

    elements = {name: element for by_name in element_dict.values() for name, element in by_name.items()}
    if not elements:
        raise UnsupportedElementError("There are no elements to join with the table.")
    found, joined = join_spatialelement_table(
        spatial_element_names=list(elements),
        spatial_elements=list(elements.values()),
        table=table,
        how="left",
        match_rows=match_rows,
    )
    by_kind = {kind: {name: found[name] for name in by_name if name in found} for kind, by_name in element_dict.items()}
    return by_kind, joined
