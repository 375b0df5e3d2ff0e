"""The description of a multiscale raster, without the envelope that the dialects put around it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from spatialdata.errors import StoreError
from spatialdata.store.dialects.level_places import Said, said_of, translation_of

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from spatialdata._core.axes import ValidAxis
    from spatialdata._core.levels import LevelPlace

__all__ = ["EDGES", "Multiscale", "Times", "channel_labels", "datasets_of", "omero_of"]

EDGES = "coordinateTransformations"
# Beside the name of the axis t, where times are not evenly spaced; other readers pass it over.
TIME_POINTS = "points"


@dataclass(frozen=True, slots=True, kw_only=True)
class Times:
    """The points in time of a raster, as OME-Zarr says them: evenly spaced, or else listed with the axis.

    Attributes
    ----------
    start, step
        The first point and the distance of two.
    points
        All of them, if they are not evenly spaced.
    unit
        Their unit, if it is known.
    """

    start: float = 0
    step: float = 1
    points: tuple[float, ...] | None = None
    unit: str | None = None

    @classmethod
    def of(cls, values: NDArray[Any], unit: str | None) -> Times:
        """Describe times.

        Examples
        --------
        >>> Times.of(np.array([1, 3, 5]), "second")
        Times(start=1, step=2, points=None, unit='second')
        """
        start = values[0].item() if len(values) else 0
        step = (values[1] - values[0]).item() if len(values) > 1 else 1
        if np.array_equal(start + step * np.arange(len(values)), values):
            return cls(start=start, step=step, unit=unit)
        return cls(points=tuple(values.tolist()), unit=unit)

    def values(self, count: int, where: str) -> NDArray[Any]:
        """The points in time; an error if there are not so many."""
        if self.points is None:
            return np.asarray(self.start + self.step * np.arange(count))
        if len(self.points) != count:
            raise StoreError(f"{where} lists {len(self.points)} points in time, but has {count}.")
        return np.array(self.points)


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
    times
        The points in time; None if there is no axis of time.
    levels
        What is said of the place of each level, the finest first.
    """

    paths: tuple[str, ...]
    axes: tuple[str, ...]
    edges: list[dict[str, Any]]
    channels: tuple[Any, ...] | None
    times: Times | None = None
    levels: tuple[Said | None, ...] = ()


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
        levels = tuple(said_of(dataset.get(EDGES), len(axes)) for dataset in multiscale["datasets"])
        edges = multiscale[EDGES]
    except (KeyError, TypeError) as error:
        raise StoreError(
            f"The multiscales of {where} must have datasets with a path, axes with a name, and {EDGES}. Missing: "
            f"{error}."
        ) from error
    if not paths:
        raise StoreError(f"The multiscales of {where} list no dataset.")
    times = times_of(multiscale, axes, where)
    return Multiscale(paths=paths, axes=axes, edges=edges, channels=channels, times=times, levels=levels)


def times_of(
    multiscale: dict[str, Any], axes: Sequence[str], where: str, further: Sequence[dict[str, Any]] = ()
) -> Times | None:
    """The points in time that the axis t and the scale and translation of the finest level say; None without t.

    ``further`` are the steps that plain OME-Zarr applies to all levels afterwards.
    """
    if "t" not in axes:
        return None
    index = list(axes).index("t")
    described = multiscale["axes"][index]
    step: float = 1
    start: float = 0
    try:
        for entry in [*multiscale["datasets"][0].get(EDGES, []), *further]:
            factor = entry["scale"][index] if entry["type"] == "scale" else 1
            step, start = step * factor, start * factor
            start = start + (entry["translation"][index] if entry["type"] == "translation" else 0)
        points = described.get(TIME_POINTS)
        listed = None if points is None else tuple(points)
    except (KeyError, TypeError, IndexError) as error:
        raise StoreError(f"The times of {where} cannot be read: {error!r}.") from error
    if not step > 0:
        raise StoreError(f"The times of {where} do not rise: they are {step} apart. Correct the scale along 't'.")
    return Times(start=start, step=step, points=listed, unit=described.get("unit"))


def datasets_of(
    axes: Sequence[ValidAxis], places: Sequence[LevelPlace], times: Times | None = None
) -> list[dict[str, Any]]:
    """The levels with their scale relative to the finest one, and the shift of their first pixel centre."""
    datasets = []
    for number, place in enumerate(places):
        factors = [place[axis].step if axis in place else 1.0 for axis in axes]
        shift = [translation_of(place[axis]) if axis in place else 0.0 for axis in axes]
        if times is not None:
            factors[0], shift[0] = times.step, times.start
        steps: list[dict[str, Any]] = [{"type": "scale", "scale": factors}]
        if number or any(shift):
            steps.append({"type": "translation", "translation": shift})
        datasets.append({"path": f"s{number}", EDGES: steps})
    return datasets


def axis_objects(axes: Sequence[str], times: Times | None = None) -> list[dict[str, Any]]:
    """The axes as they are listed in multiscales."""
    listed: list[dict[str, Any]] = [{"name": axis, "type": axis_type(axis)} for axis in axes]
    if times is not None and times.unit is not None:
        listed[0]["unit"] = times.unit
    if times is not None and times.points is not None:
        listed[0][TIME_POINTS] = list(times.points)
    return listed


def axis_type(axis: str) -> str:
    """What an axis is, in the words of OME-Zarr."""
    return {"c": "channel", "t": "time"}.get(axis, "space")


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
