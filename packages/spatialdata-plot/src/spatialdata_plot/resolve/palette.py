"""Colors of categories."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from spatialdata_plot._logging import logger

__all__ = ["OKABE_ITO", "colors_for", "default_palette", "named_palette"]

OKABE_ITO = ("#E69F00", "#56B4E9", "#009E73", "#F0E442", "#0072B2", "#D55E00", "#CC79A7", "#000000")


def default_palette(count: int) -> list[Any]:
    """Distinct colors, the first of which do not depend on how many there are."""
    import colorcet

    colors: list[Any] = list(colorcet.glasbey_category10)
    if count > len(colors):
        logger.warning("There are %d categories but only %d distinct colors, which are repeated.", count, len(colors))
    return [colors[number % len(colors)] for number in range(count)]


def named_palette(name: str, count: int) -> list[Any]:
    """The colors of a palette or colormap of that name.

    Raises
    ------
    ValueError
        There is no such palette, or it has too few colors.
    """
    import matplotlib as mpl
    from matplotlib.colors import ListedColormap, is_color_like

    from spatialdata.errors import unknown_name

    if name == "okabe_ito":
        colors: list[Any] = list(OKABE_ITO)
    elif name in mpl.colormaps:
        cmap = mpl.colormaps[name]
        if not isinstance(cmap, ListedColormap) or cmap.N >= 256:
            return sample_cmap(cmap, count)
        colors = [cmap(number) for number in range(cmap.N)]
    elif is_color_like(name):
        colors = [name]
    else:
        raise ValueError(unknown_name("palette, colormap or color", name, ["okabe_ito", *mpl.colormaps]))
    if len(colors) < count:
        raise ValueError(
            f"The palette {name!r} has {len(colors)} colors for {count} categories. "
            "Give a longer palette, a dict from category to color, or `groups`."
        )
    return colors[:count]


def sample_cmap(cmap: Any, count: int) -> list[Any]:
    """Evenly spaced colors from the first to the last of a colormap."""
    return [cmap(0.5 if count == 1 else number / (count - 1)) for number in range(count)]


def colors_for(
    categories: Sequence[str],
    *,
    groups: Sequence[str] | None,
    palette: Any,
    cmap: Any,
    stored: Mapping[str, Any] | None,
) -> dict[str, Any]:
    """The color of every category.

    What the caller gives wins over what the table stores, and that over the default. A category without a color is
    left out.

    Parameters
    ----------
    categories
        All categories, in their order.
    groups
        The categories to which a list of colors is assigned; None assigns it to all.
    palette, cmap
        The ``palette`` or ``cmap`` of the layer.
    stored
        The colors of the table, by category.
    """
    if palette is not None:
        return _from_palette(categories, groups, palette)
    if cmap is not None:
        import matplotlib as mpl

        names = categories if groups is None else groups
        return dict(
            zip(names, sample_cmap(mpl.colormaps[cmap] if isinstance(cmap, str) else cmap, len(names)), strict=True)
        )
    if stored is not None:
        return {name: stored[name] for name in categories if name in stored}
    return dict(zip(categories, default_palette(len(categories)), strict=True))


def _from_palette(categories: Sequence[str], groups: Sequence[str] | None, palette: Any) -> dict[str, Any]:
    if isinstance(palette, Mapping):
        by_name = {str(name): color for name, color in palette.items()}
        return {name: by_name[name] for name in categories if name in by_name}
    names = list(categories if groups is None else groups)
    if isinstance(palette, str):
        return dict(zip(names, named_palette(palette, len(names)), strict=True))
    colors = list(palette)
    if len(colors) < len(names) or (groups is not None and len(colors) != len(names)):
        raise ValueError(
            f"`palette` holds {len(colors)} colors for {len(names)} "
            f"{'categories' if groups is None else 'groups'}: {', '.join(map(repr, names[:20]))}. "
            "Give one color for each, or a dict from category to color."
        )
    return dict(zip(names, colors, strict=False))
