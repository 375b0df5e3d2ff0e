"""Elements that share their data and have transformations of their own."""

from __future__ import annotations

import copy
from typing import TYPE_CHECKING, Any

from spatialdata._core.elements import is_points, is_tree, levels_of
from spatialdata.models.pyramid import tree_of
from spatialdata.transformations.attach import attach_transformations

if TYPE_CHECKING:
    from collections.abc import Mapping

    from spatialdata.transformations.algebra import BaseTransformation

__all__ = ["with_transformations"]


def with_transformations(element: Any, transformations: Mapping[str, BaseTransformation]) -> Any:
    """The same element with other transformations.

    Parameters
    ----------
    element
        An image, labels, points or shapes; it is not changed.
    transformations
        All transformations of the new element, by coordinate system.

    Returns
    -------
    A new element that shares the data and has attributes of its own.
    """
    twin = _shallow(element)
    attach_transformations(twin, transformations)
    return twin


def _shallow(element: Any) -> Any:
    if is_tree(element):
        return tree_of([_shallow(level) for level in levels_of(element)])
    if is_points(element):
        return copy.copy(element)
    twin = element.copy(deep=False)
    twin.attrs = dict(element.attrs)
    return twin
