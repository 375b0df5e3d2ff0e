"""Bins of a regular grid: their rows in a table, and their places."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from spatialdata._core.container import require_container
from spatialdata._core.elements import is_shapes
from spatialdata.errors import ElementNotFoundError, UnsupportedElementError, listing, unknown_name
from spatialdata.models.kind import Kind, kind_of
from spatialdata.models.shallow import with_transformations
from spatialdata.models.table import get_table_keys
from spatialdata.ops.centroids import centres_of_shapes, get_centroids
from spatialdata.regions.project import Projection
from spatialdata.relations.filter import annotates
from spatialdata.relations.ids import as_ids, check_same_type, check_unique, rows_of_region
from spatialdata.transformations.attach import transformations_of
from spatialdata.transformations.linear import Affine, Identity
from spatialdata.transformations.linear import Sequence as Chain

if TYPE_CHECKING:
    import pandas as pd
    from anndata import AnnData
    from numpy.typing import NDArray

    from spatialdata.sdata import SpatialData
    from spatialdata.transformations.algebra import FloatArray

__all__ = ["Bins", "annotating_table", "bins_of"]

_BINS = "coordinates of the bins"
_DIGITS = 12


@dataclass(frozen=True, slots=True)
class Bins:
    """The bins of a table and their pixels.

    Attributes
    ----------
    table
        The table.
    rows
        The rows of the table that have a bin.
    ids
        The ids of their bins.
    row, column
        The pixels of the bins.
    shape
        The number of pixels along y and x.
    transformations
        From the pixels, by coordinate system.
    """

    table: AnnData
    rows: NDArray[np.intp]
    ids: pd.Index
    row: NDArray[np.int64]
    column: NDArray[np.int64]
    shape: tuple[int, int]
    transformations: dict[str, Any]

    def picture(self, values: NDArray[Any], dtype: Any) -> NDArray[Any]:
        """The values of the bins at their pixels, 0 elsewhere."""
        pixels = np.zeros(self.shape, dtype=dtype)
        pixels[self.row, self.column] = values
        return pixels


def bins_of(sdata: SpatialData, bins: str, table_name: str, col_key: str, row_key: str) -> Bins:
    """The bins of a table, and the affine map from their pixels."""
    import pandas as pd

    require_container(sdata, "rasterize_bins")
    if bins not in sdata:
        raise ElementNotFoundError(unknown_name("element", bins, [name for _, name in sdata.gen_spatial_names()]))
    element = sdata[bins]
    if kind_of(element) in (Kind.IMAGE, Kind.TABLE):
        raise UnsupportedElementError(
            f"Bins are shapes, points or labels, but {bins!r} is of the {kind_of(element).value}."
        )
    table = annotating_table(sdata, table_name)
    region, region_key, instance_key = get_table_keys(table)
    rows = rows_of_region(table, bins, region_key)
    if not len(rows):
        raise ValueError(f"The table {table_name!r} does not annotate {bins!r}, but {listing([region])}.")
    column, row = (_numbers(table, key).iloc[rows].to_numpy() for key in (col_key, row_key))
    column, row = column - column.min(), row - row.min()
    shape = (int(row.max()) + 1, int(column.max()) + 1)
    pixel = row * shape[1] + column
    if not pd.Index(pixel).is_unique:
        raise ValueError(
            f"{len(pixel) - len(np.unique(pixel))} bins share the {row_key!r} and {col_key!r} of another. Each bin "
            "needs a place of its own."
        )
    ids = as_ids(table.obs[instance_key].iloc[rows])
    centres = _centres(element, ids, bins, instance_key)
    to_bins = _fitted(np.stack([column, row], axis=1) + 0.5, centres)
    placed = transformations_of(element).items()
    chained = {name: to_bins if isinstance(t, Identity) else Chain([to_bins, t]) for name, t in placed}
    return Bins(table, rows, ids, row, column, shape, chained)


def annotating_table(sdata: SpatialData, name: str) -> AnnData:
    """A table that annotates elements, by its name."""
    if name not in sdata.tables:
        raise ElementNotFoundError(unknown_name("table", name, sdata.tables))
    table = sdata.tables[name]
    if not annotates(table):
        raise ValueError(f"The table {name!r} annotates no element.")
    return table


def _numbers(table: AnnData, key: str) -> pd.Series:
    if key not in table.obs:
        raise ValueError(f"The place of bins is unknown. {unknown_name('column of obs', key, table.obs.columns)}")
    column: pd.Series = table.obs[key]
    values = column.to_numpy()
    if values.dtype.kind not in "iuf" or not np.array_equal(values, np.floor(values)):
        raise ValueError(
            f"obs[{key!r}] must hold whole numbers, the place of each bin in the grid. Found {column.dtype}."
        )
    return column.astype(np.int64)


def _centres(element: Any, ids: pd.Index, bins: str, instance_key: str) -> FloatArray:
    """The centres of the bins in their own coordinates, in the order of the ids."""
    if is_shapes(element):
        present, places = as_ids(element.index), centres_of_shapes(element)
    else:
        frame = get_centroids(with_transformations(element, {_BINS: Identity()}), _BINS).compute()
        present, places = as_ids(frame.index), frame[["x", "y"]].to_numpy(dtype=np.float64)
    check_same_type(present, ids, bins, instance_key)
    check_unique(present, f"The ids of {bins!r}")
    position = present.get_indexer(ids)
    if (position < 0).any():
        raise ValueError(
            f"{int((position < 0).sum())} rows of the table annotate bins that {bins!r} does not have, for example "
            f"{listing(ids[position < 0][:3])}."
        )
    return np.asarray(places[position])


def _fitted(pixels: FloatArray, centres: FloatArray) -> Affine:
    """The affine map that takes the centres of pixels to those of the bins; all bins take part."""
    middle, origin = pixels.mean(axis=0), centres.mean(axis=0)
    solution, _, rank, _ = np.linalg.lstsq(pixels - middle, centres - origin, rcond=None)
    if rank < 2:
        raise ValueError(
            f"{len(pixels)} bins in one row or column do not tell where the others would be. At least three bins "
            "that are not in one line are needed."
        )
    linear = solution.T
    away = np.abs(Projection(("x", "y"), linear, origin - linear @ middle)(pixels) - centres).max()
    side = np.sqrt(abs(np.linalg.det(linear)))
    if away > side / 2:
        raise ValueError(
            f"The bins do not lie on a grid: with the rows and columns given, a bin is {away:g} away from its place, "
            f"and the bins are {side:g} apart."
        )
    matrix = np.eye(3)
    matrix[:2, :2], matrix[:2, 2] = linear, origin - linear @ middle
    digits = _DIGITS - int(np.ceil(np.log10(max(np.abs(matrix).max(), 1.0))))
    return Affine(np.round(matrix, digits) + 0.0, ("x", "y"), ("x", "y"))
