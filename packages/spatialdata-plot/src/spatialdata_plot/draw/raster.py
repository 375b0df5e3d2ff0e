"""Artists that read the pixels they need when they are drawn, for the axes and the resolution of that moment."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import numpy as np
from matplotlib.image import AxesImage
from matplotlib.transforms import Affine2D

from spatialdata_plot.resolve.canvas import Extent, Pyramid, ReadPlan, extent_of, plan, read

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from numpy.typing import NDArray

__all__ = ["DeviceGrid", "GridImage", "PyramidImage"]

LARGE = 3
Painted = tuple[Any, float, float, Any]
Painter = Callable[["NDArray[Any]"], "NDArray[Any]"]


class DeviceGrid:
    """The pixels of an axes on the device it is drawn on.

    Parameters
    ----------
    ax
        The axes.
    magnification
        Device pixels per display pixel.

    Attributes
    ----------
    left, bottom
        The device pixel at the lower left.
    width, height
        The size in device pixels.
    matrix
        From x and y of the coordinate system to device pixels counted from the lower left, shape (3, 3).
    """

    def __init__(self, ax: Axes, magnification: float) -> None:
        x0, y0, x1, y1 = np.asarray(ax.bbox.extents) * magnification
        self.left, self.bottom = int(np.floor(x0)), int(np.floor(y0))
        self.width = max(int(np.ceil(x1)) - self.left, 0)
        self.height = max(int(np.ceil(y1)) - self.bottom, 0)
        scale = np.diag([magnification, magnification, 1.0])
        shift = np.array([[1, 0, -self.left], [0, 1, -self.bottom], [0, 0, 1.0]])
        self.matrix: NDArray[np.float64] = shift @ scale @ ax.transData.get_affine().get_matrix()

    @property
    def empty(self) -> bool:
        """Whether the axes have no pixels."""
        return self.width == 0 or self.height == 0

    @property
    def key(self) -> tuple[Any, ...]:
        """What two grids have in common where they are equal."""
        return self.width, self.height, self.matrix.tobytes()

    def window(self, matrix: NDArray[np.float64]) -> Extent:
        """What the axes show of a raster placed by ``matrix``: xmin, xmax, ymin, ymax in its own pixels."""
        corners = np.array([[0, 0, 1], [self.width, 0, 1], [self.width, self.height, 1], [0, self.height, 1]])
        own = (corners @ np.linalg.inv(self.matrix @ matrix).T)[:, :2]
        (xmin, ymin), (xmax, ymax) = own.min(axis=0), own.max(axis=0)
        return float(xmin), float(xmax), float(ymin), float(ymax)

    def density(self, matrix: NDArray[np.float64]) -> tuple[float, float]:
        """Device pixels per pixel of a raster placed by ``matrix``, along its y and x."""
        total = self.matrix @ matrix
        return float(np.hypot(total[0, 1], total[1, 1])), float(np.hypot(total[0, 0], total[1, 0]))


def _blank(image: AxesImage, ax: Axes, extent: Extent) -> None:
    image.set_clip_path(ax.patch)
    image.set_data(np.zeros((1, 1, 4), dtype=np.uint8))
    image._extent = extent  # type: ignore[attr-defined]  # noqa: SLF001 - set_extent would move the limits of the axes


class PyramidImage(AxesImage):
    """An image drawn through its transformation, from the level and window that the axes show.

    Parameters
    ----------
    ax
        The axes.
    pyramid
        The image, its last two axes y and x.
    paint
        From the pixels read, shape (c, y, x), to numbers of shape (y, x) or RGBA of shape (y, x, 4).
    **kwargs
        What ``matplotlib.image.AxesImage`` takes.
    """

    def __init__(
        self, ax: Axes, pyramid: Pyramid, paint: Callable[[NDArray[Any]], NDArray[Any]], **kwargs: Any
    ) -> None:
        super().__init__(ax, origin="upper", **kwargs)
        self._pyramid = pyramid
        self._paint = paint
        self._done: ReadPlan | None = None
        self._sharp_when_large = self.get_interpolation() == "auto"
        height, width = pyramid.shape
        _blank(self, ax, (0, width, height, 0))
        self.set_transform(Affine2D(pyramid.matrix) + ax.transData)

    def make_image(self, renderer: Any, magnification: float = 1.0, unsampled: bool = False) -> Painted:
        """Read what is seen, and place it."""
        grid = DeviceGrid(self.axes, magnification)
        matrix = self._pyramid.matrix
        what = None if grid.empty else plan(self._pyramid, grid.window(matrix), grid.density(matrix))
        if what is None:
            return None, 0, 0, None
        wanted = "nearest" if _squares_seen(self._pyramid, what, grid) else "auto"
        if self._sharp_when_large and self.get_interpolation() != wanted:
            self.set_interpolation(wanted)
        if what != self._done:
            self.set_data(self._paint(read(self._pyramid, what, average=True)))
            xmin, xmax, ymin, ymax = extent_of(self._pyramid, what)
            self._extent = (xmin, xmax, ymax, ymin)
            self._done = what
        result: Painted = super().make_image(renderer, magnification, unsampled)
        return result


def _squares_seen(pyramid: Pyramid, what: ReadPlan, grid: DeviceGrid) -> bool:
    """Whether the pixels that are read are so large on the device, however they are turned, that they are squares."""
    sizes = zip(pyramid.factors(what.level), what.step, grid.density(pyramid.matrix), strict=True)
    return all(factor * step * density >= LARGE for factor, step, density in sizes)


class GridImage(AxesImage):
    """A picture that is made pixel by pixel for the grid of the device.

    Parameters
    ----------
    ax
        The axes.
    paint
        From a grid to RGBA of shape (height, width, 4), uint8, the first row at the bottom.
    **kwargs
        What ``matplotlib.image.AxesImage`` takes.
    """

    def __init__(self, ax: Axes, paint: Callable[[DeviceGrid], NDArray[np.uint8]], **kwargs: Any) -> None:
        super().__init__(ax, interpolation="nearest", origin="lower", **kwargs)
        self._paint = paint
        self._done: tuple[tuple[Any, ...], NDArray[np.uint8]] | None = None
        _blank(self, ax, (*ax.get_xlim(), *ax.get_ylim()))

    def make_image(self, renderer: Any, magnification: float = 1.0, unsampled: bool = False) -> Painted:  # noqa: ARG002 - the signature is matplotlib's
        """Paint the grid of the device."""
        grid = DeviceGrid(self.axes, magnification)
        if grid.empty:
            return None, 0, 0, None
        if self._done is None or self._done[0] != grid.key:
            self._done = (grid.key, self._paint(grid))
        return self._done[1], grid.left, grid.bottom, Affine2D()
