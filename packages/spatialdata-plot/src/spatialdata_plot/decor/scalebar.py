"""Scale bars."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from matplotlib.axes import Axes

__all__ = ["add_scalebar", "nice_length", "readable"]

_METRIC = {"nm": 1e-9, "um": 1e-6, "µm": 1e-6, "μm": 1e-6, "mm": 1e-3, "cm": 1e-2, "m": 1.0}
_SHOWN = (("nm", 1e-9), ("µm", 1e-6), ("mm", 1e-3), ("m", 1.0))
_PARAMS = (
    "box_alpha",
    "box_color",
    "color",
    "fixed_value",
    "font_size",
    "label",
    "length_fraction",
    "location",
    "pad",
    "width_fraction",
)


def nice_length(most: float) -> float:
    """The largest of 1, 2, 5, 10, 20, 50, … (times a power of ten) that is at most ``most``.

    Examples
    --------
    >>> nice_length(730.0), nice_length(0.3)
    (500.0, 0.2)
    """
    power = 10.0 ** np.floor(np.log10(most))
    return float(max(step for step in (1, 2, 5) if step * power <= most * (1 + 1e-9)) * power)


def readable(length: float, unit: str) -> str:
    """A length with the unit in which it is easiest to read.

    Examples
    --------
    >>> readable(2000.0, "um"), readable(50.0, "px")
    ('2 mm', '50 px')
    """
    if unit not in _METRIC:
        return f"{length:g} {unit}"
    meters = length * _METRIC[unit]
    name, size = max(
        (entry for entry in _SHOWN if meters >= entry[1] * (1 - 1e-9)), key=lambda entry: entry[1], default=_SHOWN[0]
    )
    return f"{float(f'{meters / size:.10g}'):g} {name}"


def add_scalebar(ax: Axes, dx: float, unit: str, params: Mapping[str, Any] | None) -> Any:
    """Add a scale bar whose length is a round number of units.

    Parameters
    ----------
    ax
        The axes, whose limits are set.
    dx
        Units per unit of the coordinate system.
    unit
        The unit, such as ``"um"`` or ``"px"``.
    params
        ``location``, ``length_fraction`` (of the axes, at most), ``width_fraction``, ``fixed_value`` (in units),
        ``label``, ``color``, ``box_color``, ``box_alpha``, ``font_size``, ``pad``.

    Raises
    ------
    TypeError
        A parameter is unknown.
    """
    from matplotlib.font_manager import FontProperties
    from mpl_toolkits.axes_grid1.anchored_artists import AnchoredSizeBar  # type: ignore[import-untyped]

    given = dict(params or {})
    unknown = sorted(set(given) - set(_PARAMS))
    if unknown:
        raise TypeError(f"'scalebar_params' has the unknown keys {unknown}. Valid: {', '.join(_PARAMS)}.")
    width = abs(float(np.subtract(*ax.get_xlim()))) * dx
    height = abs(float(np.subtract(*ax.get_ylim())))
    length = given.get("fixed_value") or nice_length(width * given.get("length_fraction", 0.2))
    bar = AnchoredSizeBar(
        ax.transData,
        length / dx,
        given.get("label") or readable(length, unit),
        given.get("location", "lower right"),
        size_vertical=height * given.get("width_fraction", 0.008),
        color=given.get("color", "black"),
        pad=given.get("pad", 0.4),
        borderpad=0.6,
        sep=3,
        frameon=True,
        fontproperties=FontProperties(size=given.get("font_size", 9)),
        fill_bar=True,
        label_top=True,
    )
    bar.patch.set(facecolor=given.get("box_color", "white"), alpha=given.get("box_alpha", 0.7), edgecolor="none")
    bar.patch.set_boxstyle("round", pad=0, rounding_size=0.2)
    bar.set_zorder(4)
    ax.add_artist(bar)
    return bar
