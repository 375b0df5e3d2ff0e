"""The functions that values can be aggregated by."""

from __future__ import annotations

import inspect
import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from spatialdata.errors import listing

if TYPE_CHECKING:
    from numpy.typing import NDArray

__all__ = ["AGG_FUNCS", "AggFunc", "agg_funcs_of", "probability_of"]

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
        For functions of the caller: takes the values of a region as an array, and where there are weights those as
        another, and returns a number.
    """

    name: str
    probability: float | None = None
    function: Callable[..., float] | None = None

    @property
    def needs_sample(self) -> bool:
        """Whether all values of a region are needed at once."""
        return self.name not in MOMENTS or self.function is not None

    @property
    def takes_weights(self) -> bool:
        """Whether it can be called with values and weights: those of the caller by a parameter for them."""
        return self.function is None or _has_weights(self.function) or _needs_two(self.function)

    def of(self, values: NDArray[Any], weights: NDArray[Any] | None) -> float:
        """What a function of the caller says to the values of a region."""
        if self.function is None:
            raise ValueError(f"{self.name!r} is no function of the caller.")
        if weights is None:
            return float(self.function(values))
        return float(
            self.function(values, weights=weights) if _has_weights(self.function) else self.function(values, weights)
        )


def _parameters(function: Callable[..., float]) -> list[inspect.Parameter]:
    """What a function takes; nothing where it does not tell."""
    try:
        return list(inspect.signature(function).parameters.values())
    except (TypeError, ValueError):
        return []


def _has_weights(function: Callable[..., float]) -> bool:
    return any(one.name == "weights" and one.kind is not one.POSITIONAL_ONLY for one in _parameters(function))


def _needs_two(function: Callable[..., float]) -> bool:
    required = [one for one in _parameters(function) if one.default is one.empty]
    return len([one for one in required if one.kind in (one.POSITIONAL_ONLY, one.POSITIONAL_OR_KEYWORD)]) == 2


def probability_of(name: str) -> float | None:
    """The share of the values that lie below a quantile, or the median; None for other names.

    Examples
    --------
    >>> probability_of("median"), probability_of("quantile(0.9)"), probability_of("mean")
    (0.5, 0.9, None)
    """
    if name == "median":
        return 0.5
    match = _QUANTILE.fullmatch(name)
    return float(match[1]) if match else None


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
    if isinstance(given, str) and (given in AGG_FUNCS or probability_of(given) is not None):
        return AggFunc(given, probability=probability_of(given))
    raise ValueError(
        f"agg_func must be one of {listing(AGG_FUNCS)}, 'quantile(p)' with p from 0 to 1, or a function from an array "
        f"to a number. Found {given!r}."
    )
