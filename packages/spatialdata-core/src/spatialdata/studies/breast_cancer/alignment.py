"""The slides brought into one coordinate system through landmarks."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from spatialdata.studies.breast_cancer.names import ALIGNED, REFERENCE, SLIDES, transcripts

if TYPE_CHECKING:
    from collections.abc import Mapping

    import numpy.typing as npt
    import pandas as pd

    from spatialdata.sdata import SpatialData
    from spatialdata.studies.breast_cancer.truth import StudyTruth

    Floats = npt.NDArray[np.float64]

__all__ = ["Alignment", "SlideAlignment", "align_slides", "place_slides", "reference_pixel_size"]

_XY = ("x", "y")


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class SlideAlignment:
    """How one slide lies in the common coordinate system."""

    slide: str
    matrix: Floats
    """Homogeneous (3, 3), from pixels ``(x, y, 1)`` of the slide to micrometres of the reference."""
    landmarks: pd.DataFrame
    """Indexed by landmark: x, y where it is on the reference, found_x, found_y where the alignment puts it, and the
    residual; all in micrometres."""
    error: float | None = None
    """The largest distance between recovered and true positions over the tissue, in micrometres; None if not known."""

    @property
    def pixel_size(self) -> float:
        """Micrometres of the reference that a pixel of the slide spans."""
        return float(np.sqrt(abs(np.linalg.det(self.matrix[:2, :2]))))

    @property
    def rotation(self) -> float:
        """Degrees by which the slide is turned, from the x axis towards the y axis."""
        return float(np.degrees(np.arctan2(self.matrix[1, 0], self.matrix[0, 0])))

    @property
    def residual(self) -> float:
        """Root mean square of the residuals of the landmarks, in micrometres."""
        return float(np.sqrt((self.landmarks["residual"] ** 2).mean()))


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Alignment:
    """How all slides lie in the common coordinate system."""

    system: str
    slides: dict[str, SlideAlignment]


def reference_pixel_size(sdata: SpatialData) -> float:
    """Micrometres a pixel of the reference slide spans, as its instrument says."""
    from spatialdata.transformations import get_transformation

    to_pixels = get_transformation(sdata[transcripts(REFERENCE)], REFERENCE)
    return float(1 / to_pixels.to_affine_matrix(_XY, _XY)[0, 0])


def align_slides(
    sdata: SpatialData, landmarks: pd.DataFrame, system: str = ALIGNED, truth: StudyTruth | None = None
) -> Alignment:
    """Align all slides to the first replicate through landmarks.

    Every element of every slide gets a transformation to ``system``, whose unit is the micrometre of the first
    replicate; it is written to the store too.

    Parameters
    ----------
    sdata
        The slides, as :func:`read_slides` brings them together, backed by a store.
    landmarks
        Columns landmark, slide, x, y: places in pixels of the slides, each on all of them, at least three.
    system
        The name of the new coordinate system.
    truth
        If given, the error of the alignment is measured.

    Returns
    -------
    Per slide its matrix, the residuals of its landmarks, and its error.

    Raises
    ------
    LandmarkError
        Landmarks are too few or lie on one line.
    """
    from spatialdata.models import PointsModel
    from spatialdata.transformations import Affine, get_transformation_between_landmarks

    places = {str(slide): part.set_index("landmark")[["x", "y"]] for slide, part in landmarks.groupby("slide")}
    pixel_size = reference_pixel_size(sdata)
    reference = places[REFERENCE] * pixel_size
    matrices = {REFERENCE: np.diag([pixel_size, pixel_size, 1.0])}
    fixed = PointsModel.parse(reference.to_numpy(dtype=np.float64))
    for slide in SLIDES[1:]:
        moving = PointsModel.parse(places[slide].loc[reference.index].to_numpy(dtype=np.float64))
        found: Affine = get_transformation_between_landmarks(fixed, moving)
        matrices[slide] = np.asarray(found.to_affine_matrix(_XY, _XY), dtype=np.float64)
    place_slides(sdata, matrices, system)
    slides = {
        slide: SlideAlignment(
            slide=slide,
            matrix=matrix,
            landmarks=_residuals(reference, places[slide].loc[reference.index], matrix),
            error=truth.alignment_error(slide, matrix) if truth else None,
        )
        for slide, matrix in matrices.items()
    }
    return Alignment(system=system, slides=slides)


def place_slides(sdata: SpatialData, matrices: Mapping[str, Floats], system: str) -> None:
    """Give every element of every slide a transformation to a coordinate system.

    Parameters
    ----------
    sdata
        The slides. If they are backed by a store, the transformations are written to it.
    matrices
        For every slide, the homogeneous (3, 3) matrix from its pixels ``(x, y, 1)``.
    system
        The coordinate system that the matrices lead to.
    """
    from spatialdata.transformations import Affine, Sequence, get_transformation, set_transformation

    target = sdata if sdata.is_backed() else None
    for _, _, element in list(sdata.gen_spatial_elements()):
        to_slides = get_transformation(element, get_all=True)
        for slide, matrix in matrices.items():
            if slide in to_slides:
                placed = Sequence([to_slides[slide], Affine(matrix, input_axes=_XY, output_axes=_XY)])
                set_transformation(element, placed, system, write_to_sdata=target)
                break


def _residuals(reference: pd.DataFrame, places: pd.DataFrame, matrix: Floats) -> pd.DataFrame:
    found = places.to_numpy() @ matrix[:2, :2].T + matrix[:2, 2]
    offset = found - reference.to_numpy()
    return reference.assign(found_x=found[:, 0], found_y=found[:, 1], residual=np.hypot(*offset.T))
