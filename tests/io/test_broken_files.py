"""Truncated files: one error each that names the file, before anything is handed out."""

from __future__ import annotations

import shutil

import pytest
import tifffile

from spatialdata_io import describe, read, visium, xenium
from spatialdata_io.errors import BrokenFileError


def truncate(path, share=0.6):
    content = path.read_bytes()
    path.write_bytes(content[: int(len(content) * share)])


PARTS = {
    "experiment.xenium": {},
    "transcripts.parquet": {"transcripts": True},
    "cells.parquet": {"cells_as_circles": True},
    "cell_boundaries.parquet": {"cells_boundaries": True},
    "nucleus_boundaries.parquet": {"nucleus_boundaries": True},
    "cells.zarr.zip": {"cells_labels": True},
    "cell_feature_matrix.h5": {"cells_table": True},
    "morphology_focus/morphology_focus_0000.ome.tif": {"morphology_focus": True},
}


@pytest.mark.parametrize("share", [0, 0.05, 0.6, 0.98])
@pytest.mark.parametrize("name", PARTS)
def test_a_truncated_file_of_a_bundle(ileum, copied, nothing, name, share):
    folder = copied(ileum, "experiment.xenium", "cells.parquet", name)
    truncate(folder / name, share)
    with pytest.raises(BrokenFileError) as caught:
        xenium(folder, **{**nothing, **PARTS[name]})
    assert str(folder / name) in str(caught.value)


@pytest.mark.parametrize("name", ["transcripts.csv.gz", "cell_boundaries.csv.gz"])
def test_a_truncated_gzip_file(simulated_study, copied, nothing, name):
    folder = copied(simulated_study.root / "xenium_rep2", "experiment.xenium", name)
    truncate(folder / name)
    option = {"transcripts.csv.gz": "transcripts", "cell_boundaries.csv.gz": "cells_boundaries"}[name]
    with pytest.raises(BrokenFileError, match=name):
        xenium(folder, **{**nothing, option: True})


def test_a_file_truncated_after_it_was_opened_fails_by_name(ileum, copied, nothing):
    folder = copied(ileum, "experiment.xenium", "transcripts.parquet")
    points = xenium(folder, **{**nothing, "transcripts": True})["transcripts"]
    truncate(folder / "transcripts.parquet")
    with pytest.raises(BrokenFileError, match=r"transcripts\.parquet"):
        points.compute()


@pytest.fixture
def slide(simulated_study, tmp_path):
    return shutil.copytree(simulated_study.root / "visium", tmp_path / "slide")


@pytest.mark.parametrize("share", [0, 0.1, 0.6, 0.97])
@pytest.mark.parametrize(
    "name",
    [
        "filtered_feature_bc_matrix.h5",
        "spatial/tissue_hires_image.png",
        "tissue_image.ome.tif",
        "spatial/scalefactors_json.json",
    ],
)
def test_a_truncated_file_of_a_slide(slide, name, share):
    truncate(slide / name, share)
    with pytest.raises(BrokenFileError) as caught:
        visium(slide, "s", fullres_image_file="tissue_image.ome.tif")
    assert str(slide / name) in str(caught.value)


@pytest.mark.parametrize("name", ["matrix.mtx.gz", "barcodes.tsv.gz", "features.tsv.gz"])
def test_a_truncated_matrix_of_text(sample_data, copied, name):
    outs = sample_data / "visium" / "v2_CytAssist_CoexpressDeconvolve" / "outs"
    files = [f"filtered_feature_bc_matrix/{n}.gz" for n in ("matrix.mtx", "barcodes.tsv", "features.tsv")]
    folder = copied(outs, *files, "spatial/tissue_positions.csv", "spatial/scalefactors_json.json")
    truncate(folder / "filtered_feature_bc_matrix" / name, 0.3)
    with pytest.raises(BrokenFileError, match=name):
        visium(folder)


def test_other_contents_under_the_right_name(bundle, nothing):
    for name in ("transcripts.parquet", "cell_feature_matrix.h5", "cells.zarr.zip"):
        (bundle / name).write_text("an error page of a web server")
    for option, name in (("transcripts", "transcripts.parquet"), ("cells_labels", "cells.zarr.zip")):
        with pytest.raises(BrokenFileError, match=f"{name}.*29 bytes.*truncated or not what its name says"):
            read(bundle, **{**nothing, option: True})
    assert len(describe(bundle).problems) == 7


def test_a_stack_is_not_taken_for_a_plane(bundle, nothing):
    import numpy as np

    stack = np.zeros((2, 3, 20, 30), np.uint16)
    tifffile.imwrite(bundle / "a_he_image.ome.tif", stack, metadata={"axes": "ZCYX"}, photometric="minisblack")
    (bundle / "a_he_imagealignment.csv").write_text("1,0,0\n0,1,0\n0,0,1\n")
    with pytest.raises(BrokenFileError, match=r"its axes are Z=2, C=3, Y=20, X=30, valid are Y, X and one axis"):
        xenium(bundle, **{**nothing, "aligned_images": True})
