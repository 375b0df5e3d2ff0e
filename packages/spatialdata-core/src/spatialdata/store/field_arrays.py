"""Matrices and fields that transformations of OME-Zarr 0.6 keep in arrays beside an image."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterable, Mapping, Sequence
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING, Any

import numpy as np

from spatialdata.errors import StoreError
from spatialdata.store.dialects.multiscale import EDGES
from spatialdata.store.dialects.v06_read import Field
from spatialdata.store.dialects.v06_write import FIELDS, write_system
from spatialdata.store.documents import child_names, is_node, read_node, write_group
from spatialdata.store.files import zarr_location

if TYPE_CHECKING:
    from numpy.typing import NDArray

__all__ = ["arrays_below", "path_below", "remove_other_fields", "write_fields"]

_VECTORS = {"displacements": "displacement", "coordinates": "coordinate"}
_LEVEL = "s0"
_MAX_CHUNK_BYTES = 2**24


def arrays_below(folder: Path) -> Callable[[str], Field]:
    """What gives the arrays that the transformations in the metadata of a group name, by their paths from there.

    A path leads to a matrix; to a field, as an image of OME-Zarr 0.6 with an axis of vectors; or to a field as the
    drafts of 0.6 had it, one array that says its coordinate system itself.
    """

    def read(path: str) -> Field:
        place = path_below(folder, path)
        if not is_node(place):
            raise StoreError(f"A transformation of {folder} is kept in {path!r}, where there is no Zarr node.")
        node = read_node(place)
        ome = node.attributes.get("ome", {})
        if node.node_type == "group":
            multiscale = ome["multiscales"][0]
            dataset = multiscale["datasets"][0]
            return _field(_values(place / str(dataset["path"])), multiscale["coordinateSystems"][0], dataset)
        values = _values(place)
        systems = ome.get("coordinateSystems", [])
        return _field(values, systems[0], ome) if systems else Field(values)

    return read


def path_below(folder: Path, path: str) -> Path:
    """Where a relative path in the metadata of a group leads.

    Raises
    ------
    StoreError
        It leads out of the group.
    """
    inner = PurePosixPath(path)
    if inner.is_absolute() or ".." in inner.parts:
        raise StoreError(f"The path {path!r} in the metadata of {folder} leads out of it.")
    return folder.joinpath(*inner.parts)


def _values(folder: Path) -> NDArray[np.float64]:
    import zarr

    return np.asarray(zarr.open_array(zarr_location(folder), mode="r")[...], dtype=np.float64)


def _field(values: NDArray[np.float64], system: Mapping[str, Any], described: Mapping[str, Any]) -> Field:
    """A field whose vectors lie along one of its axes: the last one, for us."""
    kinds = [str(axis.get("type")) for axis in system["axes"]]
    vectors = [index for index, kind in enumerate(kinds) if kind in _VECTORS.values()]
    if len(vectors) != 1 or len(kinds) != values.ndim:
        raise StoreError(
            f"A field needs exactly one axis of the type displacement or coordinate, and one axis for each of its "
            f"{values.ndim} dimensions. Found axes of the types {kinds}."
        )
    scale, shift = np.ones(values.ndim), np.zeros(values.ndim)
    for step in _steps(described.get(EDGES, [])):
        factors = np.asarray(step.get("scale", np.ones(values.ndim)), dtype=np.float64)
        scale, shift = scale * factors, shift * factors
        shift = shift + np.asarray(step.get("translation", np.zeros(values.ndim)), dtype=np.float64)
    places = [index for index in range(values.ndim) if index != vectors[0]]
    return Field(np.moveaxis(values, vectors[0], -1), scale[places].tolist(), shift[places].tolist())


def _steps(entries: Sequence[Mapping[str, Any]]) -> Iterable[Mapping[str, Any]]:
    for entry in entries:
        if entry.get("type") == "sequence":
            yield from _steps(entry["transformations"])
        else:
            yield entry


def write_fields(folder: Path, fields: Mapping[str, Field]) -> None:
    """Write fields as images of OME-Zarr 0.6 below a group; those that are there already stay as they are.

    Parameters
    ----------
    folder
        The group whose metadata name the fields.
    fields
        The fields by their path from there.
    """
    for path, field in fields.items():
        place = folder.joinpath(*PurePosixPath(path).parts)
        if is_node(place):
            continue
        if not is_node(place.parent):
            write_group(place.parent)
        _write_array(place / _LEVEL, field)
        # The document of the group comes last: a field that has one is complete.
        write_group(place, {"ome": _described(field)})


def _write_array(place: Path, field: Field) -> None:
    import zarr
    from zarr.codecs import ZstdCodec

    data = np.ascontiguousarray(np.moveaxis(field.values, -1, 0), dtype=np.float64)
    rows = max(_MAX_CHUNK_BYTES // max(data[:, :1].nbytes, 1), 1)
    array = zarr.create_array(
        store=place,
        shape=data.shape,
        chunks=(data.shape[0], min(rows, data.shape[1]), *data.shape[2:]),
        dtype=data.dtype,
        fill_value=0,
        compressors=ZstdCodec(level=3),
        dimension_names=["c", *field.axes],
        zarr_format=3,
        overwrite=True,
    )
    array[...] = data


def _described(field: Field) -> dict[str, Any]:
    """A node of the field is the centre of a pixel, which for OME-Zarr is where its index is."""
    system = write_system("".join(("c", *field.axes)), ("c", *field.axes))
    system["axes"][0] = {"name": "c", "type": _VECTORS[field.kind], "discrete": True}
    count = len(field.axes)
    steps = [
        {"type": "scale", "scale": [1.0, *(field.spacing or [1.0] * count)]},
        {"type": "translation", "translation": [0.0, *(field.origin or [0.0] * count)]},
    ]
    ends = {"input": {"path": _LEVEL}, "output": {"name": system["name"]}}
    dataset = {"path": _LEVEL, EDGES: [{"type": "sequence", "transformations": steps, **ends}]}
    return {
        "version": "0.6",
        "multiscales": [{"name": field.kind, "coordinateSystems": [system], "datasets": [dataset]}],
    }


def remove_other_fields(folder: Path, fields: Iterable[str]) -> None:
    """Remove the fields below a group that its metadata no longer name."""
    kept = {PurePosixPath(path).name for path in fields}
    others = [name for name in child_names(folder / FIELDS) if name not in kept]
    for name in others:
        shutil.rmtree(folder / FIELDS / name)
    if others and not child_names(folder / FIELDS):
        shutil.rmtree(folder / FIELDS)
