"""Everything that is checked before the first byte is written."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from spatialdata._core.elements import axes_of, is_raster
from spatialdata._core.names import names_faults
from spatialdata._core.sources import OneByOne
from spatialdata.errors import Fault, InvalidAttributeError, SpatialDataError, ValidationError
from spatialdata.models.kind import Kind, kind_of
from spatialdata.models.model import validate_element
from spatialdata.models.table_names import table_name_faults
from spatialdata.store.dialects import v06_spatialdata
from spatialdata.store.dialects.edges import edges_of
from spatialdata.store.json_values import json_faults
from spatialdata.transformations.attach import TRANSFORM_KEY, transformations_of

__all__ = ["check_attrs", "check_element", "check_elements", "is_pending"]

_RESERVED = "spatialdata_attrs"


def check_attrs(attrs: Mapping[str, Any]) -> dict[str, Any]:
    """Check the user's attributes and return them as plain JSON.

    Raises
    ------
    InvalidAttributeError
        With every value that JSON cannot hold, and where it lies.
    """
    faults = list(json_faults(attrs, ("attrs",)))
    if _RESERVED in attrs:
        faults.append(Fault(("attrs", _RESERVED), "the name is reserved for the store; choose another key"))
    if faults:
        raise InvalidAttributeError("The attributes cannot be stored:", faults)
    plain: dict[str, Any] = json.loads(json.dumps(dict(attrs)))
    return plain


def check_element(kind: Kind, name: str, element: Any, ngff: str | None = None) -> None:
    """Raise a ValidationError with everything that is wrong with one element, for a version of OME-Zarr."""
    _raise(_element_faults(kind, name, element, ngff))


def check_elements(elements: Mapping[Kind, Mapping[str, Any]], ngff: str | None = None) -> None:
    """Raise a ValidationError with everything that is wrong with names and elements, for a version of OME-Zarr."""
    names = [name for kind in Kind for name in elements.get(kind, {})]
    faults = names_faults(names, ("names",))
    twice = sorted({str(name) for name in names if names.count(name) > 1})
    faults.extend(Fault(("names",), f"the name {name!r} is used by several elements") for name in twice)
    for kind in Kind:
        of_kind = elements.get(kind, {})
        for name in of_kind:
            if not is_pending(of_kind, name):
                faults.extend(_element_faults(kind, name, of_kind[name], ngff, check_name=False))
    _raise(faults)


def is_pending(elements: Mapping[str, Any], name: str) -> bool:
    """Whether an element is loaded only when it is its turn to be written, and checked then."""
    return isinstance(elements, OneByOne) and not elements.is_loaded(name)


def _raise(faults: list[Fault]) -> None:
    if faults:
        raise ValidationError("This cannot be written:", faults)


def _check_places(element: Any, ngff: str | None) -> None:
    """Raise an error unless the transformations fit the axes and can be written."""
    placed, axes = transformations_of(element), axes_of(element)
    if ngff != v06_spatialdata.NGFF_VERSION or not is_raster(element):
        edges_of(placed, axes)
        return
    # Fields are arrays of their own there, of any size.
    for transformation in placed.values():
        transformation.axes_after(axes)


def _element_faults(kind: Kind, name: str, element: Any, ngff: str | None, *, check_name: bool = True) -> list[Fault]:
    path = (kind.container, str(name))
    faults = names_faults([name], ("names",)) if check_name else []
    try:
        found = kind_of(element)
        validate_element(element)
        if found is not Kind.TABLE:
            _check_places(element, ngff)
    except ValidationError as error:
        faults.extend(Fault((*path, *fault.path), fault.message) for fault in error.faults)
        return faults
    except (SpatialDataError, ValueError, TypeError) as error:
        return [*faults, Fault(path, str(error))]
    if found is not kind:
        return [*faults, Fault(path, f"is of the kind {found.container}, which does not belong here")]
    if kind is Kind.TABLE:
        faults.extend(table_name_faults(element, path))
    if kind is Kind.SHAPES:
        own = {key: value for key, value in element.attrs.items() if key != TRANSFORM_KEY}
        faults.extend(json_faults(own, (*path, "attrs")))
    return faults
