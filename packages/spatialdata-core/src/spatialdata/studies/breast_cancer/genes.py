"""Transcripts of the replicates in the Visium spots, gene by gene."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from spatialdata.errors import listing
from spatialdata.studies.breast_cancer.fractions import fraction_table, pearson_by_row
from spatialdata.studies.breast_cancer.names import ALIGNED, REPLICATES, SPOT_TABLE, SPOTS, VISIUM, table, transcripts
from spatialdata.studies.errors import StudyInputError

if TYPE_CHECKING:
    import pandas as pd
    from geopandas import GeoDataFrame

    from spatialdata.sdata import SpatialData

__all__ = ["SpotGenes", "compare_genes", "spot_counts", "visium_counts"]

_LEAST_QUALITY = 20


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class SpotGenes:
    """Counts of genes in spots by slide."""

    counts: dict[str, pd.DataFrame]
    """For every slide, spots by genes, of the genes that all slides have."""
    pearson: pd.DataFrame
    """For every gene, the correlation over the spots of the logarithmic counts: of the replicates with each other
    (``xenium_rep2``), and of the first with Visium (``visium``); NaN where a gene does not vary."""

    def totals_pearson(self, slide: str) -> float:
        """The correlation over the genes of the logarithmic totals of the first replicate and another slide."""
        first, second = (np.log1p(self.counts[name].to_numpy().sum(axis=0)) for name in (REPLICATES[0], slide))
        return float(pearson_by_row(first[None], second[None])[0])


def spot_counts(
    sdata: SpatialData, replicate: str, spots: GeoDataFrame | None = None, system: str = ALIGNED
) -> pd.DataFrame:
    """Count the transcripts of each gene in each spot.

    Parameters
    ----------
    sdata
        The aligned slides.
    replicate
        The replicate whose transcripts are counted, those with a quality value of at least 20.
    spots
        Circles; all spots if not given.
    system
        The coordinate system in which transcripts and spots are brought together.

    Returns
    -------
    Spots by the genes of the replicate's table.
    """
    from spatialdata import aggregate

    molecules = sdata.points[transcripts(replicate)]
    if "qv" in molecules.columns:
        molecules = molecules[molecules["qv"] >= _LEAST_QUALITY]
    gathered = aggregate(
        values=molecules,
        by=sdata.shapes[SPOTS] if spots is None else spots,
        value_key="feature_name",
        target_coordinate_system=system,
    )
    genes = sdata.tables[table(replicate)].var_names
    return fraction_table(gathered, "table").reindex(columns=genes, fill_value=0)


def visium_counts(sdata: SpatialData, spots: GeoDataFrame, genes: list[str]) -> pd.DataFrame:
    """The counts of genes that the Visium slide itself has: spots by genes."""
    from spatialdata import get_values

    found: pd.DataFrame = get_values(value_key=genes, sdata=sdata, element_name=SPOTS, table_name=SPOT_TABLE)
    chosen: pd.DataFrame = found.loc[spots.index, genes]
    return chosen


def compare_genes(sdata: SpatialData, spots: GeoDataFrame, system: str = ALIGNED) -> SpotGenes:
    """Compare the counts of genes in spots between the replicates, and with Visium.

    Parameters
    ----------
    sdata
        The aligned slides.
    spots
        The circles to compare.
    system
        The coordinate system that all share.
    """
    import pandas as pd

    counts = {replicate: spot_counts(sdata, replicate, spots, system) for replicate in REPLICATES}
    known = [set(counts[REPLICATES[1]].columns), set(sdata.tables[SPOT_TABLE].var_names)]
    genes = [str(gene) for gene in counts[REPLICATES[0]].columns if all(gene in names for names in known)]
    if not genes:
        raise StudyInputError(f"The slides have no gene in common. {_some_genes(sdata)}")
    counts = {replicate: found[genes] for replicate, found in counts.items()}
    counts[VISIUM] = visium_counts(sdata, spots, genes)
    logged = {slide: np.log1p(found.to_numpy(dtype=np.float64)).T for slide, found in counts.items()}
    first = logged.pop(REPLICATES[0])
    pearson = {slide: pearson_by_row(first, other) for slide, other in logged.items()}
    return SpotGenes(counts=counts, pearson=pd.DataFrame(pearson, index=pd.Index(genes, name="gene")))


def _some_genes(sdata: SpatialData) -> str:
    tables = {**{replicate: table(replicate) for replicate in REPLICATES}, VISIUM: SPOT_TABLE}
    some = [f"{slide} has {listing(sdata.tables[name].var_names, limit=3)}" for slide, name in tables.items()]
    return f"{'; '.join(some)}."
