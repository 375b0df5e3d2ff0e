"""Rasters as container 0.1 has them: everything at the top level, NGFF version 0.4 or 0.4-dev-spatialdata."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from spatialdata.errors import StoreError, listing
from spatialdata.store.dialects.multiscale import (
    EDGES,
    Multiscale,
    Times,
    axis_objects,
    channel_labels,
    datasets_of,
    omero_of,
    only_multiscale,
    parse_multiscale,
    renamed_channels,
)

if TYPE_CHECKING:
    from spatialdata._core.axes import ValidAxis
    from spatialdata._core.levels import LevelPlace

__all__ = ["NGFF_VERSIONS", "attributes_of", "labels_listing", "read", "with_channels", "with_edges"]

NGFF_VERSIONS = ("0.4", "0.4-dev-spatialdata")
_NGFF_VERSION_OF = {"0.1": "0.4", "0.2": "0.4-dev-spatialdata"}
_IMAGE_LABEL_VERSION = "0.4"


def read(attributes: dict[str, Any], where: str) -> Multiscale:
    """Read the attributes of a raster.

    Raises
    ------
    StoreError
        They are incomplete, or of another NGFF version.
    """
    multiscale = only_multiscale(attributes, where)
    if multiscale.get("version") not in NGFF_VERSIONS:
        raise StoreError(
            f"{where} has the NGFF version {multiscale.get('version')!r}. Valid in this container: "
            f"{listing(NGFF_VERSIONS)}."
        )
    channels = channel_labels(attributes.get("omero"), attributes.get("channels_metadata"), where)
    return parse_multiscale(multiscale, channels, where)


def attributes_of(
    name: str,
    axes: Sequence[ValidAxis],
    places: Sequence[LevelPlace],
    edges: list[dict[str, Any]],
    channels: Sequence[Any] | None,
    version: str,
    times: Times | None = None,
) -> dict[str, Any]:
    """The attributes of a raster.

    Parameters
    ----------
    name
        What the multiscale is called; informative only.
    axes
        Names of the axes, in the order of the dimensions.
    places
        How each level lies in the finest one, which comes first.
    edges
        The transformations, as JSON.
    channels
        Names of the channels; None for labels.
    times
        The points in time; None without an axis of time.
    version
        The version of the element, ``"0.1"`` or ``"0.2"``.
    """
    multiscale = {
        "datasets": datasets_of(axes, places, times),
        "name": name,
        "axes": axis_objects(axes, times),
        "version": _NGFF_VERSION_OF[version],
        EDGES: edges,
    }
    body: dict[str, Any] = {} if channels is None else {"omero": omero_of(channels)}
    body["multiscales"] = [multiscale]
    if channels is None:
        body["image-label"] = {"version": _IMAGE_LABEL_VERSION}
    return {**body, "spatialdata_attrs": {"version": version}}


def with_edges(attributes: dict[str, Any], edges: list[dict[str, Any]], where: str) -> dict[str, Any]:
    """The attributes with other transformations."""
    return {**attributes, "multiscales": [{**only_multiscale(attributes, where), EDGES: edges}]}


def with_channels(attributes: dict[str, Any], names: Sequence[Any], where: str) -> dict[str, Any]:
    """The attributes with other names of channels."""
    only_multiscale(attributes, where)
    return {**attributes, "omero": renamed_channels(attributes.get("omero"), names)}


def labels_listing(names: Sequence[str]) -> dict[str, Any]:
    """The attributes of the group of all labels."""
    return {"labels": list(names)}
