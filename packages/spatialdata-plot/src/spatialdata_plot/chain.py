"""A SpatialData object that remembers what is to be drawn."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable
from typing import TYPE_CHECKING, Any, Concatenate, ParamSpec, TypeVar

from spatialdata import SpatialData
from spatialdata_plot.accessor import PlotAccessor

if TYPE_CHECKING:
    from collections.abc import Iterable

    from spatialdata_plot.spec import LayerSpec

__all__ = ["PlotChain", "extended"]

P = ParamSpec("P")
T = TypeVar("T")

CONTAINERS = ("images", "labels", "points", "shapes", "tables")


def _of_accessor(method: Callable[Concatenate[PlotAccessor, P], T]) -> Callable[Concatenate[PlotChain, P], T]:
    """A method of the chain that is that of its accessor."""

    def run(self: PlotChain, /, *args: P.args, **kwargs: P.kwargs) -> T:
        return method(PlotAccessor(self), *args, **kwargs)

    run.__name__ = method.__name__
    run.__qualname__ = f"PlotChain.{method.__name__}"
    run.__doc__ = method.__doc__
    run.__wrapped__ = method  # type: ignore[attr-defined]
    return run


class PlotChain(SpatialData):
    """The elements of an object, and the layers to draw.

    The elements are those of the object that it was made of, which stays as it is.

    Attributes
    ----------
    plotting_tree
        The layers, from the lowest to the highest, by names such as ``"1_render_images"``.
    """

    plotting_tree: OrderedDict[str, LayerSpec]

    @property
    def pl(self) -> PlotAccessor:
        """More layers, and the figure."""
        return PlotAccessor(self)

    render_images = _of_accessor(PlotAccessor.render_images)
    render_labels = _of_accessor(PlotAccessor.render_labels)
    render_points = _of_accessor(PlotAccessor.render_points)
    render_shapes = _of_accessor(PlotAccessor.render_shapes)
    show = _of_accessor(PlotAccessor.show)


def layers_of(sdata: SpatialData) -> OrderedDict[str, LayerSpec]:
    """The layers that an object remembers."""
    return OrderedDict(getattr(sdata, "plotting_tree", None) or {})


def extended(sdata: SpatialData, layers: Iterable[LayerSpec]) -> PlotChain:
    """A chain with the elements of an object, its layers, and more of them.

    Parameters
    ----------
    sdata
        An object or a chain, which stays as it is.
    layers
        What is drawn over the layers that are already there.
    """
    chain = PlotChain(attrs=sdata.attrs)
    for container in CONTAINERS:
        setattr(chain, container, getattr(sdata, container))
    chain.path = sdata.path
    tree = layers_of(sdata)
    for layer in layers:
        tree[f"{len(tree) + 1}_{layer.verb}"] = layer
    chain.plotting_tree = tree
    return chain


def split_colors(color: Any) -> tuple[Any, tuple[str, ...]]:
    """Tell one color or column from several columns, of which each makes a panel.

    Raises
    ------
    ValueError
        The list is empty, names a column twice, or mixes names with other values.
    """
    if not isinstance(color, (list, tuple)):
        return color, ()
    if not any(isinstance(item, str) for item in color):
        if color:
            return color, ()
        raise ValueError("`color` is an empty list. Name one or more columns or genes.")
    if not all(isinstance(item, str) for item in color):
        raise ValueError(f"`color` mixes names with other values: {color!r}. Give names only, or one color.")
    if len(set(color)) != len(color):
        raise ValueError(f"`color` repeats a name: {color!r}. Each makes a panel of its own.")
    return (color[0], ()) if len(color) == 1 else (None, tuple(color))
