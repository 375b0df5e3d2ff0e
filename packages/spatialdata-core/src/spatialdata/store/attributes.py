"""Attributes of elements that mean nothing to SpatialData itself: they are kept beside those that do."""

from __future__ import annotations

import warnings
from collections.abc import Mapping
from typing import Any

from spatialdata._core.elements import element_attrs
from spatialdata.models.base import ATTRS_KEY
from spatialdata.store.json_values import json_faults
from spatialdata.transformations.attach import TRANSFORM_KEY

__all__ = ["NUMBERED_ATTRS", "OWN_ATTRS", "own_attrs", "stored_attrs"]

# The key in the attributes of an element's group; other readers pass it over.
OWN_ATTRS = "attrs"
# The names of those attributes that are mappings of whole numbers, which JSON has as text.
NUMBERED_ATTRS = "attrs_by_number"


def own_attrs(element: Any, where: str) -> dict[str, Any]:
    """What is stored of the attributes that the user gave an element.

    Parameters
    ----------
    element
        Images, labels or points.
    where
        The element, for the warning.

    Returns
    -------
    ``{"attrs": {…}}`` or an empty mapping. Attributes that JSON cannot hold are left out with a warning; mappings of
    whole numbers, such as what the numbers of labels stand for, are named under ``"attrs_by_number"``.
    """
    kept: dict[str, Any] = {}
    numbered: list[str] = []
    for key, value in element_attrs(element).items():
        if key in (TRANSFORM_KEY, ATTRS_KEY):
            continue
        is_numbered = _is_numbered(value)
        if is_numbered:
            value = {str(number): member for number, member in value.items()}
        faults = [*json_faults({key: value}, ("attrs",))]
        if faults:
            warnings.warn(f"{where}: an attribute is not stored. {faults[0]}", UserWarning, stacklevel=2)
            continue
        kept[key] = value
        if is_numbered:
            numbered.append(key)
    return {**({OWN_ATTRS: kept} if kept else {}), **({NUMBERED_ATTRS: numbered} if numbered else {})}


def _is_numbered(value: Any) -> bool:
    is_filled = isinstance(value, Mapping) and bool(value)
    return is_filled and all(isinstance(key, int) and not isinstance(key, bool) for key in value)


def stored_attrs(attributes: Mapping[str, Any]) -> dict[str, Any]:
    """The user's attributes of an element, from the attributes of its group."""
    found = attributes.get(OWN_ATTRS)
    if not isinstance(found, Mapping):
        return {}
    numbered = [key for key in attributes.get(NUMBERED_ATTRS, ()) if isinstance(found.get(key), Mapping)]
    return {**found, **{key: {int(number): member for number, member in found[key].items()} for key in numbered}}
