"""Subclones of the tumour: a label of spots, transferred to the cells under them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from spatialdata.errors import listing
from spatialdata.studies.breast_cancer.fractions import fraction_table
from spatialdata.studies.breast_cancer.names import ALIGNED, SPOT_TABLE, cells
from spatialdata.studies.errors import StudyInputError

if TYPE_CHECKING:
    import pandas as pd
    from geopandas import GeoDataFrame

    from spatialdata.sdata import SpatialData

__all__ = ["NONE", "SUBCLONE", "Subclones", "accuracy", "label_spots", "look_up_spots", "transfer_subclones"]

SUBCLONE = "subclone"
NONE = "none"

_AREA = "area of "


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Subclones:
    """Subclones of spots and of the cells that lie under them."""

    spots: pd.Series
    """The label of every spot, ``"none"`` where there is no subclone."""
    cells: dict[str, pd.Series]
    """For every replicate, the label of each cell that lies under a spot, by cell id."""
    accuracy: dict[str, float]
    """For every replicate whose truth is known, the part of the tumour cells under spots whose label is right."""


def label_spots(spots: GeoDataFrame, areas: GeoDataFrame, system: str = ALIGNED) -> pd.Series:
    """Label each spot by the subclone that most of it lies on.

    Parameters
    ----------
    spots
        Circles.
    areas
        Polygons that do not overlap, with the column name.
    system
        The coordinate system that both share.

    Returns
    -------
    The name of the polygons that cover most of the spot, ``"none"`` if they cover less than half of it.
    """
    import pandas as pd

    from spatialdata import aggregate, transform

    placed = transform(areas, to_coordinate_system=system)
    names = sorted(placed["name"].unique())
    measured = placed.assign(**{f"{_AREA}{name}": placed.area.where(placed["name"] == name, 0.0) for name in names})
    measured.attrs = dict(placed.attrs)
    gathered = aggregate(
        values=measured,
        by=spots,
        value_key=[f"{_AREA}{name}" for name in names],
        target_coordinate_system=system,
        fractions=True,
    )
    covered = fraction_table(gathered, "table").set_axis(names, axis=1)
    disc = np.pi * transform(spots, to_coordinate_system=system)["radius"].to_numpy() ** 2
    labels = covered.idxmax(axis=1).where(covered.max(axis=1) >= disc / 2, NONE)
    return pd.Series(labels, name=SUBCLONE)


def look_up_spots(sdata: SpatialData, spots: GeoDataFrame, given: pd.DataFrame) -> pd.Series:
    """Label each spot by its barcode.

    Parameters
    ----------
    sdata
        The slides.
    spots
        Circles.
    given
        Columns barcode, subclone. Spots that are not in it are labelled ``"none"``.

    Raises
    ------
    StudyInputError
        No barcode is that of a spot.
    """
    import pandas as pd

    found = sdata.tables[SPOT_TABLE]
    known = given.drop_duplicates("barcode").set_index("barcode")[SUBCLONE]
    labels = found.obs_names.to_series().map(known).set_axis(found.obs["spot_id"])
    if labels.isna().all():
        raise StudyInputError(
            f"The subclones name no spot. Barcodes of spots are {listing(found.obs_names, limit=3)}; the subclones "
            f"have {listing(given['barcode'], limit=3)}."
        )
    return pd.Series(labels.reindex(spots.index).fillna(NONE).astype(str), name=SUBCLONE)


def transfer_subclones(
    sdata: SpatialData, replicate: str, spots: GeoDataFrame, labels: pd.Series, system: str = ALIGNED
) -> pd.Series:
    """Label each cell under spots by the subclone on which most of its area lies.

    Parameters
    ----------
    sdata
        The aligned slides.
    replicate
        The replicate whose cells are labelled.
    spots
        Circles of equal size.
    labels
        The label of every spot.
    system
        The coordinate system that all share.

    Returns
    -------
    Labels by cell id, of the cells that overlap a spot.
    """
    from spatialdata import aggregate

    labelled = spots.assign(**{SUBCLONE: labels.reindex(spots.index).astype("category")})
    labelled.attrs = dict(spots.attrs)
    gathered = aggregate(
        values=labelled,
        by=cells(replicate),
        by_sdata=sdata,
        value_key=SUBCLONE,
        target_coordinate_system=system,
        fractions=True,
    )
    overlap = fraction_table(gathered, "table").rename_axis("cell_id")
    under = overlap[overlap.sum(axis=1) > 0]
    return under.idxmax(axis=1).rename(SUBCLONE)


def accuracy(labels: pd.Series, truth: pd.DataFrame) -> float:
    """The part of the tumour cells under spots whose label is right.

    Parameters
    ----------
    labels
        Labels by cell id, as :func:`transfer_subclones` gives them.
    truth
        Indexed by cell id, with the true subclone of each cell; ``"none"`` for cells that are of no subclone.
    """
    true = truth[SUBCLONE].reindex(labels.index)
    tumour = true.notna() & (true != NONE)
    return float((labels[tumour] == true[tumour]).mean())
