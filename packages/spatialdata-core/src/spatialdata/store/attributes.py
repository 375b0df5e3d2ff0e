"""Attributes of elements that mean nothing to SpatialData itself: they are kept beside those that do."""

from __future__ import annotations

import warnings
from collections.abc import Mapping
from typing import Any

from spatialdata._core.elements import element_attrs
from spatialdata.models.base import ATTRS_KEY
from spatialdata.store.json_values import json_faults
from spatialdata.transformations.attach import TRANSFORM_KEY

__all__ = ["OWN_ATTRS", "own_attrs", "stored_attrs"]

# The key in the attributes of an element's group; other readers pass it over.
OWN_ATTRS = "attrs"


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
    ``{"attrs": {…}}`` or an empty mapping. Attributes that JSON cannot hold are left out with a warning.
    """
    kept: dict[str, Any] = {}
    for key, value in element_attrs(element).items():
        if key in (TRANSFORM_KEY, ATTRS_KEY):
            continue
        faults = [*json_faults({key: value}, ("attrs",))]
        if faults:
            warnings.warn(f"{where}: an attribute is not stored. {faults[0]}", UserWarning, stacklevel=2)
            continue
        kept[key] = value
    return {OWN_ATTRS: kept} if kept else {}


def stored_attrs(attributes: Mapping[str, Any]) -> dict[str, Any]:
    """The user's attributes of an element, from the attributes of its group."""
    found = attributes.get(OWN_ATTRS)
    return dict(found) if isinstance(found, Mapping) else {}
