"""Links between coordinate systems, as the attributes of an object and of its store hold them."""

from __future__ import annotations

from typing import Any

from spatialdata.errors import StoreError
from spatialdata.store.dialects.exact import exact_json, read_exact
from spatialdata.transformations.links import LINKS_KEY, CoordinateLink

__all__ = ["link_json", "read_links"]


def link_json(link: CoordinateLink) -> dict[str, Any]:
    """Write a link.

    Raises
    ------
    TransformationError
        The transformation is of a class of your own, or a field is too large.
    """
    return {
        "input": str(link.source),
        "output": str(link.target),
        "transformation": exact_json(link.transformation),
    }


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
    try:
        return [
            CoordinateLink(
                str(entry["input"]),
                str(entry["output"]),
                read_exact(entry["transformation"], f"{where}: the link to {entry['output']!r}"),
            )
            for entry in found or ()
        ]
    except (KeyError, TypeError) as error:
        raise StoreError(
            f"{where}: attrs[{LINKS_KEY!r}] must be a list of links, each with the names of two coordinate systems as "
            f"input and output, and a transformation. Wrong or missing: {error}. Found {found!r:.200}."
        ) from error
