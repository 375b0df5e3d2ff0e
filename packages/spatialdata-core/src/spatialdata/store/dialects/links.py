"""Links between elements and coordinate systems, as the attributes of a store hold them."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from spatialdata.errors import StoreError
from spatialdata.store.dialects.exact import exact_json, read_exact
from spatialdata.transformations.links import CoordinateLink, ElementNode, Node

__all__ = ["LINKS_KEY", "links_json", "read_links"]

LINKS_KEY = "coordinate_links"


def links_json(links: Iterable[CoordinateLink]) -> list[dict[str, Any]]:
    """Write links.

    Raises
    ------
    TransformationError
        A transformation is of a class of your own, or a field is too large.
    """
    return [
        {
            "input": _end_json(link.source),
            "output": _end_json(link.target),
            "transformation": exact_json(link.transformation),
        }
        for link in links
    ]


def _end_json(node: Node) -> dict[str, str]:
    return {"name": node} if isinstance(node, str) else {"element": node.name}


def read_links(found: Any, where: str) -> list[CoordinateLink]:
    """Read links.

    Parameters
    ----------
    found
        What the attributes hold; None if nothing.
    where
        What has the attributes, for error messages.

    Raises
    ------
    StoreError
        The links are malformed.
    """
    if found is None:
        return []
    try:
        return [
            CoordinateLink(
                _node(entry["input"]), _node(entry["output"]), read_exact(entry["transformation"], f"A link of {where}")
            )
            for entry in found
        ]
    except (KeyError, TypeError) as error:
        raise StoreError(
            f"attrs[{LINKS_KEY!r}] of {where} must be a list of links, each with an input, an output (a name or an "
            f"element) and a transformation. Wrong or missing: {error}. Found {found!r:.200}."
        ) from error


def _node(end: Any) -> Node:
    return ElementNode(str(end["element"])) if "element" in end else str(end["name"])
