"""The table of cells: counts per feature, and what is known of every cell."""

from __future__ import annotations

import warnings
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

from spatialdata.errors import listing
from spatialdata_io._shared.frames import frame
from spatialdata_io._shared.tables import CountMatrix, read_10x_h5, read_10x_mtx
from spatialdata_io.errors import InconsistentFilesError

if TYPE_CHECKING:
    import numpy as np
    import pandas as pd
    from anndata import AnnData
    from numpy.typing import NDArray

    from spatialdata_io.readers.xenium.segmentation import Segmentation

__all__ = ["Cells", "cell_counts", "read_cells", "to_anndata"]

_CENTROID = ["x_centroid", "y_centroid"]
_PROTEIN = "Protein Expression"


@dataclass(frozen=True, slots=True, kw_only=True)
class Cells:
    """The cells of a bundle.

    Attributes
    ----------
    obs
        One row per cell; the column ``cell_id`` holds its id, as text or number as written.
    centroids
        Centroids (n, 2) in micrometres, x first.
    """

    obs: pd.DataFrame
    centroids: NDArray[np.float64]


def read_cells(path: Path, segmentation: Segmentation | None) -> Cells:
    """Read the table of cells, with the label and the summary of every cell where there is a segmentation archive.

    Raises
    ------
    BrokenFileError
        If a file cannot be read or lacks a column.
    InconsistentFilesError
        If a cell of the table is not in the archive.
    """
    import numpy as np

    obs = frame(path, ("cell_id", *_CENTROID))
    centroids = obs[_CENTROID].to_numpy(np.float64)
    obs = obs.drop(columns=_CENTROID)
    if segmentation is not None:
        extra = segmentation.cell_table()
        _check_within(path, obs["cell_id"].to_numpy(), segmentation.path, extra.index.to_numpy())
        aligned = extra.loc[obs["cell_id"]]
        for name in extra.columns:
            if name not in obs.columns:
                obs[name] = aligned[name].to_numpy()
    return Cells(obs=obs, centroids=centroids)


def _check_within(first: Path, ids: NDArray[np.object_], second: Path, others: NDArray[np.object_]) -> None:
    """Raise unless every cell of the first file is in the second, and none is twice in the first."""
    known = set(others.tolist())
    absent = [cell for cell in ids.tolist() if cell not in known]
    twice = len(ids) - len(set(ids.tolist()))
    if absent or twice:
        msg = (
            f"{first.name} and {second.name} in {first.parent} do not fit together: they have {len(ids)} and "
            f"{len(others)} cells, {len(absent)} cells of {first.name} are not in {second.name} "
            f"({listing(absent, limit=3)}) and {twice} occur twice. The files must come from one run."
        )
        raise InconsistentFilesError(msg)


def cell_counts(path: Path, *, gex_only: bool) -> CountMatrix:
    """Read the matrix of counts; protein intensities are brought to the scale that the instrument states.

    Parameters
    ----------
    path
        ``cell_feature_matrix.h5``, or ``matrix.mtx`` of the text form.
    gex_only
        Keep the features of gene expression only.
    """
    counts = read_10x_h5(path) if path.suffix == ".h5" else read_10x_mtx(path.parent)
    if gex_only:
        return counts.of_type("Gene Expression")
    protein = (counts.features["feature_types"] == _PROTEIN).to_numpy()
    factor = counts.attrs.get("protein_scaling_factor")
    return _divided(counts, protein, float(factor)) if factor is not None and protein.any() else counts


def _divided(counts: CountMatrix, columns: NDArray[np.bool_], factor: float) -> CountMatrix:
    import numpy as np

    scaled = counts.X.copy()
    scaled.data[columns[scaled.indices]] /= np.float32(factor)
    return replace(counts, X=scaled)


def to_anndata(counts: CountMatrix, cells: Cells, matrix_path: Path, cells_path: Path) -> AnnData:
    """Join counts and cells, in the order of the counts.

    Raises
    ------
    InconsistentFilesError
        If a cell with counts is not among the cells.
    """
    import numpy as np
    import pandas as pd
    from anndata import AnnData

    names = cells.obs["cell_id"].astype(str).to_numpy(dtype=object)
    _check_within(matrix_path, counts.barcodes, cells_path, names)
    if len(names) > len(counts.barcodes):
        warnings.warn(
            f"{len(names) - len(counts.barcodes)} of {len(names)} cells are not in {matrix_path} and are left out.",
            stacklevel=4,
        )
    order = pd.Index(names).get_indexer(pd.Index(counts.barcodes))
    obs = cells.obs.iloc[order].set_index(pd.Index(counts.barcodes))
    centroids = np.ascontiguousarray(cells.centroids[order])
    return AnnData(X=counts.X, obs=obs, var=counts.features, obsm={"spatial": centroids})
