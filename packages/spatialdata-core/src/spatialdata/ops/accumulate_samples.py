"""All values of regions, for statistics that cannot be put together from those of parts."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import numpy as np

from spatialdata.models.label_ids import united_ids

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from spatialdata.ops.aggregate_funcs import AggFunc
    from spatialdata.transformations.algebra import FloatArray

__all__ = ["Samples", "Settled"]


@dataclass(frozen=True, slots=True)
class Settled:
    """Statistics of regions, all values of which have been seen.

    Attributes
    ----------
    regions
        The regions.
    statistics
        For each function an array of shape ``(regions, columns)``.
    """

    regions: NDArray[Any]
    statistics: tuple[NDArray[Any], ...]


@dataclass(frozen=True, slots=True)
class Samples:
    """The values of regions.

    Attributes
    ----------
    region
        The region of each row.
    columns
        For each column its values, in their own dtype.
    weights
        The weight of each row; None if all count the same.
    known
        For each column which of its values count, of those that cannot be nan; None if all of them do.
    settled
        What is known of other regions, of which there are no rows any more.
    """

    region: NDArray[Any]
    columns: tuple[NDArray[Any], ...]
    weights: FloatArray | None = None
    known: tuple[NDArray[np.bool_], ...] | None = None
    settled: tuple[Settled, ...] = ()

    @classmethod
    def merged(cls, parts: Sequence[Samples]) -> Samples:
        """The values of several parts, in their order."""
        if len(parts) == 1:
            return parts[0]
        columns = zip(*(part.columns for part in parts), strict=True)
        weights = [part.weights for part in parts if part.weights is not None]
        known = [part.known for part in parts if part.known is not None]
        return cls(
            np.concatenate([part.region for part in parts]),
            tuple(np.concatenate(one) for one in columns),
            np.concatenate(weights) if weights else None,
            tuple(np.concatenate(one) for one in zip(*known, strict=True)) if known else None,
            tuple(one for part in parts for one in part.settled),
        )

    def settle(self, funcs: Sequence[AggFunc], unfinished: NDArray[Any], dtype: Any) -> Samples:
        """Keep the values of unfinished regions, of which others may have more, and the statistics of all else."""
        stays = np.isin(self.region, unfinished)
        regions, slot = united_ids([self.region[~stays]])
        found = self._rows(~stays, slot).results(funcs, len(regions), dtype)
        return replace(self._rows(stays, self.region[stays]), settled=(*self.settled, Settled(regions, tuple(found))))

    def _rows(self, rows: NDArray[np.bool_], region: NDArray[Any]) -> Samples:
        weights = None if self.weights is None else self.weights[rows]
        known = None if self.known is None else tuple(column[rows] for column in self.known)
        return Samples(region, tuple(column[rows] for column in self.columns), weights, known)

    def seen(self) -> list[NDArray[Any]]:
        """The regions of all values, in several parts."""
        return [self.region, *(one.regions for one in self.settled)]

    def renumbered(self, ids: NDArray[Any]) -> Samples:
        """The same with the positions of regions among others, which are sorted, instead of the regions."""
        settled = tuple(replace(one, regions=np.searchsorted(ids, one.regions)) for one in self.settled)
        return replace(self, region=np.searchsorted(ids, self.region), settled=settled)

    def results(self, funcs: Sequence[AggFunc], regions: int, dtype: Any = np.float64) -> list[NDArray[Any]]:
        """The statistics, each of shape ``(regions, columns)``; 0 where a region has no value."""
        found = [np.zeros((regions, len(self.columns)), dtype=dtype) for _ in funcs]
        for number, values in enumerate(self.columns):
            known = None if self.known is None else self.known[number]
            groups = _Groups.of(self.region, values, self.weights, known)
            for statistic, func in zip(found, funcs, strict=True):
                statistic[groups.regions, number] = groups.apply(func)
        for one in self.settled:
            for statistic, values in zip(found, one.statistics, strict=True):
                statistic[one.regions] = values
        return found


@dataclass(frozen=True, slots=True)
class _Groups:
    """The values of one column, sorted by region and by value.

    Attributes
    ----------
    regions
        The regions with a value, ascending.
    start
        Array of shape ``(regions + 1,)``: where the values of each start.
    values
        The values.
    weights
        Their weights, all above 0; None if all count the same.
    """

    regions: NDArray[Any]
    start: NDArray[np.int64]
    values: NDArray[Any]
    weights: FloatArray | None

    @classmethod
    def of(
        cls,
        region: NDArray[Any],
        values: NDArray[Any],
        weights: FloatArray | None,
        present: NDArray[np.bool_] | None,
    ) -> _Groups:
        known = np.ones(len(values), dtype=bool) if present is None else present.copy()
        if weights is not None:
            known &= weights > 0
        if values.dtype.kind == "f":
            known &= ~np.isnan(values)
        if not known.all():
            region, values = region[known], values[known]
            weights = None if weights is None else weights[known]
        order = np.lexsort((values, region))
        regions, count = np.unique(region, return_counts=True)
        start = np.concatenate([[0], np.cumsum(count)]).astype(np.int64)
        return cls(regions, start, values[order], None if weights is None else weights[order])

    def apply(self, func: AggFunc) -> NDArray[Any]:
        if func.function is not None:
            pieces = [slice(a, b) for a, b in zip(self.start[:-1].tolist(), self.start[1:].tolist(), strict=True)]
            weights = [None if self.weights is None else self.weights[piece].copy() for piece in pieces]
            found = [func.of(self.values[piece].copy(), weight) for piece, weight in zip(pieces, weights, strict=True)]
            return np.array(found, dtype=np.float64)
        if func.probability is not None:
            return self._quantile(func.probability)
        return self._distinct() if func.name == "nunique" else self._mode()

    def _quantile(self, probability: float) -> FloatArray:
        """The value at that share of the sorted values, between two of them linearly; with weights, one of them."""
        if self.weights is not None:
            from spatialdata.kernels.quantiles import weighed_quantiles

            return weighed_quantiles(self.start, self.values, self.weights, probability)
        place = self.start[:-1] + (np.diff(self.start) - 1) * probability
        below = np.floor(place).astype(np.int64)
        above = np.minimum(below + 1, self.start[1:] - 1)
        low, high = self.values[below].astype(np.float64), self.values[above].astype(np.float64)
        return np.asarray(low + (high - low) * (place - below))

    def _runs(self) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
        """Where a run of equal values of one region starts, and the number of the region."""
        fresh = np.ones(len(self.values), dtype=bool)
        fresh[1:] = self.values[1:] != self.values[:-1]
        fresh[self.start[:-1]] = True
        first = np.flatnonzero(fresh)
        return first, np.searchsorted(self.start, first, side="right") - 1

    def _distinct(self) -> FloatArray:
        _, group = self._runs()
        return np.bincount(group, minlength=len(self.regions)).astype(np.float64)

    def _mode(self) -> NDArray[Any]:
        """The most frequent value, or that of the largest weight; of several the least."""
        first, group = self._runs()
        if self.weights is None or not len(first):
            length = np.diff(np.append(first, len(self.values)))
        else:
            length = np.add.reduceat(self.weights, first)
        order = np.lexsort((first, -length, group))
        _, best = np.unique(group[order], return_index=True)
        return np.asarray(self.values[first[order[best]]])
