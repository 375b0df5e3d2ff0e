"""The small files of a Xenium bundle: manifest, gene panel and metrics."""

from __future__ import annotations

import json
import uuid
from typing import TYPE_CHECKING, Any

from spatialdata_io.simulate.cells import area
from spatialdata_io.simulate.readout import QUALITY

if TYPE_CHECKING:
    from pathlib import Path

    from spatialdata_io.simulate.readout import Readout


def write_manifest(readout: Readout, folder: Path, images: dict[str, str], name: str) -> None:
    """Write ``experiment.xenium``, ``gene_panel.json`` and ``metrics_summary.csv``."""
    numbers = _numbers(readout)
    manifest = _manifest(readout, images, name, numbers)
    text = json.dumps(manifest, indent=4, ensure_ascii=False)
    (folder / "experiment.xenium").write_text(text, encoding="utf-8")
    (folder / "gene_panel.json").write_text(json.dumps(_gene_panel(readout), indent=2), encoding="utf-8")
    row = {"run_name": "simulated", "region_name": name, "panel_name": readout.section.panel.name, **numbers}
    lines = [",".join(row), ",".join(str(value) for value in row.values())]
    (folder / "metrics_summary.csv").write_text("\n".join(lines) + "\n", encoding="utf-8")


def _numbers(readout: Readout) -> dict[str, float]:
    import numpy as np

    good = readout.transcripts.qv >= QUALITY
    per_cell = np.asarray(readout.counts.sum(axis=1)).ravel()
    rows, columns = readout.frame.shape
    region = rows * columns * readout.frame.pixel_size**2
    covered = float(area(readout.cells.boundary).sum())
    return {
        "num_cells_detected": len(readout.cells),
        "median_transcripts_per_cell": float(np.median(per_cell)),
        "decoded_transcripts_per_100um2": 100 * int(good.sum()) / region,
        "region_area": region,
        "total_cell_area": covered,
        "fraction_transcripts_assigned": float((readout.transcripts.cell[good] >= 0).mean()),
    }


def _manifest(readout: Readout, images: dict[str, str], name: str, numbers: dict[str, float]) -> dict[str, Any]:
    version = readout.version
    manifest: dict[str, Any] = {}
    if version.unassigned_codewords:
        manifest |= {"major_version": 5 if version.polygon_sets else 4, "minor_version": 0, "patch_version": 0}
    manifest |= {
        "run_name": "simulated",
        "run_start_time": "2024-01-01T00:00:00Z",
        "region_name": name,
        "preservation_method": "ffpe",
        "num_cells": len(readout.cells),
        "transcripts_per_cell": numbers["median_transcripts_per_cell"],
        "transcripts_per_100um": numbers["decoded_transcripts_per_100um2"],
        "region_area": numbers["region_area"],
        "total_cell_area": numbers["total_cell_area"],
        "fraction_transcripts_assigned": numbers["fraction_transcripts_assigned"],
        **_equipment(readout, name),
        "images": images,
        "xenium_explorer_files": {"cells_zarr_filepath": "cells.zarr.zip"},
    }
    if version.polygon_sets:
        found_by = ("cell_stain", "cell_boundary", "cell_interior", "cell_nuc_expansion")
        manifest |= {f"segmented_{how}_frac": float(how == "cell_nuc_expansion") for how in found_by}
        manifest["imported_cell_frac"] = 0.0
    return manifest


def _equipment(readout: Readout, name: str) -> dict[str, Any]:
    """What the manifest tells of the slide, the panel and the instrument."""
    panel, version = readout.section.panel, readout.version
    seed = f"{readout.section.tissue.seed}/{readout.section.seed}/{name}"
    identities = {
        f"{what}_uuid": str(uuid.uuid5(uuid.NAMESPACE_URL, f"{what}/{seed}"))
        for what in ("experiment", "cassette", "roi")
    }
    return {
        "cassette_name": "simulated",
        "slide_id": f"{readout.section.seed:07d}",
        "panel_design_id": "simBreast_v1",
        "panel_name": panel.name,
        "panel_organism": "Human",
        "panel_tissue_type": "Breast",
        "panel_num_targets_predesigned": int(panel.is_gene.sum()),
        "panel_num_targets_custom": 0,
        "pixel_size": readout.frame.pixel_size,
        "instrument_sn": "SIMULATED",
        "instrument_sw_version": version.text,
        "analysis_sw_version": f"xenium-{version.text}",
        **identities,
        "z_step_size": 3.0,
    }


def _gene_panel(readout: Readout) -> dict[str, Any]:
    panel = readout.section.panel
    identity = {"design_id": "simBreast_v1", "name": panel.name, "version": "1.0.0"}
    targets = [
        {
            "codewords": [number],
            "source": {"category": "current", "identity": identity},
            "type": {"data": {"id": panel.feature_ids[number], "name": panel.features[number]}, "descriptor": "gene"},
        }
        for number in panel.is_gene.nonzero()[0].tolist()
    ]
    return {
        "payload": {
            "panel": {
                "description": panel.name,
                "identity": identity,
                "num_gene_targets": len(targets),
                "species": "Human",
                "tissue": "Breast",
                "type": {"descriptor": "predesigned"},
            },
            "spec_version": "0.1.0",
            "targets": targets,
        }
    }
