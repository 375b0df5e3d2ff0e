"""What is done with a block of pixels that are aggregated."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import numpy as np

from spatialdata.models.label_runs import native
from spatialdata.ops.accumulate import Moments
from spatialdata.ops.accumulate_samples import Samples
from spatialdata.ops.accumulate_wholes import Wholes
from spatialdata.ops.aggregate_plan import Part, Plan

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from spatialdata.models.scanlines import Scanlines

__all__ = ["PixelWork", "RunWork"]


@dataclass(frozen=True, slots=True)
class RunWork:
    """What is done with a block of an image and the runs of pixels of the regions on it.

    Attributes
    ----------
    plan
        What becomes of the values.
    split
        The regions that other blocks have, too; all, if it is not known.
    flat
        Whether the runs are those of one plane.
    """

    plan: Plan
    split: NDArray[Any] | None = None
    flat: bool = False

    def __call__(self, block: NDArray[Any], found: tuple[NDArray[Any], Scanlines]) -> Part:
        """What is kept of a block, given the numbers of regions and their runs."""
        numbers, runs = found
        pixels = native(block)
        # Runs on one plane stand for all planes.
        planes = np.moveaxis(pixels, 1, 0) if pixels.ndim == 4 and self.flat else [pixels]
        part = self.plan.merged([self._part(np.ascontiguousarray(plane), numbers, runs) for plane in planes])
        return _settled(part, self.plan, self.split)

    def _part(self, pixels: NDArray[Any], numbers: NDArray[Any], runs: Scanlines) -> Part:
        if self.plan.weighted:
            pixel, figure = runs.pixels(pixels.shape[-1])
            *values, weights = pixels.reshape(len(pixels), -1)[:, pixel]
            return self.plan.weighed(numbers[figure], values, weights.astype(np.float64))
        if self.plan.exact:
            return self._wholes(pixels, numbers, runs)
        moments, samples = None, None
        if not all(func.needs_sample for func in self.plan.funcs):
            wanted = {"spread": self.plan.needs_spread, "bounds": self.plan.needs_bounds}
            moments = Moments.of_runs(numbers, runs, pixels, **wanted)
        if any(func.needs_sample for func in self.plan.funcs):
            pixel, figure = runs.pixels(pixels.shape[-1])
            samples = Samples(numbers[figure], tuple(column[pixel] for column in pixels.reshape(len(pixels), -1)))
        return Part(moments=moments, samples=samples)

    def _wholes(self, pixels: NDArray[Any], numbers: NDArray[Any], runs: Scanlines) -> Part:
        """Whole numbers, in passing where sums of floating point numbers are exact."""
        if not self.plan.needs_compared and _sums_are_exact(pixels):
            moments = Moments.of_runs(numbers, runs, pixels, spread=False, bounds=self.plan.needs_bounds)
            return Part(wholes=Wholes.of_moments(moments, pixels.dtype))
        pixel, figure = runs.pixels(pixels.shape[-1])
        return self.plan.wholes(numbers[figure], pixels.reshape(len(pixels), -1)[:, pixel].T)


def _sums_are_exact(pixels: NDArray[Any]) -> bool:
    """Whether no sum of some of the pixels of a channel reaches the numbers that are rounded."""
    if not pixels.size:
        return True
    largest = max(abs(int(pixels.min())), abs(int(pixels.max())))
    return largest * (pixels.size // len(pixels)) < 2**53


@dataclass(frozen=True, slots=True)
class PixelWork:
    """What is done with a block of an image and pairs of a pixel and a region, and the part that counts.

    The pixels are those of a plane, and stand for those of all planes, if ``flat``; otherwise those of the block.
    """

    plan: Plan
    split: NDArray[Any] | None = None
    flat: bool = True

    def __call__(self, block: NDArray[Any], found: tuple[Any, ...]) -> Part:
        """What is kept of a block, given pixels, the region of each, and the part of it that counts, if not all do."""
        pixel, region, *parts = found
        size = math.prod(block.shape[-2:] if self.flat else block.shape[1:])
        planes = native(block).reshape(len(block), math.prod(block.shape[1:]) // max(size, 1), size)
        columns = [channel[:, pixel] for channel in planes]
        region = np.tile(region, planes.shape[1])
        if self.plan.weighted:
            *values, weights = columns
            weights = weights.astype(np.float64) * (parts[0] if parts else 1.0)
            part = self.plan.weighed(region, [column.ravel() for column in values], weights.ravel())
        elif self.plan.exact:
            part = self.plan.wholes(region, np.stack([column.ravel() for column in columns], axis=1))
        else:
            columns = [column * parts[0] for column in columns] if parts else columns
            part = self.plan.numbers(region, [column.ravel() for column in columns])
        return _settled(part, self.plan, self.split)


def _settled(part: Part, plan: Plan, split: NDArray[Any] | None) -> Part:
    """A part without the values of regions that no other block has, whose statistics are known already."""
    if part.samples is None or split is None:
        return part
    funcs = [func for func in plan.funcs if func.needs_sample]
    return replace(part, samples=part.samples.settle(funcs, split, plan.dtype if plan.exact else np.float64))
