"""Options of readers: names that have changed, and values that are no options."""

from __future__ import annotations

import functools
import inspect
import warnings
from collections.abc import Callable, Mapping
from typing import Any, ParamSpec, TypeVar

from spatialdata_io.errors import OptionError

__all__ = ["check_flags", "checked_flags", "renamed_options"]

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


def check_flags(given: Mapping[str, Any], annotations: Mapping[str, str]) -> None:
    """Refuse anything but True and False for options that are annotated so, rather than take ``"no"`` for a yes.

    Parameters
    ----------
    given
        Values by name of the option.
    annotations
        The annotation of every option, as it is written.

    Raises
    ------
    OptionError
        If such an option is neither True nor False.
    """
    for name, value in given.items():
        if annotations.get(name) == "bool" and type(value).__name__ not in ("bool", "bool_"):
            raise OptionError(f"{name}= is True or False, not {value!r} of type {type(value).__name__}.")


def checked_flags(function: Callable[P, R]) -> Callable[P, R]:
    """Let a function refuse anything but True and False for its parameters that are annotated ``bool``."""
    signature = inspect.signature(function)
    annotations = {parameter.name: str(parameter.annotation) for parameter in signature.parameters.values()}

    @functools.wraps(function)
    def checked(*args: P.args, **kwargs: P.kwargs) -> R:
        check_flags(signature.bind(*args, **kwargs).arguments, annotations)
        return function(*args, **kwargs)

    return checked
