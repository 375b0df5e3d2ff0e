"""Rasters as container 0.2 has them: everything under ``ome``, NGFF version 0.5-dev-spatialdata."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from spatialdata.errors import StoreError
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

__all__ = ["ELEMENT_VERSION", "NGFF_VERSION", "attributes_of", "labels_listing", "read", "with_channels", "with_edges"]

NGFF_VERSION = "0.5-dev-spatialdata"
ELEMENT_VERSION = "0.3"
_IMAGE_LABEL_VERSION = "0.5"


def _body(attributes: dict[str, Any], where: str) -> dict[str, Any]:
    body = attributes.get("ome")
    if not isinstance(body, dict):
        raise StoreError(f"{where} has no 'ome' in its attributes.")
    return body


def read(attributes: dict[str, Any], where: str) -> Multiscale:
    """Read the attributes of a raster.

    Raises
    ------
    StoreError
        They are incomplete, or of another NGFF version.
    """
    body = _body(attributes, where)
    if body.get("version") != NGFF_VERSION:
        raise StoreError(
            f"{where} has the NGFF version {body.get('version')!r}. Valid in this container: {NGFF_VERSION!r}."
        )
    channels = channel_labels(body.get("omero"), attributes.get("channels_metadata"), where)
    return parse_multiscale(only_multiscale(body, where), channels, where)


def attributes_of(
    name: str,
    axes: Sequence[ValidAxis],
    places: Sequence[LevelPlace],
    edges: list[dict[str, Any]],
    channels: Sequence[Any] | None,
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
    """
    multiscale = {
        "datasets": datasets_of(axes, places, times),
        "name": name,
        "axes": axis_objects(axes, times),
        EDGES: edges,
    }
    body: dict[str, Any] = {} if channels is None else {"omero": omero_of(channels)}
    body.update({"version": NGFF_VERSION, "multiscales": [multiscale]})
    if channels is None:
        body["image-label"] = {"version": _IMAGE_LABEL_VERSION}
    return {"ome": body, "spatialdata_attrs": {"version": ELEMENT_VERSION}}


def with_edges(attributes: dict[str, Any], edges: list[dict[str, Any]], where: str) -> dict[str, Any]:
    """The attributes with other transformations."""
    body = _body(attributes, where)
    return {**attributes, "ome": {**body, "multiscales": [{**only_multiscale(body, where), EDGES: edges}]}}


def with_channels(attributes: dict[str, Any], names: Sequence[Any], where: str) -> dict[str, Any]:
    """The attributes with other names of channels."""
    body = _body(attributes, where)
    return {**attributes, "ome": {**body, "omero": renamed_channels(body.get("omero"), names)}}


def labels_listing(names: Sequence[str]) -> dict[str, Any]:
    """The attributes of the group of all labels."""
    return {"ome": {"labels": list(names)}}
