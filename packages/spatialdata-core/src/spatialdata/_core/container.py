"""How operations make a new SpatialData object without knowing its class, which stands on a higher floor."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, TypeGuard

from spatialdata._core.elements import type_name
from spatialdata.errors import ElementNotFoundError, UnsupportedElementError, unknown_name

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping

    from spatialdata.sdata import SpatialData

__all__ = ["is_container", "new_container", "register_container", "require_container", "require_names"]

_FACTORIES: list[tuple[type[Any], Callable[..., Any]]] = []


def register_container(cls: type[Any], factory: Callable[..., Any]) -> None:
    """Make a class known as the container of elements."""
    _FACTORIES[:] = [(cls, factory)]


def _registered() -> tuple[type[Any], Callable[..., Any]]:
    if not _FACTORIES:
        import importlib

        importlib.import_module("spatialdata.sdata")
    return _FACTORIES[0]


def is_container(value: object) -> TypeGuard[SpatialData]:
    """Whether ``value`` is a SpatialData object."""
    return isinstance(value, _registered()[0])


def require_container(value: object, what: str) -> None:
    """Raise unless a value is a SpatialData object.

    Parameters
    ----------
    value
        What was given.
    what
        What needs the object, as the subject of the message.

    Raises
    ------
    UnsupportedElementError
        It is something else.
    """
    if not is_container(value):
        raise UnsupportedElementError(f"{what} takes a SpatialData object, not {type_name(value)}.")


def require_names(sdata: SpatialData, names: Iterable[object]) -> None:
    """Raise unless values are names of spatial elements of an object.

    Parameters
    ----------
    sdata
        The object.
    names
        What was given.

    Raises
    ------
    TypeError
        One is no name, but perhaps an element.
    ElementNotFoundError
        The object has none of that name.
    """
    for name in names:
        if not isinstance(name, str):
            raise TypeError(f"Give the name of an element of the object, not {type_name(name)}.")
        if name not in sdata:
            raise ElementNotFoundError(unknown_name("element", name, [known for _, known in sdata.gen_spatial_names()]))


def new_container(elements: Mapping[str, Any], attrs: Mapping[Any, Any] | None = None) -> SpatialData:
    """Make a SpatialData object of elements and tables, by name."""
    made: SpatialData = _registered()[1](elements, attrs)
    return made
