"""The frame of points: a dask frame that keeps its attributes.

Attributes of a dask frame get lost in most of its methods. Here they travel along: every method that returns a frame
returns one with a copy of the attributes. dask itself is left as it is.
"""

from __future__ import annotations

import functools
from typing import TYPE_CHECKING, Any

import dask.dataframe as dd

if TYPE_CHECKING:
    from collections.abc import Callable

    from spatialdata._core.sources import Source

__all__ = ["PointsFrame"]

_KEEPS_ATTRS = (
    "__getitem__",
    "abs",
    "add_prefix",
    "add_suffix",
    "assign",
    "astype",
    "bfill",
    "categorize",
    "clear_divisions",
    "clip",
    "copy",
    "drop",
    "drop_duplicates",
    "dropna",
    "eval",
    "explode",
    "ffill",
    "fillna",
    "isin",
    "join",
    "map_overlap",
    "map_partitions",
    "mask",
    "merge",
    "nlargest",
    "nsmallest",
    "optimize",
    "persist",
    "query",
    "rename",
    "rename_axis",
    "repartition",
    "replace",
    "reset_index",
    "round",
    "sample",
    "select_dtypes",
    "set_index",
    "shuffle",
    "sort_values",
    "to_backend",
    "where",
)
_KEEPS_ATTRS_IN_MEMORY = ("compute", "head", "tail")
_INDEXERS = ("loc", "iloc", "partitions")


def _copied(attrs: dict[str, Any]) -> dict[str, Any]:
    return {key: dict(value) if isinstance(value, dict) else value for key, value in attrs.items()}


class PointsFrame(dd.DataFrame):  # type: ignore[misc]  # dask ships no types
    """A dask.dataframe.DataFrame with attributes that its methods keep.

    Parameters
    ----------
    expr
        The dask expression, or another dask frame.
    attrs
        The attributes: the transformations under ``"transform"``, the names of special columns under
        ``"spatialdata_attrs"``.
    source
        Where the rows come from. It counts only as long as the frame is unchanged, so that a derived frame never
        inherits it.

    Examples
    --------
    >>> import dask.dataframe as dd, pandas as pd
    >>> frame = PointsFrame(dd.from_pandas(pd.DataFrame({"x": [1.0], "y": [2.0]}), npartitions=1), {"key": 1})
    >>> frame.assign(z=3.0).attrs
    {'key': 1}
    """

    def __init__(self, expr: Any, attrs: dict[str, Any] | None = None, source: Source | None = None) -> None:
        super().__init__(expr.expr if isinstance(expr, dd.DataFrame) else expr)
        object.__setattr__(self, "_points_attrs", {} if attrs is None else attrs)
        object.__setattr__(self, "_points_source", None if source is None else (self.token, source))

    @property
    def attrs(self) -> dict[str, Any]:
        """The live attributes of the frame."""
        attrs: dict[str, Any] = object.__getattribute__(self, "_points_attrs")
        return attrs

    @attrs.setter
    def attrs(self, value: dict[str, Any]) -> None:
        object.__setattr__(self, "_points_attrs", dict(value))

    @property
    def token(self) -> str:
        """What identifies the rows: equal tokens mean equal rows."""
        return str(self._name)

    @property
    def source(self) -> Source | None:
        """Where the rows come from, if the frame is still what was loaded from there."""
        held: tuple[str, Source] | None = object.__getattribute__(self, "_points_source")
        return held[1] if held is not None and held[0] == self.token else None

    def adopt(self, stored: PointsFrame) -> None:
        """Read the rows from where ``stored`` reads them, in place; the attributes stay."""
        object.__setattr__(self, "_expr", stored._expr)
        object.__setattr__(self, "_points_source", (stored.token, stored.source))

    def __reduce__(self) -> tuple[Any, ...]:
        return type(self), (self._expr, self.attrs)

    def __copy__(self) -> PointsFrame:
        return PointsFrame(self._expr, _copied(self.attrs), self.source)

    def __deepcopy__(self, memo: dict[int, Any]) -> PointsFrame:
        return PointsFrame(self._expr, _copied(self.attrs), self.source)


def _with_attrs(result: Any, attrs: dict[str, Any]) -> Any:
    if isinstance(result, dd.DataFrame):
        return PointsFrame(result, _copied(attrs))
    return result


def _keeping(name: str) -> Callable[..., Any]:
    method = getattr(dd.DataFrame, name)

    @functools.wraps(method)
    def wrapper(self: PointsFrame, *args: Any, **kwargs: Any) -> Any:
        return _with_attrs(method(self, *args, **kwargs), self.attrs)

    return wrapper


def _keeping_in_memory(name: str) -> Callable[..., Any]:
    method = getattr(dd.DataFrame, name)

    @functools.wraps(method)
    def wrapper(self: PointsFrame, *args: Any, **kwargs: Any) -> Any:
        result = method(self, *args, **kwargs)
        if isinstance(result, dd.DataFrame):
            return _with_attrs(result, self.attrs)
        if hasattr(result, "columns"):
            result.attrs.update(_copied(self.attrs))
        return result

    return wrapper


class _Indexer:
    """An indexer of dask whose result keeps the attributes."""

    def __init__(self, indexer: Any, attrs: dict[str, Any]) -> None:
        self._indexer = indexer
        self._attrs = attrs

    def __getitem__(self, key: Any) -> Any:
        return _with_attrs(self._indexer[key], self._attrs)

    def __getattr__(self, name: str) -> Any:
        return getattr(self._indexer, name)


def _keeping_indexer(name: str) -> property:
    inherited: Any = getattr(dd.DataFrame, name)

    def getter(self: PointsFrame) -> _Indexer:
        return _Indexer(inherited.fget(self), self.attrs)

    return property(getter, doc=inherited.__doc__)


for _name in _KEEPS_ATTRS:
    if hasattr(dd.DataFrame, _name):
        setattr(PointsFrame, _name, _keeping(_name))
for _name in _KEEPS_ATTRS_IN_MEMORY:
    setattr(PointsFrame, _name, _keeping_in_memory(_name))
for _name in _INDEXERS:
    setattr(PointsFrame, _name, _keeping_indexer(_name))
