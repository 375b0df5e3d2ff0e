"""What labels hold at places."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from spatialdata.transformations.algebra import FloatArray

__all__ = ["LabelPixels", "labels_of_columns"]

_PLACES_AT_ONCE = 1_000_000


@dataclass(frozen=True, slots=True)
class LabelPixels:
    """Pixels of labels, looked up at places; only the chunks that these lie in are read, one after the other.

    Attributes
    ----------
    pixels
        The labels as a dask array, which travels unread.
    scattered
        Whether a cluster holds parts of it already, which only this process can ask for.
    """

    pixels: Any
    scattered: bool

    @classmethod
    def of(cls, pixels: Any) -> LabelPixels:
        """The pixels of a dask array."""
        held = any(type(task).__module__.startswith("distributed.") for task in dict(pixels.__dask_graph__()).values())
        return cls(pixels, held)

    @property
    def dtype(self) -> np.dtype[Any]:
        """The type of the ids."""
        return np.dtype(np.int64) if self.pixels.dtype == bool else np.dtype(self.pixels.dtype)

    def at(self, where: FloatArray) -> NDArray[Any]:
        """The label at each place, 0 outside.

        Parameters
        ----------
        where
            Pixel coordinates of shape ``(n, axes)``; nan lies outside.
        """
        import dask

        mask = self.pixels
        with np.errstate(invalid="ignore"):
            inside = ((where >= 0) & (where < np.array(mask.shape))).all(axis=1)
        points = np.flatnonzero(inside)
        index = np.floor(where[points]).astype(np.int64)
        edges = [np.concatenate([[0], np.cumsum(sizes)]) for sizes in mask.chunks]
        chunk = [np.searchsorted(edge, index[:, axis], side="right") - 1 for axis, edge in enumerate(edges)]
        number = np.ravel_multi_index(chunk, mask.numblocks)
        order = np.argsort(number, kind="stable")
        wanted, start = np.unique(number[order], return_index=True)
        label = np.zeros(len(where), dtype=self.dtype)
        for one, piece in zip(wanted.tolist(), np.split(order, start[1:]) if len(wanted) else [], strict=True):
            position = np.unravel_index(one, mask.numblocks)
            corner = [edge[at] for edge, at in zip(edges, position, strict=True)]
            block = mask.blocks[tuple(int(at) for at in position)]
            # Where this runs there is a task already, and nothing else to wait for.
            (found,) = dask.compute(block) if self.scattered else dask.compute(block, scheduler="synchronous")
            label[points[piece]] = np.asarray(found)[tuple((index[piece] - corner).T)]
        return label

    def under(self, where: FloatArray) -> tuple[NDArray[np.intp], NDArray[Any]]:
        """The labels that planes have at each place: pairs of a place and an id, each once and sorted by both.

        Parameters
        ----------
        where
            Pixel coordinates y and x, of shape ``(n, 2)``.
        """
        depth = len(self.pixels)
        step = max(_PLACES_AT_ONCE // max(depth, 1), 1)
        rows, labels = [np.zeros(0, dtype=np.intp)], [np.zeros(0, dtype=self.dtype)]
        for start in range(0, len(where), step):
            batch = where[start : start + step]
            column = np.column_stack([np.repeat(np.arange(depth) + 0.5, len(batch)), np.tile(batch, (depth, 1))])
            row, label = labels_of_columns(self.at(column).reshape(depth, len(batch)))
            rows.append(start + row)
            labels.append(label)
        return np.concatenate(rows), np.concatenate(labels)


def labels_of_columns(planes: NDArray[Any]) -> tuple[NDArray[np.intp], NDArray[Any]]:
    """The labels that planes have at each place: pairs of a place and an id, each once and sorted by both.

    Parameters
    ----------
    planes
        Array of shape ``(depth, …)``; places are numbered over all axes but the first.
    """
    columns = planes.reshape(len(planes), -1)
    step = max(_PLACES_AT_ONCE // max(len(planes), 1), 1)
    places, labels = [np.zeros(0, dtype=np.intp)], [np.zeros(0, dtype=planes.dtype)]
    for start in range(0, columns.shape[1], step):
        ordered = np.sort(columns[:, start : start + step].T, axis=1)
        first = ordered != 0
        first[:, 1:] &= ordered[:, 1:] != ordered[:, :-1]
        place, number = np.nonzero(first)
        places.append(start + place)
        labels.append(ordered[place, number])
    return np.concatenate(places), np.concatenate(labels)
