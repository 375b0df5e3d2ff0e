"""``sdata.pl``: what the user calls."""

from __future__ import annotations

import warnings
from collections.abc import Callable, Mapping, Sequence
from functools import wraps
from typing import TYPE_CHECKING, Any, ParamSpec, TypeVar

from spatialdata._core.accessors import register_accessor

if TYPE_CHECKING:
    from os import PathLike

    from matplotlib.axes import Axes
    from matplotlib.colors import Colormap, Normalize
    from matplotlib.figure import Figure

    from spatialdata import SpatialData
    from spatialdata_plot.chain import PlotChain

__all__ = ["PlotAccessor"]

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


@register_accessor("pl")
class PlotAccessor:
    """Figures of a SpatialData object: layers by ``render_…``, then the figure by ``show``.

    Every ``render_…`` returns a new object with the same elements that remembers one more layer, so that both
    ``sdata.pl.render_images().pl.show()`` and ``sdata.pl.render_images().show()`` draw an image. Later layers are drawn
    over earlier ones. The object itself and its tables never change.

    Parameters
    ----------
    sdata
        The object with the elements.

    Examples
    --------
    >>> import numpy as np
    >>> import spatialdata_plot
    >>> from spatialdata import SpatialData
    >>> from spatialdata.models import Image2DModel
    >>> sdata = SpatialData(images={"dapi": Image2DModel.parse(np.ones((1, 8, 8)))})
    >>> list(sdata.pl.render_images("dapi").plotting_tree)
    ['1_render_images']
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
            A function of the pixels of shape (c, y, x), or one function per channel, of shape (y, x).
        colorbar, colorbar_params
            Whether a single channel has a colorbar; its ``loc``, ``width``, ``pad``, ``label``, and what
            ``Figure.colorbar`` takes.
        channels_as_legend
            List the colors of the channels in a legend.
        method
            ``"datashader"`` draws pixels as squares when they are larger than those of the device.
        datashader_reduction
            Accepted for compatibility; pixels that share one of the device are averaged.

        Returns
        -------
        The elements with one more layer.

        Raises
        ------
        KeyError
            There is no such image.
        ValueError
            There is no such channel or scale, or a list has another length than there are channels.
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

        Returns
        -------
        The elements with one more layer.

        Raises
        ------
        KeyError
            There are no such shapes, column, gene or table.
        ValueError
            A parameter is out of range, or the color is ambiguous.
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
        scale
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
        """
        from spatialdata_plot.spec import LabelsSpec

        return _chained(self._sdata, LabelsSpec, locals())

    def show(
        self,
        coordinate_systems: str | Sequence[str] | None = None,
        *,
        legend_fontsize: float | str | None = None,
        legend_fontweight: int | str = "bold",
        legend_loc: str | None = "right margin",
        legend_fontoutline: int | None = None,
        na_in_legend: bool = True,
        colorbar: bool = True,
        colorbar_params: Mapping[str, Any] | None = None,
        legend_title: str | None = None,
        outline_legend_title: str | None = None,
        wspace: float | None = None,
        hspace: float = 0.25,
        ncols: int = 4,
        frameon: bool | None = None,
        figsize: tuple[float, float] | None = None,
        dpi: float | None = None,
        fig: Figure | None = None,
        title: str | Sequence[str] | None = None,
        xlabel: str | None = None,
        ylabel: str | None = None,
        pad_extent: float = 0,
        crop_coord: tuple[float, float, float, float] | None = None,
        ax: Axes | Sequence[Axes] | None = None,
        return_ax: bool = False,
        save: str | PathLike[str] | None = None,
        show: bool | None = None,
        scalebar_dx: float | Sequence[float] | None = None,
        scalebar_units: str | Sequence[str] = "um",
        scalebar_params: Mapping[str, Any] | None = None,
        legend_params: Mapping[str, Any] | None = None,
    ) -> Axes | list[Axes] | None:
        """Make the figure of all layers.

        Parameters
        ----------
        coordinate_systems
            The systems to show, one panel each; None shows all in which a layer has a place.
        legend_fontsize, legend_fontweight, legend_loc, legend_fontoutline, na_in_legend
            How legends are written, and where: in the ``"right margin"`` (left, top, bottom), at a place inside the
            axes as matplotlib names it, or nowhere (None).
        legend_title, outline_legend_title
            The titles of the legends of fill and outline. Several legends are titled by their columns.
        legend_params
            ``loc``, ``fontsize``, ``fontweight``, ``fontoutline`` and ``na_in_legend``, which win over the above.
        colorbar, colorbar_params
            Whether there are colorbars, and how they look; they win over those of the layers.
        wspace, hspace, ncols
            The room between panels as a fraction of their size, and how many panels make a row.
        frameon
            False hides the frames and ticks.
        figsize, dpi
            The size of a panel in inches, and the dots per inch.
        fig
            No longer needed: the figure is that of ``ax``.
        title, xlabel, ylabel
            The title, one for all panels or one per panel, and the labels of the axes.
        pad_extent
            Room on every side, in units of the coordinate system.
        crop_coord
            Show only xmin, xmax, ymin, ymax of the coordinate system.
        ax, return_ax
            Axes to draw on, one per panel; whether the axes are returned.
        save
            A file to save the figure to; ``.png`` is added where the name has no suffix.
        show
            Whether to call ``pyplot.show``; None does so for a new figure outside of interactive mode.
        scalebar_dx, scalebar_units, scalebar_params
            Add a scale bar: units per unit of the coordinate system, the unit, and how it looks.

        Returns
        -------
        None, or the axes (a list of several) if ``return_ax`` is True.

        Raises
        ------
        TypeError
            There is nothing to show.
        ValueError
            There is no such coordinate system, or the number of axes or titles is not that of the panels.
        """
        given = dict(locals())
        from spatialdata_plot.chain import layers_of
        from spatialdata_plot.figure import draw_figure, finish
        from spatialdata_plot.spec import FigureSpec
        from spatialdata_plot.spec.legend import LegendSpec

        layers = list(layers_of(self._sdata).values())
        if not layers:
            raise TypeError(
                "Please specify what to plot using the 'render_*' functions before calling 'show', "
                "for example `sdata.pl.render_images().pl.show()`."
            )
        if fig is not None:
            warnings.warn("`fig` is not needed: the figure is that of `ax`.", DeprecationWarning, stacklevel=2)
            ax = fig.axes if ax is None and fig.axes else ax
        legend = LegendSpec(
            loc=legend_loc,
            fontsize=legend_fontsize,
            fontweight=legend_fontweight,
            fontoutline=legend_fontoutline,
            na_in_legend=na_in_legend,
            title=legend_title,
            outline_title=outline_legend_title,
        ).updated(legend_params)
        names = FigureSpec.__dataclass_fields__
        spec = FigureSpec(legend=legend, **{name: value for name, value in given.items() if name in names})
        axes = draw_figure(self._sdata, layers, spec, ax)
        finish(axes, spec, new=ax is None, show=show)
        if not return_ax:
            return None
        return axes[0] if len(axes) == 1 else axes


def _chained(sdata: SpatialData, kind: type[Any], given: Mapping[str, Any]) -> PlotChain:
    """Make the layers of one call, check them against the elements, and add them to the chain."""
    from spatialdata_plot.chain import extended
    from spatialdata_plot.resolve.layer import make_layers

    params = {name: value for name, value in given.items() if name in kind.__dataclass_fields__}
    return extended(sdata, make_layers(sdata, kind, params))
