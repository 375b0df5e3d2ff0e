"""The scene of OME-Zarr 0.6 at the root of a store: how its images and labels lie in common coordinate systems.

It is derived from the metadata of the rasters and from the links in the attributes of the store, and written anew
whenever one of these changes. This package reads the metadata of the rasters themselves.
"""

from __future__ import annotations

import warnings
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeAlias

from spatialdata._core.axes import ValidAxis
from spatialdata.errors import StoreError, TransformationError
from spatialdata.models.base import ATTRS_KEY
from spatialdata.models.kind import Kind
from spatialdata.store.dialects import v06, v06_spatialdata
from spatialdata.store.dialects.links import read_links
from spatialdata.store.dialects.multiscale import EDGES
from spatialdata.store.dialects.v06_write import write_edge, write_system
from spatialdata.store.documents import child_names, is_node, read_node, replace_attributes
from spatialdata.store.field_arrays import remove_other_fields, write_fields
from spatialdata.store.source import reading
from spatialdata.transformations.attach import DEFAULT_COORDINATE_SYSTEM
from spatialdata.transformations.linear import Identity
from spatialdata.transformations.links import LINKS_KEY

if TYPE_CHECKING:
    from spatialdata.store.dialects.v06_read import Field
    from spatialdata.transformations.links import CoordinateLink

__all__ = ["NGFF_KEY", "OME", "check_no_scene", "has_scene", "ngff_of", "said_ngff", "without_scene", "write_scene"]

Axes: TypeAlias = tuple[ValidAxis, ...]
End: TypeAlias = tuple[str, str, Axes]

OME = "ome"
# Beside the version of the container: what further rasters are written in, also where there are none yet.
NGFF_KEY = "ngff_version"
_ORDER: Axes = ("z", "y", "x")


def has_scene(attributes: Mapping[str, Any]) -> bool:
    """Whether the attributes of the root of a store hold a scene."""
    return v06_spatialdata.is_spoken(attributes) and "scene" in attributes[OME]


def said_ngff(ngff: str) -> dict[str, str]:
    """What the root of a store says of the version of its rasters; nothing unless that is 0.6."""
    return {NGFF_KEY: ngff} if ngff == v06_spatialdata.NGFF_VERSION else {}


def ngff_of(attributes: Mapping[str, Any]) -> str | None:
    """The version of OME-Zarr that the attributes of a root say, in a word or by a scene; None if they say none."""
    own = attributes.get(ATTRS_KEY)
    said = own.get(NGFF_KEY) if isinstance(own, Mapping) else None
    is_newer = said == v06_spatialdata.NGFF_VERSION or has_scene(attributes)
    return v06_spatialdata.NGFF_VERSION if is_newer else None


def check_no_scene(attrs: Mapping[str, Any], ngff: str | None) -> None:
    """Raise a ValueError for attributes of the user's that lie where a store in OME-Zarr 0.6 keeps its scene."""
    if ngff == v06_spatialdata.NGFF_VERSION and OME in attrs:
        raise ValueError(
            f"The attribute {OME!r} of the object cannot be written in OME-Zarr 0.6, which keeps the scene of a store "
            "there. Give it another name."
        )


def without_scene(attributes: Mapping[str, Any]) -> dict[str, Any]:
    """The attributes of the root of a store without the scene."""
    return {key: value for key, value in attributes.items() if key != OME or not has_scene(attributes)}


@dataclass(frozen=True, slots=True)
class _Raster:
    """What the scene has to know of a raster."""

    path: str
    is_in_06: bool
    systems: Mapping[str, v06.System]


def write_scene(root: Path) -> None:
    """Write the scene of a store into the attributes of its root, or take it away if not all rasters are in 0.6.

    That they are is said beside it, and stays said when the last raster goes.
    """
    attributes = read_node(root).attributes
    rasters = [*_rasters(root)]
    fields: dict[str, Field] = {}
    is_in_06 = all(raster.is_in_06 for raster in rasters) if rasters else ngff_of(attributes) is not None
    fresh = _saying(without_scene(attributes), is_in_06=is_in_06)
    if rasters and is_in_06:
        described = _Scene(rasters, _links(attributes, root)).described(fields)
        if described is not None:
            fresh[OME] = {"version": v06_spatialdata.NGFF_VERSION, "scene": described}
    write_fields(root, fields)
    if fresh != attributes:
        replace_attributes(root, fresh)
    remove_other_fields(root, fields)


def _saying(attributes: dict[str, Any], *, is_in_06: bool) -> dict[str, Any]:
    """The attributes of a root that say whether rasters are in 0.6."""
    own = {key: value for key, value in attributes.get(ATTRS_KEY, {}).items() if key != NGFF_KEY}
    said = said_ngff(v06_spatialdata.NGFF_VERSION) if is_in_06 else {}
    return {**attributes, ATTRS_KEY: {**own, **said}} if own or said else attributes


def _rasters(root: Path) -> Iterator[_Raster]:
    for kind in (Kind.IMAGE, Kind.LABELS):
        for name in child_names(root / kind.container):
            folder, path = root / kind.container / name, f"{kind.container}/{name}"
            if not is_node(folder):
                continue
            try:
                with reading(path, folder):
                    yield _raster(path, read_node(folder).attributes)
            except StoreError as error:
                # Other elements can be written all the same.
                warnings.warn(f"{path} is left out of the scene of OME-Zarr 0.6. {error}", UserWarning, stacklevel=2)


def _raster(path: str, attributes: Mapping[str, Any]) -> _Raster:
    if not v06_spatialdata.is_spoken(attributes):
        return _Raster(path, is_in_06=False, systems={})
    ome = attributes[OME]
    pixels = v06.end_of(ome["multiscales"][0]["datasets"][0][EDGES][0], "output", path)[1]
    systems = {name: system for name, system in v06.systems_of(ome, path).items() if name != pixels}
    return _Raster(path, is_in_06=True, systems=systems)


def _links(attributes: Mapping[str, Any], root: Path) -> list[CoordinateLink]:
    try:
        return read_links(attributes.get(LINKS_KEY), str(root))
    except StoreError as error:
        warnings.warn(f"The links are left out of the scene of OME-Zarr 0.6. {error}", UserWarning, stacklevel=2)
        return []


class _Scene:
    def __init__(self, rasters: Iterable[_Raster], links: list[CoordinateLink]) -> None:
        self.links = links
        self.axes: dict[str, set[str]] = {}
        self.units: dict[str, dict[str, str]] = {}
        # The coordinate systems of the rasters, each with the one of the scene that it is.
        self.placed: list[tuple[End, str]] = []
        for raster in rasters:
            for name, system in raster.systems.items():
                self.axes.setdefault(name, set()).update(system.axes)
                self.units.setdefault(name, {}).update(system.units)
                self.placed.append(((raster.path, name, system.axes), name))

    def described(self, fields: dict[str, Field]) -> dict[str, Any] | None:
        """The scene as JSON: the part of it that hangs together with the default coordinate system, or the largest."""
        edges = [write_edge(Identity(), source, self._system(name), fields) for source, name in self.placed]
        for link in self.links:
            edges.extend(self._linked(link, fields))
        kept = _connected(edges)
        if not kept:
            return None
        names = {end["name"] for edge in kept for end in (edge["input"], edge["output"]) if "path" not in end}
        ordered = sorted(names, key=lambda name: (name != DEFAULT_COORDINATE_SYSTEM, name))
        systems = [write_system(name, self._system(name)[2], self.units.get(name, {})) for name in ordered]
        return {"coordinateSystems": systems, EDGES: kept}

    def _system(self, name: str) -> End:
        known = self.axes.get(name) or {axis for axes in self.axes.values() for axis in axes} or {"y", "x"}
        return "", name, tuple(axis for axis in _ORDER if axis in known)

    def _end(self, name: str) -> End:
        """The system of the one raster that has it, or else that of the scene."""
        owners = [end for end, system in self.placed if system == name]
        return owners[0] if len(owners) == 1 else self._system(name)

    def _linked(self, link: CoordinateLink, fields: dict[str, Field]) -> Iterator[dict[str, Any]]:
        """A link, if OME-Zarr 0.6 has a word for it."""
        own: dict[str, Field] = {}
        try:
            edge = write_edge(link.transformation, self._end(str(link.source)), self._end(str(link.target)), own)
        except TransformationError as error:
            warnings.warn(
                f"The link from {link.source!r} to {link.target!r} is kept, but other programs will not see it in the "
                f"scene of OME-Zarr 0.6. {error}",
                UserWarning,
                stacklevel=2,
            )
            return
        fields.update(own)
        yield edge


def _connected(edges: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """The edges that hang together with the default coordinate system; if there is none, the most that do."""
    above: dict[str, str] = {}

    def top(node: str) -> str:
        while (parent := above.setdefault(node, node)) != node:
            above[node] = node = above[parent]
        return node

    for edge in edges:
        above[top(_node(edge["input"]))] = top(_node(edge["output"]))
    parts = [top(_node(edge["output"])) for edge in edges]
    counts = Counter(parts)
    home = top(f"/{DEFAULT_COORDINATE_SYSTEM}")
    if home not in counts:
        home = max(counts, key=lambda part: counts[part], default=home)
    return [edge for edge, part in zip(edges, parts, strict=True) if part == home]


def _node(end: Mapping[str, Any]) -> str:
    """An image, whose systems hang together through its own metadata, or a system of the scene."""
    return str(end["path"]) if "path" in end else f"/{end['name']}"
