"""What all models share."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from spatialdata.errors import Fault, ValidationError
from spatialdata.transformations.algebra import BaseTransformation
from spatialdata.transformations.attach import TRANSFORM_KEY, check_transformations, default_transformations

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

__all__ = ["ATTRS_KEY", "raise_faults", "resolved_transformations", "transform_faults"]

ATTRS_KEY = "spatialdata_attrs"


def resolved_transformations(
    given: Mapping[str, BaseTransformation] | None, present: Mapping[str, Any]
) -> dict[str, BaseTransformation]:
    """The transformations of a parsed element: those given, or those that it has, or the Identity to ``"global"``.

    Raises
    ------
    ValueError
        Transformations were given for an element that has some already.
    """
    existing = present.get(TRANSFORM_KEY)
    if existing and given:
        raise ValueError(
            "Transformations were given for an element that carries transformations already "
            f"({', '.join(map(repr, existing))}). Leave the argument out, or set them afterwards with "
            "set_transformation."
        )
    return check_transformations(given or existing or {}) or default_transformations()


def transform_faults(attrs: Mapping[str, Any]) -> list[Fault]:
    """What is wrong with the transformations of an element."""
    path = ("attrs", TRANSFORM_KEY)
    found = attrs.get(TRANSFORM_KEY)
    if found is None:
        return [Fault(path, "the element has no transformations; its model's parse method attaches them")]
    if not isinstance(found, dict):
        return [Fault(path, f"must be a dict from coordinate systems to transformations, not {type(found).__name__}")]
    if not found:
        return [Fault(path, "must not be empty; set at least one transformation with set_transformation")]
    return [
        Fault((*path, str(name)), f"must be a transformation, not {type(value).__name__}")
        for name, value in found.items()
        if not isinstance(value, BaseTransformation)
    ]


def raise_faults(title: str, faults: Sequence[Fault]) -> None:
    """Raise one ValidationError with all faults, if there are any."""
    if faults:
        raise ValidationError(title, faults)
