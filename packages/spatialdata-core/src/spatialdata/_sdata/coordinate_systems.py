"""Coordinate systems of a SpatialData object."""

from __future__ import annotations

import warnings
from itertools import pairwise
from typing import TYPE_CHECKING

from spatialdata._core.elements import require_mapping
from spatialdata.errors import UnknownCoordinateSystemError, unknown_name
from spatialdata.transformations.attach import set_transformation, transformations_of
from spatialdata.transformations.graph import CoordinateGraph

if TYPE_CHECKING:
    from collections.abc import Mapping

    from spatialdata._sdata.holder import ElementHolder

__all__ = ["elements_in", "elements_leading_to", "rename_coordinate_systems"]


def elements_in(sdata: ElementHolder, systems: str | list[str]) -> list[str]:
    """The names of the elements that have any of the coordinate systems."""
    wanted = {systems} if isinstance(systems, str) else set(systems)
    present = sdata.coordinate_systems
    for system in sorted(wanted - set(present)):
        warnings.warn(f"{unknown_name('coordinate system', system, present)}", UserWarning, stacklevel=4)
    return [name for name, transformations in sdata.gen_transformations() if wanted & set(transformations)]


def elements_leading_to(sdata: ElementHolder, system: str) -> list[str]:
    """The names of the elements that have a coordinate system, or that lead to it along a link."""
    names = elements_in(sdata, system)
    links = getattr(sdata, "coordinate_links", [])
    if not links or system not in sdata.coordinate_systems:
        return names
    elements = dict(sdata.gen_transformations())
    graph = CoordinateGraph(elements, links)
    linked = {frozenset((link.source, link.target)) for link in links}
    for name in elements:
        paths = [] if name in names else graph.shortest_paths(graph.element(name), system)
        if any(frozenset(step) in linked for path in paths for step in pairwise(path)):
            names.append(name)
    return names


def rename_coordinate_systems(sdata: ElementHolder, rename_dict: Mapping[str, str]) -> None:
    """Rename coordinate systems in all elements, in place; nothing changes if a name is not valid."""
    require_mapping(rename_dict, "rename_dict")
    present = sdata.coordinate_systems
    for old in rename_dict:
        if old not in present:
            raise UnknownCoordinateSystemError(unknown_name("coordinate system", old, present))
    kept = set(present) - set(rename_dict)
    targets = list(rename_dict.values())
    for new in targets:
        if new in kept or targets.count(new) > 1:
            raise ValueError(
                f"The new name {new!r} is that of another coordinate system. Rename that one too, or choose another "
                "name."
            )
    for name, transformations in list(sdata.gen_transformations()):
        if set(transformations) & set(rename_dict):
            element = sdata[name]
            renamed = {rename_dict.get(system, system): t for system, t in transformations_of(element).items()}
            set_transformation(element, renamed, set_all=True)
