"""Labels with a depth aggregated by what their pixels lie in."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from spatialdata._core.elements import levels_of
from spatialdata.ops.aggregate_plan import Plan
from spatialdata.ops.common_pixels import CommonPixels
from spatialdata.ops.region_pixels import gather_labels
from spatialdata.regions.project import projection_of
from spatialdata.relations.blocks import computed
from spatialdata.relations.instances import instance_ids

if TYPE_CHECKING:
    import pandas as pd
    from numpy.typing import NDArray
    from scipy.sparse import csr_matrix

    from spatialdata.models.scanlines import Scanlines
    from spatialdata.ops.aggregate_funcs import AggFunc
    from spatialdata.ops.aggregate_values import ValueSource
    from spatialdata.ops.pixel_runs import PixelRuns
    from spatialdata.regions.project import Projection
    from spatialdata.transformations.algebra import FloatArray

__all__ = ["volumes_by_labels", "volumes_by_regions"]


@dataclass(frozen=True, slots=True)
class _Shared:
    """How many pixels labels share with regions.

    Attributes
    ----------
    label, region
        The pairs: the id of the label, and the id or the number of the region. One may occur several times.
    count
        The number of pixels of each.
    """

    label: NDArray[Any]
    region: NDArray[Any]
    count: NDArray[np.int64]

    @classmethod
    def of(cls, label: NDArray[Any], region: NDArray[Any]) -> _Shared:
        """The pairs of the pixels of a block; those of the background are left out."""
        import pandas as pd

        inside = label != 0
        label_code, labels = pd.factorize(label[inside])
        region_code, regions = pd.factorize(region[inside])
        pair, count = np.unique(label_code * max(len(regions), 1) + region_code, return_counts=True)
        first, second = np.divmod(pair, max(len(regions), 1))
        return cls(np.asarray(labels)[first], np.asarray(regions)[second], count.astype(np.int64))

    @classmethod
    def merged(cls, parts: Sequence[_Shared]) -> _Shared:
        """The pairs of all blocks, each once."""
        import pandas as pd

        if not parts:
            nothing = np.zeros(0, dtype=np.int64)
            return cls(nothing, nothing, nothing)
        columns = {name: [getattr(part, name) for part in parts] for name in ("label", "region", "count")}
        frame = pd.DataFrame({name: np.concatenate(found) for name, found in columns.items()})
        sums = frame.groupby(["label", "region"], sort=True, as_index=False)["count"].sum()
        return cls(*(sums[name].to_numpy() for name in columns))


def volumes_by_labels(
    values: Any, labels: Any, source: ValueSource, funcs: tuple[AggFunc, ...], system: str, *, fractions: bool
) -> tuple[csr_matrix, list[str], NDArray[Any]]:
    """Values of labels with a depth by other labels that they share pixels with.

    Parameters
    ----------
    values
        The labels with values.
    labels
        The labels that are regions; flat ones stand for all planes. The pixels of the finer of the two count, each with
        what its centre lies in.
    source
        The values.
    funcs
        The functions.
    system
        The coordinate system in which the two are brought together by linear maps.
    fractions
        Weight each value by the part of its volume that lies in the region.

    Returns
    -------
    Sparse matrix of shape ``(labels, variables)``; the names of the variables; the ids of the regions, sorted.
    """
    of_values, of_labels = (projection_of(element, system) for element in (values, labels))
    pixels, mask = levels_of(values)[0].data, levels_of(labels)[0].data
    ids = instance_ids(labels).to_numpy()
    planes = [pixels]
    if "z" not in of_labels.axes:
        of_values, of_labels = of_values.plane().over(("y", "x")), of_labels.over(("y", "x"))
        planes = list(pixels)
    tasks = []
    for plane in planes:
        common = CommonPixels.of_arrays(plane[None], mask, of_values, of_labels, ids)
        tasks += _paired(common.image, common.labels)
    shared = _Shared.merged(computed(tasks, "pixels that labels share"))
    region = np.searchsorted(ids, shared.region)
    part = min(1.0, _volume(of_labels) / _volume(of_values)) if fractions else None
    return *_result(values, source, funcs, shared, region, len(ids), part), ids


def _paired(image: Any, labels: Any) -> list[Any]:
    import dask

    look = dask.delayed(_shared_of_blocks, pure=False)
    pixels, masks = image.to_delayed()[0], labels.to_delayed()
    return [look(pixels[position], masks[position]) for position in np.ndindex(*masks.shape)]


def _shared_of_blocks(block: NDArray[Any], mask: NDArray[Any]) -> _Shared:
    inside = mask != 0
    return _Shared.of(block[0][inside], mask[inside])


def volumes_by_regions(
    values: Any, regions: PixelRuns, source: ValueSource, funcs: tuple[AggFunc, ...], *, fractions: bool
) -> tuple[csr_matrix, list[str]]:
    """Values of labels with a depth by flat regions, which stand for all depths.

    Parameters
    ----------
    values
        The labels with values. They lie in a region as far as the centres of their pixels do.
    regions
        Finds the pixels of the regions.
    source, funcs, fractions
        As for :func:`volumes_by_labels`.

    Returns
    -------
    Sparse matrix of shape ``(regions, variables)``, and the names of the variables.
    """
    import dask

    data = levels_of(values)[0].data
    look = dask.delayed(_shared_with_runs, pure=False)
    blocks = data.to_delayed()
    starts = [np.concatenate([[0], np.cumsum(sizes)])[:-1].tolist() for sizes in data.chunks]
    tasks = []
    for row, column in np.ndindex(*blocks.shape[1:]):
        runs = regions.task((starts[1][row], starts[2][column]), (data.chunks[1][row], data.chunks[2][column]))
        if runs is not None:
            tasks += [look(block, runs) for block in blocks[:, row, column]]
    shared = _Shared.merged(computed(tasks, "pixels that labels share"))
    return _result(values, source, funcs, shared, shared.region, len(regions), 1.0 if fractions else None)


def _shared_with_runs(block: NDArray[Any], found: tuple[NDArray[Any], Scanlines]) -> _Shared:
    numbers, runs = found
    pixel, figure = runs.pixels(block.shape[-1])
    label = block.reshape(len(block), -1)[:, pixel]
    return _Shared.of(label.ravel(), np.tile(numbers[figure], len(label)))


def _volume(projection: Projection) -> float:
    return float(abs(np.linalg.det(projection.linear)))


def _result(
    values: Any,
    source: ValueSource,
    funcs: tuple[AggFunc, ...],
    shared: _Shared,
    region: NDArray[Any],
    regions: int,
    part: float | None,
) -> tuple[csr_matrix, list[str]]:
    """The matrix and the names; ``part`` is how much of a pixel of the values a shared one is, for fractions."""
    found = gather_labels(values)
    table, present = source.rows(_frame(found.ids))
    plan = Plan.of(funcs, regions, table, fractions=part is not None, weighted=source.weighted)
    row = np.searchsorted(found.ids, shared.label)
    keep = present[row]
    weight: FloatArray | None = None
    if part is not None and found.shapes is not None:
        weight = (shared.count * part / found.shapes.count[row])[keep]
    return plan.result(plan.merged([plan.part(region[keep].astype(np.int32), row[keep], table, weight)]))


def _frame(ids: NDArray[Any]) -> pd.DataFrame:
    import pandas as pd

    return pd.DataFrame({"label": ids}, index=ids)
