"""What is known of labels without looking at their pixels."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Protocol
from weakref import WeakValueDictionary

from spatialdata._core.elements import lazy_levels_of
from spatialdata.models.label_ids import united_ids
from spatialdata.models.label_runs import BlockShapes, ids_and_shapes

if TYPE_CHECKING:
    from collections.abc import Sequence

    import numpy as np
    from numpy.typing import NDArray

__all__ = [
    "LabelStatistics",
    "StatisticsSource",
    "known_statistics",
    "remember_statistics",
    "statistics_of_array",
    "statistics_source",
]


@dataclass(frozen=True, slots=True)
class LabelStatistics:
    """The instances of labels and where their pixels lie, the background included.

    Attributes
    ----------
    ids
        The ids, sorted.
    shapes
        Numbers of pixels, centres and bounds, in pixels of the finest level, in the order of ``ids``.
    """

    ids: NDArray[Any]
    shapes: BlockShapes

    @classmethod
    def of_block(cls, block: NDArray[Any], start: tuple[int, ...]) -> LabelStatistics:
        """What one block holds, whose first pixel is at ``start``."""
        return cls(*ids_and_shapes(block, start, background=True))

    @classmethod
    def merged(cls, parts: Sequence[LabelStatistics]) -> LabelStatistics:
        """The statistics of several blocks, of which there is at least one."""
        ids, owner = united_ids([part.ids for part in parts])
        return cls(ids, BlockShapes.merged([part.shapes for part in parts], owner, len(ids)))

    def without_background(self) -> LabelStatistics:
        """The same without the id 0."""
        return self.part(self.ids != 0)

    def part(self, rows: NDArray[np.bool_]) -> LabelStatistics:
        """Some of the instances."""
        return LabelStatistics(self.ids[rows], self.shapes.part(rows))


class StatisticsSource(Protocol):
    """Whoever can say what is known of stored labels."""

    def statistics(self) -> LabelStatistics | None:
        """The statistics of the labels as they are stored now; None if there are none, or they may be out of date."""
        ...


# Kept alive by the graphs that read from them.
_sources: WeakValueDictionary[str, StatisticsSource] = WeakValueDictionary()


def remember_statistics(data: Any, source: StatisticsSource) -> None:
    """Remember who knows the statistics of a lazy array; what is derived from the array has another name."""
    _sources[data.name] = source


def known_statistics(labels: Any) -> LabelStatistics | None:
    """The statistics of labels, if they are known without looking at the pixels."""
    return statistics_of_array(lazy_levels_of(labels)[0].data)


def statistics_of_array(data: Any) -> LabelStatistics | None:
    """The statistics of a lazy array of labels, if they are known without looking at the pixels."""
    source = statistics_source(data)
    return None if source is None else source.statistics()


def statistics_source(data: Any) -> StatisticsSource | None:
    """Who knows the statistics of a lazy array of labels, if anybody does."""
    return _sources.get(data.name)
