"""The description of a multiscale raster, without the envelope that the dialects put around it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from spatialdata.errors import StoreError

__all__ = ["EDGES", "Multiscale", "channel_labels", "datasets_of", "omero_of"]

EDGES = "coordinateTransformations"


@dataclass(frozen=True, slots=True, kw_only=True)
class Multiscale:
    """What the attributes of a raster say.

    Attributes
    ----------
    paths
        The arrays of the levels, the finest first.
    axes
        Names of the axes, in the order of the dimensions.
    edges
        The transformations, as JSON.
    channels
        Names of the channels; None for labels, and for images that do not name them.
    """

    paths: tuple[str, ...]
    axes: tuple[str, ...]
    edges: list[dict[str, Any]]
    channels: tuple[Any, ...] | None


def only_multiscale(body: dict[str, Any], where: str) -> dict[str, Any]:
    """The one multiscale of a raster."""
    found = body.get("multiscales")
    if not isinstance(found, list) or len(found) != 1 or not isinstance(found[0], dict):
        raise StoreError(f"{where} must have exactly one entry in 'multiscales'. Found {found!r}.")
    return found[0]


def parse_multiscale(multiscale: dict[str, Any], channels: tuple[Any, ...] | None, where: str) -> Multiscale:
    """Read the description of the levels."""
    try:
        paths = tuple(str(dataset["path"]) for dataset in multiscale["datasets"])
        axes = tuple(str(axis["name"]) for axis in multiscale["axes"])
        edges = multiscale[EDGES]
    except (KeyError, TypeError) as error:
        raise StoreError(
            f"The multiscales of {where} must have datasets with a path, axes with a name, and {EDGES}. Missing: "
            f"{error}."
        ) from error
    if not paths:
        raise StoreError(f"The multiscales of {where} list no dataset.")
    return Multiscale(paths=paths, axes=axes, edges=edges, channels=channels)


def datasets_of(shapes: Sequence[Sequence[int]]) -> list[dict[str, Any]]:
    """The levels with their scale relative to the finest one, and the shift of their first pixel centre."""
    datasets = []
    for number, shape in enumerate(shapes):
        factors = [full / size for full, size in zip(shapes[0], shape, strict=True)]
        steps: list[dict[str, Any]] = [{"type": "scale", "scale": factors}]
        if number:
            steps.append({"type": "translation", "translation": [(factor - 1) / 2 for factor in factors]})
        datasets.append({"path": f"s{number}", EDGES: steps})
    return datasets


def axis_objects(axes: Sequence[str]) -> list[dict[str, str]]:
    """The axes as they are listed in multiscales."""
    return [{"name": axis, "type": "channel" if axis == "c" else "space"} for axis in axes]


def omero_of(names: Sequence[Any]) -> dict[str, Any]:
    """The block that names the channels."""
    return {"channels": [{"label": name} for name in names]}


def channel_labels(omero: object, channels_metadata: object, where: str) -> tuple[Any, ...] | None:
    """Names of the channels from ``omero``, or from the ``channels_metadata`` of old stores."""
    for block in (omero, channels_metadata):
        if isinstance(block, dict) and "channels" in block:
            try:
                return tuple(channel["label"] for channel in block["channels"])
            except (KeyError, TypeError) as error:
                raise StoreError(f"A channel of {where} has no label: {block['channels']!r}.") from error
    return None


def renamed_channels(omero: object, names: Sequence[Any]) -> dict[str, Any]:
    """The block with other names; everything else in it is kept."""
    block = dict(omero) if isinstance(omero, dict) else {}
    old = block.get("channels", [])
    kept = old if len(old) == len(names) else [{} for _ in names]
    block["channels"] = [{**channel, "label": name} for channel, name in zip(kept, names, strict=True)]
    return block
