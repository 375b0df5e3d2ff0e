"""Two Xenium replicates and a Visium slide of one breast tumour, aligned and compared.

:func:`run_study` does everything. Its steps are public, so that each can be used by itself:
:func:`read_slides`, :func:`align_slides`, :func:`find_common_area`, :func:`compare_fractions`,
:func:`compare_genes`, :func:`compare_regions` and :func:`transfer_subclones`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from spatialdata._core.lazy import lazy_names

if TYPE_CHECKING:
    from spatialdata.studies.breast_cancer.alignment import Alignment, SlideAlignment, align_slides
    from spatialdata.studies.breast_cancer.cell_types import add_cell_types
    from spatialdata.studies.breast_cancer.common import find_common_area, spots_within
    from spatialdata.studies.breast_cancer.fractions import SpotFractions, compare_fractions, spot_fractions
    from spatialdata.studies.breast_cancer.genes import SpotGenes, compare_genes, spot_counts
    from spatialdata.studies.breast_cancer.inputs import StudyInput, read_landmarks, simulate_input
    from spatialdata.studies.breast_cancer.regions import RegionFractions, add_regions, compare_regions
    from spatialdata.studies.breast_cancer.results import Results
    from spatialdata.studies.breast_cancer.slides import read_slides
    from spatialdata.studies.breast_cancer.study import run_study
    from spatialdata.studies.breast_cancer.subclones import Subclones, label_spots, transfer_subclones
    from spatialdata.studies.breast_cancer.truth import StudyTruth

_HOME = "spatialdata.studies.breast_cancer"
_HOMES = {
    "Alignment": f"{_HOME}.alignment",
    "RegionFractions": f"{_HOME}.regions",
    "Results": f"{_HOME}.results",
    "SlideAlignment": f"{_HOME}.alignment",
    "SpotFractions": f"{_HOME}.fractions",
    "SpotGenes": f"{_HOME}.genes",
    "StudyInput": f"{_HOME}.inputs",
    "StudyTruth": f"{_HOME}.truth",
    "Subclones": f"{_HOME}.subclones",
    "add_cell_types": f"{_HOME}.cell_types",
    "add_regions": f"{_HOME}.regions",
    "align_slides": f"{_HOME}.alignment",
    "compare_fractions": f"{_HOME}.fractions",
    "compare_genes": f"{_HOME}.genes",
    "compare_regions": f"{_HOME}.regions",
    "find_common_area": f"{_HOME}.common",
    "label_spots": f"{_HOME}.subclones",
    "read_landmarks": f"{_HOME}.inputs",
    "read_slides": f"{_HOME}.slides",
    "run_study": f"{_HOME}.study",
    "simulate_input": f"{_HOME}.inputs",
    "spot_counts": f"{_HOME}.genes",
    "spot_fractions": f"{_HOME}.fractions",
    "spots_within": f"{_HOME}.common",
    "transfer_subclones": f"{_HOME}.subclones",
}

__all__ = [
    "Alignment",
    "RegionFractions",
    "Results",
    "SlideAlignment",
    "SpotFractions",
    "SpotGenes",
    "StudyInput",
    "StudyTruth",
    "Subclones",
    "add_cell_types",
    "add_regions",
    "align_slides",
    "compare_fractions",
    "compare_genes",
    "compare_regions",
    "find_common_area",
    "label_spots",
    "read_landmarks",
    "read_slides",
    "run_study",
    "simulate_input",
    "spot_counts",
    "spot_fractions",
    "spots_within",
    "transfer_subclones",
]

__getattr__, __dir__ = lazy_names(__name__, _HOMES, __all__)
