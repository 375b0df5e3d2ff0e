"""The finder that makes modules of the rows of the table."""

from __future__ import annotations

import sys
from importlib import import_module
from importlib.machinery import ModuleSpec
from types import ModuleType
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

__all__ = ["OldModules", "install"]

_PACKAGE = "spatialdata"


class OldModules:
    """Finds and loads the modules of the table. It is asked only for what no file provides.

    Examples
    --------
    >>> OldModules().find_spec("spatialdata._logging").name
    'spatialdata._logging'
    >>> OldModules().find_spec("spatialdata.nowhere")
    """

    def find_spec(
        self, fullname: str, path: Sequence[str] | None = None, target: ModuleType | None = None
    ) -> ModuleSpec | None:
        """The specification of a module of the table, or None for all others."""
        del path, target
        if not fullname.startswith(f"{_PACKAGE}."):
            return None
        names = _rows().get(fullname)
        parent = any(row.startswith(f"{fullname}.") for row in _rows())
        if names is None and not parent:
            return None
        return ModuleSpec(fullname, self, is_package=parent)  # type: ignore[arg-type]

    def create_module(self, spec: ModuleSpec) -> None:
        """Let Python make an empty module."""
        del spec

    def exec_module(self, module: ModuleType) -> None:
        """Let the module look its names up in the table."""
        row = _rows().get(module.__name__, {})

        def get(name: str) -> Any:
            home = row.get(name)
            if home is None:
                raise AttributeError(f"module {module.__name__!r} has no attribute {name!r}")
            source, _, attribute = home.partition(":")
            return getattr(import_module(source), attribute or name)

        module.__doc__ = "A module of earlier releases; its names live elsewhere now."
        module.__getattr__ = get  # type: ignore[method-assign]
        module.__dir__ = lambda: sorted(row)  # type: ignore[method-assign]


def _rows() -> Mapping[str, Mapping[str, str]]:
    from spatialdata._compat.table import OLD_MODULES

    return OLD_MODULES


def install() -> None:
    """Let Python ask the table for modules that no file provides."""
    if not any(isinstance(finder, OldModules) for finder in sys.meta_path):
        sys.meta_path.append(OldModules())
