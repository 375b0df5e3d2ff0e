"""Images."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
from matplotlib.path import Path

from spatialdata_plot._logging import logger
from spatialdata_plot.draw.panel import ColorbarGuide, Drawn, LegendGuide, Panel, extent_of_xy
from spatialdata_plot.draw.raster import PyramidImage
from spatialdata_plot.resolve.canvas import pyramid_of
from spatialdata_plot.resolve.channels import (
    Composite,
    Scalar,
    limits_sample,
    resolve_channels,
    select_channels,
    transformed,
)
from spatialdata_plot.resolve.element import element_of, levels_of, project_corners, raster_affine
from spatialdata_plot.resolve.level_places import level_places
from spatialdata_plot.resolve.straight import bent_outline, straight_levels

if TYPE_CHECKING:
    from numpy.typing import NDArray
    from xarray import DataArray

    from spatialdata_plot.spec import ImagesSpec

__all__ = ["channel_names", "check_image", "draw_image"]


def channel_names(level: DataArray) -> list[Any]:
    """The names of the channels; their numbers where they have none."""
    if "c" in level.coords:
        return [name.item() if hasattr(name, "item") else name for name in level.coords["c"].to_numpy()]
    return list(range(level.sizes["c"]))


def check_flat(element: Any, name: str) -> None:
    """Refuse a raster with a z axis."""
    level = levels_of(element)[0]
    if "z" in level.dims:
        raise ValueError(
            f"{name!r} has the axes {tuple(map(str, level.dims))}, but only flat rasters are drawn. "
            f"Select a plane first, for example with `.isel(z=0)`; there are {level.sizes['z']}."
        )


def check_image(element: Any, spec: ImagesSpec) -> None:
    """Raise for channels or a scale that the image does not have."""
    check_flat(element, spec.element)
    levels = levels_of(element)
    select_channels(channel_names(levels[0]), spec.channel, spec.element)
    pyramid_of(levels, np.eye(3), spec.scale, spec.element)


def draw_image(panel: Panel, spec: ImagesSpec) -> Drawn:
    """Draw one image on one panel."""
    element = element_of(panel.sdata, spec)
    check_image(element, spec)
    levels = straight_levels(element, panel.coordinate_system)
    names = channel_names(levels[0])
    picked = select_channels(names, spec.channel, spec.element)
    pyramid = pyramid_of(
        [level.isel(c=picked) for level in levels],
        raster_affine(levels[0], panel.coordinate_system, spec.element),
        spec.scale,
        spec.element,
        level_places(levels, panel.coordinate_system),
    )
    sample = transformed(limits_sample(pyramid.arrays, spec), spec.transfunc)
    kept = [names[position] for position in picked] if len(sample) == len(picked) else list(range(len(sample)))
    channels = resolve_channels(sample, kept, spec)

    def paint(pixels: NDArray[Any]) -> NDArray[Any]:
        return channels.paint(transformed(pixels, spec.transfunc))

    look: dict[str, Any] = {"interpolation": "nearest" if spec.method == "datashader" else "auto"}
    if isinstance(channels, Scalar):
        look |= {"norm": channels.norm, "cmap": channels.cmap}
    artist = PyramidImage(panel.ax, pyramid, paint, zorder=panel.zorder, **look)
    outline = bent_outline(element, panel.coordinate_system)
    if outline is not None:
        artist.set_clip_path(Path(outline), panel.ax.transData)
    panel.ax.add_image(artist)
    return Drawn(
        extent=extent_of_xy(project_corners(pyramid.shape, pyramid.matrix)),
        legends=_legends(channels, spec),
        colorbars=_colorbars(channels, spec),
    )


def _legends(channels: Any, spec: ImagesSpec) -> tuple[LegendGuide, ...]:
    if not spec.channels_as_legend:
        return ()
    if not isinstance(channels, Composite) or (spec.cmap is not None and not isinstance(spec.cmap, (list, tuple))):
        logger.warning("%r has no separate color per channel, so `channels_as_legend` is ignored.", spec.element)
        return ()
    return (LegendGuide(role="channels", title="channels", entries=tuple(channels.entries)),)


def _colorbars(channels: Any, spec: ImagesSpec) -> tuple[ColorbarGuide, ...]:
    if not isinstance(channels, Scalar):
        return ()
    from matplotlib.cm import ScalarMappable

    label = None if not channels.name or channels.name.isdigit() else channels.name
    return (
        ColorbarGuide(
            mappable=ScalarMappable(norm=channels.norm, cmap=channels.cmap),
            label=label,
            wanted=spec.colorbar,
            params=spec.colorbar_params or {},
        ),
    )
