"""Where the panels of a figure lie, and the room for their guides."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, cast

import numpy as np

from spatialdata_plot._logging import logger
from spatialdata_plot.decor.margin import overflow

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure
    from matplotlib.layout_engine import ConstrainedLayoutEngine

    from spatialdata_plot.spec import FigureSpec

__all__ = ["Room", "new_axes", "room_of", "settle"]

SIDES = ("left", "right", "top", "bottom")
ROUNDS = 5
PAD = 0.15

Room = dict[str, float]


def new_axes(count: int, spec: FigureSpec) -> list[Axes]:
    """The axes of a new figure, ``ncols`` in a row; ``figsize`` is the size of one panel."""
    import matplotlib as mpl
    from matplotlib import pyplot as plt

    columns = min(count, int(spec.ncols))
    rows = -(-count // columns)
    width, height = mpl.rcParams["figure.figsize"] if spec.figsize is None else spec.figsize
    dpi = mpl.rcParams["figure.dpi"] if spec.dpi is None else spec.dpi
    layout = "constrained" if count == 1 else "compressed"
    figure, grid = plt.subplots(
        rows, columns, figsize=(width * columns, height * rows), dpi=dpi, squeeze=False, layout=layout
    )
    if count > 1:
        engine = cast("ConstrainedLayoutEngine", figure.get_layout_engine())
        # The default of a quarter keeps room for titles and ticks, which the engine measures by itself.
        engine.set(wspace=0.02 if spec.wspace is None else spec.wspace, hspace=max(spec.hspace - 0.25, 0) + 0.02)
    cells = list(grid.ravel())
    for unused in cells[count:]:
        unused.remove()
    return cells[:count]


def room_of(ax: Axes) -> Room:
    """The size of the axes, and how far ticks, titles and guides reach out of it on every side, in points."""
    figure = ax.get_figure(root=True)
    scale = 1.0 if figure is None else 72 / figure.dpi
    return {**overflow(ax), "width": ax.bbox.width * scale, "height": ax.bbox.height * scale}


def lay_out(figure: Figure, rounds: int = ROUNDS) -> None:
    """Place all axes; axes of equal scales need several rounds until they stay where they are."""
    engine = figure.get_layout_engine()
    for _ in range(0 if engine is None else rounds):
        before = [ax.get_position(original=True).bounds for ax in figure.axes]
        if engine is not None:
            engine.execute(figure)
        after = [ax.get_position(original=True).bounds for ax in figure.axes]
        if np.allclose(before, after, atol=1e-3):
            break
    for ax in figure.axes:
        ax.apply_aspect()


def settle(axes: Sequence[Axes], before: Sequence[Room], *, columns: int | None) -> None:
    """Make room for the guides that were added.

    Parameters
    ----------
    axes
        All panels.
    before
        The size and room of each panel before it had guides.
    columns
        The number of panels in a row of a figure that may grow, so that panels keep their size; None keeps its size.
    """
    figure = axes[0].get_figure(root=True)
    if figure is None:
        return
    if columns is not None:
        _grow(figure, axes, before, columns)
    if figure.get_layout_engine() is None:
        for ax, room in zip(axes, before, strict=True):
            _shrink(figure, ax, room)
    else:
        lay_out(figure)


def _grow(figure: Figure, axes: Sequence[Axes], before: Sequence[Room], columns: int) -> None:
    widths: dict[int, float] = {}
    heights: dict[int, float] = {}
    for number, (ax, room) in enumerate(zip(axes, before, strict=True)):
        now = room_of(ax)
        width = (room["width"] + now["left"] + now["right"]) / 72 + PAD
        height = (room["height"] + now["top"] + now["bottom"]) / 72 + PAD
        row, column = divmod(number, columns)
        widths[column] = max(widths.get(column, 0), width)
        heights[row] = max(heights.get(row, 0), height)
    current = figure.get_size_inches()
    figure.set_size_inches(max(float(current[0]), sum(widths.values())), max(float(current[1]), sum(heights.values())))


def _shrink(figure: Figure, ax: Axes, before: Room) -> None:
    """Shrink axes that no layout engine places, by as much as they now reach further out than before."""
    now = room_of(ax)
    more = {side: max(now[side] - before[side], 0.0) for side in SIDES}
    if not any(more.values()):
        return
    width, height = (float(size) * 72 for size in figure.get_size_inches())
    box = ax.get_position(original=True)
    x0, x1 = box.x0 + more["left"] / width, box.x1 - more["right"] / width
    y0, y1 = box.y0 + more["bottom"] / height, box.y1 - more["top"] / height
    if x1 - x0 < 0.3 * box.width or y1 - y0 < 0.3 * box.height:
        logger.warning("The axes are too small for their guides, which may cover other axes. Make the figure larger.")
        return
    ax.set_position((x0, y0, x1 - x0, y1 - y0))
    ax.set_in_layout(True)
