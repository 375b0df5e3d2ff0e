"""Quantiles of the pixels of instances, for which all pixels of one have to be there."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from spatialdata.models.scanlines import Scanlines
    from spatialdata.transformations.algebra import FloatArray

__all__ = ["KeptPixels", "WantedQuantiles", "merged_quantiles"]


@dataclass(frozen=True, slots=True)
class KeptPixels:
    """What is kept of the pixels of a block.

    Attributes
    ----------
    owners, values
        The number of the instance of each pixel, and the values of shape ``(channels, pixels)``, where other blocks
        have pixels of the same instance.
    settled
        The numbers of the other instances.
    quantiles
        Their quantiles, of shape ``(settled, channels, quantiles)``.
    """

    owners: NDArray[np.intp]
    values: NDArray[Any]
    settled: NDArray[np.intp]
    quantiles: FloatArray


@dataclass(frozen=True, slots=True)
class WantedQuantiles:
    """Quantiles that are wanted of instances.

    Attributes
    ----------
    quantiles
        Numbers from 0 to 1.
    split
        The ids of instances in several blocks; all, if it is not known.
    """

    quantiles: tuple[float, ...]
    split: NDArray[Any] | None

    @classmethod
    def of(cls, quantiles: Sequence[float], split: Callable[[], NDArray[Any]] | None = None) -> WantedQuantiles | None:
        """The quantiles, if there are some; ``split`` is not called otherwise."""
        return cls(tuple(quantiles), None if split is None else split()) if len(quantiles) else None

    def kept(self, ids: NDArray[Any], runs: Scanlines, values: NDArray[Any]) -> KeptPixels:
        """What is kept of a block.

        Parameters
        ----------
        ids
            The ids of its instances.
        runs
            Their runs of pixels, whose figures are positions in ``ids``.
        values
            Array of shape ``(channels, …, width)``.
        """
        pixel, owner = runs.pixels(values.shape[-1])
        own = values.reshape(len(values), -1)[:, pixel]
        stays = np.ones(len(ids), dtype=bool) if self.split is None else np.isin(ids, self.split)
        settled = np.flatnonzero(~stays)
        slot = np.zeros(len(ids), dtype=np.intp)
        slot[settled] = np.arange(len(settled))
        whole = ~stays[owner]
        found = _by_channel(slot[owner[whole]], own[:, whole], len(settled), self.quantiles)
        return KeptPixels(owner[~whole], own[:, ~whole], settled, found)


def merged_quantiles(
    parts: Sequence[tuple[KeptPixels, NDArray[np.intp]]], size: int, quantiles: Sequence[float]
) -> FloatArray:
    """The quantiles of instances, of shape ``(size, channels, quantiles)``; nan without pixels.

    Parameters
    ----------
    parts
        What is kept of each block, and the instance of each of its numbers.
    size
        The number of instances.
    quantiles
        The quantiles.
    """
    owners = np.concatenate([place[part.owners] for part, place in parts])
    found = _by_channel(owners, np.concatenate([part.values for part, _ in parts], axis=1), size, quantiles)
    for part, place in parts:
        found[place[part.settled]] = part.quantiles
    return found


def _by_channel(owner: NDArray[np.intp], values: NDArray[Any], size: int, quantiles: Sequence[float]) -> FloatArray:
    return np.stack([_quantiles_of(owner, one.astype(np.float64), size, quantiles) for one in values], axis=1)


def _quantiles_of(owner: NDArray[np.intp], values: FloatArray, size: int, quantiles: Sequence[float]) -> FloatArray:
    """Quantiles of values by instance, linear between neighbours, of shape ``(size, quantiles)``; nan without values.

    Parameters
    ----------
    owner
        The instance of each value.
    values
        The values; nan does not count.
    size
        The number of instances.
    quantiles
        Numbers from 0 to 1.
    """
    known = ~np.isnan(values)
    owner, values = owner[known], values[known]
    order = np.lexsort((values, owner))
    values = np.append(values[order], np.nan)
    count = np.bincount(owner, minlength=size)
    first = np.cumsum(count) - count
    place = np.outer(np.maximum(count - 1, 0), np.asarray(quantiles, dtype=np.float64))
    low = np.floor(place).astype(np.int64)
    high = np.minimum(low + 1, np.maximum(count - 1, 0)[:, None])
    below, above = values[first[:, None] + low], values[np.minimum(first[:, None] + high, len(values) - 1)]
    found = below + (above - below) * (place - low)
    return np.where(count[:, None] > 0, found, np.nan)
