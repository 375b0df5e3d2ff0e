"""The text that shows a SpatialData object. It is made of metadata and never computes."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from spatialdata._core.elements import axes_of, is_points, is_shapes, is_table, is_tree, levels_of
from spatialdata._core.matrices import is_lazy_table
from spatialdata.errors import StoreError

if TYPE_CHECKING:
    from spatialdata._sdata.elements import Elements
    from spatialdata._sdata.holder import ElementHolder

__all__ = ["describe", "natural_key", "summary", "text_of"]

_WIDTH = 100


def natural_key(name: str) -> list[tuple[int, int, str]]:
    """A sort key that puts ``scale2`` before ``scale10``."""
    return [(0, int(part), "") if part.isdigit() else (1, 0, part) for part in re.split(r"(\d+)", name) if part]


def _shape(shape: tuple[int, ...]) -> str:
    return "(" + ", ".join(map(str, shape)) + ("," if len(shape) == 1 else "") + ")"


def _raster(element: Any) -> str:
    levels = levels_of(element)
    kind = "DataTree" if is_tree(element) else "DataArray"
    dims = "".join(axes_of(element))
    return f"{kind}[{dims}] {', '.join(_shape(level.shape) for level in levels)} {levels[0].dtype}"


def _points(element: Any) -> str:
    rows = sum(known) if all(known := _partition_lengths(element)) else "<Delayed>"
    dims = "3D" if "z" in element.columns else "2D"
    return f"DataFrame with shape: ({rows}, {len(element.columns)}) ({dims} points)"


def _partition_lengths(element: Any) -> list[int]:
    source = getattr(element, "source", None)
    lengths = getattr(source, "row_counts", None)
    return list(lengths()) if callable(lengths) else [0]


def summary(element: Any) -> str:
    """One element in a few words: its type, its dimensions and its shape."""
    if is_table(element):
        return f"AnnData {_shape(element.shape)}{', lazy' if is_lazy_table(element) else ''}"
    if is_shapes(element):
        dims = "3D" if bool(element.geometry.iloc[:1].array.has_z.any()) else "2D"
        return f"GeoDataFrame shape: {_shape(element.shape)} ({dims} shapes)"
    if is_points(element):
        return _points(element)
    return _raster(element)


def text_of(elements: Elements, name: str) -> str:
    """One element in a few words, loaded or not."""
    return summary(elements[name]) if elements.is_loaded(name) else _unloaded(elements, name)


def _unloaded(elements: Elements, name: str) -> str:
    """What the source says of an element that was not loaded yet."""
    says = getattr(elements.source(name), "summary", None)
    try:
        return str(says()) if callable(says) else "not loaded"
    except StoreError as error:
        return f"cannot be read ({str(error).partition(chr(10))[0]})"


def _lines_of(elements: Elements, *, last: bool) -> list[str]:
    lines = [("└── " if last else "├── ") + elements.kind.container.title()]
    bar = "    " if last else "│   "
    names = sorted(elements, key=natural_key)
    for index, name in enumerate(names):
        lines.append(f"{bar}  {'└──' if index == len(names) - 1 else '├──'} {name!r}: {text_of(elements, name)}")
    return lines


def _system_lines(sdata: ElementHolder) -> list[str]:
    by_system: dict[str, list[str]] = {}
    for elements in sdata.shelf:
        if elements.kind.container == "tables":
            continue
        for name in sorted(elements, key=natural_key):
            for system in elements.transformations(name):
                by_system.setdefault(system, []).append(f"{name} ({elements.kind.container.title()})")
    systems = sorted(sdata.coordinate_systems, key=natural_key)
    if not systems:
        return []
    lines = ["with coordinate systems:"]
    for system in systems:
        if system not in by_system:
            lines.append(f"    ▸ {system!r}, by links only")
            continue
        lines.append(f"    ▸ {system!r}, with elements:")
        lines.extend(_wrapped(by_system[system]))
    return lines


def _wrapped(names: list[str]) -> list[str]:
    lines: list[str] = []
    current = ""
    for name in names:
        candidate = f"{current}, {name}" if current else name
        if len(candidate) > _WIDTH - 8 and current:
            lines.append(f"        {current},")
            candidate = name
        current = candidate
    return [*lines, f"        {current}"]


def describe(sdata: ElementHolder) -> str:
    """The text of a SpatialData object."""
    head = "SpatialData object" + (f", with associated Zarr store: {sdata.path}" if sdata.path is not None else "")
    present = [elements for elements in sdata.shelf if len(elements)]
    lines = [head]
    for index, elements in enumerate(present):
        lines.extend(_lines_of(elements, last=index == len(present) - 1))
    return "\n".join([*lines, *_system_lines(sdata)])
