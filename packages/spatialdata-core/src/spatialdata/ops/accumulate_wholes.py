"""Sums and bounds of whole numbers of 64 bits by region, which floating point numbers would round from 2**53 on."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from spatialdata.ops.accumulate import Moments
    from spatialdata.ops.aggregate_funcs import AggFunc
    from spatialdata.transformations.algebra import FloatArray

__all__ = ["EXACT", "Wholes", "are_wholes"]

EXACT = ("sum", "min", "max", "count")


def are_wholes(dtype: np.dtype[Any]) -> bool:
    """Whether the numbers of a dtype are whole and may be too large for floating point numbers."""
    return dtype.kind in "iu" and dtype.itemsize == 8


@dataclass(frozen=True, slots=True)
class Wholes:
    """Count, sum and bounds of several columns of whole numbers by region.

    Attributes
    ----------
    regions
        The regions with a value, ascending.
    count
        Array of shape ``(regions, columns)``.
    total, least, greatest
        Arrays of the same shape, of the dtype of the values.
    size
        The sums once more, rounded, which tell whether the exact ones have overflown.
    """

    regions: NDArray[Any]
    count: NDArray[np.int64]
    total: NDArray[Any]
    least: NDArray[Any]
    greatest: NDArray[Any]
    size: FloatArray

    @classmethod
    def of(cls, region: NDArray[Any], values: NDArray[Any], known: NDArray[np.bool_] | None = None) -> Wholes:
        """What is known of some values, of shape ``(rows, columns)``, given the region of each row.

        ``known`` says which of them count; all if it is None.
        """
        regions, slot = np.unique(region, return_inverse=True)
        counts, least, greatest = np.ones(values.shape, dtype=np.int64), values, values
        if known is not None:
            limits = np.iinfo(values.dtype)
            counts, values = known.astype(np.int64), np.where(known, values, 0)
            least, greatest = np.where(known, values, limits.max), np.where(known, values, limits.min)
        return cls(slot, counts, values, least, greatest, values.astype(np.float64)).gathered(regions)

    @classmethod
    def of_moments(cls, moments: Moments, dtype: np.dtype[Any]) -> Wholes:
        """The same from sums that are exact, since they are small enough; bounds are 0 where they are not known."""
        there = moments.count.any(axis=1)
        count = moments.count[there].astype(np.int64)
        bounds = (np.where(np.isfinite(one), one, 0.0) for one in (moments.least, moments.greatest))
        total, least, greatest = (one[there].astype(dtype) for one in (moments.total, *bounds))
        return cls(moments.regions[there], count, total, least, greatest, moments.total[there])

    def gathered(self, regions: NDArray[Any]) -> Wholes:
        """Rows of the same region as one; ``self.regions`` are positions among the regions."""
        shape = (len(regions), self.total.shape[1])
        limits = np.iinfo(self.total.dtype)
        found = Wholes(
            regions,
            np.zeros(shape, dtype=np.int64),
            np.zeros(shape, dtype=self.total.dtype),
            np.full(shape, limits.max, dtype=self.total.dtype),
            np.full(shape, limits.min, dtype=self.total.dtype),
            np.zeros(shape),
        )
        for column in range(shape[1]):
            np.add.at(found.count[:, column], self.regions, self.count[:, column])
            np.add.at(found.total[:, column], self.regions, self.total[:, column])
            np.minimum.at(found.least[:, column], self.regions, self.least[:, column])
            np.maximum.at(found.greatest[:, column], self.regions, self.greatest[:, column])
            np.add.at(found.size[:, column], self.regions, self.size[:, column])
        return found

    @classmethod
    def merged(cls, parts: Sequence[Wholes]) -> Wholes:
        """What is known of the values of several parts together."""
        if len(parts) == 1:
            return parts[0]
        regions, slot = np.unique(np.concatenate([part.regions for part in parts]), return_inverse=True)
        joined = (
            np.concatenate([getattr(part, name) for part in parts])
            for name in ("count", "total", "least", "greatest", "size")
        )
        return cls(slot, *joined).gathered(regions)

    def result(self, func: AggFunc, regions: int) -> NDArray[Any]:
        """One statistic of shape ``(regions, columns)``, 0 where a region has no value.

        Raises
        ------
        ValueError
            A sum needs more than 64 bits.
        """
        limits = np.iinfo(self.total.dtype)
        if func.name == "sum" and ((self.size >= float(limits.max)) | (self.size <= limits.min - 1.0)).any():
            raise ValueError(
                f"A sum of values of the type {self.total.dtype} is larger than that type can hold. Turn the values "
                "into float64 numbers before; numbers that name something are counted, by agg_func='count' or "
                "'nunique'."
            )
        found = {"sum": self.total, "min": self.least, "max": self.greatest}.get(func.name, self.count)
        found = np.where(self.count == 0, 0, found).astype(self.total.dtype)
        all_regions = np.zeros((regions, found.shape[1]), dtype=found.dtype)
        all_regions[self.regions] = found
        return all_regions
