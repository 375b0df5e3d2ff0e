"""Options of readers that have been renamed or have no effect any more."""

from __future__ import annotations

import functools
import warnings
from collections.abc import Callable
from typing import Any, ParamSpec, TypeVar

from spatialdata_io.errors import OptionError

__all__ = ["renamed_options"]

P = ParamSpec("P")
R = TypeVar("R")


def renamed_options(**names: str) -> Callable[[Callable[P, R]], Callable[P, R]]:
    """Let a function take old names of its options, with a ``DeprecationWarning``.

    Parameters
    ----------
    names
        New name by old name.

    Raises
    ------
    OptionError
        When the function is called with the old and the new name of an option.
    """

    def decorate(function: Callable[P, R]) -> Callable[P, R]:
        @functools.wraps(function)
        def renamed(*args: P.args, **kwargs: P.kwargs) -> R:
            given: dict[str, Any] = kwargs
            for old in names.keys() & given.keys():
                new = names[old]
                if new in given:
                    raise OptionError(f"{old}= is the old name of {new}=; give {new}= only.")
                warnings.warn(f"{old}= is now called {new}=.", DeprecationWarning, stacklevel=2)
                given[new] = given.pop(old)
            return function(*args, **kwargs)

        return renamed

    return decorate
