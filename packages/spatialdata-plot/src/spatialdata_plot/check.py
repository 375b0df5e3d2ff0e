"""Checks of the parameters of the public functions, one small function per kind of value.

A check takes the name of the parameter and its value, and raises a TypeError or a ValueError that says what is valid.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from numbers import Integral, Real
from typing import Any, TypeAlias

__all__ = [
    "Check",
    "apply_checks",
    "boolean",
    "cmap",
    "color",
    "fraction",
    "fractions",
    "integer",
    "mapping",
    "norm",
    "number",
    "numbers",
    "one_of",
    "optional",
    "reduction",
    "text",
    "texts",
    "transfunc",
]

Check: TypeAlias = Callable[[str, Any], None]

REDUCTIONS = ("any", "count", "first", "last", "max", "mean", "min", "mode", "std", "sum", "var")


def apply_checks(values: Mapping[str, Any], checks: Mapping[str, Check]) -> None:
    """Run every check on the value of the same name."""
    for name, check in checks.items():
        check(name, values[name])


def optional(check: Check) -> Check:
    """Accept None besides what ``check`` accepts."""

    def run(name: str, value: Any) -> None:
        if value is not None:
            check(name, value)

    return run


def is_number(value: object) -> bool:
    """Whether the value is a real number; booleans are not."""
    return isinstance(value, Real) and not isinstance(value, bool)


def number(minimum: float = float("-inf"), maximum: float = float("inf"), *, above: bool = False) -> Check:
    """Accept a real number from minimum to maximum; the minimum itself is refused where ``above`` is set."""

    def run(name: str, value: Any) -> None:
        if not is_number(value):
            raise TypeError(f"{name!r} must be a number, not {value!r} of type {type(value).__name__}.")
        if not minimum <= value <= maximum or (above and value == minimum) or abs(value) == float("inf"):
            raise ValueError(f"{name!r} is {value!r}. {_range(minimum, maximum, above)}.")

    return run


def _range(minimum: float, maximum: float, above: bool) -> str:
    if minimum == float("-inf"):
        return "It must be finite"
    if maximum == float("inf"):
        return f"It must be finite and {'above' if above else 'at least'} {minimum:g}"
    return f"It must be between {minimum:g} and {maximum:g}"


def numbers(count: int, minimum: float = float("-inf"), *, above: bool = False) -> Check:
    """Accept exactly ``count`` numbers."""

    def run(name: str, value: Any) -> None:
        if isinstance(value, str) or not isinstance(value, Iterable):
            raise TypeError(f"{name!r} must be {count} numbers, not {value!r}.")
        items = list(value)
        if len(items) != count:
            raise ValueError(f"{name!r} must be {count} numbers, not {len(items)}: {value!r}.")
        for item in items:
            number(minimum, above=above)(name, item)

    return run


def one_or_two(check: Check) -> Check:
    """Accept one value, or a tuple of one value for the outer and one for the inner outline."""

    def run(name: str, value: Any) -> None:
        if isinstance(value, (tuple, list)):
            if len(value) != 2:
                raise ValueError(
                    f"{name!r} holds {len(value)} values. Give one value, or two for an outer and inner outline."
                )
            for item in value:
                check(name, item)
        else:
            check(name, value)

    return run


fraction = number(0, 1)
fractions = one_or_two(fraction)


def integer(minimum: int) -> Check:
    """Accept a whole number, of numpy too."""

    def run(name: str, value: Any) -> None:
        if isinstance(value, bool) or not isinstance(value, Integral):
            raise TypeError(f"{name!r} must be a whole number, not {value!r}.")
        if int(value) < minimum:
            raise ValueError(f"{name!r} is {value!r}. It must be at least {minimum}.")

    return run


def text(name: str, value: Any) -> None:
    """Accept a string."""
    if not isinstance(value, str):
        raise TypeError(f"{name!r} must be a string, not {value!r} of type {type(value).__name__}.")


def texts(name: str, value: Any) -> None:
    """Accept a string or several."""
    if isinstance(value, str):
        return
    if isinstance(value, (bytes, Mapping)) or not isinstance(value, Iterable):
        raise TypeError(f"{name!r} must be a string or a list of strings, not {value!r}.")
    for item in value:
        text(name, item)


def boolean(name: str, value: Any) -> None:
    """Accept True and False."""
    if not isinstance(value, bool):
        raise TypeError(f"{name!r} must be True or False, not {value!r}.")


def mapping(name: str, value: Any) -> None:
    """Accept a dict."""
    if not isinstance(value, Mapping):
        raise TypeError(f"{name!r} must be a dict, not {value!r}.")


def one_of(valid: Sequence[Any]) -> Check:
    """Accept one of a few values."""

    def run(name: str, value: Any) -> None:
        if not any(value is item or (type(value) is type(item) and value == item) for item in valid):
            kind = ValueError if any(type(value) is type(item) for item in valid if item is not None) else TypeError
            raise kind(f"{name!r} is {value!r}. Valid: {', '.join(map(repr, valid))}.")

    return run


reduction = optional(one_of(REDUCTIONS))
method = optional(one_of(("matplotlib", "datashader")))
colorbar = one_of((True, False, None, "auto"))


def cmap(name: str, value: Any) -> None:
    """Accept a Colormap or the name of one."""
    import matplotlib as mpl
    from matplotlib.colors import Colormap

    from spatialdata.errors import unknown_name

    if isinstance(value, str):
        if value not in mpl.colormaps:
            raise ValueError(unknown_name("colormap", value, mpl.colormaps))
    elif not isinstance(value, Colormap):
        raise TypeError(f"{name!r} must be a Colormap or the name of one, not {value!r}.")


def norm(name: str, value: Any) -> None:
    """Accept a Normalize."""
    from matplotlib.colors import Normalize

    if not isinstance(value, Normalize):
        raise TypeError(
            f"{name!r} must be a matplotlib.colors.Normalize, not {value!r} of type {type(value).__name__}."
        )


def palette(name: str, value: Any) -> None:
    """Accept a name, a list of colors, or a dict from category to color."""
    if isinstance(value, str):
        return
    items = value.values() if isinstance(value, Mapping) else value
    if not isinstance(items, Iterable):
        raise TypeError(f"{name!r} must be a name, a list of colors, or a dict from category to color, not {value!r}.")
    for item in items:
        color(name, item)


def transfunc(name: str, value: Any) -> None:
    """Accept a callable."""
    if not callable(value):
        raise TypeError(f"{name!r} must be callable, not {value!r}.")


def color(name: str, value: Any) -> None:
    """Accept anything that matplotlib takes for a color."""
    from matplotlib.colors import is_color_like

    if is_number(value) or isinstance(value, bool):
        raise TypeError(f"{name!r} must be a color, not the number {value!r}.")
    if not is_color_like(value):
        raise ValueError(
            f"{name!r} is {value!r}, which is not a valid RGB(A) array or color. "
            "Give a name such as 'red', a hex string such as '#ff0000', or three or four numbers from 0 to 1."
        )


def na_color(name: str, value: Any) -> None:
    """Accept a color, None (transparent) or "default"."""
    if value is None or (isinstance(value, str) and value == "default"):
        return
    if isinstance(value, str) and value.replace(".", "", 1).isdigit():
        raise TypeError(f"{name!r} is {value!r}. Give a color, not the number of a gray.")
    color(name, value)


def color_or_key(name: str, value: Any) -> None:
    """Accept a color or the name of a column."""
    if isinstance(value, str):
        if not value:
            raise ValueError(f"{name!r} is empty. Give a color, the name of a column or gene, or None.")
        return
    color(name, value)
