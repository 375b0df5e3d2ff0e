"""The type of every cell: given, or found by clustering."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from spatialdata.errors import listing
from spatialdata.studies.breast_cancer.names import REPLICATES, table
from spatialdata.studies.errors import StudyInputError

if TYPE_CHECKING:
    from collections.abc import Mapping

    import numpy.typing as npt
    import pandas as pd
    from anndata import AnnData

    from spatialdata.sdata import SpatialData

__all__ = ["CELL_TYPE", "UNASSIGNED", "add_cell_types", "cluster_cells"]

CELL_TYPE = "cell_type"
UNASSIGNED = "unassigned"

_CLUSTERS = 9
_COMPONENTS = 20
_COUNTS_PER_CELL = 1e4


def add_cell_types(sdata: SpatialData, cell_types: pd.DataFrame | None) -> SpatialData:
    """Put the type of every cell into the tables of the replicates.

    Parameters
    ----------
    sdata
        The slides, as :func:`read_slides` brings them together.
    cell_types
        Columns slide, cell_id, cell_type. Cells that are not in it get the type ``unassigned``. If None, the cells of
        both replicates are clustered together.

    Returns
    -------
    A new object; its tables have the categorical column ``cell_type`` with the same categories in both replicates.

    Raises
    ------
    StudyInputError
        The table knows no cell of a replicate.
    """
    from spatialdata.sdata import SpatialData

    tables = {replicate: sdata.tables[table(replicate)] for replicate in REPLICATES}
    types = cluster_cells(tables) if cell_types is None else _looked_up(tables, cell_types)
    categories = sorted({str(name) for names in types.values() for name in names} - {UNASSIGNED})
    if any((names == UNASSIGNED).any() for names in types.values()):
        categories.append(UNASSIGNED)
    elements: dict[str, Any] = {name: element for _, name, element in sdata.gen_elements()}
    for replicate, names in types.items():
        elements[table(replicate)] = _with_types(tables[replicate], names, categories)
    return SpatialData.init_from_elements(elements, attrs=sdata.attrs)


def _with_types(found: AnnData, names: npt.NDArray[np.object_], categories: list[str]) -> AnnData:
    import pandas as pd

    made = found.copy()
    made.obs[CELL_TYPE] = pd.Categorical(names, categories=categories)
    return made


def _looked_up(tables: Mapping[str, AnnData], cell_types: pd.DataFrame) -> dict[str, npt.NDArray[np.object_]]:
    types: dict[str, npt.NDArray[np.object_]] = {}
    for replicate, found in tables.items():
        known = cell_types[cell_types["slide"] == replicate].drop_duplicates("cell_id").set_index("cell_id")[CELL_TYPE]
        known.index = known.index.astype(str)
        names = found.obs["cell_id"].astype(str).map(known)
        if names.isna().all():
            raise StudyInputError(
                f"The cell types name no cell of {replicate}. Its cells are called "
                f"{listing(found.obs['cell_id'], limit=3)}; the cell types know the slides "
                f"{listing(cell_types['slide'].unique())} and cells {listing(cell_types['cell_id'], limit=3)}."
            )
        types[replicate] = names.astype(object).where(names.notna(), UNASSIGNED).to_numpy(dtype=object)
    return types


def cluster_cells(
    tables: Mapping[str, AnnData], n_clusters: int = _CLUSTERS, seed: int = 0
) -> dict[str, npt.NDArray[np.object_]]:
    """Cluster the cells of several slides together by their counts.

    Counts of the genes that all slides have are scaled to the same total per cell, made logarithmic, reduced to
    principal components, and clustered by k-means. Clusters are numbered by size.

    Parameters
    ----------
    tables
        Counts by slide.
    n_clusters
        How many clusters.
    seed
        Seed of the components and the clustering.

    Returns
    -------
    For every slide, the cluster of each of its cells, as ``"cluster 1"``; ``"unassigned"`` for cells without counts.
    """
    import anndata
    from scipy.cluster.vq import kmeans2
    from scipy.sparse import csr_matrix, diags
    from scipy.sparse.linalg import svds

    joined = anndata.concat(dict(tables), join="inner", label="slide", index_unique="-")
    counts = csr_matrix(joined.X, dtype=np.float64)
    total = np.asarray(counts.sum(axis=1)).ravel()
    full = total > 0
    scaled = diags(_COUNTS_PER_CELL / total[full]) @ counts[full]
    logged = scaled.log1p()
    generator = np.random.default_rng(seed)
    components = min(_COMPONENTS, min(logged.shape) - 1)
    start = generator.standard_normal(min(logged.shape))
    left, singular, _ = svds(logged - csr_matrix(np.ones((logged.shape[0], 1))) @ csr_matrix(logged.mean(axis=0)),
                             k=components, v0=start)  # fmt: skip
    _, cluster = kmeans2(left * singular, n_clusters, minit="++", seed=generator)
    sizes = np.bincount(cluster, minlength=n_clusters)
    rank = np.empty(n_clusters, dtype=int)
    rank[np.argsort(-sizes, kind="stable")] = np.arange(n_clusters)
    width = len(str(n_clusters))
    names = np.full(len(total), UNASSIGNED, dtype=object)
    names[full] = [f"cluster {rank[one] + 1:0{width}d}" for one in cluster]
    slide = joined.obs["slide"].to_numpy()
    return {name: names[slide == name] for name in tables}
