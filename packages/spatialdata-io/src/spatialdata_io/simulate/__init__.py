"""A tissue with known truth, and writers that put it on disk as the instruments do."""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from spatialdata_io.simulate.celltype import CELL_TYPE_NAMES
    from spatialdata_io.simulate.frame import Frame
    from spatialdata_io.simulate.landmarks import read_landmarks, write_landmarks
    from spatialdata_io.simulate.study import StudyFolders, simulate_study
    from spatialdata_io.simulate.tissue import Section, Tissue, simulate_tissue
    from spatialdata_io.simulate.truth import Truth, read_truth
    from spatialdata_io.simulate.visium import write_visium
    from spatialdata_io.simulate.xenium import write_xenium

_HOME = {
    "CELL_TYPE_NAMES": "celltype",
    "Frame": "frame",
    "Section": "tissue",
    "StudyFolders": "study",
    "Tissue": "tissue",
    "Truth": "truth",
    "read_landmarks": "landmarks",
    "read_truth": "truth",
    "simulate_study": "study",
    "simulate_tissue": "tissue",
    "write_landmarks": "landmarks",
    "write_visium": "visium",
    "write_xenium": "xenium",
}

__all__ = [
    "CELL_TYPE_NAMES",
    "Frame",
    "Section",
    "StudyFolders",
    "Tissue",
    "Truth",
    "read_landmarks",
    "read_truth",
    "simulate_study",
    "simulate_tissue",
    "write_landmarks",
    "write_visium",
    "write_xenium",
]


def __getattr__(name: str) -> Any:
    if name not in _HOME:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}; it has {', '.join(__all__)}")
    return getattr(import_module(f"{__name__}.{_HOME[name]}"), name)


def __dir__() -> list[str]:
    return list(__all__)
