"""The functions that values can be aggregated by."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from spatialdata.errors import listing

__all__ = ["AGG_FUNCS", "AggFunc", "agg_funcs_of"]

# These need no more than a few numbers for each region.
MOMENTS = ("sum", "mean", "count", "min", "max", "std", "var")
# For these all values of a region are kept until the last has been seen.
SAMPLES = ("median", "nunique", "mode")
AGG_FUNCS = (*MOMENTS, *SAMPLES)

_QUANTILE = re.compile(r"quantile\((0|1|0?\.\d+|0\.\d*|1\.0*)\)")


@dataclass(frozen=True, slots=True)
class AggFunc:
    """One function.

    Attributes
    ----------
    name
        Its name in the names of variables.
    probability
        For quantiles (and the median), the share of the values that lie below.
    function
        For functions of the caller: takes the values of a region as an array and returns a number.
    """

    name: str
    probability: float | None = None
    function: Callable[[Any], float] | None = None

    @property
    def needs_sample(self) -> bool:
        """Whether all values of a region are needed at once."""
        return self.name not in MOMENTS or self.function is not None


def agg_funcs_of(agg_func: Any) -> tuple[AggFunc, ...]:
    """The functions that a caller names.

    Parameters
    ----------
    agg_func
        One of ``AGG_FUNCS``, ``"quantile(p)"`` with p from 0 to 1, a function from an array to a number, or a list of
        these.

    Raises
    ------
    ValueError
        There is no such function, none at all, or one twice.

    Examples
    --------
    >>> [func.name for func in agg_funcs_of(["mean", "quantile(0.9)"])]
    ['mean', 'quantile(0.9)']
    """
    given = list(agg_func) if isinstance(agg_func, list | tuple) else [agg_func]
    funcs = tuple(_agg_func(one) for one in given)
    names = [func.name for func in funcs]
    if not funcs or len(set(names)) != len(names):
        raise ValueError(f"agg_func must name at least one function, and each once. Found {listing(names)}.")
    return funcs


def _agg_func(given: Any) -> AggFunc:
    if callable(given):
        return AggFunc(getattr(given, "__name__", type(given).__name__), function=given)
    if isinstance(given, str):
        if given == "median":
            return AggFunc(given, probability=0.5)
        if given in AGG_FUNCS:
            return AggFunc(given)
        match = _QUANTILE.fullmatch(given)
        if match:
            return AggFunc(given, probability=float(match[1]))
    raise ValueError(
        f"agg_func must be one of {listing(AGG_FUNCS)}, 'quantile(p)' with p from 0 to 1, or a function from an array "
        f"to a number. Found {given!r}."
    )
