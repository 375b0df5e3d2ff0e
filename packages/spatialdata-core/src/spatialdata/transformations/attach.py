"""Where transformations live: in the ``transform`` attribute of an element, one for each coordinate system."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Literal, Protocol, overload

from spatialdata._core.elements import element_attrs, is_raster, is_table, levels_of, type_name
from spatialdata._core.levels import place_of
from spatialdata.errors import (
    TransformationError,
    UnknownCoordinateSystemError,
    UnsupportedElementError,
    listing,
    unknown_name,
)
from spatialdata.transformations.algebra import BaseTransformation
from spatialdata.transformations.linear import Identity, Scale, Sequence, Translation

if TYPE_CHECKING:
    from collections.abc import Mapping
    from collections.abc import Sequence as ListOf

    from spatialdata._core.elements import SpatialElement
    from spatialdata._core.levels import LevelPlace

__all__ = [
    "DEFAULT_COORDINATE_SYSTEM",
    "TRANSFORM_KEY",
    "attach_to_levels",
    "attach_transformations",
    "check_transformations",
    "default_transformations",
    "get_transformation",
    "remove_transformation",
    "set_transformation",
    "transformations_of",
]

TRANSFORM_KEY = "transform"
DEFAULT_COORDINATE_SYSTEM = "global"


class _Backed(Protocol):
    def is_backed(self) -> bool: ...
    def locate_element(self, element: Any) -> list[str]: ...
    def write_transformations(self, element_name: str | None = None) -> None: ...


def check_transformations(transformations: Mapping[str, BaseTransformation]) -> dict[str, BaseTransformation]:
    """Check names and types, and return a copy."""
    for name, transformation in transformations.items():
        if not isinstance(name, str):
            raise TypeError(f"The name of a coordinate system must be a string, not {type(name).__name__}.")
        if not isinstance(transformation, BaseTransformation):
            raise TypeError(
                f"The transformation to {name!r} must be one of spatialdata.transformations, not "
                f"{type(transformation).__name__}."
            )
    return dict(transformations)


def transformations_of(element: Any) -> dict[str, BaseTransformation]:
    """The live transformations of an element, by coordinate system; empty if there are none."""
    if is_table(element):
        raise UnsupportedElementError("A table has no transformations. Those of the element that it annotates apply.")
    found = element_attrs(element).get(TRANSFORM_KEY, {})
    if not isinstance(found, dict):
        raise TransformationError(
            f"attrs[{TRANSFORM_KEY!r}] of the element must be a dict from coordinate systems to transformations, "
            f"not {type(found).__name__}."
        )
    return found


def _to_finest(place: LevelPlace) -> list[BaseTransformation]:
    """The steps that take pixels of a coarser level of a raster to pixels of its finest level."""
    axes = tuple(place)
    steps: list[BaseTransformation] = [Scale([along.step for along in place.values()], axes)]
    start = [along.start for along in place.values()]
    return [*steps, Translation(start, axes)] if any(start) else steps


def attach_transformations(element: Any, transformations: Mapping[str, BaseTransformation]) -> None:
    """Replace all transformations of an element, in place; on every level of a multiscale raster."""
    checked = check_transformations(transformations)
    if not is_raster(element):
        element_attrs(element)[TRANSFORM_KEY] = checked
        return
    levels = levels_of(element)
    places = [place_of(levels[0], level) for level in levels]
    attach_to_levels(levels, places, checked)


def attach_to_levels(
    levels: ListOf[Any], places: ListOf[LevelPlace], transformations: Mapping[str, BaseTransformation]
) -> None:
    """Give the levels of a raster their transformations, in place.

    Parameters
    ----------
    levels
        The levels, the finest first.
    places
        How each lies in the finest one.
    transformations
        Those of the finest level, by coordinate system.
    """
    levels[0].attrs[TRANSFORM_KEY] = dict(transformations)
    for level, place in zip(levels[1:], places[1:], strict=True):
        steps = _to_finest(place)
        level.attrs[TRANSFORM_KEY] = {name: Sequence([*steps, t]) for name, t in transformations.items()}


@overload
def get_transformation(
    element: SpatialElement, to_coordinate_system: str | None = None, get_all: Literal[False] = False
) -> BaseTransformation: ...
@overload
def get_transformation(
    element: SpatialElement, to_coordinate_system: None = None, *, get_all: Literal[True]
) -> dict[str, BaseTransformation]: ...
@overload
def get_transformation(
    element: SpatialElement, to_coordinate_system: str | None = None, get_all: bool = False
) -> BaseTransformation | dict[str, BaseTransformation]: ...
def get_transformation(
    element: SpatialElement, to_coordinate_system: str | None = None, get_all: bool = False
) -> BaseTransformation | dict[str, BaseTransformation]:
    """The transformation of an element to a coordinate system.

    Parameters
    ----------
    element
        An image, labels, points or shapes.
    to_coordinate_system
        The coordinate system; ``"global"`` if not given.
    get_all
        Return the transformations to all coordinate systems instead. This is the live dict: changing it changes the
        element.

    Returns
    -------
    The transformation from the intrinsic coordinates of the element (pixels for rasters), or the dict of all.

    Raises
    ------
    UnknownCoordinateSystemError
        The element has no transformation to that coordinate system.

    Examples
    --------
    >>> import numpy as np
    >>> from spatialdata.models import Labels2DModel
    >>> labels = Labels2DModel.parse(np.zeros((4, 4), dtype=np.int32))
    >>> get_transformation(labels)
    Identity
    """
    if get_all:
        if to_coordinate_system is not None:
            raise ValueError("Give either to_coordinate_system or get_all=True, not both.")
        return transformations_of(element)
    target = DEFAULT_COORDINATE_SYSTEM if to_coordinate_system is None else to_coordinate_system
    transformations = transformations_of(element)
    if target not in transformations:
        raise UnknownCoordinateSystemError(
            unknown_name(f"transformation of the {type_name(element)} to", target, transformations)
        )
    return transformations[target]


def set_transformation(
    element: SpatialElement,
    transformation: BaseTransformation | dict[str, BaseTransformation],
    to_coordinate_system: str | None = None,
    set_all: bool = False,
    write_to_sdata: _Backed | None = None,
) -> None:
    """Set the transformation of an element to a coordinate system, in place.

    Parameters
    ----------
    element
        An image, labels, points or shapes.
    transformation
        The transformation from the intrinsic coordinates of the element, or a dict of all of them with
        ``set_all=True``.
    to_coordinate_system
        The coordinate system; ``"global"`` if not given.
    set_all
        Replace all transformations by those of the dict.
    write_to_sdata
        The backed SpatialData object that holds the element; the change is written to its store too.

    Raises
    ------
    TypeError, ValueError
        The arguments do not fit together.
    RuntimeError
        The element is not in ``write_to_sdata``.

    Examples
    --------
    >>> import numpy as np
    >>> from spatialdata.models import Labels2DModel
    >>> from spatialdata.transformations import Scale
    >>> labels = Labels2DModel.parse(np.zeros((4, 4), dtype=np.int32))
    >>> set_transformation(labels, Scale([0.5, 0.5], axes=("y", "x")), "microns")
    >>> sorted(get_transformation(labels, get_all=True))
    ['global', 'microns']
    """
    if set_all:
        if not isinstance(transformation, dict) or to_coordinate_system is not None:
            raise ValueError("With set_all=True give a dict of transformations and no to_coordinate_system.")
        new = check_transformations(transformation)
    else:
        if not isinstance(transformation, BaseTransformation):
            raise TypeError(
                f"Give one transformation, not {type(transformation).__name__}; a dict of all of them needs "
                "set_all=True."
            )
        target = DEFAULT_COORDINATE_SYSTEM if to_coordinate_system is None else to_coordinate_system
        new = check_transformations({**transformations_of(element), target: transformation})
    name = _backed_name(element, write_to_sdata)
    _replace(element, new)
    _write(write_to_sdata, name)


def remove_transformation(
    element: SpatialElement,
    to_coordinate_system: str | None = None,
    remove_all: bool = False,
    write_to_sdata: _Backed | None = None,
) -> None:
    """Remove the transformation of an element to a coordinate system, in place.

    Parameters
    ----------
    element
        An image, labels, points or shapes.
    to_coordinate_system
        The coordinate system; ``"global"`` if not given.
    remove_all
        Remove all transformations.
    write_to_sdata
        The backed SpatialData object that holds the element; the change is written to its store too.

    Raises
    ------
    KeyError
        The element has no transformation to that coordinate system.

    Examples
    --------
    >>> import numpy as np
    >>> from spatialdata.models import Labels2DModel
    >>> from spatialdata.transformations import Identity
    >>> both = {"a": Identity(), "b": Identity()}
    >>> labels = Labels2DModel.parse(np.zeros((4, 4), dtype=np.int32), transformations=both)
    >>> remove_transformation(labels, "a")
    >>> list(get_transformation(labels, get_all=True))
    ['b']
    """
    if remove_all and to_coordinate_system is not None:
        raise ValueError("Give either to_coordinate_system or remove_all=True, not both.")
    old = transformations_of(element)
    target = DEFAULT_COORDINATE_SYSTEM if to_coordinate_system is None else to_coordinate_system
    if not remove_all and target not in old:
        raise _MissingTransformationError(f"The element has no transformation to {target!r}. It has: {listing(old)}.")
    new = {} if remove_all else {name: t for name, t in old.items() if name != target}
    name = _backed_name(element, write_to_sdata)
    _replace(element, new)
    _write(write_to_sdata, name)


class _MissingTransformationError(UnknownCoordinateSystemError, KeyError):
    def __str__(self) -> str:
        return str(self.args[0])


def _replace(element: Any, new: dict[str, BaseTransformation]) -> None:
    """Put ``new`` into the live dict, which callers of get_transformation(get_all=True) may hold."""
    live = element_attrs(element).get(TRANSFORM_KEY)
    attach_transformations(element, new)
    if isinstance(live, dict):
        live.clear()
        live.update(new)
        element_attrs(element)[TRANSFORM_KEY] = live


def _backed_name(element: Any, sdata: _Backed | None) -> str | None:
    if sdata is None:
        return None
    places = sdata.locate_element(element)
    if not places:
        raise RuntimeError("The element is not in the SpatialData object given as write_to_sdata. Add it first.")
    if not sdata.is_backed():
        raise ValueError("The SpatialData object given as write_to_sdata is not backed by a store. Write it first.")
    return places[0].split("/", 1)[1]


def _write(sdata: _Backed | None, name: str | None) -> None:
    if sdata is not None and name is not None:
        sdata.write_transformations(name)


def default_transformations() -> dict[str, BaseTransformation]:
    """What an element gets that was given no transformations."""
    return {DEFAULT_COORDINATE_SYSTEM: Identity()}
