"""The functions that add layers: ``sdata.pl.render_…``."""

from __future__ import annotations

import warnings
from collections.abc import Callable, Mapping, Sequence
from functools import wraps
from typing import TYPE_CHECKING, Any, ParamSpec, TypeVar

if TYPE_CHECKING:
    from matplotlib.colors import Colormap, Normalize

    from spatialdata import SpatialData
    from spatialdata_plot.chain import PlotChain

__all__ = ["RenderMethods"]

P = ParamSpec("P")
T = TypeVar("T")


def _element_alias(method: Callable[P, T]) -> Callable[P, T]:
    """Accept ``elements``, the former name of ``element``."""

    @wraps(method)
    def run(*args: P.args, **kwargs: P.kwargs) -> T:
        if "elements" in kwargs:
            warnings.warn("`elements` is now called `element`.", DeprecationWarning, stacklevel=2)
            if "element" in kwargs or len(args) > 1:
                raise TypeError("Both `element` and its former name `elements` are given. Give `element` only.")
            kwargs["element"] = kwargs.pop("elements")
        return method(*args, **kwargs)

    return run


class RenderMethods:
    """Methods that add a layer per element and return a new chain.

    Parameters
    ----------
    sdata
        The object with the elements.
    """

    def __init__(self, sdata: SpatialData) -> None:
        self._sdata = sdata

    @_element_alias
    def render_images(
        self,
        element: str | None = None,
        *,
        channel: str | int | Sequence[str] | Sequence[int] | None = None,
        cmap: str | Colormap | Sequence[str | Colormap] | None = None,
        norm: Normalize | Sequence[Normalize] | None = None,
        palette: Any = None,
        alpha: float = 1.0,
        scale: str | None = None,
        grayscale: bool = False,
        transfunc: Callable[..., Any] | Sequence[Callable[..., Any]] | None = None,
        colorbar: bool | str | None = "auto",
        colorbar_params: Mapping[str, Any] | None = None,
        channels_as_legend: bool = False,
        method: str | None = None,
        datashader_reduction: str | None = None,
        t: float | None = None,
    ) -> PlotChain:
        """Draw an image.

        Channels named r, g and b are the colors of a photograph. A single channel goes through ``cmap``. Otherwise
        every channel is scaled by itself, colored, and added up: three channels as red, green and blue.
        The pixels are placed by the transformation of the image; outside of it the figure stays empty.

        Parameters
        ----------
        element
            The name of the image; None draws all images.
        channel
            The channels to draw, by name; None draws all.
        cmap, norm, palette
            One value for all channels or one per channel: the colormap, the range, and the color of a channel.
        alpha
            From 0, transparent, to 1.
        scale
            None reads, of the levels, the pixels that the axes can show; ``"scale1"`` reads that level and ``"full"``
            the finest one, both with all their pixels.
        grayscale
            Draw the brightness of exactly three channels.
        transfunc
            A function of the pixels of shape (c, y, x), or one function per channel, of shape (y, x). It is given the
            pixels that are read, so it should treat each by itself.
        colorbar, colorbar_params
            Whether a single channel has a colorbar; its ``loc``, ``width``, ``pad``, ``label``, and what
            ``Figure.colorbar`` takes.
        channels_as_legend
            List the colors of the channels in a legend.
        method
            ``"datashader"`` draws pixels as squares when they are larger than those of the device.
        datashader_reduction
            Accepted for compatibility; pixels that share one of the device are averaged.
        t
            Of an image with several points in time, the one to draw; the first one if not given.

        Returns
        -------
        The elements with one more layer.

        Raises
        ------
        KeyError
            There is no such image.
        ValueError
            There is no such channel or scale, or a list has another length than there are channels.

        Examples
        --------
        >>> import numpy as np
        >>> import spatialdata_plot
        >>> from spatialdata import SpatialData
        >>> from spatialdata.models import Image2DModel
        >>> image = Image2DModel.parse(np.ones((2, 8, 8)), c_coords=["DAPI", "CD3"])
        >>> chain = SpatialData(images={"stain": image}).pl.render_images("stain", channel="CD3", cmap="magma")
        >>> chain.plotting_tree["1_render_images"].channel
        'CD3'
        """
        from spatialdata_plot.spec import ImagesSpec

        return _chained(self._sdata, ImagesSpec, locals())

    @_element_alias
    def render_shapes(
        self,
        element: str | None = None,
        color: Any = None,
        *,
        fill_alpha: float | None = None,
        groups: str | Sequence[str] | None = None,
        palette: Any = None,
        na_color: Any = "default",
        outline: bool | None = None,
        outline_width: float | tuple[float, float] | None = None,
        outline_color: Any = None,
        outline_alpha: float | tuple[float, float] | None = None,
        cmap: str | Colormap | None = None,
        norm: Normalize | None = None,
        scale: float = 1.0,
        method: str | None = None,
        table_name: str | None = None,
        table_layer: str | None = None,
        gene_symbols: str | None = None,
        shape: str | None = None,
        colorbar: bool | str | None = "auto",
        colorbar_params: Mapping[str, Any] | None = None,
        datashader_reduction: str | None = None,
        transfunc: Callable[..., Any] | None = None,
        as_points: bool = False,
        size: float = 1.0,
        t: float | None = None,
    ) -> PlotChain:
        """Draw circles and polygons.

        Parameters
        ----------
        element
            The name of the shapes; None draws all.
        color
            A color; the name of a column of the shapes or of an annotating table, or of a gene; or a list of names, of
            which each makes a panel.
        fill_alpha
            The alpha of the fill; None takes that of the color.
        groups
            The categories to show. Others are left out, or drawn in ``na_color`` where that is given.
        palette
            The colors of categories: a dict, a list in the order of the categories (of ``groups`` if given), or the
            name of a palette or colormap. It wins over the colors in the table, ``uns["<column>_colors"]``.
        na_color
            The color of shapes without a value; None is transparent.
        outline, outline_width, outline_color, outline_alpha
            Whether there is an outline; its width in points, color (or column) and alpha. Two values make two outlines.
        cmap, norm, transfunc
            The colors and the range of numbers, and a function that is applied to them first.
        scale
            A factor on the size of every shape.
        method
            ``"matplotlib"`` draws vectors, ``"datashader"`` pixels; None chooses by the number of shapes.
        table_name, table_layer, gene_symbols
            The table in which the color is looked up, its layer, and the column of ``var`` with the names of genes.
        shape
            Draw ``"circle"``, ``"hex"``, ``"square"`` or ``"visium_hex"`` instead.
        colorbar, colorbar_params
            Whether numbers have a colorbar, and how it looks.
        datashader_reduction
            Color pixels by this reduction of the numbers of all shapes over them, rather than by the topmost shape.
        as_points, size
            Draw a dot at every centroid, of this area in square points.
        t
            Draw the shapes of this time only, by their column ``t``.

        Returns
        -------
        The elements with one more layer.

        Raises
        ------
        KeyError
            There are no such shapes, column, gene or table.
        ValueError
            A parameter is out of range, or the color is ambiguous.

        Examples
        --------
        >>> import geopandas as gpd
        >>> import spatialdata_plot
        >>> from shapely import box
        >>> from spatialdata import SpatialData
        >>> from spatialdata.models import ShapesModel
        >>> cells = ShapesModel.parse(gpd.GeoDataFrame({"geometry": [box(0, 0, 1, 1)], "kind": ["T cell"]}))
        >>> sdata = SpatialData(shapes={"cells": cells})
        >>> ax = sdata.pl.render_shapes("cells", color="kind").show(return_ax=True)
        >>> [text.get_text() for text in ax.artists[0].get_texts()]
        ['T cell']
        """
        from spatialdata_plot.spec import ShapesSpec

        return _chained(self._sdata, ShapesSpec, locals())

    @_element_alias
    def render_points(
        self,
        element: str | None = None,
        color: Any = None,
        *,
        alpha: float | None = None,
        groups: str | Sequence[str] | None = None,
        palette: Any = None,
        na_color: Any = "default",
        cmap: str | Colormap | None = None,
        norm: Normalize | None = None,
        size: float = 1.0,
        method: str | None = None,
        table_name: str | None = None,
        table_layer: str | None = None,
        gene_symbols: str | None = None,
        colorbar: bool | str | None = "auto",
        colorbar_params: Mapping[str, Any] | None = None,
        datashader_reduction: str | None = None,
        density: bool = False,
        density_how: str = "linear",
        transfunc: Callable[..., Any] | None = None,
        t: float | None = None,
    ) -> PlotChain:
        """Draw points.

        Parameters
        ----------
        element
            The name of the points; None draws all.
        color
            A color, or the name of a column of the points or of an annotating table, or of a gene.
        alpha
            From 0, transparent, to 1.
        size
            The area of a point in square points (1/72 inch).
        method
            ``"matplotlib"`` draws vectors, ``"datashader"`` pixels; None chooses by the number of points.
        datashader_reduction
            Color pixels by this reduction of the numbers of all points on them, rather than by the last point.
        t
            Draw the points of this time only, by their column ``t``.
        density, density_how
            Color pixels by how many points they hold, scaled ``"linear"``, ``"log"``, ``"cbrt"`` or ``"eq_hist"``.
        groups, palette, na_color, cmap, norm, transfunc
            As for :meth:`render_shapes`.
        table_name, table_layer, gene_symbols, colorbar, colorbar_params
            As for :meth:`render_shapes`.

        Returns
        -------
        The elements with one more layer.

        Raises
        ------
        KeyError
            There are no such points, column, gene or table.
        ValueError
            A parameter is out of range, or the color is ambiguous.

        Examples
        --------
        >>> import numpy as np
        >>> import spatialdata_plot
        >>> from spatialdata import SpatialData
        >>> from spatialdata.models import PointsModel
        >>> sdata = SpatialData(points={"spots": PointsModel.parse(np.array([[0.0, 0.0], [4.0, 2.0]]))})
        >>> ax = sdata.pl.render_points("spots", color="red", size=20).show(return_ax=True)
        >>> [float(limit) for limit in ax.get_xlim()]
        [0.0, 4.0]
        """
        from spatialdata_plot.spec import PointsSpec

        if isinstance(color, (list, tuple)) and any(isinstance(item, str) for item in color):
            raise ValueError(f"Points have one color, not a list of names: {color!r}. Draw one figure per name.")
        return _chained(self._sdata, PointsSpec, locals())

    @_element_alias
    def render_labels(
        self,
        element: str | None = None,
        color: Any = None,
        *,
        groups: str | Sequence[str] | None = None,
        contour_px: int | None = 3,
        palette: Any = None,
        cmap: str | Colormap | None = None,
        norm: Normalize | None = None,
        na_color: Any = "default",
        outline: bool | None = None,
        outline_alpha: float = 0.0,
        fill_alpha: float | None = None,
        outline_color: Any = None,
        scale: str | None = None,
        colorbar: bool | str | None = "auto",
        colorbar_params: Mapping[str, Any] | None = None,
        table_name: str | None = None,
        table_layer: str | None = None,
        gene_symbols: str | None = None,
        transfunc: Callable[..., Any] | None = None,
        as_points: bool = False,
        size: float = 1.0,
        method: str | None = None,
        t: float | None = None,
    ) -> PlotChain:
        """Draw labels.

        Parameters
        ----------
        element
            The name of the labels; None draws all.
        color
            A color; the name of a column of an annotating table or of a gene; or a list of names, of which each makes a
            panel. None gives every label a color by its number.
        contour_px
            The window, in pixels at 100 dpi, by which a label is eroded to leave its outline; None fills it.
        outline, outline_alpha, outline_color
            Whether there is an outline, its alpha, and its color (or column).
        fill_alpha
            The alpha of the fill; None is 0.4, or that of the color.
        scale, t
            As for :meth:`render_images`.
        as_points, size, method
            Draw a dot at every centroid, of this area in square points, as vectors or pixels.
        groups, palette, na_color, cmap, norm, transfunc
            As for :meth:`render_shapes`.
        table_name, table_layer, gene_symbols, colorbar, colorbar_params
            As for :meth:`render_shapes`.

        Returns
        -------
        The elements with one more layer.

        Raises
        ------
        KeyError
            There are no such labels, column, gene or table.
        ValueError
            A parameter is out of range, or the color is ambiguous.

        Examples
        --------
        >>> import numpy as np
        >>> import spatialdata_plot
        >>> from spatialdata import SpatialData
        >>> from spatialdata.models import Labels2DModel
        >>> sdata = SpatialData(labels={"cells": Labels2DModel.parse(np.eye(4, dtype=int))})
        >>> ax = sdata.pl.render_labels("cells", fill_alpha=0, outline_alpha=1).show(return_ax=True)
        >>> [float(limit) for limit in ax.get_ylim()]
        [4.0, 0.0]
        """
        from spatialdata_plot.spec import LabelsSpec

        return _chained(self._sdata, LabelsSpec, locals())


def _chained(sdata: SpatialData, kind: type[Any], given: Mapping[str, Any]) -> PlotChain:
    """Make the layers of one call, check them against the elements, and add them to the chain."""
    from spatialdata_plot.chain import extended
    from spatialdata_plot.resolve.layer import make_layers

    params = {name: value for name, value in given.items() if name in kind.__dataclass_fields__}
    return extended(sdata, make_layers(sdata, kind, params))
