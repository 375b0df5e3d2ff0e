"""Rasters as container 0.1 has them: everything at the top level, NGFF version 0.4 or 0.4-dev-spatialdata."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from spatialdata.errors import StoreError, listing
from spatialdata.store.dialects.multiscale import (
    EDGES,
    Multiscale,
    channel_labels,
    only_multiscale,
    parse_multiscale,
    renamed_channels,
)

__all__ = ["NGFF_VERSIONS", "labels_listing", "read", "with_channels", "with_edges"]

NGFF_VERSIONS = ("0.4", "0.4-dev-spatialdata")


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
