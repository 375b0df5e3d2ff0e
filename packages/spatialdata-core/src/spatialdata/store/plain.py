"""OME-Zarr that no SpatialData tool wrote, as elements: an image with its labels, or a scene of several images."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from spatialdata._core.names import sanitize_name
from spatialdata.errors import StoreError, TransformationError
from spatialdata.models.kind import Kind
from spatialdata.store.dialects import v06
from spatialdata.store.dialects.multiscale import EDGES
from spatialdata.store.documents import child_names, is_node, read_node
from spatialdata.store.field_arrays import arrays_below, path_below
from spatialdata.store.plain_raster import Join, PlainRaster, RasterOf04, RasterOf06, ome_of, spatial
from spatialdata.store.source import reading
from spatialdata.store.store import Entry
from spatialdata.transformations.linear import Identity
from spatialdata.transformations.links import CoordinateLink

if TYPE_CHECKING:
    from spatialdata.transformations.algebra import BaseTransformation

__all__ = ["PlainStore", "plain_store"]


@dataclass(frozen=True, slots=True)
class PlainStore:
    """What lies at a place.

    Attributes
    ----------
    rasters
        The images and labels.
    links
        How coordinate systems lie in one another where no raster says it.
    units
        The units of coordinate systems that no raster has, by coordinate system and axis.
    """

    rasters: dict[Entry, PlainRaster] = field(default_factory=dict)
    links: list[CoordinateLink] = field(default_factory=list)
    units: dict[str, dict[str, str]] = field(default_factory=dict)


def plain_store(path: Path) -> PlainStore:
    """The images and labels at a path; empty if there is no plain OME-Zarr.

    An image is named after its folder. The coordinate systems of one image and its labels keep their names; those of
    the images of a scene get the name of the image in front, as in ``"overview/physical"``.
    """
    ome = ome_of(read_node(path).attributes) if is_node(path) else {}
    if "multiscales" in ome:
        return PlainStore(dict(_with_labels(path, _name(path.name))))
    if "scene" in ome and str(ome.get("version", "")).startswith("0.6"):
        with reading(f"The OME-Zarr scene {path}", path):
            return _scene(path, ome)
    return PlainStore()


def _name(folder: str) -> str:
    return sanitize_name(folder.removesuffix(".zarr").removesuffix(".ome") or "image")


def _is_06(ome: Mapping[str, Any]) -> bool:
    return str(ome.get("version", "")).startswith("0.6")


def _with_labels(
    path: Path, name: str, prefix: str = "", joins: tuple[Join, ...] = (), labels_prefix: str = ""
) -> Iterator[tuple[Entry, PlainRaster]]:
    """An image and the labels in it."""
    ome = ome_of(read_node(path).attributes)
    listed = list(_label_names(path / "labels"))
    if not _is_06(ome):
        yield Entry(Kind.IMAGE, name), RasterOf04(path, Kind.IMAGE)
        for label in listed:
            yield (
                Entry(Kind.LABELS, _label_name(label, name, labels_prefix)),
                RasterOf04(path / "labels" / label, Kind.LABELS),
            )
        return
    others = {f"labels/{label}": _systems(path / "labels" / label) for label in listed}
    image = RasterOf06(path, Kind.IMAGE, prefix, joins, others)
    yield Entry(Kind.IMAGE, name), image
    edges = image.image.edges if any(_leads_out(edge) for edge in ome["multiscales"][0].get(EDGES, [])) else ()
    for label in listed:
        own = _label_name(label, name, labels_prefix)
        inner = [*_joins_of(f"labels/{label}", edges, {"": image.image.systems, **others}, prefix)]
        # Where nothing else is said, the names mean the same in the image and in its labels.
        apart = any(join.other != f"{prefix}{join.own}" or join.transformation != Identity() for join in inner)
        place = path / "labels" / label
        yield Entry(Kind.LABELS, own), _label(place, f"{own}/" if apart else prefix, [*inner, *joins])


def _label(place: Path, prefix: str, joins: list[Join]) -> PlainRaster:
    if not _is_06(ome_of(read_node(place).attributes)):
        return RasterOf04(place, Kind.LABELS)
    return RasterOf06(place, Kind.LABELS, prefix, joins)


def _label_name(label: str, image: str, prefix: str) -> str:
    """The name of labels, which must not be that of their image."""
    name = sanitize_name(f"{prefix}{label}")
    return f"{image}_{name}" if name.casefold() == image.casefold() else name


def _label_names(labels: Path) -> list[str]:
    listed = ome_of(read_node(labels).attributes).get("labels") if is_node(labels) else None
    return [str(name) for name in listed] if listed is not None else child_names(labels)


def _systems(place: Path) -> Mapping[str, v06.System]:
    ome = ome_of(read_node(place).attributes)
    return v06.systems_of(ome, str(place)) if _is_06(ome) else {}


def _leads_out(edge: Mapping[str, Any]) -> bool:
    return any(isinstance(edge.get(side), Mapping) and edge[side].get("path") for side in ("input", "output"))


def _joins_of(
    path: str, edges: tuple[v06.Edge, ...], systems: Mapping[str, Mapping[str, v06.System]], prefix: str
) -> Iterator[Join]:
    """How the coordinate systems of the image at a path lie in those of the document that lists the edges."""
    for edge in edges:
        step: BaseTransformation | None = None
        if (edge.source[0], edge.target[0]) == (path, ""):
            own, other, step = edge.source[1], edge.target[1], edge.transformation
        elif (edge.source[0], edge.target[0]) == ("", path):
            own, other, step = edge.target[1], edge.source[1], _inverse(edge.transformation)
        if step is not None:
            yield Join(own, f"{prefix}{other}", spatial(step, systems[path][own].axes))


def _inverse(transformation: BaseTransformation) -> BaseTransformation | None:
    try:
        return transformation.inverse()
    except TransformationError:
        return None


def _scene(path: Path, ome: dict[str, Any]) -> PlainStore:
    """The images of a scene, and those of its transformations that no image takes along."""
    found = {place: path_below(path, place) for place in _places(path, ome["scene"])}
    systems = {place: dict(_systems(folder)) for place, folder in found.items()}
    scene = v06.parse_scene(ome, str(path), systems, arrays_below(path))
    names = _unique_names(list(found))
    known = {"": scene.systems, **systems}
    store = PlainStore(units={name: v06.lengths_of(system) for name, system in scene.systems.items()})
    for place, folder in found.items():
        joins = tuple(_joins_of(place, scene.edges, known, ""))
        name = names[place]
        store.rasters.update(_with_labels(folder, name, f"{name}/", joins, f"{name}_"))
    for edge in scene.edges:
        ends = [f"{names[place]}/{system}" if place else system for place, system in (edge.source, edge.target)]
        if bool(edge.source[0]) == bool(edge.target[0]):
            step = spatial(edge.transformation, known[edge.source[0]][edge.source[1]].axes)
            store.links.append(CoordinateLink(ends[0], ends[1], step))
    return store


def _places(path: Path, scene: Mapping[str, Any]) -> list[str]:
    """The paths of the images of a scene: those that its transformations name, and what lies beside them."""
    named = [v06.end_of(edge, side, str(path))[0] for edge in scene.get(EDGES, []) for side in ("input", "output")]
    beside = [name for name in child_names(path) if is_node(path / name)]
    images = [name for name in beside if "multiscales" in ome_of(read_node(path / name).attributes)]
    places = list(dict.fromkeys([*filter(None, named), *images]))
    for place in places:
        folder = path_below(path, place)
        if not is_node(folder) or "multiscales" not in ome_of(read_node(folder).attributes):
            raise StoreError(f"The scene names the image {place!r}, but there is none.")
    return places


def _unique_names(places: list[str]) -> dict[str, str]:
    """The last parts of paths as names; the whole paths, if these are not unique."""
    last = [_name(place.rpartition("/")[2]) for place in places]
    if len({name.casefold() for name in last}) == len(last):
        return dict(zip(places, last, strict=True))
    return {place: _name(place.replace("/", "_")) for place in places}
