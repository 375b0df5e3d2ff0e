"""How the levels of a raster lie in its finest level, as OME-Zarr says it: by a scale and a translation for each.

They act on indices of pixels: a translation says where the centre of the first one lies. Many programs write scales
only, or the same translation for all levels; neither says how the levels lie in one another, which then follows from
the sizes of their arrays.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from spatialdata._core.axes import SPATIAL_AXES, ValidAxis
from spatialdata._core.levels import Along, by_sizes, plausible

__all__ = ["Said", "flat_steps", "places_said", "said_of", "telling", "translation_of"]


@dataclass(frozen=True, slots=True)
class Said:
    """What is said of a level.

    Attributes
    ----------
    scale
        The size of its pixels along each axis.
    shift
        The centre of its first pixel along each axis; None if there is no translation.
    """

    scale: tuple[float, ...]
    shift: tuple[float, ...] | None


def translation_of(along: Along) -> float:
    """The centre of the first pixel of a level, where that of the finest one is 0.

    Examples
    --------
    >>> translation_of(Along(0.0, 2.0))
    0.5
    """
    return along.start + (along.step - 1) / 2


def flat_steps(steps: Sequence[Mapping[str, Any]]) -> Iterator[Mapping[str, Any]]:
    """Transformations one after another, without the sequences around them."""
    for step in steps:
        if step["type"] == "sequence":
            yield from flat_steps(step["transformations"])
        else:
            yield step


def said_of(steps: object, count: int) -> Said | None:
    """What the transformations of a level say; None if they are none that a level may have.

    Parameters
    ----------
    steps
        The list of JSON objects.
    count
        The number of axes.

    Examples
    --------
    >>> said_of([{"type": "scale", "scale": [2, 2]}, {"type": "translation", "translation": [0.5, 0.5]}], 2)
    Said(scale=(2.0, 2.0), shift=(0.5, 0.5))
    """
    scale, shift, is_shifted = [1.0] * count, [0.0] * count, False
    try:
        for step in flat_steps(steps):  # type: ignore[arg-type]  # what it is not is found out in the loop
            if step["type"] == "scale":
                factors = [float(factor) for factor in step["scale"]]
                scale = [own * factor for own, factor in zip(scale, factors, strict=True)]
                shift = [own * factor for own, factor in zip(shift, factors, strict=True)]
            elif step["type"] == "translation":
                shift = [own + float(way) for own, way in zip(shift, step["translation"], strict=True)]
                is_shifted = True
            elif step["type"] != "identity":
                return None
    except (KeyError, TypeError, ValueError):
        return None
    return Said(tuple(scale), tuple(shift) if is_shifted else None)


def telling(levels: Sequence[Said | None]) -> list[Said | None]:
    """What is said of levels, without translations that are the same for all."""
    shifts = {None if said is None else said.shift for said in levels}
    if len(shifts) > 1:
        return list(levels)
    return [None if said is None else replace(said, shift=None) for said in levels]


def places_said(
    levels: Sequence[Said | None], axes: Sequence[str], shapes: Sequence[Sequence[int]]
) -> list[dict[ValidAxis, Along]]:
    """How each level lies in the finest one, along the spatial axes.

    Parameters
    ----------
    levels
        What is said of them, the finest first.
    axes
        Names of the axes.
    shapes
        The shapes of the levels.

    Returns
    -------
    For each level its place. Where nothing is said, or it cannot be right, the level covers the finest one.

    Examples
    --------
    >>> levels = [Said((0.5,), None), Said((1.0,), (0.25,))]
    >>> places_said(levels, ["x"], [(5,), (2,)])[1]
    {'x': Along(start=0.0, step=2.0)}
    """
    places = []
    for said, shape in zip(levels, shapes, strict=True):
        place: dict[ValidAxis, Along] = {}
        for index, axis in enumerate(axes):
            if axis in SPATIAL_AXES:
                found = _along(levels[0], said, index)
                sizes = shapes[0][index], shape[index]
                place[axis] = by_sizes(*sizes) if found is None else plausible(*sizes, found)
        places.append(place)
    return places


def _along(finest: Said | None, said: Said | None, index: int) -> Along | None:
    if finest is None or said is None or said.shift is None or not finest.scale[index] > 0:
        return None
    origin = 0.0 if finest.shift is None else finest.shift[index]
    step = said.scale[index] / finest.scale[index]
    return Along((said.shift[index] - origin) / finest.scale[index] + (1 - step) / 2, step)
