from __future__ import annotations

import json

import pytest

import spatialdata_io
from spatialdata_io import registry
from spatialdata_io.errors import AmbiguousFormatError, MissingFileError, OptionError, UnknownFormatError
from spatialdata_io.registry import Confidence


@pytest.mark.parametrize(
    ("folder", "reader", "confidence"),
    [
        ("xenium/Xenium_Prime_Mouse_Ileum_tiny_outs", "xenium", Confidence.CERTAIN),
        ("xenium/Xenium_V1_FF_Mouse_Brain_MultiSection_1_subset", "xenium", Confidence.CERTAIN),
        ("xenium/Xenium_V1_Human_Ovary_tiny_manifest_only", "xenium", Confidence.LIKELY),
        ("visium/v1_scanpy_1.0.0/outs", "visium", Confidence.CERTAIN),
        ("visium/v2_CytAssist_CoexpressDeconvolve", "visium", Confidence.CERTAIN),
        ("visium/v2_fluorescence_SFE_sample01", "visium", Confidence.CERTAIN),
        ("visium/v1_spatial_only_spatial_gradients", "visium", Confidence.LIKELY),
    ],
)
def test_real_folders_are_recognised(sample_data, folder, reader, confidence):
    match = spatialdata_io.detect(sample_data / folder)
    assert (match.reader.name, match.confidence) == (reader, confidence)


@pytest.mark.parametrize("folder", ["merscope/vpt_test_data", "cosmx/Lung12_two_fovs_Giotto", "imc/mockData1"])
def test_folders_of_other_instruments_are_not_taken_for_ours(sample_data, folder):
    with pytest.raises(UnknownFormatError) as caught:
        spatialdata_io.detect(sample_data / folder)
    message = str(caught.value)
    assert str(sample_data / folder) in message
    assert "xenium needs experiment.xenium" in message
    assert "visium needs spatial/tissue_positions_list.csv or spatial/tissue_positions.csv" in message
    assert "The folder has: " in message


def test_an_empty_folder_and_no_folder_are_told_apart(tmp_path):
    with pytest.raises(UnknownFormatError, match="the folder is empty"):
        spatialdata_io.read(tmp_path)
    with pytest.raises(MissingFileError, match=r"found nothing\. .* has: nothing \(the folder is empty\)"):
        spatialdata_io.read(tmp_path / "gone")
    (tmp_path / "file.txt").touch()
    with pytest.raises(MissingFileError, match=r"found a file\. .* has: file\.txt"):
        spatialdata_io.read(tmp_path / "file.txt")


def test_a_folder_of_two_formats_needs_a_choice(bundle):
    (bundle / "transcripts.csv").touch()
    (bundle / "spatial").mkdir()
    (bundle / "spatial" / "tissue_positions.csv").touch()
    (bundle / "spatial" / "scalefactors_json.json").touch()
    assert spatialdata_io.detect(bundle).reader.name == "xenium"  # the matrix of a slide is not there
    (bundle / "filtered_feature_bc_matrix.h5").touch()
    with pytest.raises(AmbiguousFormatError, match=r"'visium', 'xenium'.*reader="):
        spatialdata_io.detect(bundle)


def test_scan_finds_the_folders_and_does_not_look_into_them(simulated_study):
    found = spatialdata_io.scan(simulated_study.root)
    assert [(match.reader.name, match.root.name) for match in found] == [
        ("visium", "visium"),
        ("xenium", "xenium_rep1"),
        ("xenium", "xenium_rep2"),
    ]


def test_scan_skips_hidden_folders_and_stores(tmp_path):
    for name in (".hidden", "store.zarr", "seen"):
        (tmp_path / name).mkdir()
        (tmp_path / name / "experiment.xenium").write_text("{}")
    assert [match.root.name for match in spatialdata_io.scan(tmp_path)] == ["seen"]
    with pytest.raises(MissingFileError):
        spatialdata_io.scan(tmp_path / "gone")


def test_an_unknown_option_is_refused_before_anything_is_read(bundle):
    with pytest.raises(OptionError, match=r"option of the reader 'xenium' 'transcript'.*Did you mean 'transcripts'"):
        spatialdata_io.read(bundle, transcript=False)


def test_the_plan_is_what_is_read(simulated_study):
    for folder in ("xenium_rep1", "xenium_rep2"):
        plan = spatialdata_io.describe(simulated_study.root / folder)
        sdata = spatialdata_io.read(simulated_study.root / folder)
        assert plan.problems == ()
        assert {element.name for element in plan.elements} == {name for _, name, _ in sdata.gen_elements()}
        assert plan["table"].shape == sdata["table"].shape
        assert plan["transcripts"].shape == (len(sdata["transcripts"]), len(sdata["transcripts"].columns))
        assert plan["morphology_focus"].shape == sdata["morphology_focus"]["scale0"]["image"].shape
        assert plan["cell_labels"].shape == sdata["cell_labels"]["scale0"]["image"].shape
        assert plan["cell_labels"].dtype == str(sdata["cell_labels"]["scale0"]["image"].dtype)


def test_the_plan_of_a_slide_is_what_is_read(simulated_study):
    options = {"dataset_id": "slide", "fullres_image_file": "tissue_image.ome.tif"}
    plan = spatialdata_io.describe(simulated_study.root / "visium", **options)
    sdata = spatialdata_io.read(simulated_study.root / "visium", **options)
    assert {element.name for element in plan.elements} == {name for _, name, _ in sdata.gen_elements()}
    assert plan["slide_full_image"].shape == sdata["slide_full_image"]["scale0"]["image"].shape
    assert plan["slide_hires_image"].shape == sdata["slide_hires_image"].shape
    assert plan["table"].shape == sdata["table"].shape
    assert plan["slide"].shape == sdata["slide"].shape


def test_the_plan_lists_what_is_missing_and_broken_and_raises_nothing(bundle):
    (bundle / "transcripts.parquet").write_bytes(b"PAR1 and no more")
    plan = spatialdata_io.describe(bundle, cells_labels=False, aligned_images=False)
    problems = {element.name: element.problem for element in plan.elements}
    assert "transcripts.parquet (16 bytes) cannot be read" in problems["transcripts"]
    assert "no cell by feature matrix" in problems["table"]
    assert "cell_labels" not in problems
    assert "cannot be read" in str(plan)
    with pytest.raises(KeyError, match="No element 'x' is planned"):
        plan["x"]


def test_reading_by_name_and_by_detection_is_the_same(simulated_study):
    one = spatialdata_io.read(simulated_study.root / "visium", dataset_id="a")
    two = spatialdata_io.read(simulated_study.root / "visium", reader="visium", dataset_id="a")
    three = spatialdata_io.visium(simulated_study.root / "visium", dataset_id="a")
    assert one["table"].obs.equals(two["table"].obs)
    assert one["table"].obs.equals(three["table"].obs)


def test_a_named_reader_says_what_it_misses(tmp_path):
    with pytest.raises(MissingFileError, match=r"visium: no table of spot positions in .*tissue_positions\.csv"):
        spatialdata_io.read(tmp_path, reader="visium")


def test_public_names_are_there():
    assert set(dir(spatialdata_io)) == set(spatialdata_io.__all__)
    assert all(getattr(spatialdata_io, name) is not None for name in spatialdata_io.__all__)
    with pytest.raises(AttributeError, match="no attribute 'cosmos'"):
        _ = spatialdata_io.cosmos
    assert json.dumps(sorted(registry.list_readers()))
