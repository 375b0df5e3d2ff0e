"""Colors as codes into a table of colors: one representation for fill, outline, legend and colorbar."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from spatialdata_plot._logging import logger
from spatialdata_plot.resolve.palette import colors_for

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.colors import Colormap, Normalize
    from numpy.typing import NDArray

    from spatialdata_plot.resolve.column import Column
    from spatialdata_plot.spec.base import ColoredSpec

__all__ = ["NA_COLOR", "Colors", "is_literal", "literal_colors", "na_rgba", "resolve_colors"]

NA_COLOR = "lightgray"


@dataclass(frozen=True, slots=True, kw_only=True)
class Colors:
    """The color of every instance.

    Attributes
    ----------
    codes
        Per instance, the row of ``lut``; int32 of shape (n,).
    lut
        Red, green, blue and alpha from 0 to 1, shape (k + 2, 4): the k colors, then that of instances without a value,
        then that of hidden instances, which is transparent.
    key
        The column or gene, None for a single color.
    names
        The categories, one per color; empty for a single color and for numbers.
    norm, cmap
        The range and the colors of numbers, None otherwise.
    values
        The numbers, None otherwise.
    """

    codes: NDArray[np.int32]
    lut: NDArray[np.float64]
    key: str | None = None
    names: tuple[str, ...] = ()
    norm: Normalize | None = None
    cmap: Colormap | None = None
    values: NDArray[np.float64] | None = None

    @property
    def na_code(self) -> int:
        """The row of the color of instances without a value."""
        return len(self.lut) - 2

    @property
    def hidden_code(self) -> int:
        """The row of hidden instances."""
        return len(self.lut) - 1

    @property
    def rgba(self) -> NDArray[np.float64]:
        """Red, green, blue and alpha per instance, shape (n, 4)."""
        return self.lut[self.codes]

    @property
    def visible(self) -> NDArray[np.bool_]:
        """Per instance, whether it is drawn."""
        visible: NDArray[np.bool_] = self.codes != self.hidden_code
        return visible

    @property
    def has_na(self) -> bool:
        """Whether an instance is drawn in the color of missing values."""
        return bool((self.codes == self.na_code).any()) and self.lut[self.na_code, 3] > 0

    @property
    def entries(self) -> list[tuple[str, tuple[float, ...]]]:
        """The categories that occur, and their colors, in order."""
        used = set(np.unique(self.codes).tolist())
        return [(name, tuple(self.lut[code])) for code, name in enumerate(self.names) if code in used]

    def take(self, rows: NDArray[Any]) -> Colors:
        """The colors of some of the instances."""
        from dataclasses import replace

        return replace(self, codes=self.codes[rows], values=None if self.values is None else self.values[rows])


def is_literal(color: Any) -> bool:
    """Whether a value is a color rather than the name of a column.

    Single letters, ``C0`` and numbers written as text are names, because columns are called so.
    """
    from matplotlib.colors import is_color_like

    if color is None:
        return False
    if not isinstance(color, str):
        return bool(is_color_like(color))
    if color.startswith(("#", "tab:", "xkcd:")) or color == "none":
        return bool(is_color_like(color))
    letters_only = len(color) > 1 and color.replace(" ", "").isalpha()
    return letters_only and bool(is_color_like(color))


def rgba_of(color: Any, alpha: float | None = None) -> NDArray[np.float64]:
    """Red, green, blue and alpha of a color; ``alpha`` wins over the alpha in the color."""
    from matplotlib.colors import to_rgba

    result = np.array(to_rgba(color))
    if alpha is not None and result[3] > 0:
        result[3] = alpha
    return result


def na_rgba(na_color: Any, alpha: float | None) -> NDArray[np.float64]:
    """The color of instances without a value."""
    if na_color is None:
        return np.zeros(4)
    return rgba_of(NA_COLOR if isinstance(na_color, str) and na_color == "default" else na_color, alpha)


def _table(colors: NDArray[np.float64], na: NDArray[np.float64]) -> NDArray[np.float64]:
    return np.vstack([colors.reshape(-1, 4), na, np.zeros(4)])


def literal_colors(color: Any, count: int, *, alpha: float | None) -> Colors:
    """One color for all instances."""
    rgba = rgba_of(color, alpha)
    return Colors(codes=np.zeros(count, dtype=np.int32), lut=_table(rgba, rgba))


def resolve_colors(column: Column, spec: ColoredSpec, *, alpha: float | None) -> Colors:
    """The colors of a column of categories or numbers.

    Instances without a value are counted in one message.

    Parameters
    ----------
    column
        One value per instance.
    spec
        The layer, with its palette, norm and groups.
    alpha
        The alpha of all colors; None keeps that of the colors.
    """
    values = classify(column)
    if hasattr(values, "cat"):
        colors = _categorical(column, values, spec, alpha)
    else:
        colors = _continuous(column, values.to_numpy(dtype=float), spec, alpha)
    _report(column, colors, spec)
    return colors


def _report(column: Column, colors: Colors, spec: ColoredSpec) -> None:
    parts = []
    missing = int(column.values.isna().sum())
    if missing:
        parts.append(f"{missing} of {len(column.values)} instances have no value and are drawn in `na_color`")
    if colors.norm is not None and colors.values is not None:
        outside = int((colors.codes == colors.na_code).sum()) - int(np.isnan(colors.values).sum())
        if outside > 0:
            parts.append(
                f"{outside} values cannot be scaled by {type(colors.norm).__name__} and are drawn in `na_color`"
            )
    if column.unmatched_rows:
        parts.append(f"{column.unmatched_rows} rows of the table match no instance")
    if parts:
        logger.warning("%r colored by %r: %s.", spec.element, column.key, "; ".join(parts))


def classify(column: Column) -> pd.Series[Any]:
    """Make the values categories (as text, in their order) or floating-point numbers.

    Raises
    ------
    TypeError
        The values mix numbers and text.
    """
    import pandas as pd

    values = column.values
    if isinstance(values.dtype, pd.CategoricalDtype):
        return _as_categories(values, column.key)
    if pd.api.types.is_bool_dtype(values.dtype):
        return _as_categories(values.astype("category"), column.key)
    if pd.api.types.is_complex_dtype(values.dtype) or values.dtype.kind in "mM":
        raise TypeError(f"The values of {column.key!r} are of type {values.dtype}. Make them numbers or text first.")
    if pd.api.types.is_numeric_dtype(values.dtype):
        return values.astype(float)
    present = values.dropna()
    kinds = {"text" if isinstance(value, str) else type(value).__name__ for value in present}
    if kinds and kinds <= {"bool", "bool_"}:
        return _as_categories(values.astype("category"), column.key)
    if len(kinds) > 1:
        raise TypeError(
            f"The values of {column.key!r} mix types: {', '.join(sorted(kinds))}. Make them all text or all numbers."
        )
    numbers = pd.to_numeric(present, errors="coerce")
    if len(present) == 0 or not numbers.isna().any():
        return numbers.reindex(values.index).astype(float) if values.index.is_unique else pd.to_numeric(values)
    return _as_categories(values.astype("category"), column.key)


def _as_categories(values: pd.Series[Any], key: str) -> pd.Series[Any]:
    names = [str(name) for name in values.cat.categories]
    if len(set(names)) < len(names):
        twice = sorted({name for name in names if names.count(name) > 1})
        raise ValueError(
            f"Different categories of {key!r} read the same: {', '.join(map(repr, twice))}. "
            "Rename them, or make all of them text or all numbers."
        )
    order = names if values.cat.ordered else sorted(names, key=_by_number_within)
    return values.cat.rename_categories(names).cat.reorder_categories(order)


def _by_number_within(name: str) -> list[tuple[bool, int, str]]:
    """A key by which ``gene2`` comes before ``gene10``."""
    parts = re.split(r"(\d+)", name)
    return [(not part.isdecimal(), int(part) if part.isdecimal() else 0, part) for part in parts]


def _categorical(column: Column, values: pd.Series[Any], spec: ColoredSpec, alpha: float | None) -> Colors:
    names = [str(name) for name in values.cat.categories]
    groups = _known_groups(spec.group_names, names, column.key)
    by_name = colors_for(names, groups=groups, palette=spec.palette, cmap=spec.cmap, stored=column.stored_colors)
    na = na_rgba(spec.na_color, alpha)
    shades = np.array([rgba_of(by_name[name], alpha) if name in by_name else na for name in names])
    lut = _table(shades, na)
    codes = np.array(values.cat.codes, dtype=np.int32)
    codes[codes < 0] = len(names)
    if groups is not None:
        others = np.isin(codes, [code for code, name in enumerate(names) if name not in groups] + [len(names)])
        hide = isinstance(spec.na_color, str) and spec.na_color == "default"
        codes[others] = len(names) + 1 if hide else len(names)
    return Colors(codes=codes, lut=lut, key=column.key, names=tuple(names))


def _known_groups(groups: Sequence[str] | None, names: Sequence[str], key: str) -> list[str] | None:
    from spatialdata.errors import unknown_name

    if groups is None:
        return None
    for group in groups:
        if group not in names:
            logger.warning("%s", unknown_name(f"group of {key!r} named", group, names))
    return [group for group in groups if group in names]


def _continuous(column: Column, values: NDArray[np.float64], spec: ColoredSpec, alpha: float | None) -> Colors:
    from spatialdata_plot.resolve.norm import fitted

    if spec.groups is not None or spec.palette is not None:
        ignored = "`groups`" if spec.groups is not None else "`palette`"
        logger.warning("%r holds numbers, so %s does not apply and is ignored.", column.key, ignored)
    if spec.transfunc is not None:
        count, values = len(values), np.asarray(spec.transfunc(values), dtype=float)
        if values.shape != (count,):
            raise ValueError(
                f"`transfunc` makes values of shape {values.shape} of the {count} of {column.key!r}. "
                "It must give one for each."
            )
    norm = fitted(spec.norm, values)
    cmap = get_cmap(spec.cmap)
    steps = cmap(np.arange(cmap.N))
    shades = np.vstack([steps, cmap.get_under(), cmap.get_over()])
    if alpha is not None:
        shades[:, 3] = alpha
    lut = _table(shades, na_rgba(spec.na_color, alpha))
    return Colors(
        codes=number_codes(values, norm, cmap.N),
        lut=lut,
        key=column.key,
        norm=norm,
        cmap=with_alpha(cmap, alpha),
        values=values,
    )


def number_codes(values: NDArray[np.float64], norm: Normalize, steps: int) -> NDArray[np.int32]:
    """The color of every number: a step of the colormap, then under, over and missing, as matplotlib counts them."""
    scaled = np.ma.masked_invalid(norm(np.ma.masked_invalid(values)))
    position = np.ma.filled(scaled, 0.0) * steps
    position[position == steps] = steps - 1
    codes: NDArray[np.int32] = np.floor(np.clip(position, -1, steps)).astype(np.int32)
    codes[position < 0] = steps
    codes[position >= steps] = steps + 1
    codes[np.ma.getmaskarray(scaled)] = steps + 2
    return codes


def get_cmap(cmap: Any) -> Colormap:
    """A Colormap from its name; None is the default of matplotlib."""
    import matplotlib as mpl

    if cmap is None:
        cmap = mpl.rcParams["image.cmap"]
    return mpl.colormaps[cmap] if isinstance(cmap, str) else cmap


def with_alpha(cmap: Colormap, alpha: float | None) -> Colormap:
    """The same colors with another alpha, for a colorbar that looks like the layer."""
    if alpha is None or alpha == 1:
        return cmap
    from matplotlib.colors import ListedColormap

    steps = cmap(np.arange(cmap.N))
    steps[:, 3] = alpha
    red, green, blue, _ = map(float, cmap.get_under())
    under = (red, green, blue, alpha)
    red, green, blue, _ = map(float, cmap.get_over())
    return ListedColormap(steps, name=cmap.name).with_extremes(under=under, over=(red, green, blue, alpha))
