"""Shapes as old stores have them: ragged arrays of coordinates and offsets."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from spatialdata._core.collecting import making_many
from spatialdata.errors import StoreError, listing
from spatialdata.store.documents import child_names, contents, is_node
from spatialdata.store.files import zarr_location

if TYPE_CHECKING:
    from geopandas import GeoDataFrame

__all__ = ["check_ragged", "read_ragged", "write_ragged"]

_VERSION = "0.1"
_RADIUS = "radius"
_OFFSET = "offset"


def _array(folder: Path, name: str) -> np.ndarray[Any, Any]:
    import zarr

    if not is_node(folder / name):
        raise StoreError(f"The array {name!r} is missing: {contents(folder)}.")
    return np.asarray(zarr.open_array(zarr_location(folder / name), mode="r")[...])


def _geometry_type(attributes: Mapping[str, Any]) -> Any:
    import shapely

    stored = attributes.get("spatialdata_attrs", {}).get("geos", {})
    try:
        kind = shapely.GeometryType(stored["type"])
    except (KeyError, ValueError) as error:
        raise StoreError(
            f"The type of the geometries (spatialdata_attrs.geos) is {stored!r}, which is not valid."
        ) from error
    if stored.get("name", kind.name) != kind.name:
        raise StoreError(f"The name and the type of the geometries disagree: {stored!r}.")
    return kind


def check_ragged(folder: Path, attributes: Mapping[str, Any]) -> None:
    """Raise a StoreError unless the arrays that every element has are there."""
    _geometry_type(attributes)
    _array(folder, "coords")
    _array(folder, "Index")


def read_ragged(folder: Path, attributes: Mapping[str, Any]) -> GeoDataFrame:
    """The shapes in a folder, by the attributes of its group."""
    import geopandas
    import shapely

    kind = _geometry_type(attributes)
    names = [name for name in child_names(folder) if name.startswith(_OFFSET)]
    offsets = tuple(
        _array(folder, name) for name in sorted(names, key=lambda name: int(name.removeprefix(_OFFSET) or 0))
    )
    coordinates = _array(folder, "coords")
    with making_many():
        geometries = shapely.from_ragged_array(kind, coordinates, offsets or None)
    columns = {_RADIUS: _array(folder, _RADIUS)} if kind == shapely.GeometryType.POINT else {}
    return geopandas.GeoDataFrame(columns, geometry=geometries, index=_array(folder, "Index"))


def write_ragged(folder: Path, shapes: GeoDataFrame) -> dict[str, Any]:
    """Write shapes as ragged arrays.

    Returns
    -------
    What ``spatialdata_attrs`` says of them.

    Raises
    ------
    ValueError
        There are columns or an index that this version cannot hold; nothing is left out.
    """
    import shapely
    import zarr

    further = [str(column) for column in shapes.columns if column not in ("geometry", _RADIUS)]
    if further or not np.issubdtype(shapes.index.dtype, np.integer):
        raise ValueError(
            f"Shapes of version {_VERSION} hold geometries, radii and whole numbers as index. Found the columns "
            f"{listing(further)} and an index of type {shapes.index.dtype}. Write version 0.2, or drop them first."
        )
    kind, coordinates, offsets = shapely.to_ragged_array(shapes.geometry.to_numpy(), include_z=False)
    arrays = {"coords": coordinates, "Index": shapes.index.to_numpy()}
    arrays.update({f"{_OFFSET}{number}": values.astype(np.int32) for number, values in enumerate(offsets)})
    if _RADIUS in shapes.columns:
        arrays[_RADIUS] = shapes[_RADIUS].to_numpy(np.float64)
    for name, values in arrays.items():
        zarr.create_array(folder / name, data=values, zarr_format=2)
    return {"geos": {"name": kind.name, "type": kind.value}, "version": _VERSION}
