"""From layers to a figure."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from contextlib import ExitStack
from typing import TYPE_CHECKING, Any

import numpy as np

from spatialdata_plot._logging import logger
from spatialdata_plot.decor.axes import ZORDER_STEP, limits_of, next_zorder, set_limits, set_texts
from spatialdata_plot.decor.colorbar import add_colorbars
from spatialdata_plot.decor.layout import lay_out, new_axes, room_of, settle
from spatialdata_plot.decor.legend import add_legends
from spatialdata_plot.decor.scalebar import add_scalebar
from spatialdata_plot.draw.images import draw_image
from spatialdata_plot.draw.labels import draw_labels
from spatialdata_plot.draw.panel import Drawn, Panel
from spatialdata_plot.draw.points import draw_points
from spatialdata_plot.draw.shapes import draw_shapes
from spatialdata_plot.resolve.panels import PanelPlan, plan_panels

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

    from spatialdata import SpatialData
    from spatialdata_plot.spec import FigureSpec, LayerSpec

__all__ = ["DRAW", "draw_figure", "finish"]

DRAW: dict[str, Callable[[Panel, Any], Drawn]] = {
    "images": draw_image,
    "labels": draw_labels,
    "points": draw_points,
    "shapes": draw_shapes,
}


def draw_figure(sdata: SpatialData, layers: Sequence[LayerSpec], spec: FigureSpec, ax: Any) -> list[Axes]:
    """Draw all layers on the axes given, or on those of a new figure.

    Parameters
    ----------
    sdata
        The object with the elements; it is not changed.
    layers
        From the lowest to the highest.
    spec
        The figure.
    ax
        Axes, several of them, or None.

    Returns
    -------
    One axes per panel.
    """
    given = _given_axes(ax)
    panels = plan_panels(sdata, layers, spec, None if given is None else len(given))
    _check_panels(panels, spec)
    titles = _titles(panels, spec)
    if given is not None and len(given) != len(panels):
        names = ", ".join(repr(panel.title) for panel in panels)
        raise ValueError(
            f"There are {len(panels)} panels ({names}) but {len(given)} axes. "
            "Give one axes per panel, or choose with `coordinate_systems`."
        )
    if given is not None and (spec.figsize is not None or (spec.dpi is not None and spec.save is None)):
        logger.warning("`figsize` and `dpi` are those of the figure of `ax`, so the values given are ignored.")
    with ExitStack() as undo:
        axes = new_axes(len(panels), spec) if given is None else given
        if given is None:
            undo.callback(_close, axes)
        drawn = []
        for target, panel, title in zip(axes, panels, titles, strict=True):
            drawn.append(_draw_panel(sdata, panel, target, spec))
            set_texts(target, title=title, xlabel=spec.xlabel, ylabel=spec.ylabel, frameon=spec.frameon)
        _place(axes, drawn, spec, new=given is None)
        undo.pop_all()
    return axes


def _close(axes: Sequence[Axes]) -> None:
    """Leave no figure behind that could not be finished."""
    from matplotlib import pyplot as plt

    figure = axes[0].get_figure(root=True)
    if figure is not None:
        plt.close(figure)


def _place(axes: Sequence[Axes], drawn: Sequence[Sequence[Drawn]], spec: FigureSpec, *, new: bool) -> None:
    """Lay the panels out, then add their guides and make room for these."""
    for figure in {ax.get_figure(root=True) for ax in axes}:
        if figure is not None:
            lay_out(figure, rounds=1)
    before = [room_of(ax) for ax in axes]
    added = 0
    for number, (ax, layers) in enumerate(zip(axes, drawn, strict=True)):
        for layer in layers:
            if layer.prepare is not None:
                layer.prepare()
        added += _add_guides(ax, layers, spec, number)
    if not added:
        return
    grows = new and spec.figsize is None
    settle(axes, before, columns=min(len(axes), int(spec.ncols)) if grows else None)


def _given_axes(ax: Any) -> list[Axes] | None:
    from matplotlib.axes import Axes

    if ax is None:
        return None
    axes = [ax] if isinstance(ax, Axes) else list(np.asarray(ax, dtype=object).ravel()) if _several(ax) else [ax]
    wrong = [item for item in axes if not isinstance(item, Axes)]
    if wrong or not axes:
        raise TypeError(f"`ax` must be Axes or several of them, not {type(wrong[0] if wrong else ax).__name__}.")
    for item in axes:
        scales = (item.get_xscale(), item.get_yscale())
        if item.name != "rectilinear" or scales != ("linear", "linear"):
            raise ValueError(
                f"`ax` is {item.name} with the scales {scales[0]!r} and {scales[1]!r}. "
                "Give flat axes with linear scales."
            )
    return axes


def _several(ax: Any) -> bool:
    return isinstance(ax, Iterable) and not isinstance(ax, str)


def _check_panels(panels: Sequence[PanelPlan], spec: FigureSpec) -> None:
    if spec.crop_coord is not None and len({panel.coordinate_system for panel in panels}) > 1:
        systems = ", ".join(repr(panel.coordinate_system) for panel in panels)
        raise ValueError(
            f"`crop_coord` needs one coordinate system, but there are several: {systems}. "
            "Choose one with `coordinate_systems`."
        )
    for value, name in ((spec.scalebar_dx, "scalebar_dx"), (spec.scalebar_units, "scalebar_units")):
        if isinstance(value, (list, tuple)) and len(value) not in (1, len(panels)):
            raise ValueError(f"`{name}` holds {len(value)} values for {len(panels)} panels. Give one, or one for each.")


def _titles(panels: Sequence[PanelPlan], spec: FigureSpec) -> list[str]:
    if spec.title is None:
        return [panel.title for panel in panels]
    titles = [spec.title] if isinstance(spec.title, str) else list(spec.title)
    if len(titles) == 1:
        return titles * len(panels)
    if len(titles) != len(panels):
        raise ValueError(f"`title` holds {len(titles)} titles for {len(panels)} panels. Give one, or one for each.")
    return titles


def _draw_panel(sdata: SpatialData, plan: PanelPlan, ax: Axes, spec: FigureSpec) -> list[Drawn]:
    before = limits_of(ax)
    zorder = next_zorder(ax)
    drawn = []
    for height, layer in enumerate(plan.layers):
        panel = Panel(
            ax=ax,
            sdata=sdata,
            coordinate_system=plan.coordinate_system,
            crop=spec.crop_coord,
            zorder=zorder + height * ZORDER_STEP,
        )
        drawn.append(DRAW[layer.container](panel, layer))
    extents = [layer.extent for layer in drawn]
    set_limits(ax, extents, before=before, pad=spec.pad_extent, crop=spec.crop_coord)
    return drawn


def _add_guides(ax: Axes, drawn: Sequence[Drawn], spec: FigureSpec, number: int) -> int:
    """Add the guides of a panel, and count those that may lie beside it."""
    colorbars = [guide for layer in drawn for guide in layer.colorbars]
    legends = [guide for layer in drawn for guide in layer.legends]
    bars = add_colorbars(ax, colorbars, switch=spec.colorbar, params=spec.colorbar_params)
    keys = add_legends(ax, legends, spec.legend)
    if spec.scalebar_dx is not None:
        unit = _each(spec.scalebar_units, number)
        add_scalebar(ax, float(_each(spec.scalebar_dx, number)), str(unit), spec.scalebar_params)
    return len(bars) + len(keys)


def _each(value: Any, number: int) -> Any:
    if isinstance(value, (list, tuple)):
        return value[number] if len(value) > 1 else value[0]
    return value


def finish(axes: Sequence[Axes], spec: FigureSpec, *, new: bool, show: bool | None) -> None:
    """Save and show the figure, as asked."""
    import matplotlib as mpl
    from matplotlib import pyplot as plt

    figure = axes[0].get_figure(root=True)
    if spec.save is not None and figure is not None:
        _save(figure, spec)
    wanted = (new and not mpl.is_interactive()) if show is None else show
    if wanted and _can_show():
        plt.show()


def _save(figure: Figure, spec: FigureSpec) -> None:
    figure.savefig(spec.file, bbox_inches="tight", dpi="figure" if spec.dpi is None else spec.dpi)


def _can_show() -> bool:
    import matplotlib as mpl
    from matplotlib.backends.registry import BackendFilter, backend_registry

    still: list[str] = backend_registry.list_builtin(BackendFilter.NON_INTERACTIVE)  # type: ignore[no-untyped-call]
    return mpl.get_backend().lower() not in {name.lower() for name in still}
