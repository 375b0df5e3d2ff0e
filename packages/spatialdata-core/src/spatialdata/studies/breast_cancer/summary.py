"""The findings of the study as numbers to print."""

from __future__ import annotations

import platform
from importlib.metadata import PackageNotFoundError, version
from typing import TYPE_CHECKING

from spatialdata.studies.breast_cancer.names import REFERENCE, REPLICATES, VISIUM, table
from spatialdata.studies.breast_cancer.results import Promise, Results, Row, Section

if TYPE_CHECKING:
    from spatialdata.studies.breast_cancer.findings import Findings
    from spatialdata.studies.breast_cancer.results import Value

__all__ = ["ALIGNMENT_PROMISE", "FRACTION_PROMISE", "summarise"]

ALIGNMENT_PROMISE = 0.5
"""Micrometres by which a recovered alignment may be wrong."""

FRACTION_PROMISE = 1e-6
"""How far fractions of spots may be from the true ones if the alignment is the true one."""

_PACKAGES = (
    "spatialdata",
    "spatialdata-io",
    "spatialdata-plot",
    "anndata",
    "dask",
    "geopandas",
    "numpy",
    "pandas",
    "scipy",
    "shapely",
    "zarr",
)


def summarise(findings: Findings, parameters: dict[str, Value | None]) -> Results:
    """Collect the numbers of the study.

    Parameters
    ----------
    findings
        What the steps found.
    parameters
        How the study was run.
    """
    sections = [_slides(findings), _alignment(findings), _fractions(findings), _genes(findings)]
    if findings.regions is not None:
        sections.append(_regions(findings))
    if findings.subclones is not None:
        sections.append(_subclones(findings))
    return Results(sections=tuple(sections), parameters=parameters, versions=_versions())


def _slides(findings: Findings) -> Section:
    rows = [
        Row(
            key=f"cells_{replicate}", label=f"Cells of {replicate}", value=findings.sdata.tables[table(replicate)].n_obs
        )
        for replicate in REPLICATES
    ]
    rows += [
        Row(key="common_area", label="Area that all slides show", value=findings.area.area / 1e6, unit="mm2"),
        Row(key="spots", label="Visium spots wholly in it", value=len(findings.spots)),
        Row(key="genes", label="Genes that all slides have", value=len(findings.genes.pearson)),
    ]
    return Section(key="slides", title="Slides", rows=tuple(rows))


def _alignment(findings: Findings) -> Section:
    rows: list[Row] = []
    for slide, one in findings.alignment.slides.items():
        if slide == REFERENCE:
            continue
        rows += [
            Row(key=f"rotation_{slide}", label=f"{slide}: rotation", value=one.rotation, unit="deg"),
            Row(key=f"pixel_size_{slide}", label=f"{slide}: size of a pixel", value=one.pixel_size, unit="um"),
            Row(
                key=f"residual_{slide}",
                label=f"{slide}: residual of {len(one.landmarks)} landmarks (RMS)",
                value=one.residual,
                unit="um",
            ),
        ]
        if one.error is not None:
            promise = Promise(text=f"< {ALIGNMENT_PROMISE}", kept=one.error < ALIGNMENT_PROMISE)
            rows.append(
                Row(
                    key=f"error_{slide}",
                    label=f"{slide}: largest error over the tissue",
                    value=one.error,
                    unit="um",
                    promise=promise,
                )
            )
    return Section(key="alignment", title=f"Alignment to {REFERENCE} through landmarks", rows=tuple(rows))


def _fractions(findings: Findings) -> Section:
    found = findings.fractions
    compared = int(found.pearson.notna().sum())
    rows = [
        Row(key="spots_compared", label="Spots with cells of both replicates", value=compared),
        Row(key="pearson_median", label="Pearson r of a spot over the types, median", value=found.median),
        Row(key="pearson_lower", label="  lower quartile", value=float(found.pearson.dropna().quantile(0.25))),
        Row(key="pearson_upper", label="  upper quartile", value=float(found.pearson.dropna().quantile(0.75))),
        Row(key="difference", label="Mean absolute difference of a fraction", value=found.difference),
    ]
    if findings.validation is not None:
        error = findings.validation.aligned_truly
        promise = Promise(text=f"< {FRACTION_PROMISE:g}", kept=error < FRACTION_PROMISE)
        rows += [
            Row(
                key="error_true_alignment",
                label="Largest error of a fraction under the true alignment",
                value=error,
                promise=promise,
            ),
            Row(
                key="error_landmark_alignment",
                label="  under the alignment through landmarks",
                value=findings.validation.aligned_by_landmarks,
            ),
        ]
    return Section(key="fractions", title="Cell-type fractions of spots, replicate 1 and 2", rows=tuple(rows))


def _genes(findings: Findings) -> Section:
    found = findings.genes
    other = {REPLICATES[1]: "replicates 1 and 2", VISIUM: "replicate 1 and Visium"}
    rows: list[Row] = []
    for slide, what in other.items():
        rows += [
            Row(
                key=f"pearson_median_{slide}",
                label=f"r of a gene over spots, {what}, median",
                value=float(found.pearson[slide].dropna().median()),
            ),
            Row(
                key=f"pearson_totals_{slide}",
                label=f"r of log totals over genes, {what}",
                value=found.totals_pearson(slide),
            ),
        ]
    return Section(key="genes", title="Transcripts in spots, gene by gene", rows=tuple(rows))


def _regions(findings: Findings) -> Section:
    found = findings.regions
    rows: list[Row] = []
    if found is not None:
        fractions = found.fractions[REPLICATES[0]]
        for number, (name, pearson) in enumerate(found.pearson.items()):
            largest = fractions.iloc[number]
            most = f": {largest.idxmax()} {largest.max():.0%}" if largest.notna().any() else ""
            rows.append(Row(key=str(name), label=f"{name}{most}", value=float(pearson)))
    return Section(
        key="regions", title="Regions: commonest type in replicate 1, r between replicates", rows=tuple(rows)
    )


def _subclones(findings: Findings) -> Section:
    found = findings.subclones
    rows: list[Row] = []
    if found is not None:
        labelled = int((found.spots != "none").sum())
        rows.append(Row(key="spots", label="Spots in a subclone", value=labelled))
        for replicate, labels in found.cells.items():
            rows.append(Row(key=f"cells_{replicate}", label=f"{replicate}: cells under spots", value=len(labels)))
            if replicate in found.accuracy:
                rows.append(
                    Row(
                        key=f"accuracy_{replicate}",
                        label=f"{replicate}: tumour cells with the right label",
                        value=found.accuracy[replicate],
                    )
                )
    return Section(key="subclones", title="Subclones of spots, transferred to cells", rows=tuple(rows))


def _versions() -> dict[str, str]:
    found = {"python": platform.python_version()}
    for package in _PACKAGES:
        try:
            found[package] = version(package)
        except PackageNotFoundError:
            continue
    return found
