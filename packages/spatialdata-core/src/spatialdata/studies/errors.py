"""What can go wrong with the input and the output of a study."""

from __future__ import annotations

from spatialdata.errors import SpatialDataError

__all__ = ["OutputExistsError", "StudyInputError"]


class StudyInputError(SpatialDataError, ValueError):
    """What a study was given is absent, broken, or does not belong together."""


class OutputExistsError(SpatialDataError, FileExistsError):
    """The output folder of a study is there already."""
