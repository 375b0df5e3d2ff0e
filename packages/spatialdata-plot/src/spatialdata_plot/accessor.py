"""``sdata.pl``: what the user calls."""

from __future__ import annotations

import warnings
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from spatialdata import register_accessor
from spatialdata_plot.renderers import RenderMethods

if TYPE_CHECKING:
    from os import PathLike

    from matplotlib.axes import Axes
    from matplotlib.figure import Figure


__all__ = ["PlotAccessor"]


@register_accessor("pl")
class PlotAccessor(RenderMethods):
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

        Examples
        --------
        >>> import numpy as np
        >>> import spatialdata_plot
        >>> from spatialdata import SpatialData
        >>> from spatialdata.models import Image2DModel
        >>> sdata = SpatialData(images={"dapi": Image2DModel.parse(np.eye(8)[None])})
        >>> ax = sdata.pl.render_images("dapi").show("global", title="Nuclei", return_ax=True)
        >>> ax.get_title()
        'Nuclei'
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
            ax = (fig.axes or [fig.add_subplot()]) if ax is None else ax
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
