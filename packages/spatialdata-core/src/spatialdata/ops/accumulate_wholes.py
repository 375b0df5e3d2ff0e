"""Sums and bounds of whole numbers of 64 bits by region, which floating point numbers would round from 2**53 on."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

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
        Array of shape ``(regions,)``.
    total, least, greatest
        Arrays of shape ``(regions, columns)``, of the dtype of the values.
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
    def of(cls, region: NDArray[Any], values: NDArray[Any]) -> Wholes:
        """What is known of some values, of shape ``(rows, columns)``, given the region of each row."""
        regions, slot = np.unique(region, return_inverse=True)
        once = cls(slot, np.ones(len(slot), dtype=np.int64), values, values, values, values.astype(np.float64))
        return once.gathered(regions)

    def gathered(self, regions: NDArray[Any]) -> Wholes:
        """Rows of the same region as one; ``self.regions`` are positions among the regions."""
        shape = (len(regions), self.total.shape[1])
        limits = np.iinfo(self.total.dtype)
        found = Wholes(
            regions,
            np.zeros(len(regions), dtype=np.int64),
            np.zeros(shape, dtype=self.total.dtype),
            np.full(shape, limits.max, dtype=self.total.dtype),
            np.full(shape, limits.min, dtype=self.total.dtype),
            np.zeros(shape),
        )
        np.add.at(found.count, self.regions, self.count)
        for column in range(shape[1]):
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
        found = {"sum": self.total, "min": self.least, "max": self.greatest}.get(func.name)
        if found is None:
            found = np.repeat(self.count[:, None], self.total.shape[1], axis=1).astype(self.total.dtype)
        all_regions = np.zeros((regions, found.shape[1]), dtype=found.dtype)
        all_regions[self.regions] = found
        return all_regions
