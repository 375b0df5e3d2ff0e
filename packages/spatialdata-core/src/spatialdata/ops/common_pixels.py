"""Pixels that an image and labels share: those of the finer of the two."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from spatialdata._core.elements import lazy_levels_of, spatial_axes_of
from spatialdata.ops.resample import resample
from spatialdata.ops.warp import Warp
from spatialdata.regions.between import Between
from spatialdata.regions.project import Projection, projection_of
from spatialdata.relations.instances import instance_ids
from spatialdata.transformations.attach import get_transformation
from spatialdata.transformations.linear import Sequence as Chain

if TYPE_CHECKING:
    from numpy.typing import NDArray

__all__ = ["CommonPixels"]

_SAME = 1e-9


@dataclass(frozen=True, slots=True)
class CommonPixels:
    """An image and labels on the same pixels.

    Attributes
    ----------
    image
        Lazy array of shape ``(c, [z,] y, x)``.
    labels
        Lazy array of shape ``([z,] y, x)`` with the chunks of the image; 0 where the image has no pixel.
    ids
        The ids of all labels, sorted, where the shared pixels may miss some; None if they are seen in passing.
    """

    image: Any
    labels: Any
    ids: NDArray[Any] | None

    @classmethod
    def of(cls, image: Any, labels: Any, system: str) -> CommonPixels:
        """Bring an image and labels with the same spatial axes together in a coordinate system.

        Where their pixels differ, those of the coarser are looked up under the centres of the pixels of the finer;
        no value is interpolated, and pixels far from the labels are left out. If one of the two is not in its place
        by a linear map, the image is looked up under the centres of the pixels of the labels.
        """
        pixels, mask = lazy_levels_of(image)[0].data, lazy_levels_of(labels)[0].data
        of_image, of_labels = (get_transformation(element, system) for element in (image, labels))
        if not (of_image.is_linear and of_labels.is_linear):
            axes, ones = spatial_axes_of(labels), np.ones(mask.ndim)
            warp = Warp(Chain([of_labels, of_image.inverse()]), axes, 0 * ones, ones, ones, 0 * ones)
            return cls(*_on_labels(pixels, mask, warp), instance_ids(labels).to_numpy())
        return cls.of_arrays(pixels, mask, projection_of(image, system), projection_of(labels, system), labels)

    @classmethod
    def of_arrays(cls, pixels: Any, mask: Any, there: Projection, of_labels: Projection, labels: Any) -> CommonPixels:
        """The same for arrays and their maps to the coordinate system, both over the axes of the labels.

        Parameters
        ----------
        pixels
            Lazy array of shape ``(c, [z,] y, x)``.
        mask
            The pixels of the labels.
        there, of_labels
            The maps.
        labels
            Their ids, sorted, or the element that these are found in where the shared pixels may miss some.
        """
        to_labels = Between.of(there, of_labels).projection()
        depth = len(there.axes)
        identity = np.allclose(to_labels.linear, np.eye(depth), atol=_SAME)
        if identity and np.allclose(to_labels.offset, 0, atol=_SAME) and pixels.shape[1:] == mask.shape:
            return cls(pixels, mask.rechunk(pixels.chunks[1:]), None)
        ids = labels if isinstance(labels, np.ndarray) else instance_ids(labels).to_numpy()
        if abs(np.linalg.det(to_labels.linear)) <= 1 + _SAME:
            pixels, to_labels = _cropped(pixels, to_labels, mask.shape)
            under = resample(mask, to_labels, pixels.shape[1:])
            return cls(pixels, under.rechunk(pixels.chunks[1:]), ids)
        return cls(*_on_labels(pixels, mask, to_labels.inverse()), ids)


def _cropped(pixels: Any, to_labels: Projection, shape: tuple[int, ...]) -> tuple[Any, Projection]:
    """The part of an image that the labels may lie on."""
    low, high = to_labels.inverse().box(np.zeros(len(shape)), np.array(shape, dtype=np.float64))
    limits = np.array(pixels.shape[1:])
    start = np.clip(np.floor(low).astype(np.int64) - 1, 0, limits)
    stop = np.clip(np.ceil(high).astype(np.int64) + 1, start, limits)
    part = pixels[(slice(None), *(slice(int(a), int(b)) for a, b in zip(start, stop, strict=True)))]
    offset = to_labels.linear @ start + to_labels.offset
    return part, Projection(to_labels.axes, to_labels.linear, offset)


def _on_labels(pixels: Any, mask: Any, to_image: Projection | Warp) -> tuple[Any, Any]:
    """The image on the pixels of the labels, and the labels without those beyond the image."""
    import dask.array as da

    under = resample(pixels, to_image, mask.shape)
    covered = resample(da.ones(pixels.shape[1:], dtype=np.uint8, chunks=pixels.chunks[1:]), to_image, mask.shape)
    chunks = under.chunks[1:]
    labels = mask.rechunk(chunks) * covered.rechunk(chunks).astype(mask.dtype)
    return under, labels
