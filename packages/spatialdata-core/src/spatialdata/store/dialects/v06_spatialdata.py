"""Rasters in OME-Zarr 0.6, with what readers of SpatialData stores need besides.

Beside the coordinate systems of 0.6 the axes are kept, as versions before it had them; the system of the pixels has
the names of the axes as its name, as in ``"cyx"``; and the ends of transformations say their axes themselves.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, TypeAlias

from spatialdata._core.axes import ValidAxis
from spatialdata.errors import TransformationError
from spatialdata.store.dialects import v06
from spatialdata.store.dialects.edges import system_object
from spatialdata.store.dialects.exact import agreeing, exact_json, read_exact
from spatialdata.store.dialects.multiscale import (
    EDGES,
    Multiscale,
    Times,
    axis_objects,
    channel_labels,
    only_multiscale,
    renamed_channels,
)
from spatialdata.store.dialects.sampled import sampled
from spatialdata.store.dialects.v06_read import Arrays, Field, read_transformation
from spatialdata.store.dialects.v06_write import write_system, write_transformation
from spatialdata.store.dialects.without_axes import restricted, without_time
from spatialdata.transformations.linear import Identity

if TYPE_CHECKING:
    from spatialdata._core.levels import LevelPlace
    from spatialdata.transformations.algebra import BaseTransformation

__all__ = [
    "NGFF_VERSION",
    "Units",
    "attributes_of",
    "is_spoken",
    "labels_listing",
    "places",
    "read",
    "units",
    "with_channels",
    "with_places",
]

Axes: TypeAlias = tuple[ValidAxis, ...]
Places: TypeAlias = "Mapping[str, BaseTransformation]"
Units: TypeAlias = Mapping[str, Mapping[str, str]]

NGFF_VERSION = "0.6"
_ELEMENT_VERSION = "0.3"
_LABEL = "spatialdata:label"
_OVER_THEIR_AXES = ("identity", "scale", "translation", "affine")
# Outside of what OME-Zarr describes: not every reader passes over keys that it does not know.
_EXACT = "spatialdata:transformations"


def is_spoken(attributes: Mapping[str, Any]) -> bool:
    """Whether attributes are in OME-Zarr 0.6."""
    body = attributes.get("ome")
    return isinstance(body, Mapping) and str(body.get("version", "")).startswith(NGFF_VERSION)


def read(attributes: dict[str, Any], where: str) -> Multiscale:
    """Read the attributes of a raster, but for its transformations: see :func:`places`.

    Raises
    ------
    StoreError
        They are malformed.
    """
    body = attributes["ome"]
    paths, axes = v06.level_axes(body, where)
    channels = channel_labels(_with_own_labels(body.get("omero")), None, where)
    times = v06.times_of_image(body, axes, where)
    levels = v06.said_of_levels(body, axes, where)
    return Multiscale(paths=paths, axes=axes, edges=[], channels=channels, times=times, levels=levels)


def places(attributes: dict[str, Any], where: str, arrays: Arrays) -> dict[str, BaseTransformation]:
    """The transformations of a raster by coordinate system.

    Parameters
    ----------
    attributes
        The attributes of the raster.
    where
        The raster, for error messages.
    arrays
        Gives the matrices and fields that are kept beside the raster.
    """
    image = v06.parse_image(attributes["ome"], where, arrays)
    found = v06.places_of(image)
    if found[image.intrinsic] != Identity():
        return found
    # The system of the pixels is that of the element itself, which has no name.
    exact = attributes.get(_EXACT, {})
    own = without_time(image.systems[image.intrinsic].axes)
    return {
        name: agreeing(read_exact(exact[name], where), each, own) if name in exact else each
        for name, each in found.items()
        if name != image.intrinsic
    }


def units(attributes: dict[str, Any], where: str) -> dict[str, dict[str, str]]:
    """The units of the coordinate systems of a raster, by coordinate system and axis."""
    systems = v06.systems_of(attributes["ome"], where)
    return {name: v06.lengths_of(system) for name, system in systems.items()}


def attributes_of(
    name: str,
    axes: Axes,
    places: Sequence[LevelPlace],
    shape: Sequence[int],
    transformations: Places,
    channels: Sequence[Any] | None,
    units: Units,
    times: Times | None = None,
) -> tuple[dict[str, Any], dict[str, Field]]:
    """The attributes of a raster.

    Parameters
    ----------
    name
        What the multiscale is called; informative only.
    axes
        Names of the axes, in the order of the dimensions.
    places
        How each level lies in the finest one, which comes first.
    shape
        The shape of the finest level.
    transformations
        The transformations by coordinate system.
    channels
        Names of the channels; None for labels.
    units
        The units of coordinate systems, by coordinate system and axis.
    times
        The points in time; None without an axis of time.

    Returns
    -------
    The attributes, and the fields that belong beside them, by their path.
    """
    intrinsic = _intrinsic(axes, transformations)
    multiscale = {
        "name": name,
        "axes": axis_objects(axes, times),
        "datasets": [_dataset(number, place, axes, intrinsic, times) for number, place in enumerate(places)],
    }
    body: dict[str, Any] = {} if channels is None else {"omero": _named(None, channels)}
    body.update({"version": NGFF_VERSION, "multiscales": [multiscale]})
    if channels is None:
        body["image-label"] = {}
    attributes = {"ome": body, "spatialdata_attrs": {"version": _ELEMENT_VERSION}}
    return with_places(attributes, transformations, axes, shape, units, name)


def _intrinsic(axes: Axes, taken: Places) -> str:
    name = "".join(axes)
    while name in taken:
        name += "_"
    return name


def _dataset(number: int, place: LevelPlace, axes: Axes, intrinsic: str, times: Times | None) -> dict[str, Any]:
    steps = v06.level_steps(place, axes)
    if times is not None:
        steps[0]["scale"][0], steps[1]["translation"][0] = times.step, times.start
    path = f"s{number}"
    ends = {"input": {"path": path, "name": path}, "output": {"name": intrinsic}}
    return {"path": path, EDGES: [{"type": "sequence", "transformations": steps, **ends}]}


def with_places(
    attributes: dict[str, Any], transformations: Places, axes: Axes, shape: Sequence[int], units: Units, where: str
) -> tuple[dict[str, Any], dict[str, Field]]:
    """The attributes with other transformations, and the fields that belong beside them.

    Raises
    ------
    TransformationError
        A transformation has no form in OME-Zarr 0.6.
    """
    body = attributes["ome"]
    old = only_multiscale(body, where)
    intrinsic = _intrinsic(axes, transformations)
    fields: dict[str, Field] = {}
    time = {str(axis["name"]): str(axis["unit"]) for axis in old["axes"] if axis["name"] == "t" and "unit" in axis}
    systems, edges = [write_system(intrinsic, axes, time)], []
    exact: dict[str, Any] = {}
    for name, transformation in transformations.items():
        edge, target, is_exact = _edge(transformation, axes, shape, fields, f"{where} to {name!r}")
        if not is_exact:
            exact[name] = exact_json(transformation)
        ends = {
            "input": system_object(intrinsic, axes),
            "output": system_object(name, target, units.get(name)),
        }
        edges.append({**_with_ends_of_members(edge, intrinsic, axes), **ends})
        systems.append(write_system(name, target, {**units.get(name, {}), **time}))
    datasets = [
        {**dataset, EDGES: [{**dataset[EDGES][0], "output": {"name": intrinsic}}]} for dataset in old["datasets"]
    ]
    multiscale = {**old, "coordinateSystems": systems, "datasets": datasets, EDGES: edges}
    if not edges:
        del multiscale[EDGES]
    fresh = {**attributes, "ome": {**body, "multiscales": [multiscale]}, _EXACT: exact}
    if not exact:
        del fresh[_EXACT]
    return fresh, fields


def _edge(
    transformation: BaseTransformation, axes: Axes, shape: Sequence[int], fields: dict[str, Field], where: str
) -> tuple[dict[str, Any], Axes, bool]:
    """A transformation as 0.6 says it, the axes that it leads to, and whether reading that gives the same one."""
    produced = transformation.axes_after(axes)
    target = axes if set(produced) == set(axes) else produced
    own: dict[str, Field] = {}
    try:
        edge = write_transformation(transformation, axes, target, own)
    except TransformationError:
        own = {}
        edge = write_transformation(sampled(transformation, axes, shape, where), axes, target, own)
    if edge["type"] == "affine" and target == axes:
        target = _drawn(axes)
        edge = write_transformation(transformation, axes, target, own)
    fields.update(own)
    again = restricted(read_transformation(edge, axes, target, where, own.__getitem__), axes, without_time(axes))
    return edge, target, again == transformation


def _drawn(axes: Axes) -> Axes:
    """The axes with x before y: Vitessce takes the first row of an affine map of an image for x if they are swapped."""
    return tuple(sorted(axes, key=("t", "c", "z", "x", "y").index)) if "z" not in axes else axes


def _with_ends_of_members(edge: dict[str, Any], intrinsic: str, axes: Axes) -> dict[str, Any]:
    """A sequence whose steps say their axes, as SpatialData.js needs it, where all are over those of the element."""
    members = edge.get("transformations", [])
    if edge["type"] != "sequence" or any(member["type"] not in _OVER_THEIR_AXES for member in members):
        return edge
    own = system_object(intrinsic, axes)
    return {**edge, "transformations": [{**member, "input": own, "output": own} for member in members]}


def _with_own_labels(omero: Any) -> Any:
    """The channels with the names that they were given, which in OME-Zarr 0.6 must be strings."""
    if not isinstance(omero, Mapping) or not isinstance(omero.get("channels"), list):
        return omero
    channels = [
        {**channel, "label": channel[_LABEL]} if _LABEL in channel else channel for channel in omero["channels"]
    ]
    return {**omero, "channels": channels}


def _named(omero: Any, names: Sequence[Any]) -> dict[str, Any]:
    """The block that names the channels, with other names."""
    block = renamed_channels(omero, [str(name) for name in names])
    for channel, name in zip(block["channels"], names, strict=True):
        channel.pop(_LABEL, None)
        if not isinstance(name, str):
            channel[_LABEL] = name
    return block


def with_channels(attributes: dict[str, Any], names: Sequence[Any], where: str) -> dict[str, Any]:
    """The attributes with other names of channels."""
    body = attributes["ome"]
    only_multiscale(body, where)
    return {**attributes, "ome": {**body, "omero": _named(body.get("omero"), names)}}


def labels_listing(names: Sequence[str]) -> dict[str, Any]:
    """The attributes of the group of all labels."""
    return {"ome": {"version": NGFF_VERSION, "labels": list(names)}}
