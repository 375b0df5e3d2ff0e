"""Cell-type fractions of regions of interest."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from spatialdata.studies.breast_cancer.cell_types import CELL_TYPE
from spatialdata.studies.breast_cancer.fractions import fraction_table, pearson_by_row, shares
from spatialdata.studies.breast_cancer.names import ALIGNED, REGIONS, REPLICATES, cells, table
from spatialdata.studies.errors import StudyInputError

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt
    import pandas as pd
    from geopandas import GeoDataFrame
    from shapely import Polygon

    from spatialdata.sdata import SpatialData

__all__ = ["RegionFractions", "add_regions", "compare_regions", "regions_within"]


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class RegionFractions:
    """Cell-type fractions of regions of interest by replicate."""

    amounts: dict[str, pd.DataFrame]
    """For every replicate, regions by types: how many cells of the type lie in the region, each counted by the part of
    its area that does."""

    @property
    def fractions(self) -> dict[str, pd.DataFrame]:
        """For every replicate, the amounts divided by their sum in the region."""
        return {replicate: shares(amounts) for replicate, amounts in self.amounts.items()}

    @property
    def pearson(self) -> pd.Series:
        """For every region, the correlation of the fractions of both replicates over the types."""
        import pandas as pd

        first, second = (self.fractions[replicate] for replicate in REPLICATES)
        return pd.Series(pearson_by_row(first.to_numpy(), second.to_numpy()), index=first.index)


def add_regions(
    sdata: SpatialData,
    regions: GeoDataFrame,
    matrix: npt.NDArray[np.float64] | None = None,
    name: str = REGIONS,
    system: str = ALIGNED,
) -> None:
    """Add drawn regions as an element, and write it to the store.

    Parameters
    ----------
    sdata
        The aligned slides.
    regions
        Polygons with the column name.
    matrix
        Homogeneous (3, 3), from the coordinates of the regions ``(x, y, 1)`` to ``system``; they are the same if None.
    name
        The name of the element.
    system
        The coordinate system.
    """
    from spatialdata.models import ShapesModel
    from spatialdata.transformations import Affine, Identity

    xy = ("x", "y")
    placed: Any = Identity() if matrix is None else Affine(matrix, input_axes=xy, output_axes=xy)
    frame = regions[["name", "geometry"]].reset_index(drop=True)
    sdata.shapes[name] = ShapesModel.parse(frame, transformations={system: placed})
    if sdata.is_backed():
        sdata.write_element(name)


def regions_within(sdata: SpatialData, area: Polygon, regions: str = REGIONS, system: str = ALIGNED) -> GeoDataFrame:
    """The parts of regions of interest that lie in an area.

    Parameters
    ----------
    sdata
        The aligned slides with regions.
    area
        A polygon in ``system``.
    regions
        The name of the element with the regions.
    system
        The coordinate system of the area.

    Raises
    ------
    StudyInputError
        No region lies in the area.
    """
    from spatialdata import polygon_query

    inside: GeoDataFrame | None = polygon_query(sdata.shapes[regions], area, target_coordinate_system=system, clip=True)
    if inside is None or len(inside) == 0:
        raise StudyInputError(
            f"None of the {len(sdata.shapes[regions])} regions lies in the area that all slides show. Regions span "
            f"{sdata.shapes[regions].total_bounds.round(1).tolist()} (x_min, y_min, x_max, y_max), the area "
            f"{[round(value, 1) for value in area.bounds]}, in micrometres of {REPLICATES[0]}."
        )
    return inside


def compare_regions(
    sdata: SpatialData, area: Polygon, regions: str = REGIONS, system: str = ALIGNED
) -> RegionFractions:
    """Compare the cell-type fractions of regions of interest between the replicates.

    Parameters
    ----------
    sdata
        The aligned slides, with cell types and regions.
    area
        The area that all slides show; regions are cut to it.
    regions
        The name of the element with the regions.
    system
        The coordinate system that all share.

    Raises
    ------
    StudyInputError
        No region lies in the area.
    """
    from spatialdata import aggregate

    inside = regions_within(sdata, area, regions, system)
    amounts = {}
    for replicate in REPLICATES:
        gathered = aggregate(
            values=cells(replicate),
            values_sdata=sdata,
            by=inside,
            value_key=CELL_TYPE,
            table_name=table(replicate),
            target_coordinate_system=system,
            fractions=True,
        )
        found = fraction_table(gathered, table(replicate))
        amounts[replicate] = found.set_axis(inside["name"].to_numpy(), axis=0)
    return RegionFractions(amounts=amounts)
