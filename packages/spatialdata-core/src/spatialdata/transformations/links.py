"""Links: transformations between coordinate systems that belong to an object, not to one of its elements."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, TypeAlias

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping

    from spatialdata.transformations.algebra import BaseTransformation

__all__ = ["LINKS_KEY", "CoordinateLink", "ElementNode", "Node", "linked_systems", "renamed_links"]

# Where the attributes of an object keep its links, as JSON.
LINKS_KEY = "coordinate_links"


@dataclass(frozen=True, slots=True)
class ElementNode:
    """The intrinsic coordinates of an element, as a node of the coordinate graph.

    Attributes
    ----------
    name
        The name of the element.
    """

    name: str

    def __str__(self) -> str:
        return f"<{self.name}>"


Node: TypeAlias = str | ElementNode


@dataclass(frozen=True, slots=True)
class CoordinateLink:
    """A transformation from one coordinate system to another.

    Attributes
    ----------
    source, target
        The names of the coordinate systems.
    transformation
        From the source to the target.

    Examples
    --------
    >>> from spatialdata.transformations import Scale
    >>> CoordinateLink("detail", "section", Scale([0.1, 0.1], axes=("x", "y"))).target
    'section'
    """

    source: Node
    target: Node
    transformation: BaseTransformation


def linked_systems(found: Iterable[Mapping[str, Any]]) -> set[str]:
    """The coordinate systems that links, as JSON, lie between."""
    return {str(link[end]) for link in found for end in ("input", "output")}


def renamed_links(found: Iterable[Mapping[str, Any]], renamed: Callable[[str], str]) -> list[dict[str, Any]]:
    """Links, as JSON, between coordinate systems under their new names."""
    return [{**link, "input": renamed(str(link["input"])), "output": renamed(str(link["output"]))} for link in found]
