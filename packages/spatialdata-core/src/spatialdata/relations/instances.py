"""The instances of an element: what a table can annotate."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING, Any

from spatialdata._core.elements import lazy_levels_of
from spatialdata.errors import UnsupportedElementError
from spatialdata.models.kind import Kind, kind_of
from spatialdata.models.label_ids import united_ids
from spatialdata.models.label_parts import ids_of_part
from spatialdata.models.label_runs import ids_of_block
from spatialdata.models.label_statistics import known_statistics
from spatialdata.relations.blocks import by_block
from spatialdata.relations.point_ids import index_of_points

if TYPE_CHECKING:
    import pandas as pd
    from numpy.typing import NDArray

__all__ = ["get_element_instances", "instance_ids"]


def get_element_instances(element: Any, return_background: bool = False) -> pd.Index:
    """The ids of the instances of an element.

    Parameters
    ----------
    element
        Labels, shapes or points.
    return_background
        For labels, count the background (0) as an instance if it occurs.

    Returns
    -------
    The sorted ids of labels; the index of shapes; the lazy dask index of points.

    Raises
    ------
    UnsupportedElementError
        The element is an image or a table, which have no instances.
    ValueError
        ``return_background`` was given for something other than labels.

    Examples
    --------
    >>> import numpy as np
    >>> from spatialdata.models import Labels2DModel
    >>> get_element_instances(Labels2DModel.parse(np.array([[0, 2], [7, 2]]))).tolist()
    [2, 7]
    """
    kind = kind_of(element)
    if return_background and kind is not Kind.LABELS:
        raise ValueError(f"return_background is for labels; {kind.value} have no background.")
    if kind is Kind.LABELS:
        return _labels_ids(element, background=return_background)
    return _INSTANCES[kind](element)


def instance_ids(element: Any) -> pd.Index:
    """The ids of the instances of an element, computed."""
    found: Any = get_element_instances(element)
    ids: pd.Index = found.compute() if hasattr(found, "compute") else found
    return ids


def _labels_ids(labels: Any, *, background: bool) -> pd.Index:
    """The distinct values of the finest level, found block by block."""
    import numpy as np
    import pandas as pd

    data = lazy_levels_of(labels)[0].data
    known = known_statistics(labels)
    part = ids_of_part(data) if known is None and not background else None
    if known is not None:
        ids = known.ids
    elif part is not None:
        seen = np.concatenate([part.possible[:0], *_ids_in(data, part.blocks(data.chunks))])
        ids = np.union1d(part.certain, part.possible[np.isin(part.possible, seen)])
    else:
        ids, _ = united_ids([np.empty(0, dtype=data.dtype), *_ids_in(data)])
    own = np.asarray(ids, dtype=np.int64 if data.dtype == bool else data.dtype)
    index: pd.Index = pd.Index(own if background else own[own != 0])
    return index


def _ids_in(data: Any, positions: Iterable[tuple[int, ...]] | None = None) -> list[Any]:
    """The ids in each of some blocks, or of all."""
    return by_block(_all_ids, [data], "ids of labels", positions) if data.size else []


def _all_ids(start: tuple[int, ...], block: NDArray[Any]) -> NDArray[Any]:  # noqa: ARG001
    return ids_of_block(block, background=True)


def _index_of_points(element: Any) -> pd.Index:
    index: pd.Index = index_of_points(element)
    return index


def _index(element: Any) -> pd.Index:
    index: pd.Index = element.index
    return index


def _refuse(element: Any) -> pd.Index:
    kind = kind_of(element)
    what = "An image" if kind is Kind.IMAGE else "A table"
    raise UnsupportedElementInstancesError(f"{what} has no instances. Labels, shapes and points have.")


class UnsupportedElementInstancesError(UnsupportedElementError, ValueError):
    """Instances were asked of an element that has none."""


_INSTANCES: dict[Kind, Callable[[Any], pd.Index]] = {
    Kind.IMAGE: _refuse,
    Kind.POINTS: _index_of_points,
    Kind.SHAPES: _index,
    Kind.TABLE: _refuse,
}
