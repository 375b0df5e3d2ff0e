"""Cell-type fractions of the Visium spots, from the cells of each replicate."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from spatialdata.studies.breast_cancer.cell_types import CELL_TYPE
from spatialdata.studies.breast_cancer.names import ALIGNED, REPLICATES, SPOTS, cells, table
from spatialdata.studies.errors import StudyInputError

if TYPE_CHECKING:
    import pandas as pd
    from geopandas import GeoDataFrame

    from spatialdata.sdata import SpatialData

__all__ = ["SpotFractions", "compare_fractions", "fraction_table", "pearson_by_row", "shares", "spot_fractions"]


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class SpotFractions:
    """Cell-type fractions of spots by replicate."""

    amounts: dict[str, pd.DataFrame]
    """For every replicate, spots by types: how many cells of the type lie in the spot, each cell counted by the part
    of its area that does."""
    pearson: pd.Series
    """For every spot, the correlation of the fractions of both replicates over the types; NaN where a replicate has no
    cells in the spot or the fractions do not vary."""

    @property
    def fractions(self) -> dict[str, pd.DataFrame]:
        """For every replicate, the amounts divided by their sum in the spot; NaN in spots without cells."""
        return {replicate: shares(amounts) for replicate, amounts in self.amounts.items()}

    @property
    def median(self) -> float:
        """The median of the correlations of the spots."""
        return float(self.pearson.dropna().median())

    @property
    def difference(self) -> float:
        """The mean absolute difference between the fractions of the replicates."""
        first, second = (self.fractions[replicate].to_numpy() for replicate in REPLICATES)
        return float(np.nanmean(np.abs(first - second)))


def shares(amounts: pd.DataFrame) -> pd.DataFrame:
    """Divide the rows by their sums; rows without anything become NaN."""
    total = amounts.sum(axis=1)
    return amounts.div(total.where(total > 0), axis=0)


def spot_fractions(
    sdata: SpatialData, replicate: str, spots: GeoDataFrame | None = None, system: str = ALIGNED
) -> pd.DataFrame:
    """How many cells of each type lie in each spot.

    A cell counts by the part of its area that lies in the spot; circles are taken exactly.

    Parameters
    ----------
    sdata
        The aligned slides, with cell types.
    replicate
        The replicate whose cells are counted.
    spots
        Circles; all spots if not given.
    system
        The coordinate system in which cells and spots are brought together.

    Returns
    -------
    Spots by types. Divide by the row sums (:func:`shares`) for fractions.
    """
    from spatialdata import aggregate

    gathered = aggregate(
        values=cells(replicate),
        values_sdata=sdata,
        by=sdata.shapes[SPOTS] if spots is None else spots,
        value_key=CELL_TYPE,
        table_name=table(replicate),
        target_coordinate_system=system,
        fractions=True,
    )
    return fraction_table(gathered, table(replicate))


def fraction_table(gathered: SpatialData, name: str) -> pd.DataFrame:
    """The table of an aggregation as regions by variables."""
    import pandas as pd

    found = gathered.tables[name]
    return pd.DataFrame(
        found.X.toarray(), index=pd.Index(found.obs["instance_id"].to_numpy(), name="spot_id"), columns=found.var_names
    )


def compare_fractions(sdata: SpatialData, spots: GeoDataFrame, system: str = ALIGNED) -> SpotFractions:
    """Compare the cell-type fractions that both replicates give the spots.

    Parameters
    ----------
    sdata
        The aligned slides, with cell types.
    spots
        The circles to compare.
    system
        The coordinate system that all share.

    Raises
    ------
    StudyInputError
        The spots lie on no cell of a replicate.
    """
    import pandas as pd

    amounts = {replicate: spot_fractions(sdata, replicate, spots, system) for replicate in REPLICATES}
    for replicate, found in amounts.items():
        if not found.to_numpy().any():
            raise StudyInputError(
                f"None of the {len(spots)} spots in the common area lies on a cell of {replicate}, which has "
                f"{len(sdata.shapes[cells(replicate)])}. Check the landmarks."
            )
    first, second = (shares(amounts[replicate]) for replicate in REPLICATES)
    pearson = pearson_by_row(first.to_numpy(), second[first.columns].to_numpy())
    return SpotFractions(amounts=amounts, pearson=pd.Series(pearson, index=first.index, name="pearson"))


def pearson_by_row(first: np.ndarray, second: np.ndarray) -> np.ndarray:
    """The correlation of each row of one matrix with that of another; NaN where a row is constant or has NaN."""
    first = first - first.mean(axis=1, keepdims=True)
    second = second - second.mean(axis=1, keepdims=True)
    scale = np.sqrt((first**2).sum(axis=1) * (second**2).sum(axis=1))
    found: np.ndarray = (first * second).sum(axis=1) / np.where(scale > 0, scale, np.nan)
    return found
