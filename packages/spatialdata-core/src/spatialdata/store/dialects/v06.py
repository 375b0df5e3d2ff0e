"""Coordinate systems of OME-Zarr 0.6 and the transformations between them, from JSON; nothing here touches a store.

The half-pixel rule is applied here and nowhere else: OME-Zarr 0.6 puts the origin at the centre of the first pixel,
this package at its outer corner. Systems in the world are the same in both; only coordinates of pixels differ.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, TypeAlias

from spatialdata._core.axes import AXES, SPATIAL_AXES, ValidAxis
from spatialdata.errors import StoreError, TransformationError, listing
from spatialdata.store.dialects.level_places import Said, flat_steps, said_of, translation_of
from spatialdata.store.dialects.multiscale import EDGES, Times, only_multiscale, times_of
from spatialdata.store.dialects.v06_read import Arrays, read_transformation
from spatialdata.store.dialects.without_axes import restricted, simplest, without_time
from spatialdata.transformations.linear import Identity, Translation
from spatialdata.transformations.linear import Sequence as SequenceOf
from spatialdata.transformations.units import known_unit

if TYPE_CHECKING:
    from spatialdata._core.levels import LevelPlace
    from spatialdata.transformations.algebra import BaseTransformation

__all__ = [
    "Edge",
    "Image",
    "Scene",
    "System",
    "end_of",
    "from_centres",
    "lengths_of",
    "level_axes",
    "level_steps",
    "parse_image",
    "parse_scene",
    "places_of",
    "said_of_levels",
    "systems_of",
    "times_of_image",
]

Json: TypeAlias = Mapping[str, Any]
_HALF = 0.5


def from_centres(transformation: BaseTransformation, axes: Sequence[str]) -> BaseTransformation:
    """A transformation of pixel indices, as OME-Zarr counts them, as one of pixel coordinates of this package."""
    space = [axis for axis in axes if axis in SPATIAL_AXES]
    return SequenceOf([Translation([-_HALF] * len(space), space), transformation])


def level_steps(place: LevelPlace, axes: Sequence[ValidAxis]) -> list[dict[str, Any]]:
    """Scale and translation of a level, from its pixel indices to the pixel coordinates of the finest level.

    Parameters
    ----------
    place
        How the level lies in the finest one.
    axes
        Names of the axes; channels are not shifted.
    """
    scale = [place[axis].step if axis in place else 1.0 for axis in axes]
    shift = [translation_of(place[axis]) + _HALF if axis in place else 0.0 for axis in axes]
    return [{"type": "scale", "scale": scale}, {"type": "translation", "translation": shift}]


@dataclass(frozen=True, slots=True)
class System:
    """A coordinate system.

    Attributes
    ----------
    name
        Its name.
    axes
        Its axes, by the names of this package.
    units
        The unit of each axis that has one.
    """

    name: str
    axes: tuple[ValidAxis, ...]
    units: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Edge:
    """A transformation between two coordinate systems.

    Attributes
    ----------
    source, target
        The path of the image, or an empty one for a system of the same document, and the name of the system.
    transformation
        From the source to the target.
    """

    source: tuple[str, str]
    target: tuple[str, str]
    transformation: BaseTransformation


@dataclass(frozen=True, slots=True)
class Image:
    """What the attributes of an image say.

    Attributes
    ----------
    systems
        The coordinate systems by name.
    levels
        The paths of the levels, the finest first.
    intrinsic
        The name of the system that the levels lead to.
    placed
        From the pixel coordinates (of this package) of each level to the intrinsic system.
    edges
        Further transformations between the systems.
    """

    systems: Mapping[str, System]
    levels: tuple[str, ...]
    intrinsic: str
    placed: tuple[BaseTransformation, ...]
    edges: tuple[Edge, ...]


@dataclass(frozen=True, slots=True)
class Scene:
    """What the attributes of a group of images say: coordinate systems, and how images lie in them."""

    systems: Mapping[str, System]
    edges: tuple[Edge, ...]


def parse_image(
    ome: Json, where: str, arrays: Arrays | None = None, others: Mapping[str, Mapping[str, System]] | None = None
) -> Image:
    """Read the ``ome`` attributes of an image.

    Parameters
    ----------
    ome
        The attributes.
    where
        The image, for error messages.
    arrays
        Gives matrices and fields that are kept beside the image, by their path.
    others
        The coordinate systems of labels in the image, by their path and name.

    Raises
    ------
    StoreError
        The attributes are malformed, or use what is not known.
    """
    body, systems = _described(ome, where)
    levels, placed, intrinsic = [], [], ""
    for dataset in _checked(body.get("datasets"), list, "datasets", where):
        step, intrinsic = _step(dataset, where)
        axes = _known(systems, intrinsic, where).axes
        transformation = read_transformation(step, axes, axes, where, arrays)
        levels.append(str(dataset["path"]))
        placed.append(from_centres(transformation, axes))
    edges = _edges(body.get(EDGES, []), {**systems, **_elsewhere(others)}, where, arrays)
    return Image(systems, tuple(levels), intrinsic, tuple(placed), edges)


def level_axes(ome: Json, where: str) -> tuple[tuple[str, ...], tuple[ValidAxis, ...]]:
    """The paths of the levels, the finest first, and their axes; the transformations are not read for that."""
    body, systems = _described(ome, where)
    datasets = _checked(body.get("datasets"), list, "datasets", where)
    _, intrinsic = _step(datasets[0], where)
    return tuple(str(dataset["path"]) for dataset in datasets), _known(systems, intrinsic, where).axes


def said_of_levels(ome: Json, axes: Sequence[str], where: str) -> tuple[Said | None, ...]:
    """What is said of the place of each level, the finest first."""
    body = only_multiscale(dict(ome), where)
    return tuple(said_of(dataset.get(EDGES), len(axes)) for dataset in body["datasets"])


def times_of_image(ome: Json, axes: Sequence[str], where: str) -> Times | None:
    """The points in time of an image; None without an axis of time."""
    body = only_multiscale(dict(ome), where)
    system = next(each for each in body["coordinateSystems"] if each["name"] == _step(body["datasets"][0], where)[1])
    flat = [*flat_steps(body["datasets"][0][EDGES])]
    listed = {"axes": body.get("axes", system["axes"]), "datasets": [{EDGES: flat}]}
    return times_of(listed, axes, where)


def systems_of(ome: Json, where: str) -> dict[str, System]:
    """The coordinate systems of an image by name."""
    return _described(ome, where)[1]


def lengths_of(system: System) -> dict[str, str]:
    """The units of the spatial axes of a coordinate system, by their full names where they are known."""
    return {axis: known_unit(unit) for axis, unit in system.units.items() if axis in SPATIAL_AXES}


def _described(ome: Json, where: str) -> tuple[dict[str, Any], dict[str, System]]:
    body = only_multiscale(dict(ome), where)
    return body, _systems(_checked(body.get("coordinateSystems"), list, "coordinateSystems", where), where)


def _step(dataset: Json, where: str) -> tuple[Json, str]:
    """The one transformation of a level, and the name of the system that it leads to."""
    steps = _checked(dataset.get(EDGES), list, EDGES, where)
    if len(steps) != 1:
        raise StoreError(f"A level of {where} must have exactly one transformation. Found {len(steps)}: {steps!r}.")
    return steps[0], end_of(steps[0], "output", where)[1]


def places_of(image: Image) -> dict[str, BaseTransformation]:
    """The transformations from the pixels (of this package) to every coordinate system of an image.

    Transformations are followed backwards where they have an inverse. Where several ways lead to a system, the one
    with the fewest steps counts, and of these the one that is listed first. Time is left out.
    """
    inner = [edge for edge in image.edges if not edge.source[0] and not edge.target[0]]
    axes = image.systems[image.intrinsic].axes
    found: dict[str, BaseTransformation] = {
        image.intrinsic: simplest(image.placed[0], axes, without_time(axes)),
    }
    queue = [image.intrinsic]
    while queue:
        name = queue.pop(0)
        for edge in inner:
            for start, end, is_backwards in ((edge.source, edge.target, False), (edge.target, edge.source, True)):
                if start[1] != name or end[1] in found:
                    continue
                step = _inverse(edge.transformation) if is_backwards else edge.transformation
                if step is None:
                    continue
                axes = image.systems[name].axes
                step = restricted(step, axes, without_time(axes))
                found[end[1]] = step if found[name] == Identity() else SequenceOf([found[name], step])
                queue.append(end[1])
    return found


def _inverse(transformation: BaseTransformation) -> BaseTransformation | None:
    try:
        return transformation.inverse()
    except TransformationError:
        return None


def parse_scene(
    ome: Json,
    where: str,
    images: Mapping[str, Mapping[str, System]] | None = None,
    arrays: Arrays | None = None,
) -> Scene:
    """Read the ``ome`` attributes of a group of images.

    Parameters
    ----------
    ome
        The attributes.
    where
        The group, for error messages.
    images
        The coordinate systems of the images of the group, by the path of the image and their name.
    arrays
        Gives matrices and fields that are kept beside the images, by their path.

    Raises
    ------
    StoreError
        The attributes are malformed, or use what is not known.
    """
    body = ome.get("scene", ome)
    systems = _systems(body.get("coordinateSystems", []), where)
    return Scene(systems, _edges(body.get(EDGES, []), {**systems, **_elsewhere(images)}, where, arrays))


def _elsewhere(images: Mapping[str, Mapping[str, System]] | None) -> dict[str, System]:
    """The coordinate systems of other images, under path and name."""
    return {f"{path}\0{name}": system for path, systems in (images or {}).items() for name, system in systems.items()}


def _systems(found: Sequence[Json], where: str) -> dict[str, System]:
    named = {str(system["name"]): system.get("axes", []) for system in found}
    plain = {name: _axes(axes) for name, axes in named.items()}
    result = {}
    for name, axes in plain.items():
        usable = axes or next((other for other in plain.values() if other and len(other) == len(named[name])), None)
        if usable is None:
            raise StoreError(
                f"The coordinate system {name!r} of {where} has the axes "
                f"{listing(axis.get('name') for axis in named[name])}. Valid: {listing(AXES)}, each once."
            )
        units = {
            str(axis): str(entry["unit"]) for axis, entry in zip(usable, named[name], strict=True) if "unit" in entry
        }
        result[name] = System(name, usable, units)
    return result


def _axes(entries: Sequence[Json]) -> tuple[ValidAxis, ...] | None:
    """The axes by name; None where they are those of an array, which go by position."""
    names = tuple(str(entry.get("name")) for entry in entries)
    if not set(names) <= set(AXES) or len(set(names)) != len(names):
        return None
    return names  # type: ignore[return-value]


def _edges(found: Sequence[Json], systems: Mapping[str, System], where: str, arrays: Arrays | None) -> tuple[Edge, ...]:
    edges = []
    for entry in found:
        source, target = (end_of(entry, side, where) for side in ("input", "output"))
        before, after = (_known(systems, "\0".join(filter(None, end)), where).axes for end in (source, target))
        edges.append(Edge(source, target, read_transformation(entry, before, after, where, arrays)))
    return tuple(edges)


def end_of(entry: Json, side: str, where: str) -> tuple[str, str]:
    """Path and name of one end of an edge, which is an object since 0.6.dev4 and was a string before."""
    end = entry.get(side)
    if isinstance(end, str):
        path, _, name = end.rpartition("/")
        return path, name
    if isinstance(end, Mapping) and ("name" in end or "path" in end):
        return (str(end.get("path", "")), str(end["name"])) if "name" in end else ("", str(end["path"]))
    raise StoreError(f"A transformation of {where} does not say its {side}: {dict(entry)!r}.")


def _known(systems: Mapping[str, System], name: str, where: str) -> System:
    if name not in systems:
        shown = name.replace("\0", "/")
        raise StoreError(
            f"A transformation of {where} names the coordinate system {shown!r}. Known: "
            f"{listing(known.replace(chr(0), '/') for known in systems)}."
        )
    return systems[name]


def _checked(value: Any, kind: type, what: str, where: str) -> Any:
    if not isinstance(value, kind) or not value:
        raise StoreError(f"{where} must have a {what} that is a {kind.__name__} and not empty. Found {value!r}.")
    return value
