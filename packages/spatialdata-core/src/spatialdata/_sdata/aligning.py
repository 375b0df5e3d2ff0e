"""One element aligned to another through landmarks."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from spatialdata.errors import LandmarkError
from spatialdata.transformations.attach import get_transformation, set_transformation
from spatialdata.transformations.landmark_fit import LandmarkFit, Landmarks, fit_landmarks
from spatialdata.transformations.landmarks import landmark_coordinates
from spatialdata.transformations.linear import Sequence

if TYPE_CHECKING:
    from spatialdata._sdata.holder import ElementHolder
    from spatialdata.transformations.landmark_fit import Model

__all__ = ["align", "landmarks_of"]


def landmarks_of(sdata: ElementHolder, landmarks: Any) -> Landmarks:
    """Landmarks as they may be given: as such, or as a pair of names, elements or arrays, moving first."""
    if isinstance(landmarks, Landmarks):
        return landmarks
    if not isinstance(landmarks, tuple | list) or len(landmarks) != 2:
        raise LandmarkError(
            "Give landmarks as Landmarks, or as a pair of arrays, of points or circles, or of their names: first the "
            f"moving, then the reference ones. Found {type(landmarks).__name__}."
        )
    return Landmarks(*(_coordinates(sdata, item) for item in landmarks))


def _coordinates(sdata: ElementHolder, item: Any) -> Any:
    if isinstance(item, str):
        return landmark_coordinates(sdata[item])
    return item if isinstance(item, list | tuple) or type(item).__module__ == "numpy" else landmark_coordinates(item)


def align(
    sdata: ElementHolder,
    moving: str,
    reference: str,
    landmarks: Landmarks,
    model: Model,
    systems: tuple[str, str],
    new_coordinate_system: str,
    threshold: float | None,
    smoothing: float,
) -> LandmarkFit:
    """Place two elements in a new coordinate system in which their landmarks meet; nothing changes on errors."""
    first, second = sdata[moving], sdata[reference]
    from_moving, from_reference = (
        get_transformation(element, system) for element, system in zip((first, second), systems, strict=True)
    )
    fit = fit_landmarks(landmarks, model, threshold, smoothing)
    set_transformation(first, Sequence([from_moving, fit.transformation]), new_coordinate_system)
    set_transformation(second, from_reference, new_coordinate_system)
    return fit
