"""Links: transformations between elements or coordinate systems that belong to an object, not to one element."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, TypeAlias

if TYPE_CHECKING:
    from collections.abc import Mapping

    from spatialdata.transformations.algebra import BaseTransformation

__all__ = ["CoordinateLink", "ElementNode", "Node", "renamed_node"]


@dataclass(frozen=True, slots=True)
class ElementNode:
    """The intrinsic coordinates of an element, as the end of a link.

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
    """A transformation between two elements, two coordinate systems, or one of each.

    Attributes
    ----------
    source, target
        The ends: the name of a coordinate system, or an :class:`ElementNode`, which stands for the intrinsic
        coordinates of an element.
    transformation
        From the source to the target.

    Examples
    --------
    >>> from spatialdata.transformations import Scale
    >>> link = CoordinateLink(ElementNode("detail"), "section", Scale([0.1, 0.1], axes=("x", "y")))
    >>> str(link.source), link.target
    ('<detail>', 'section')
    """

    source: Node
    target: Node
    transformation: BaseTransformation


def renamed_node(node: Node, elements: Mapping[str, str], systems: Mapping[str, str]) -> Node:
    """A node under the new names of elements and coordinate systems."""
    if isinstance(node, ElementNode):
        return ElementNode(elements.get(node.name, node.name))
    return systems.get(node, node)
