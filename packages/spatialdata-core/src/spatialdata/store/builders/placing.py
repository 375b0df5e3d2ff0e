"""The transformations of batches: they are those of the element that is built."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from spatialdata.transformations.attach import TRANSFORM_KEY, transformations_of

if TYPE_CHECKING:
    from spatialdata.transformations.algebra import BaseTransformation

__all__ = ["check_same_place"]


def check_same_place(batch: Any, parsed: Any, wanted: Mapping[str, BaseTransformation]) -> None:
    """Raise unless a batch has no transformations, or those that the element gets.

    Parameters
    ----------
    batch
        What was appended.
    parsed
        The element that it makes.
    wanted
        The transformations of the whole.
    """
    attrs = getattr(batch, "attrs", None)
    if not isinstance(attrs, Mapping) or not attrs.get(TRANSFORM_KEY):
        return
    found = transformations_of(parsed)
    if dict(found) != dict(wanted):
        raise ValueError(
            f"The batch has the transformations {dict(found)}, but the element gets {dict(wanted)}. Give those of the "
            "element when it is created, and batches without any."
        )
