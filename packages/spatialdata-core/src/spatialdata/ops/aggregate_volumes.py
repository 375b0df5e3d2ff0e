"""Labels with a depth aggregated by what their pixels lie in, in part or whole."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from spatialdata._core.elements import lazy_levels_of
from spatialdata.ops.aggregate_plan import Plan
from spatialdata.ops.cube_fractions import CubeFractions
from spatialdata.ops.region_pixels import gather_labels
from spatialdata.relations.blocks import computed

if TYPE_CHECKING:
    import pandas as pd
    from numpy.typing import NDArray
    from scipy.sparse import csr_matrix

    from spatialdata.ops.aggregate_funcs import AggFunc
    from spatialdata.ops.aggregate_values import ValueSource
    from spatialdata.ops.pixel_fractions import FigureFractions
    from spatialdata.transformations.algebra import FloatArray

__all__ = ["aggregate_volumes"]

# A smaller part of a pixel than rounding makes where two only touch.
_TOUCHING = 1e-9


@dataclass(frozen=True, slots=True)
class _Shared:
    """How many pixels labels share with regions.

    Attributes
    ----------
    label, region
        The pairs: the id of the label, and the number of the region. One may occur several times.
    count
        The number of pixels of each, in parts too.
    """

    label: NDArray[Any]
    region: NDArray[Any]
    count: FloatArray

    @classmethod
    def of(cls, label: NDArray[Any], region: NDArray[Any], part: FloatArray) -> _Shared:
        """The pairs of the pixels of a block; those of the background are left out."""
        import pandas as pd

        inside = label != 0
        label_code, labels = pd.factorize(label[inside])
        region_code, regions = pd.factorize(region[inside])
        pair, place = np.unique(label_code * max(len(regions), 1) + region_code, return_inverse=True)
        first, second = np.divmod(pair, max(len(regions), 1))
        count = np.bincount(place.ravel(), weights=part[inside], minlength=len(pair)).astype(np.float64)
        return cls(np.asarray(labels)[first], np.asarray(regions)[second], count)

    @classmethod
    def merged(cls, parts: Sequence[_Shared]) -> _Shared:
        """The pairs of all blocks, each once; those that only touch are left out."""
        import pandas as pd

        if not parts:
            nothing = np.zeros(0, dtype=np.int64)
            return cls(nothing, nothing, np.zeros(0))
        columns = {name: [getattr(part, name) for part in parts] for name in ("label", "region", "count")}
        frame = pd.DataFrame({name: np.concatenate(found) for name, found in columns.items()})
        sums = frame.groupby(["label", "region"], sort=True, as_index=False)["count"].sum()
        sums = sums[sums["count"] > _TOUCHING]
        return cls(*(sums[name].to_numpy() for name in columns))


def aggregate_volumes(
    values: Any,
    regions: FigureFractions | CubeFractions,
    source: ValueSource,
    funcs: tuple[AggFunc, ...],
    *,
    fractions: bool,
) -> tuple[csr_matrix, list[str]]:
    """Values of labels with a depth by regions that they share a volume with.

    Parameters
    ----------
    values
        The labels with values.
    regions
        The parts of their pixels that each region has; flat ones stand for all depths.
    source
        The values.
    funcs
        The functions.
    fractions
        Weight each value by the part of its volume that lies in the region.

    Returns
    -------
    Sparse matrix of shape ``(regions, variables)``, and the names of the variables.
    """
    import dask

    data = lazy_levels_of(values)[0].data
    look = dask.delayed(_shared_in_block, pure=False)
    pieces = _in_cubes(data, regions) if isinstance(regions, CubeFractions) else _in_columns(data, regions)
    tasks = [look(block, found, flat=not isinstance(regions, CubeFractions)) for block, found in pieces]
    shared = _Shared.merged(computed(tasks, "pixels that labels share"))
    return _result(values, source, funcs, shared, len(regions), fractions=fractions)


def _in_cubes(data: Any, regions: CubeFractions) -> Iterator[tuple[Any, Any]]:
    """Each block, and what regions with a depth have of it."""
    tasks, blocks = regions.tasks(data[None]), data.to_delayed()
    return ((blocks[at], tasks[at]) for at in np.ndindex(*blocks.shape) if tasks[at] is not None)


def _in_columns(data: Any, regions: FigureFractions) -> Iterator[tuple[Any, Any]]:
    """Each block, and what flat regions have of its planes."""
    blocks = data.to_delayed()
    starts = [np.concatenate([[0], np.cumsum(sizes)])[:-1].tolist() for sizes in data.chunks]
    for row, column in np.ndindex(*blocks.shape[1:]):
        found = regions.task((starts[1][row], starts[2][column]), (data.chunks[1][row], data.chunks[2][column]))
        if found is not None:
            yield from ((block, found) for block in blocks[:, row, column])


def _shared_in_block(
    block: NDArray[Any], found: tuple[NDArray[Any], NDArray[Any], FloatArray], *, flat: bool
) -> _Shared:
    """The pairs of a block; pixels are numbered over each of its planes if ``flat``, and otherwise over all of it."""
    pixel, region, part = found
    label = block.reshape(len(block) if flat else 1, -1)[:, pixel]
    return _Shared.of(label.ravel(), np.tile(region, len(label)), np.tile(part, len(label)))


def _result(
    values: Any, source: ValueSource, funcs: tuple[AggFunc, ...], shared: _Shared, regions: int, *, fractions: bool
) -> tuple[csr_matrix, list[str]]:
    found = gather_labels(values)
    table, present = source.rows(_frame(found.ids))
    plan = Plan.of(funcs, regions, table, fractions=fractions, weighted=source.weighted)
    row = np.searchsorted(found.ids, shared.label)
    keep = present[row]
    weight: FloatArray | None = None
    if fractions and found.shapes is not None:
        weight = np.minimum(shared.count / found.shapes.count[row], 1.0)[keep]
    return plan.result(plan.merged([plan.part(shared.region[keep].astype(np.int32), row[keep], table, weight)]))


def _frame(ids: NDArray[Any]) -> pd.DataFrame:
    import pandas as pd

    return pd.DataFrame({"label": ids}, index=ids)
