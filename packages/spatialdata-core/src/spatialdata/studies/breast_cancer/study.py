"""The whole study, from folders to report."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from spatialdata._core.optional import require
from spatialdata.studies.breast_cancer.alignment import align_slides
from spatialdata.studies.breast_cancer.cell_types import add_cell_types
from spatialdata.studies.breast_cancer.common import find_common_area, spots_within
from spatialdata.studies.breast_cancer.figures import draw_figures
from spatialdata.studies.breast_cancer.findings import Findings, keep_findings
from spatialdata.studies.breast_cancer.fractions import compare_fractions
from spatialdata.studies.breast_cancer.genes import compare_genes
from spatialdata.studies.breast_cancer.inputs import (
    StudyInput,
    read_cell_types,
    read_landmarks,
    read_regions,
    read_subclones,
    simulate_input,
)
from spatialdata.studies.breast_cancer.names import REGIONS, REPLICATES
from spatialdata.studies.breast_cancer.output import FIGURES, REPORT, RESULTS, STORE, check_output, new_output
from spatialdata.studies.breast_cancer.regions import add_regions, compare_regions, regions_within
from spatialdata.studies.breast_cancer.report import write_report
from spatialdata.studies.breast_cancer.slides import read_slides
from spatialdata.studies.breast_cancer.subclones import (
    Subclones,
    accuracy,
    label_spots,
    look_up_spots,
    transfer_subclones,
)
from spatialdata.studies.breast_cancer.summary import summarise
from spatialdata.studies.breast_cancer.truth import StudyTruth
from spatialdata.studies.breast_cancer.validation import validate_fractions

if TYPE_CHECKING:
    from collections.abc import Callable

    import pandas as pd
    from geopandas import GeoDataFrame

    from spatialdata.sdata import SpatialData
    from spatialdata.studies.breast_cancer.alignment import Alignment
    from spatialdata.studies.breast_cancer.fractions import SpotFractions
    from spatialdata.studies.breast_cancer.results import Results, Value
    from spatialdata.studies.breast_cancer.validation import Validation

__all__ = ["Annotation", "compare_slides", "place_everything", "read_annotation", "run_study"]

_SIMULATED = "simulated"
_SUBCLONES = "subclones"
_STEPS = 8


def run_study(
    output: str | Path,
    *,
    inputs: StudyInput | None = None,
    size: str = "small",
    seed: int = 0,
    overwrite: bool = False,
) -> Results:
    """Align two Xenium replicates and a Visium slide of a breast tumour, and compare them.

    Parameters
    ----------
    output
        The folder to write: the store ``study.zarr``, ``report.html``, ``results.json`` and ``figures``. It appears
        whole, or not at all.
    inputs
        The slides; if not given, a tumour with known truth is simulated into ``simulated`` in the output folder.
    size, seed
        Size (``"tiny"``, ``"small"``, ``"large"``) and seed of the simulation.
    overwrite
        Whether to replace the output of an earlier run.

    Returns
    -------
    All numbers of the report.

    Raises
    ------
    OutputExistsError
        The output folder exists.
    StudyInputError
        What was given is absent, broken, or does not belong together.
    SpatialDataError
        Any other error of the data, such as a file of a slide that cannot be read.

    Examples
    --------
    >>> results = run_study("demo", size="tiny")  # doctest: +SKIP
    """
    from tqdm import tqdm

    from spatialdata.sdata import read_zarr

    target = Path(output)
    check_output(target, overwrite=overwrite)
    for package in ("spatialdata_io", "spatialdata_plot"):
        require(package, "run the study")
    parameters: dict[str, Value | None] = {"simulated": "yes", "size": size, "seed": seed}
    if inputs is not None:
        parameters = {slide: str(folder) for slide, folder in inputs.folders.items()}
        parameters["landmarks"] = str(inputs.landmarks)
    with (
        tqdm(total=_STEPS, desc="Study", disable=None, unit="step") as bar,
        new_output(target, overwrite=overwrite) as folder,
    ):
        progress = _Progress(bar)
        if inputs is None:
            progress.begin("simulating the slides")
            inputs = simulate_input(folder / _SIMULATED, size, seed)
        progress.begin("reading the slides")
        slides = read_slides(inputs)
        annotation = read_annotation(inputs)
        slides = add_cell_types(slides, annotation.cell_types)
        progress.begin("aligning the slides")
        alignment = place_everything(slides, annotation)
        progress.begin("writing the store")
        slides.write(folder / STORE)
        del slides
        findings = compare_slides(read_zarr(folder / STORE), alignment, annotation, progress.begin)
        progress.begin("drawing the figures")
        results = summarise(findings, parameters)
        figures = draw_figures(findings, folder / FIGURES)
        (folder / RESULTS).write_text(results.to_json(), encoding="utf-8")
        (folder / REPORT).write_text(write_report(results, figures), encoding="utf-8")
        progress.end()
    return results


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Annotation:
    """What was drawn on the slides or is known about them."""

    landmarks: pd.DataFrame
    cell_types: pd.DataFrame | None
    regions: GeoDataFrame | None
    subclones: pd.DataFrame | None
    truth: StudyTruth | None
    true_cell_types: bool
    """Whether the cell types are those of the truth."""


def read_annotation(inputs: StudyInput) -> Annotation:
    """Read landmarks, cell types, regions and subclones.

    Parameters
    ----------
    inputs
        The files; what is not given is None, or taken from the truth of a simulated study.

    Raises
    ------
    StudyInputError
        A file is absent or broken.
    """
    truth = StudyTruth(inputs.truth) if inputs.truth else None
    cell_types = read_cell_types(inputs.cell_types) if inputs.cell_types else None
    return Annotation(
        landmarks=read_landmarks(inputs),
        cell_types=truth.cell_types() if truth and cell_types is None else cell_types,
        regions=read_regions(inputs.regions) if inputs.regions else None,
        subclones=read_subclones(inputs.subclones) if inputs.subclones else None,
        truth=truth,
        true_cell_types=truth is not None and cell_types is None,
    )


def place_everything(slides: SpatialData, annotation: Annotation) -> Alignment:
    """Align the slides through landmarks and add what was drawn on them.

    Parameters
    ----------
    slides
        The slides; they get the coordinate system ``aligned``, and the regions and subclones as elements.
    annotation
        What was drawn.

    Raises
    ------
    LandmarkError
        The landmarks do not determine an alignment.
    StudyInputError
        The aligned slides have no area in common, no spot or region lies in it, or subclones name no spot.
    """
    alignment = align_slides(slides, annotation.landmarks, truth=annotation.truth)
    truth = annotation.truth
    if annotation.regions is not None:
        add_regions(slides, annotation.regions)
    elif truth is not None:
        add_regions(slides, truth.regions, truth.tissue_to_aligned)
    if truth is not None:
        add_regions(slides, truth.subclones, truth.tissue_to_aligned, name=_SUBCLONES)
    area = find_common_area(slides)
    spots = spots_within(slides, area)
    if REGIONS in slides.shapes:
        regions_within(slides, area)
    if annotation.subclones is not None:
        look_up_spots(slides, spots, annotation.subclones)
    return alignment


def compare_slides(
    sdata: SpatialData, alignment: Alignment, annotation: Annotation, begin: Callable[[str], None]
) -> Findings:
    """Compare aligned slides.

    Parameters
    ----------
    sdata
        The slides with cell types and everything that was drawn. If they are backed by a store, everything that is
        found is written to it.
    alignment
        How they were aligned.
    annotation
        What was drawn on the slides.
    begin
        Called with the name of each step before it runs.
    """
    area = find_common_area(sdata)
    spots = spots_within(sdata, area)
    begin("comparing cell types of spots")
    fractions = compare_fractions(sdata, spots)
    begin("comparing genes in spots")
    genes = compare_genes(sdata, spots)
    begin("comparing regions and subclones")
    findings = Findings(
        sdata=sdata,
        area=area,
        spots=spots,
        alignment=alignment,
        fractions=fractions,
        genes=genes,
        regions=compare_regions(sdata, area) if REGIONS in sdata.shapes else None,
        subclones=_subclones(sdata, spots, annotation),
        validation=_validation(sdata, spots, fractions, annotation),
    )
    keep_findings(findings)
    return findings


def _subclones(sdata: SpatialData, spots: GeoDataFrame, annotation: Annotation) -> Subclones | None:
    truth = annotation.truth
    if annotation.subclones is not None:
        labels = look_up_spots(sdata, spots, annotation.subclones)
    elif truth is not None:
        labels = label_spots(spots, sdata.shapes[_SUBCLONES])
    else:
        return None
    transferred = {replicate: transfer_subclones(sdata, replicate, spots, labels) for replicate in REPLICATES}
    right = (
        {replicate: accuracy(found, truth.cells(replicate)) for replicate, found in transferred.items()}
        if truth
        else {}
    )
    return Subclones(spots=labels, cells=transferred, accuracy=right)


def _validation(
    sdata: SpatialData, spots: GeoDataFrame, fractions: SpotFractions, annotation: Annotation
) -> Validation | None:
    if annotation.truth is None or not annotation.true_cell_types:
        return None
    return validate_fractions(sdata, spots, fractions, annotation.truth)


class _Progress:
    """Names the step that runs on a bar."""

    def __init__(self, bar: Any) -> None:
        self._bar = bar
        self._begun = False

    def begin(self, step: str) -> None:
        """Complete the step before, if any, and name the next."""
        if self._begun:
            self._bar.update()
        self._begun = True
        self._bar.set_postfix_str(step)

    def end(self) -> None:
        """Complete the bar."""
        self._bar.update(self._bar.total - self._bar.n)
        self._bar.set_postfix_str("done")
