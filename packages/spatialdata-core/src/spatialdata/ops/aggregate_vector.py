"""Points and shapes aggregated by shapes."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from spatialdata.errors import listing
from spatialdata.ops.accumulate import AGG_FUNCS, CategoryCounts, Statistics
from spatialdata.ops.aggregate_values import Categories, as_numbers, is_categorical
from spatialdata.ops.frames import coordinates_of, partitions_of
from spatialdata.ops.pairs import Figures, PointLocator, pairs_of_shapes, shared_areas

if TYPE_CHECKING:
    import pandas as pd
    from geopandas import GeoDataFrame
    from numpy.typing import NDArray
    from scipy.sparse import csr_matrix

    from spatialdata.ops.aggregate_values import ValueSource
    from spatialdata.regions.project import Projection
    from spatialdata.transformations.algebra import FloatArray

__all__ = ["aggregate_points", "aggregate_shapes", "check_agg_func"]

_POINTS_AT_ONCE = 1_000_000


def check_agg_func(agg_func: Any) -> str:
    """The one function, or a ValueError."""
    if isinstance(agg_func, list | tuple) and len(agg_func) == 1:
        agg_func = agg_func[0]
    if not isinstance(agg_func, str) or agg_func not in AGG_FUNCS:
        raise ValueError(f"agg_func must be one of {listing(AGG_FUNCS)} for points and shapes. Found {agg_func!r}.")
    return agg_func


class _Gathering:
    """Categories or numbers gathered by region; which of the two shows with the first batch."""

    def __init__(self, func: str, regions: int, meta: pd.DataFrame, *, fractions: bool) -> None:
        self._func, self._fractions = func, fractions
        self._names = [str(name) for name in meta.columns]
        self._dtypes = [np.dtype(getattr(dtype, "numpy_dtype", dtype)) for dtype in meta.dtypes if _is_plain(dtype)]
        self.categorical = is_categorical(meta)
        if self.categorical:
            self._check_categorical()
            column = meta.iloc[:, 0]
            self._categories = Categories(column.cat.categories if _is_known(column) else ())
            self._counts = CategoryCounts(regions)
        else:
            self._statistics = Statistics(func, regions, len(self._names))

    def _check_categorical(self) -> None:
        if self._func not in ("sum", "count"):
            raise ValueError(
                f"{self._names[0]!r} holds categories, which are counted: agg_func must be 'sum' or 'count', "
                f"not {self._func!r}."
            )
        if self._fractions and self._func == "count":
            raise ValueError(
                "With fractions=True categories are summed up by area: agg_func must be 'sum', not 'count'."
            )

    def add(self, region: NDArray[np.intp], values: pd.DataFrame, weight: FloatArray | None = None) -> None:
        """Take in one batch: for each pair the region, the values and the weight."""
        if not self.categorical:
            numbers = as_numbers(values)
            self._statistics.add(region, numbers if weight is None else numbers * weight[:, None])
            return
        codes = self._categories.codes(values.iloc[:, 0])
        known = codes >= 0
        self._counts.add(region[known], codes[known], None if weight is None else weight[known])

    def result(self) -> tuple[csr_matrix, list[str]]:
        """The matrix of regions by variables, and the names of the variables."""
        from scipy.sparse import csr_matrix

        if self.categorical:
            names, order = self._categories.order()
            dtype = np.float64 if self._fractions else np.int64
            matrix = self._counts.matrix(len(names), dtype)
            return (matrix if (order == np.arange(len(names))).all() else matrix[:, order].tocsr()), names
        return csr_matrix(self._statistics.result().astype(self._dtype())), self._names

    def _dtype(self) -> np.dtype[Any]:
        if self._func == "count":
            return np.dtype(np.int64)
        common = np.result_type(*self._dtypes) if len(self._dtypes) == len(self._names) else np.dtype(np.float64)
        if np.issubdtype(common, np.floating):
            return common
        whole = self._func in ("sum", "min", "max") and not self._fractions
        return np.dtype(np.int64 if whole else np.float64)


def _is_plain(dtype: Any) -> bool:
    return isinstance(dtype, np.dtype) and dtype.kind in "biuf"


def _is_known(column: pd.Series) -> bool:
    import pandas as pd

    return isinstance(column.dtype, pd.CategoricalDtype) and "__UNKNOWN_CATEGORIES__" not in column.cat.categories


def aggregate_points(
    points: Any,
    projection: Projection,
    by: GeoDataFrame,
    values: ValueSource,
    func: str,
    buffer_resolution: int | None,
) -> tuple[csr_matrix, list[str]]:
    """Values of the points that lie on each region, its border included.

    Parameters
    ----------
    points
        The points; one partition is in memory at a time.
    projection
        The map from their coordinates to those of the regions.
    by
        The regions.
    values
        The values of the points.
    func
        One of ``AGG_FUNCS``.
    buffer_resolution
        Take circles as polygons with that many segments in a quarter of a circle; exactly as circles if None.

    Returns
    -------
    Sparse matrix of shape ``(regions, variables)``, and the names of the variables.
    """
    plane = projection.plane()
    locate = PointLocator(Figures.of(by, buffer_resolution))
    columns = list(dict.fromkeys([*plane.axes, *values.columns]))
    meta, _ = values.rows(points._meta[columns])  # noqa: SLF001
    gathering = _Gathering(func, len(by), meta if values.table is None else values.table, fractions=False)
    for part in partitions_of(points, columns, "aggregation of points"):
        for start in range(0, len(part), _POINTS_AT_ONCE):
            batch = part.iloc[start : start + _POINTS_AT_ONCE]
            x, y = plane(coordinates_of(batch, plane.axes)).T
            point, region = locate(x, y)
            found, present = values.rows(batch.iloc[point])
            gathering.add(region[present], found.loc[present] if not present.all() else found)
    return gathering.result()


def aggregate_shapes(
    shapes: GeoDataFrame,
    by: GeoDataFrame,
    values: ValueSource,
    func: str,
    buffer_resolution: int | None,
    *,
    fractions: bool,
) -> tuple[csr_matrix, list[str]]:
    """Values of the shapes that meet each region.

    Parameters
    ----------
    shapes
        The shapes with values.
    by
        The regions, in the same coordinates.
    values
        The values of the shapes.
    func
        One of ``AGG_FUNCS``.
    buffer_resolution
        Take circles as polygons with that many segments in a quarter of a circle; exactly as circles if None.
    fractions
        Weight each value by the part of its shape's area that lies on the region; shapes that only touch it do not
        count.

    Returns
    -------
    Sparse matrix of shape ``(regions, variables)``, and the names of the variables.
    """
    figures, regions = Figures.of(shapes, buffer_resolution), Figures.of(by, buffer_resolution)
    table, present = values.rows(shapes)
    gathering = _Gathering(func, len(by), table, fractions=fractions)
    value, region = pairs_of_shapes(figures, regions)
    keep = present[value]
    value, region = value[keep], region[keep]
    weight = None
    if fractions:
        weight = _fractions(figures, regions, value, region)
        keep = weight > 0
        value, region, weight = value[keep], region[keep], weight[keep]
    gathering.add(region, table.iloc[value], weight)
    return gathering.result()


def _fractions(figures: Figures, regions: Figures, value: NDArray[np.intp], region: NDArray[np.intp]) -> FloatArray:
    areas = figures.areas()[value]
    flat = np.unique(value[areas == 0])
    if len(flat):
        raise ValueError(
            f"{len(flat)} shapes have no area, so that no fraction of it can be taken; "
            f"for example those at the positions {listing(flat[:5])}. Drop them, or aggregate with fractions=False."
        )
    return shared_areas(figures, regions, value, region) / areas
