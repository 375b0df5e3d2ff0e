"""From the parameters of a call to its layers."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

from spatialdata_plot.resolve.color import is_literal
from spatialdata_plot.resolve.element import element_of, get_element, has_time, names_of
from spatialdata_plot.spec.base import ColoredSpec, LayerSpec

if TYPE_CHECKING:
    from spatialdata import SpatialData

__all__ = ["make_layers"]


def make_layers(sdata: SpatialData, kind: type[LayerSpec], params: Mapping[str, Any]) -> list[LayerSpec]:
    """The layers of one call: one for the element named, or one for every element of the kind.

    Parameters
    ----------
    sdata
        The object with the elements.
    kind
        The kind of layer.
    params
        The parameters by name.

    Raises
    ------
    ValueError
        There is no element of the kind, or a parameter is out of range.
    KeyError
        There is no such element, column or gene.
    """
    element = params["element"]
    if element is not None and not isinstance(element, str):
        raise ValueError(
            f"`element` must be a string, not {element!r}. To draw several elements, chain one call of "
            f"`{kind.verb}` per element."
        )
    names = names_of(sdata, kind.container) if element is None else [element]
    if not names:
        raise ValueError(f"There are no {kind.container} to draw: {kind.verb} found none in the object.")
    layers = [_layer(sdata, kind, _of_one(sdata, kind, params, name)) for name in names]
    _check_panels(sdata, layers)
    return layers


def _of_one(sdata: SpatialData, kind: type[LayerSpec], params: Mapping[str, Any], name: str) -> dict[str, Any]:
    """The parameters for one element; a time does not count for those of all elements that have none."""
    everything = params["element"] is None
    still = everything and params.get("t") is not None and not has_time(get_element(sdata, kind.container, name))
    return {**params, "element": name, **({"t": None} if still else {})}


def _layer(sdata: SpatialData, kind: type[LayerSpec], params: dict[str, Any]) -> LayerSpec:
    from spatialdata_plot.chain import split_colors

    if issubclass(kind, ColoredSpec):
        params["color"], params["panel_colors"] = split_colors(params["color"])
    get_element(sdata, kind.container, params["element"])
    spec = kind(**params)
    if isinstance(spec, ColoredSpec):
        for key in (spec.color, *spec.panel_colors):
            _refuse_ambiguous(sdata, spec, key)
    CHECKS[kind.container](sdata, spec)
    return spec


def _refuse_ambiguous(sdata: SpatialData, spec: ColoredSpec, key: Any) -> None:
    from spatialdata_plot.errors import AmbiguousKeyError, KeyNotFoundError
    from spatialdata_plot.resolve.column import locate

    if not isinstance(key, str) or not is_literal(key):
        return
    try:
        where = locate(sdata, spec, key)
    except KeyNotFoundError:
        return
    place = f"a column of {spec.element!r}" if where.table is None else f"in table {where.table!r}"
    raise AmbiguousKeyError(
        f"{key!r} is ambiguous: it is a color, and also {place}. Rename the column, or give the color as a hex string."
    )


def _check_panels(sdata: SpatialData, layers: list[LayerSpec]) -> None:
    before = getattr(sdata, "plotting_tree", {}).values()
    several = [layer for layer in before if isinstance(layer, ColoredSpec) and layer.panel_colors]
    if several and any(isinstance(layer, ColoredSpec) and layer.panel_colors for layer in layers):
        raise ValueError(
            f"Only one call may name several colors, and the layer of {several[0].element!r} already does. "
            "Give the other layer one color."
        )


def _image(sdata: SpatialData, spec: Any) -> None:
    from spatialdata_plot.draw.images import check_image

    check_image(element_of(sdata, spec), spec)


def _labels(sdata: SpatialData, spec: Any) -> None:
    from spatialdata_plot.draw.labels import check_labels

    check_labels(sdata, spec)


def _points(sdata: SpatialData, spec: Any) -> None:
    from spatialdata_plot.draw.points import check_points

    check_points(sdata, spec)


def _shapes(sdata: SpatialData, spec: Any) -> None:
    from spatialdata_plot.draw.shapes import check_shapes

    check_shapes(sdata, spec)


CHECKS: dict[str, Callable[[SpatialData, Any], None]] = {
    "images": _image,
    "labels": _labels,
    "points": _points,
    "shapes": _shapes,
}
