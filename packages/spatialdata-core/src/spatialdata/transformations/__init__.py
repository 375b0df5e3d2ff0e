"""Transformations between coordinate systems."""

from __future__ import annotations

from spatialdata.transformations.algebra import BaseTransformation
from spatialdata.transformations.attach import get_transformation, remove_transformation, set_transformation
from spatialdata.transformations.fields import Coordinates, Displacements
from spatialdata.transformations.graph import (
    get_transformation_between_coordinate_systems,
    remove_transformations_to_coordinate_system,
)
from spatialdata.transformations.landmark_files import read_alignment, read_landmarks
from spatialdata.transformations.landmark_fit import LandmarkFit, Landmarks, fit_landmarks
from spatialdata.transformations.landmarks import align_elements_using_landmarks, get_transformation_between_landmarks
from spatialdata.transformations.linear import Affine, Identity, MapAxis, Scale, Sequence, Translation
from spatialdata.transformations.links import CoordinateLink
from spatialdata.transformations.nonlinear import Bijection, Inverse
from spatialdata.transformations.thin_plate import ThinPlateSpline
from spatialdata.transformations.units import unit_scale

__all__ = [
    "Affine",
    "BaseTransformation",
    "Bijection",
    "CoordinateLink",
    "Coordinates",
    "Displacements",
    "Identity",
    "Inverse",
    "LandmarkFit",
    "Landmarks",
    "MapAxis",
    "Scale",
    "Sequence",
    "ThinPlateSpline",
    "Translation",
    "align_elements_using_landmarks",
    "fit_landmarks",
    "get_transformation",
    "get_transformation_between_coordinate_systems",
    "get_transformation_between_landmarks",
    "read_alignment",
    "read_landmarks",
    "remove_transformation",
    "remove_transformations_to_coordinate_system",
    "set_transformation",
    "unit_scale",
]
