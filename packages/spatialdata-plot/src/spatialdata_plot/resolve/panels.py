"""Which panels a figure has, and which layers each of them shows."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from spatialdata_plot._logging import logger
from spatialdata_plot.resolve.element import coordinate_systems_of, get_element
from spatialdata_plot.spec.base import ColoredSpec, LayerSpec

if TYPE_CHECKING:
    from spatialdata import SpatialData
    from spatialdata_plot.spec import FigureSpec

__all__ = ["PanelPlan", "plan_panels"]


@dataclass(frozen=True, slots=True, kw_only=True)
class PanelPlan:
    """The coordinate system, the layers and the default title of a panel."""

    coordinate_system: str
    layers: tuple[LayerSpec, ...]
    title: str


def plan_panels(sdata: SpatialData, layers: Sequence[LayerSpec], spec: FigureSpec, axes: int | None) -> list[PanelPlan]:
    """One panel per coordinate system, or per color where a layer has several.

    Parameters
    ----------
    sdata
        The object with the elements.
    layers
        All layers, from the lowest to the highest.
    spec
        The figure.
    axes
        How many axes the caller gives, None if none.

    Raises
    ------
    spatialdata.errors.UnknownCoordinateSystemError
        There is no such coordinate system.
    ValueError
        The elements are not in the coordinate system asked for, or several colors meet several systems.
    """
    places = {layer.element: _places(sdata, layer) for layer in layers}
    systems = _systems(sdata, layers, spec, places)
    if spec.coordinate_systems is None and axes is not None and len(systems) != axes:
        complete = [system for system in systems if all(system in places[layer.element] for layer in layers)]
        systems = complete or systems
    panels = []
    for system in systems:
        here = tuple(layer for layer in layers if system in places[layer.element])
        left_out = [layer.element for layer in layers if layer not in here]
        if left_out:
            logger.info("%s are not in %r and are not drawn there.", ", ".join(map(repr, left_out)), system)
        panels.append(PanelPlan(coordinate_system=system, layers=here, title=system))
    colors = next((layer.panel_colors for layer in layers if isinstance(layer, ColoredSpec) and layer.panel_colors), ())
    return _per_color(panels, colors) if colors else panels


def _places(sdata: SpatialData, layer: LayerSpec) -> list[str]:
    return coordinate_systems_of(get_element(sdata, layer.container, layer.element))


def _systems(
    sdata: SpatialData, layers: Sequence[LayerSpec], spec: FigureSpec, places: dict[str, list[str]]
) -> list[str]:
    from spatialdata.errors import UnknownCoordinateSystemError, unknown_name

    if spec.coordinate_systems is None:
        return list(dict.fromkeys(system for layer in layers for system in places[layer.element]))
    asked = [spec.coordinate_systems] if isinstance(spec.coordinate_systems, str) else list(spec.coordinate_systems)
    if not asked:
        raise ValueError("`coordinate_systems` is empty. Name one or more, or give None for all.")
    known = sorted(sdata.coordinate_systems)
    for system in asked:
        if system not in known:
            what = unknown_name("coordinate system", system, known)
            raise UnknownCoordinateSystemError(f"Unknown coordinate system {system!r}. {what}")
        if not any(system in places[layer.element] for layer in layers):
            found = "; ".join(f"{name!r} in {', '.join(map(repr, where))}" for name, where in places.items())
            raise UnknownCoordinateSystemError(
                f"None of the elements to draw is in the coordinate system {system!r}: {found}. Choose one of these."
            )
    return asked


def _per_color(panels: Sequence[PanelPlan], colors: Sequence[str]) -> list[PanelPlan]:
    if len(panels) != 1:
        systems = ", ".join(repr(panel.coordinate_system) for panel in panels)
        raise ValueError(
            f"Several colors make one panel each, for which one coordinate system is needed, not {len(panels)}: "
            f"{systems}. Choose one with `coordinate_systems`."
        )
    panel = panels[0]
    return [
        replace(panel, title=color, layers=tuple(_colored(layer, color) for layer in panel.layers)) for color in colors
    ]


def _colored(layer: LayerSpec, color: str) -> LayerSpec:
    if isinstance(layer, ColoredSpec) and layer.panel_colors:
        return replace(layer, color=color, panel_colors=())
    return layer
