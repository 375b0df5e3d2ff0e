"""Everything that the steps of the study find, and how it is kept in the store."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from spatialdata.studies.breast_cancer.names import ALIGNED, REGIONS, REPLICATES, SPOTS, VISIUM, cells
from spatialdata.studies.breast_cancer.subclones import SUBCLONE

if TYPE_CHECKING:
    from collections.abc import Iterator

    import pandas as pd
    from anndata import AnnData
    from geopandas import GeoDataFrame
    from shapely import Polygon

    from spatialdata.sdata import SpatialData
    from spatialdata.studies.breast_cancer.alignment import Alignment
    from spatialdata.studies.breast_cancer.fractions import SpotFractions
    from spatialdata.studies.breast_cancer.genes import SpotGenes
    from spatialdata.studies.breast_cancer.regions import RegionFractions
    from spatialdata.studies.breast_cancer.subclones import Subclones
    from spatialdata.studies.breast_cancer.validation import Validation

__all__ = ["COMMON_AREA", "Findings", "cell_type_table", "keep_findings", "subclone_table"]

COMMON_AREA = "common_area"


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Findings:
    """What the steps of the study found."""

    sdata: SpatialData
    """The aligned slides."""
    area: Polygon
    """The area that all slides show, in the common coordinate system."""
    spots: GeoDataFrame
    """The spots in it."""
    alignment: Alignment
    fractions: SpotFractions
    genes: SpotGenes
    regions: RegionFractions | None
    """None if no regions were drawn."""
    subclones: Subclones | None
    """None if no subclones are known."""
    validation: Validation | None
    """None for real slides, whose truth is not known."""


def cell_type_table(replicate: str, of: str = VISIUM) -> str:
    """The table of cell-type fractions of the spots, or of the regions."""
    return f"{of}_cell_types_{replicate}"


def subclone_table(slide: str) -> str:
    """The table of subclones of the spots, or of the cells of a replicate."""
    return f"{slide}_subclones"


def keep_findings(findings: Findings) -> None:
    """Add what was found to the slides as annotation, and write it to their store.

    Parameters
    ----------
    findings
        The findings. Their object gets the shape ``common_area`` and tables that annotate spots, regions and cells.
    """
    import geopandas as gpd

    from spatialdata.models import ShapesModel
    from spatialdata.transformations import Identity

    sdata = findings.sdata
    outline = gpd.GeoDataFrame(geometry=[findings.area])
    sdata.shapes[COMMON_AREA] = ShapesModel.parse(outline, transformations={ALIGNED: Identity()})
    added = [COMMON_AREA]
    for name, table in _tables(findings):
        sdata.tables[name] = table
        added.append(name)
    if sdata.is_backed():
        sdata.write_element(added)


def _tables(findings: Findings) -> Iterator[tuple[str, AnnData]]:
    import pandas as pd

    for replicate in REPLICATES:
        fractions = findings.fractions.fractions[replicate]
        yield cell_type_table(replicate), _table(fractions, SPOTS, "spot_id")
        counts = findings.genes.counts[replicate]
        yield f"{VISIUM}_transcripts_{replicate}", _table(counts, SPOTS, "spot_id")
        if findings.regions is not None:
            fractions = findings.regions.fractions[replicate]
            ids = pd.Index(findings.sdata.shapes[REGIONS]["name"]).get_indexer(fractions.index)
            yield cell_type_table(replicate, REGIONS), _table(fractions.set_axis(ids, axis=0), REGIONS, "region_id")
    if findings.subclones is not None:
        labels = {VISIUM: findings.subclones.spots, **findings.subclones.cells}
        for slide, series in labels.items():
            region, key = (SPOTS, "spot_id") if slide == VISIUM else (cells(slide), "cell_id")
            yield subclone_table(slide), _label_table(series, region, key)


def _label_table(labels: pd.Series, region: str, key: str) -> AnnData:
    table = _table(labels.to_frame()[[]], region, key)
    table.obs[SUBCLONE] = labels.astype("category").to_numpy()
    return table


def _table(frame: pd.DataFrame, region: str, key: str) -> AnnData:
    import pandas as pd
    from anndata import AnnData

    from spatialdata.models import TableModel

    names = frame.index.astype(str).rename(None)
    obs = pd.DataFrame({key: frame.index.to_numpy(), "region": pd.Categorical([region] * len(frame))}, index=names)
    table = AnnData(frame.to_numpy(), obs=obs, var=pd.DataFrame(index=frame.columns.astype(str).rename(None)))
    return TableModel.parse(table, region=region, region_key="region", instance_key=key)
