"""The face of a raccoon, drawn: an image whose parts are known."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from spatialdata.sdata import SpatialData

__all__ = ["RaccoonDataset", "raccoon"]

_HEIGHT, _WIDTH = 768, 1024
_BACKGROUND = (88, 118, 74)

# Parts from back to front: center and half axes (x, y) as fractions of the height from the middle, and color.
_PARTS: tuple[tuple[tuple[float, float], tuple[float, float], tuple[int, int, int]], ...] = (
    ((-0.32, -0.30), (0.12, 0.15), (92, 86, 82)),
    ((0.32, -0.30), (0.12, 0.15), (92, 86, 82)),
    ((0.00, 0.02), (0.42, 0.36), (150, 143, 136)),
    ((-0.18, -0.02), (0.17, 0.11), (48, 43, 42)),
    ((0.18, -0.02), (0.17, 0.11), (48, 43, 42)),
    ((0.00, 0.18), (0.15, 0.14), (226, 222, 214)),
    ((-0.16, -0.03), (0.04, 0.04), (12, 10, 10)),
    ((0.16, -0.03), (0.04, 0.04), (12, 10, 10)),
    ((0.00, 0.14), (0.06, 0.045), (24, 20, 20)),
)


def raccoon() -> SpatialData:
    """The drawn face of a raccoon.

    Returns
    -------
    Object with the image ``raccoon`` (768 × 1024 pixels, channels r, g and b), the labels ``segmentation`` of its nine
    parts, and the shapes ``circles``: for each part the circle of its area around its center, indexed by its label.

    Examples
    --------
    >>> from spatialdata.datasets import raccoon
    >>> raccoon()["circles"].index.tolist()
    [1, 2, 3, 4, 5, 6, 7, 8, 9]
    """
    from spatialdata.models import Image2DModel, Labels2DModel, ShapesModel
    from spatialdata.sdata import SpatialData

    parts = _parts()
    centers, radii = _circles()
    return SpatialData(
        images={"raccoon": Image2DModel.parse(_drawn(parts), dims=("y", "x", "c"), c_coords=["r", "g", "b"])},
        labels={"segmentation": Labels2DModel.parse(parts)},
        shapes={"circles": ShapesModel.parse(centers, geometry=0, radius=radii, index=np.arange(1, len(_PARTS) + 1))},
    )


class RaccoonDataset:
    """The same as an object with one method, as earlier releases had it."""

    def raccoon(self) -> SpatialData:
        """The drawn face of a raccoon; see :func:`raccoon`."""
        return raccoon()


def _parts() -> NDArray[np.int64]:
    y, x = np.mgrid[:_HEIGHT, :_WIDTH] + 0.5
    u, v = (x - _WIDTH / 2) / _HEIGHT, (y - _HEIGHT / 2) / _HEIGHT
    parts = np.zeros((_HEIGHT, _WIDTH), dtype=np.int64)
    for number, ((cx, cy), (a, b), _) in enumerate(_PARTS, start=1):
        parts[((u - cx) / a) ** 2 + ((v - cy) / b) ** 2 <= 1] = number
    return parts


def _drawn(parts: NDArray[np.int64]) -> NDArray[np.uint8]:
    from scipy.ndimage import gaussian_filter

    colors = np.array([_BACKGROUND, *(color for _, _, color in _PARTS)], dtype=float)
    fur = gaussian_filter(np.random.default_rng(0).normal(size=parts.shape), (4, 1)) * 60
    return np.asarray(np.clip(np.rint(colors[parts] + fur[..., None]), 0, 255).astype(np.uint8))


def _circles() -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    centers = np.array([center for center, _, _ in _PARTS]) * _HEIGHT + (_WIDTH / 2, _HEIGHT / 2)
    axes = np.array([half for _, half, _ in _PARTS]) * _HEIGHT
    return centers, np.sqrt(axes.prod(axis=1))
