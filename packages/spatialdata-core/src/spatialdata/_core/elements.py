"""What all elements have in common: their type, their axes and the place of their transformations.

Types are recognised without importing the libraries that define them: an element can only exist once its library is
loaded.
"""

from __future__ import annotations

import sys
from collections.abc import Hashable, Mapping
from typing import TYPE_CHECKING, Any, TypeAlias, TypeGuard, cast

from spatialdata._core.axes import ValidAxis, get_spatial_axes
from spatialdata.errors import UnsupportedElementError

if TYPE_CHECKING:
    import dask.array as da
    from anndata import AnnData
    from dask.dataframe import DataFrame as DaskDataFrame
    from geopandas import GeoDataFrame
    from xarray import DataArray, DataTree, Variable

    Raster: TypeAlias = DataArray | DataTree
    SpatialElement: TypeAlias = DataArray | DataTree | GeoDataFrame | DaskDataFrame

__all__ = [
    "RASTER_DIMS",
    "axes_of",
    "element_attrs",
    "finest_of",
    "has_time",
    "is_array",
    "is_dask_array",
    "is_points",
    "is_raster",
    "is_shapes",
    "is_table",
    "is_tree",
    "lazy_levels_of",
    "levels_of",
    "require_mapping",
    "require_shapes",
    "require_table",
    "spatial_axes_of",
    "type_name",
]

_STILL_DIMS = (("c", "y", "x"), ("c", "z", "y", "x"), ("y", "x"), ("z", "y", "x"))
RASTER_DIMS: tuple[tuple[str, ...], ...] = (*_STILL_DIMS, *(("t", *dims) for dims in _STILL_DIMS))


def _is_instance(value: object, module: str, name: str) -> bool:
    loaded = sys.modules.get(module)
    cls = getattr(loaded, name, None) if loaded is not None else None
    return isinstance(cls, type) and isinstance(value, cls)


def is_array(value: object) -> TypeGuard[DataArray]:
    """Whether ``value`` is an xarray.DataArray."""
    return _is_instance(value, "xarray", "DataArray")


def is_dask_array(value: object) -> TypeGuard[da.Array]:
    """Whether ``value`` is a dask.array.Array, or of a class made of it."""
    return _is_instance(value, "dask.array", "Array")


def is_tree(value: object) -> TypeGuard[DataTree]:
    """Whether ``value`` is an xarray.DataTree."""
    return _is_instance(value, "xarray", "DataTree")


def is_raster(value: object) -> TypeGuard[Raster]:
    """Whether ``value`` is an image or labels of one or several scales."""
    return is_array(value) or is_tree(value)


def is_points(value: object) -> TypeGuard[DaskDataFrame]:
    """Whether ``value`` is a dask.dataframe.DataFrame."""
    return _is_instance(value, "dask.dataframe", "DataFrame")


def is_shapes(value: object) -> TypeGuard[GeoDataFrame]:
    """Whether ``value`` is a geopandas.GeoDataFrame."""
    return _is_instance(value, "geopandas", "GeoDataFrame")


def is_table(value: object) -> TypeGuard[AnnData]:
    """Whether ``value`` is an anndata.AnnData."""
    return _is_instance(value, "anndata", "AnnData")


def require_table(value: object, what: str) -> None:
    """Raise an UnsupportedElementError unless a value is a table; ``what`` is the subject of the message."""
    if not is_table(value):
        raise UnsupportedElementError(f"{what} takes a table (anndata.AnnData), not {type_name(value)}.")


def require_shapes(value: object, what: str) -> None:
    """Raise an UnsupportedElementError unless a value are shapes; ``what`` is the subject of the message."""
    if not is_shapes(value):
        raise UnsupportedElementError(f"{what} takes shapes (geopandas.GeoDataFrame), not {type_name(value)}.")


def require_mapping(value: object, what: str) -> None:
    """Raise a TypeError unless a value is a mapping of names; ``what`` is the subject of the message."""
    if not isinstance(value, Mapping) or is_tree(value):
        raise TypeError(f"{what} must be a dict by name, not {type_name(value)}.")


def type_name(value: object) -> str:
    """The type of ``value`` as it is written in messages."""
    return f"{type(value).__module__.partition('.')[0]}.{type(value).__name__}"


def levels_of(raster: Raster) -> list[DataArray]:
    """The levels of a raster, the finest first; a single-scale raster has one."""
    if is_array(raster):
        return [raster]
    tree = cast("DataTree", raster)
    return [tree.children[name].dataset[_only_variable(tree, name)] for name in _level_names(tree)]


def lazy_levels_of(raster: Raster) -> list[DataArray]:
    """The levels of a raster, the finest first, whose pixels are lazy; those in memory are wrapped and not copied."""
    return [_lazy(level) for level in levels_of(raster)]


def _lazy(level: DataArray) -> DataArray:
    if is_dask_array(level.data):
        return level
    import dask.array as da

    return level.copy(deep=False, data=da.from_array(level.data, name=False))


def finest_of(raster: Raster) -> Variable:
    """The finest level without its coordinates: its data, dimensions and live attributes, which is faster to get at."""
    if is_array(raster):
        return raster.variable
    tree = cast("DataTree", raster)
    name = _level_names(tree)[0]
    return tree.children[name].variables[_only_variable(tree, name)]


def _level_names(tree: DataTree) -> list[str]:
    names = sorted(tree.children, key=_level_number)
    if not names:
        raise UnsupportedElementError("A DataTree without levels is no raster. Levels are named 'scale0', 'scale1', …")
    return names


def _level_number(name: str) -> int:
    digits = name.removeprefix("scale")
    if not digits.isdigit():
        raise UnsupportedElementError(
            f"A multiscale raster has a level named {name!r}. Levels are named 'scale0', 'scale1', …"
        )
    return int(digits)


def _only_variable(tree: DataTree, name: str) -> Hashable:
    variables = list(tree.children[name].data_vars)
    if len(variables) != 1:
        raise UnsupportedElementError(
            f"Level {name!r} of a multiscale raster holds {len(variables)} variables. Each level holds exactly one."
        )
    return variables[0]


def axes_of(element: Any) -> tuple[ValidAxis, ...]:
    """The axes of an element: the dimensions of a raster in their order, ``("x", "y"[, "z"])`` of points and shapes.

    Raises
    ------
    ValueError
        The dimensions of a raster are none of ``cyx``, ``czyx``, ``yx``, ``zyx``, with ``t`` before them or not.
    UnsupportedElementError
        The object is no spatial element.
    """
    if is_raster(element):
        dims = tuple(str(dim) for dim in finest_of(element).dims)
        if dims not in RASTER_DIMS:
            raise ValueError(f"A raster has the dimensions {dims}. Valid: {', '.join(map(str, RASTER_DIMS))}.")
        return cast("tuple[ValidAxis, ...]", dims)
    if is_shapes(element):
        return ("x", "y", "z") if bool(element.geometry.array.has_z.any()) or "z" in element.columns else ("x", "y")
    if is_points(element) or _is_instance(element, "pandas", "DataFrame"):
        return ("x", "y", "z") if "z" in element.columns else ("x", "y")
    raise UnsupportedElementError(f"{type_name(element)} is no spatial element and has no axes.")


def spatial_axes_of(element: Any) -> tuple[ValidAxis, ...]:
    """The axes of an element without those of channels and of time."""
    return get_spatial_axes(axes_of(element))


def has_time(element: Any) -> bool:
    """Whether an element says at which time its pixels or rows are: a raster by its axis t, others by a column t."""
    if is_raster(element):
        return "t" in finest_of(element).dims
    return (is_points(element) or is_shapes(element)) and "t" in element.columns


def element_attrs(element: Any) -> dict[str, Any]:
    """The live attributes of a spatial element; those of the finest level for a multiscale raster."""
    holder = finest_of(element) if is_tree(element) else element
    attrs = getattr(holder, "attrs", None)
    if not isinstance(attrs, Mapping):
        raise UnsupportedElementError(
            f"{type_name(element)} cannot carry transformations. "
            "Make it an element first, for example with PointsModel.parse."
        )
    return cast("dict[str, Any]", attrs)
