"""Bins of a regular grid as an image or labels with one pixel for each."""

from __future__ import annotations

import threading
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from spatialdata._core.matrices import dense_part, in_memory
from spatialdata.errors import ElementNotFoundError, listing, unknown_name
from spatialdata.models.base import ATTRS_KEY
from spatialdata.models.kind import Kind, kind_of
from spatialdata.models.raster import Image2DModel, Labels2DModel
from spatialdata.models.table import get_table_keys
from spatialdata.ops.bins import Bins, annotating_table, bins_of
from spatialdata.ops.rasterize_values import InstanceCodes, Values
from spatialdata.relations.ids import as_ids

if TYPE_CHECKING:
    from numpy.typing import NDArray
    from xarray import DataArray

    from spatialdata.sdata import SpatialData

__all__ = ["rasterize_bins", "rasterize_bins_link_table_to_labels"]


def rasterize_bins(
    sdata: SpatialData,
    bins: str,
    table_name: str,
    col_key: str,
    row_key: str,
    value_key: str | list[str] | None = None,
    return_region_as_labels: bool = False,
) -> DataArray:
    """Make an image or labels of bins, one pixel for each bin.

    Parameters
    ----------
    sdata
        The object.
    bins
        The name of the bins: shapes, points or labels that lie on a regular grid, which may be turned.
    table_name
        The name of the table that annotates them.
    col_key, row_key
        The columns of ``obs`` with the whole numbers of the column and row of each bin in the grid.
    value_key
        What the channels are: columns of ``obs``, or names of ``var``. All of ``var`` if not given; then each channel
        is computed when it is asked for.
    return_region_as_labels
        Return labels of the bins instead. They are the ids of the bins where these are whole numbers from 1 on, and
        otherwise the positions of the rows, counted from 1; see :func:`rasterize_bins_link_table_to_labels`.

    Returns
    -------
    An image with the dtype of ``X`` (float64 with ``value_key``), or labels, with the coordinate systems of the bins.
    The pixel of a bin has its centre on that of the bin. It is 0 where there is no bin.

    Raises
    ------
    KeyError
        There is no such element or table.
    ValueError
        The table does not annotate the bins, a column is missing or holds no whole numbers, two bins share a pixel, or
        the bins do not lie on a grid.

    Examples
    --------
    >>> import anndata, numpy as np, pandas as pd
    >>> from spatialdata import SpatialData
    >>> from spatialdata.models import PointsModel, TableModel
    >>> bins = PointsModel.parse(np.array([[0.0, 0.0], [2.0, 0.0], [0.0, 2.0]]))
    >>> obs = pd.DataFrame({"of": pd.Categorical(["bins"] * 3), "id": range(3), "col": [0, 1, 0], "row": [0, 0, 1]})
    >>> obs.index = ["a", "b", "c"]
    >>> table = TableModel.parse(anndata.AnnData(np.array([[5.0], [6], [7]]), obs=obs), "bins", "of", "id")
    >>> sdata = SpatialData(points={"bins": bins}, tables={"table": table})
    >>> rasterize_bins(sdata, "bins", "table", "col", "row").values.tolist()
    [[[5.0, 6.0], [7.0, 0.0]]]
    """
    found = bins_of(sdata, bins, table_name, col_key, row_key)
    if return_region_as_labels:
        if value_key is not None:
            raise ValueError(
                "return_region_as_labels=True gives labels of bins, which have no value. Leave value_key out."
            )
        return _labels(found)
    return _genes(found) if value_key is None else _values(found, value_key)


def _labels(bins: Bins) -> DataArray:
    codes = InstanceCodes.of(bins.ids)
    picture = bins.picture(codes.codes, codes.dtype)
    labels: Any = Labels2DModel.parse(picture, transformations=bins.transformations)
    labels.attrs["label_index_to_category"] = codes.names()
    return labels  # type: ignore[no-any-return]


def _values(bins: Bins, value_key: str | list[str]) -> DataArray:
    keys = [value_key] if isinstance(value_key, str) else list(value_key)
    table = bins.table
    missing = [key for key in keys if key not in table.obs and key not in table.var_names]
    if missing:
        near = unknown_name("value", missing[0], [*table.obs.columns, *table.var_names])
        raise ValueError(f"{listing(missing)} is neither in obs nor in var. {near}")
    columns = [_column(bins, key) for key in keys]
    picture = np.stack([bins.picture(column.numbers, np.float64) for column in columns])
    image: Any = Image2DModel.parse(picture, c_coords=keys, transformations=bins.transformations)
    if len(columns) == 1 and columns[0].categories is not None:
        image.attrs["label_index_to_category"] = columns[0].names()
    return image  # type: ignore[no-any-return]


def _column(bins: Bins, key: str) -> Values:
    import pandas as pd

    if key in bins.table.obs:
        return Values.of(bins.table.obs[key].iloc[bins.rows])
    number = np.array([bins.table.var_names.get_loc(key)])
    values = dense_part(bins.table.X, None, number).ravel()
    return Values.of(pd.Series(values[bins.rows].astype(np.float64)))


class _Columns:
    """The columns of a matrix. When it is first used, a lazy one is loaded, and rows are made compressed columns."""

    def __init__(self, matrix: Any) -> None:
        self._matrix = matrix
        self._lock = threading.Lock()

    def __getstate__(self) -> dict[str, Any]:
        return {"_matrix": self._matrix}

    def __setstate__(self, state: dict[str, Any]) -> None:
        self.__init__(state["_matrix"])  # type: ignore[misc]

    def __dask_tokenize__(self) -> tuple[str, int]:
        return type(self).__name__, id(self._matrix)

    def entries(self, number: int) -> tuple[Any, NDArray[Any]]:
        """The rows of one column that may not be 0, and their values."""
        with self._lock:
            self._matrix = in_memory(self._matrix)
            if hasattr(self._matrix, "tocsc") and self._matrix.format != "csc":
                self._matrix = self._matrix.tocsc()
            if hasattr(self._matrix, "tocsc") and not self._matrix.has_canonical_format:
                self._matrix = self._matrix.copy()
                self._matrix.sum_duplicates()
        if hasattr(self._matrix, "indptr"):
            stretch = slice(*self._matrix.indptr[number : number + 2])
            return self._matrix.indices[stretch], self._matrix.data[stretch]
        column = self._matrix[:, [number]]
        return slice(None), np.asarray(column.toarray() if hasattr(column, "toarray") else column).ravel()

    def values(self, number: int) -> NDArray[Any]:
        """One column, dense."""
        rows, values = self.entries(number)
        column = np.zeros(self._matrix.shape[0], dtype=values.dtype)
        column[rows] = values
        return column


def _genes(bins: Bins) -> DataArray:
    import dask.array as da
    from dask.base import tokenize
    from dask.highlevelgraph import HighLevelGraph

    matrix, names = bins.table.X, bins.table.var_names.tolist()
    if matrix is None or not names:
        raise ValueError("The table has no values in X. Give value_key, or return_region_as_labels=True.")
    draw = _Genes(_Columns(matrix), _pixels(bins, matrix.shape[0]), bins.shape)
    name, source = (f"{part}-{tokenize(draw)}" for part in ("genes", "bins"))
    # Plain tasks, since they are many and short; they share the matrix instead of holding it.
    tasks: dict[Any, Any] = {(name, number, 0, 0): (_Genes.__call__, source, number) for number in range(len(names))}
    tasks[source] = draw
    chunks = ((1,) * len(names), *((size,) for size in bins.shape))
    data = da.Array(HighLevelGraph.from_collections(name, tasks), name, chunks=chunks, dtype=matrix.dtype)
    image: Any = Image2DModel.parse(data, c_coords=names, transformations=bins.transformations)
    return image  # type: ignore[no-any-return]


def _pixels(bins: Bins, rows: int) -> NDArray[np.int64]:
    """The pixel of each row of the table; for rows without a bin, one beyond the last."""
    height, width = bins.shape
    pixel = np.full(rows, height * width, dtype=np.int64)
    pixel[bins.rows] = bins.row * width + bins.column
    return pixel


@dataclass(frozen=True, slots=True)
class _Genes:
    """Draws one column of a matrix.

    Attributes
    ----------
    columns
        The matrix.
    pixel
        The pixel of each of its rows.
    shape
        The number of pixels along y and x.
    """

    columns: _Columns
    pixel: NDArray[np.int64]
    shape: tuple[int, int]

    def __call__(self, number: int) -> NDArray[Any]:
        rows, values = self.columns.entries(number)
        height, width = self.shape
        picture = np.zeros(height * width + 1, dtype=values.dtype)
        picture[self.pixel[rows]] = values
        return picture[:-1].reshape(1, height, width)


def rasterize_bins_link_table_to_labels(sdata: SpatialData, table_name: str, rasterized_labels_name: str) -> None:
    """Let a table annotate the labels that its bins were made, in place.

    Parameters
    ----------
    sdata
        The object.
    table_name
        The name of the table; it annotates the bins so far. Its column and metadata of regions are changed. If the ids
        of the bins are no labels, a column ``relabeled_<instance key>`` is added that holds those.
    rasterized_labels_name
        The name of the labels that :func:`rasterize_bins` returned.

    Raises
    ------
    KeyError
        There is no such table or element.
    ValueError
        The element is no labels, the table annotates several elements, or its ids do not occur in the labels.
    """
    import pandas as pd

    from spatialdata.relations.instances import instance_ids

    if rasterized_labels_name not in sdata:
        known = [name for _, name in sdata.gen_spatial_names()]
        raise ElementNotFoundError(unknown_name("element", rasterized_labels_name, known))
    if kind_of(sdata[rasterized_labels_name]) is not Kind.LABELS:
        raise ValueError(
            f"{rasterized_labels_name!r} is no labels. Give the name of those that rasterize_bins returned."
        )
    table = annotating_table(sdata, table_name)
    region, region_key, instance_key = get_table_keys(table)
    regions = [region] if isinstance(region, str) else list(region)
    if len(regions) > 1:
        raise ValueError(f"The table annotates several elements, {listing(regions)}. Split it by region first.")
    ids = as_ids(table.obs[instance_key])
    codes = InstanceCodes.of(ids)
    present = instance_ids(sdata[rasterized_labels_name])
    if not np.isin(codes.codes, present.to_numpy()).all():
        raise ValueError(
            f"{rasterized_labels_name!r} does not hold the bins of the table {table_name!r}: of its {len(ids)} rows, "
            f"{int((~np.isin(codes.codes, present.to_numpy())).sum())} have no label there."
        )
    if not np.array_equal(codes.codes, ids.to_numpy()):
        instance_key = f"relabeled_{instance_key}"
        table.obs[instance_key] = codes.codes
    table.obs[region_key] = pd.Categorical([rasterized_labels_name] * table.n_obs)
    table.uns[ATTRS_KEY] = {"region": rasterized_labels_name, "region_key": region_key, "instance_key": instance_key}
