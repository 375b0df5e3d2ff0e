"""Attributes of a SpatialData object, as the caller wants them."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

from spatialdata.errors import ElementNotFoundError, listing, unknown_name

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["attribute"]


def attribute(attrs: Mapping[Any, Any], key: str, return_as: str | None, sep: str, flatten: bool) -> Any:
    """One attribute, whose nested mappings are joined by ``sep`` if wanted."""
    for what, name in (("key", key), ("sep", sep)):
        if not isinstance(name, str):
            raise TypeError(f"{what} must be a string, not {type(name).__name__}.")
    if return_as is not None and return_as not in _FORMS:
        raise ValueError(f"return_as must be None or one of {listing(_FORMS)}, not {return_as!r}.")
    if key not in attrs:
        raise ElementNotFoundError(unknown_name("attribute", key, attrs))
    value: Any = attrs[key]
    if flatten and isinstance(value, Mapping):
        value = _flat(value, sep)
    return value if return_as is None else _FORMS[return_as](value)


def _flat(nested: Mapping[Any, Any], sep: str, prefix: str = "") -> dict[str, Any]:
    flat: dict[str, Any] = {}
    for key, value in nested.items():
        name = f"{prefix}{sep}{key}" if prefix else str(key)
        flat.update(_flat(value, sep, name) if isinstance(value, Mapping) and value else {name: value})
    return flat


def _as_dict(value: Any) -> dict[Any, Any]:
    if not isinstance(value, Mapping):
        raise TypeError(f"The attribute is of the type {type(value).__name__} and is no mapping; leave return_as out.")
    return dict(value)


def _as_json(value: Any) -> str:
    import json

    return json.dumps(value)


def _as_frame(value: Any) -> pd.DataFrame:
    import pandas as pd

    return pd.DataFrame([value])


_FORMS: dict[str, Callable[[Any], Any]] = {"dict": _as_dict, "json": _as_json, "df": _as_frame}
