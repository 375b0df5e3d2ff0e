"""What of an object JSON cannot hold."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping

from spatialdata.errors import Fault

__all__ = ["json_faults"]

_SCALARS = (str, int, float, bool, type(None))


def json_faults(value: object, path: tuple[str, ...]) -> Iterator[Fault]:
    """Everything in a value that would not come back from JSON, with its path.

    Examples
    --------
    >>> [str(fault) for fault in json_faults({"a": {1: "x"}}, ("attrs",))]
    ['attrs/a: the key 1 is of type int; keys must be strings']
    """
    if isinstance(value, Mapping):
        for key, item in value.items():
            if not isinstance(key, str):
                yield Fault(path, f"the key {key!r} is of type {type(key).__name__}; keys must be strings")
            yield from json_faults(item, (*path, str(key)))
    elif isinstance(value, list | tuple):
        for number, item in enumerate(value):
            yield from json_faults(item, (*path, str(number)))
    elif type(value) not in _SCALARS:
        yield Fault(
            path, f"a value of type {type(value).__name__} is no JSON; use str, int, float, bool, None, lists and dicts"
        )
    elif isinstance(value, float) and not math.isfinite(value):
        yield Fault(path, f"{value} is no JSON; use None or a string")
