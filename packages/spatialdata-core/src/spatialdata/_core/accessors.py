"""Accessors that other packages put on the SpatialData object, such as ``sdata.pl``."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, TypeVar

if TYPE_CHECKING:
    from collections.abc import Callable

__all__ = ["accessor_names", "find_accessor", "register_accessor"]

T = TypeVar("T")

_ACCESSORS: dict[str, Callable[[Any], Any]] = {}


def register_accessor(name: str) -> Callable[[type[T]], type[T]]:
    """Register a class under ``sdata.<name>``.

    Parameters
    ----------
    name
        The attribute name. The class is called with the SpatialData object each time that the attribute is read.

    Examples
    --------
    >>> from spatialdata import register_accessor
    >>> @register_accessor("names")
    ... class Names:
    ...     def __init__(self, sdata):
    ...         self.all = [name for _, name, _ in sdata.gen_elements()]
    """
    if not name.isidentifier() or name.startswith("_"):
        raise ValueError(f"{name!r} is no valid name of an accessor. Use an identifier that starts with a letter.")

    def register(cls: type[T]) -> type[T]:
        _ACCESSORS[name] = cls
        return cls

    return register


def find_accessor(name: str) -> Callable[[Any], Any] | None:
    """The registered accessor of that name, or None."""
    return _ACCESSORS.get(name)


def accessor_names() -> list[str]:
    """All registered names."""
    return sorted(_ACCESSORS)
