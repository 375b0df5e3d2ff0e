"""Values as colours."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Mapping

    import pandas as pd
    from numpy.typing import NDArray

__all__ = ["MISSING", "PALETTE", "Legend", "colorize", "instance_colors"]

MISSING = "#808080"
PALETTE = (
    "#4477aa", "#ee6677", "#228833", "#ccbb44", "#66ccee", "#aa3377", "#ee7733", "#0077bb", "#33bbee", "#cc3311",
    "#009988", "#ee3377", "#bbbbbb", "#999933", "#882255", "#117733", "#ddcc77", "#88ccee", "#44aa99", "#332288",
)  # fmt: skip


@dataclass(frozen=True, slots=True, kw_only=True)
class Legend:
    """What colours stand for.

    Attributes
    ----------
    title
        Name of the values.
    categories
        Colour (hex) of every category, in order; empty for numbers.
    limits
        Smallest and largest number; None for categories.
    missing
        How many instances have no value and are grey.
    """

    title: str
    categories: Mapping[str, str]
    limits: tuple[float, float] | None
    missing: int


def colorize(
    values: pd.Series[Any], *, palette: Mapping[str, str] | None = None, colormap: str = "viridis"
) -> tuple[NDArray[np.float64], Legend]:
    """Turn one value per instance into one colour per instance.

    Parameters
    ----------
    values
        Numbers are mapped linearly from smallest to largest; strings, booleans and categories get a colour each.
        NaN, infinite and None are missing: they are grey and do not touch the limits.
    palette
        Colours of categories; those without get one of ``PALETTE`` in turn.
    colormap
        Name of a napari colormap, for numbers.

    Returns
    -------
    colors : ndarray of float, shape (len(values), 4)
        RGBA, 0 to 1.
    legend : Legend
        What the colours stand for.

    Raises
    ------
    TypeError
        The values are complex numbers.
    ValueError
        Different categories read the same.
    """
    import pandas as pd

    dtype = values.dtype
    if pd.api.types.is_complex_dtype(dtype):
        raise TypeError(f"The values of {values.name!r} are complex numbers, which have no order. Take a part of them.")
    if pd.api.types.is_numeric_dtype(dtype) and not pd.api.types.is_bool_dtype(dtype):
        return _numbers(values, colormap)
    return _categories(values, palette or {})


def instance_colors(count: int) -> NDArray[np.float64]:
    """Colours that tell neighbouring instances apart: those of ``PALETTE`` in turn, shape (count, 4), RGBA."""
    from napari.utils.colormaps.standardize_color import transform_color

    return np.asarray(transform_color(list(PALETTE))[np.arange(count) % len(PALETTE)], dtype=np.float64)


def _numbers(values: pd.Series[Any], colormap: str) -> tuple[NDArray[np.float64], Legend]:
    from napari.utils.colormaps import ensure_colormap
    from napari.utils.colormaps.standardize_color import transform_color

    numbers = values.to_numpy(dtype=np.float64, na_value=np.nan)
    known = np.isfinite(numbers)
    low, high = (float(numbers[known].min()), float(numbers[known].max())) if known.any() else (0.0, 1.0)
    scaled = np.where(known, (numbers - low) / ((high - low) or 1.0), 0.0)
    colors = np.array(ensure_colormap(colormap).map(scaled), dtype=np.float64)
    colors[~known] = transform_color(MISSING)[0]
    return colors, Legend(title=str(values.name), categories={}, limits=(low, high), missing=int((~known).sum()))


def _categories(values: pd.Series[Any], palette: Mapping[str, str]) -> tuple[NDArray[np.float64], Legend]:
    from napari.utils.colormaps.standardize_color import transform_color

    categorical = values.astype("category")
    names = [str(category) for category in categorical.cat.categories]
    if twice := sorted({name for name in names if names.count(name) > 1}):
        raise ValueError(
            f"Different categories of {values.name!r} read the same: {', '.join(map(repr, twice))}. "
            "Rename them, or make all of them text or all numbers."
        )
    chosen = {name: palette.get(name, PALETTE[place % len(PALETTE)]) for place, name in enumerate(names)}
    different = sorted({*chosen.values(), MISSING})
    place_of = {color: place for place, color in enumerate(different)}
    table = transform_color(different)[[place_of[color] for color in (*chosen.values(), MISSING)]]
    codes = categorical.cat.codes.to_numpy()
    legend = Legend(title=str(values.name), categories=chosen, limits=None, missing=int((codes < 0).sum()))
    return np.asarray(table[codes], dtype=np.float64), legend
