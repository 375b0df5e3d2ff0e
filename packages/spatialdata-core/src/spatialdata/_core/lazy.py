"""Modules whose names are imported when they are first used (PEP 562)."""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

__all__ = ["lazy_names"]


def lazy_names(
    package: str, homes: Mapping[str, str], exported: Sequence[str]
) -> tuple[Callable[[str], Any], Callable[[], list[str]]]:
    """The ``__getattr__`` and ``__dir__`` of a module.

    Parameters
    ----------
    package
        The name of the module.
    homes
        For each lazy name, the module that defines it; a name that is a sub-module has itself as home.
    exported
        What ``dir()`` lists.

    Examples
    --------
    >>> get, _ = lazy_names("example", {"sqrt": "math"}, ["sqrt"])
    >>> get("sqrt")(4.0)
    2.0
    """

    def get(name: str) -> Any:
        home = homes.get(name)
        if home is None:
            raise AttributeError(f"module {package!r} has no attribute {name!r}")
        module = importlib.import_module(home)
        return module if home == f"{package}.{name}" else getattr(module, name)

    def listed() -> list[str]:
        return sorted(exported)

    return get, listed
