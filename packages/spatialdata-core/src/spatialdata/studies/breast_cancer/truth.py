"""What is true of a simulated study, in the terms of the study."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from spatialdata._core.optional import require
from spatialdata.studies.breast_cancer.names import REFERENCE, REPLICATES, SLIDES

if TYPE_CHECKING:
    from pathlib import Path

    import numpy.typing as npt
    import pandas as pd
    from geopandas import GeoDataFrame

    Floats = npt.NDArray[np.float64]

__all__ = ["StudyTruth"]

_SAMPLES = 101


class StudyTruth:
    """The truth of a simulated study.

    Parameters
    ----------
    folder
        The folder ``truth`` of the simulated study.
    """

    def __init__(self, folder: Path) -> None:
        simulate = require("spatialdata_io.simulate", "read what is true of the simulated study")
        self._truth: Any = simulate.read_truth(folder)

    def tissue_to_um(self, slide: str) -> Floats:
        """Homogeneous (3, 3), from tissue micrometres to micrometres of a slide's instrument."""
        return np.asarray(self._truth.slides[slide].tissue_to_um, dtype=np.float64)

    def tissue_to_px(self, slide: str) -> Floats:
        """Homogeneous (3, 3), from tissue micrometres to pixels of a slide's image."""
        return np.asarray(self._truth.slides[slide].tissue_to_px, dtype=np.float64)

    @property
    def tissue_to_aligned(self) -> Floats:
        """Homogeneous (3, 3), from tissue micrometres to micrometres of the first replicate."""
        return self.tissue_to_um(REFERENCE)

    @property
    def matrices(self) -> dict[str, Floats]:
        """For every slide, homogeneous (3, 3) from its pixels to micrometres of the first replicate."""
        return {slide: self.tissue_to_aligned @ np.linalg.inv(self.tissue_to_px(slide)) for slide in SLIDES}

    @property
    def regions(self) -> GeoDataFrame:
        """The regions that a pathologist would draw: name, kind and geometry in tissue micrometres."""
        regions: GeoDataFrame = self._truth.regions
        return regions

    @property
    def subclones(self) -> GeoDataFrame:
        """Where the subclones of the tumour live: name and geometry in tissue micrometres."""
        subclones: GeoDataFrame = self._truth.subclones
        return subclones

    def cells(self, replicate: str) -> pd.DataFrame:
        """Type, region and subclone of every cell of a replicate, indexed by cell_id."""
        cells: pd.DataFrame = self._truth.cell_types[replicate]
        return cells

    def cell_types(self) -> pd.DataFrame:
        """The type of every cell: columns slide, cell_id, cell_type."""
        import pandas as pd

        parts = [self.cells(replicate)[["cell_type"]].assign(slide=replicate) for replicate in REPLICATES]
        return pd.concat(parts).reset_index()[["slide", "cell_id", "cell_type"]]

    def alignment_error(self, slide: str, matrix: Floats) -> float:
        """How far an alignment puts the tissue from where it belongs, at most.

        Parameters
        ----------
        slide
            The slide that was aligned.
        matrix
            Homogeneous (3, 3), from pixels of the slide to micrometres of the first replicate.

        Returns
        -------
        The largest distance in micrometres over a grid that spans all of the tissue.
        """
        x_min, y_min, x_max, y_max = self.regions.total_bounds
        x, y = np.meshgrid(np.linspace(x_min, x_max, _SAMPLES), np.linspace(y_min, y_max, _SAMPLES))
        tissue = np.stack([x.ravel(), y.ravel(), np.ones(x.size)])
        found = matrix @ self.tissue_to_px(slide) @ tissue
        error = found - self.tissue_to_aligned @ tissue
        return float(np.hypot(error[0], error[1]).max())
