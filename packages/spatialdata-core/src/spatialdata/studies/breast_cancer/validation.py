"""The fractions of spots, computed anew from the truth without the operations of the framework."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from spatialdata.studies.breast_cancer.alignment import place_slides
from spatialdata.studies.breast_cancer.cell_types import CELL_TYPE
from spatialdata.studies.breast_cancer.fractions import shares, spot_fractions
from spatialdata.studies.breast_cancer.names import REPLICATES, SPOTS, VISIUM, cells, table

if TYPE_CHECKING:
    import pandas as pd
    from geopandas import GeoDataFrame

    from spatialdata.sdata import SpatialData
    from spatialdata.studies.breast_cancer.fractions import SpotFractions
    from spatialdata.studies.breast_cancer.truth import StudyTruth

__all__ = ["Validation", "true_fractions", "validate_fractions"]

_SYSTEM = "true"
_QUARTER_SEGMENTS = 1024


@dataclass(frozen=True, slots=True, kw_only=True)
class Validation:
    """How far the fractions of spots are from the truth."""

    aligned_truly: float
    """The largest difference between fractions found under the true alignment and those computed anew."""
    aligned_by_landmarks: float
    """The same of the fractions found under the alignment through landmarks."""


def validate_fractions(sdata: SpatialData, spots: GeoDataFrame, found: SpotFractions, truth: StudyTruth) -> Validation:
    """Compare fractions of spots with those that are computed anew from the truth.

    Parameters
    ----------
    sdata
        The slides with their true cell types.
    spots
        The circles that were compared.
    found
        Their fractions under the alignment through landmarks.
    truth
        What is true of the slides.
    """
    placed, placed_spots = _placed_truly(sdata, spots, truth)
    largest = {"true": 0.0, "landmarks": 0.0}
    for replicate in REPLICATES:
        expected = true_fractions(sdata, replicate, spots, truth)
        under_truth = shares(spot_fractions(placed, replicate, placed_spots, _SYSTEM))
        for name, fractions in (("true", under_truth), ("landmarks", found.fractions[replicate])):
            difference = (fractions[expected.columns].fillna(0.0) - expected).abs().to_numpy().max()
            largest[name] = max(largest[name], float(difference))
    return Validation(aligned_truly=largest["true"], aligned_by_landmarks=largest["landmarks"])


def true_fractions(sdata: SpatialData, replicate: str, spots: GeoDataFrame, truth: StudyTruth) -> pd.DataFrame:
    """Cell-type fractions of spots, by polygons of the tissue alone.

    Outlines and spots are moved into the tissue by the true matrices, and spots are polygons of 4096 corners with the
    area of the circle.

    Parameters
    ----------
    sdata
        The slides with their true cell types.
    replicate
        The replicate whose cells are counted.
    spots
        Circles in pixels of the Visium slide.
    truth
        What is true of the slides.

    Returns
    -------
    Spots by types; 0 in spots without cells.
    """
    import pandas as pd
    import shapely

    found = sdata.tables[table(replicate)]
    outlines = sdata.shapes[cells(replicate)].loc[found.obs["cell_id"]].geometry.to_numpy()
    to_tissue = np.linalg.inv(truth.tissue_to_um(replicate))
    moved = shapely.transform(outlines, lambda xy: xy @ to_tissue[:2, :2].T + to_tissue[:2, 2])
    discs = _discs(spots, np.linalg.inv(truth.tissue_to_px(VISIUM)))
    spot, cell = shapely.STRtree(moved).query(discs, predicate="intersects")
    part = shapely.area(shapely.intersection(moved[cell], discs[spot])) / shapely.area(moved[cell])
    types = found.obs[CELL_TYPE].cat
    amounts = np.zeros((len(spots), len(types.categories)))
    np.add.at(amounts, (spot, types.codes.to_numpy()[cell]), part)
    return shares(pd.DataFrame(amounts, index=spots.index, columns=types.categories)).fillna(0.0)


def _discs(spots: GeoDataFrame, to_tissue: Any) -> Any:
    import shapely

    centres = shapely.get_coordinates(spots.geometry.to_numpy()) @ to_tissue[:2, :2].T + to_tissue[:2, 2]
    radius = spots["radius"].to_numpy() * np.sqrt(abs(np.linalg.det(to_tissue[:2, :2])))
    corners = 4 * _QUARTER_SEGMENTS
    same_area = np.sqrt(2 * np.pi / (corners * np.sin(2 * np.pi / corners)))
    return shapely.buffer(shapely.points(centres), radius * same_area, quad_segs=_QUARTER_SEGMENTS)


def _placed_truly(sdata: SpatialData, spots: GeoDataFrame, truth: StudyTruth) -> tuple[SpatialData, GeoDataFrame]:
    """Cells and spots in the true coordinate system; the slides themselves stay as they are."""
    elements: dict[str, Any] = {SPOTS: spots.copy()}
    for replicate in REPLICATES:
        elements[cells(replicate)] = sdata.shapes[cells(replicate)].copy()
        elements[table(replicate)] = sdata.tables[table(replicate)]
    placed = type(sdata).init_from_elements(elements)
    place_slides(placed, truth.matrices, _SYSTEM)
    return placed, placed.shapes[SPOTS]
