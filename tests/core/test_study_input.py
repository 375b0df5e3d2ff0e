"""What the study makes of real folders, and of input that is absent, broken, or does not belong together."""

from __future__ import annotations

import json
import shutil
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from click.testing import CliRunner

from spatialdata import read_zarr
from spatialdata.cli import main
from spatialdata.errors import LandmarkError
from spatialdata.studies.breast_cancer import StudyInput, add_cell_types, read_slides, run_study
from spatialdata.studies.breast_cancer.inputs import (
    read_cell_types,
    read_landmarks,
    read_regions,
    read_subclones,
)
from spatialdata.studies.breast_cancer.output import check_output, new_output
from spatialdata.studies.breast_cancer.study import compare_slides, place_everything, read_annotation
from spatialdata.studies.breast_cancer.summary import summarise
from spatialdata.studies.errors import OutputExistsError, StudyInputError

REPLICATES = ("xenium_rep1", "xenium_rep2")


@pytest.fixture(scope="module")
def simulated(study_output):
    return study_output / "simulated"


@pytest.fixture
def inputs(simulated):
    return StudyInput(
        xenium=(simulated / "xenium_rep1", simulated / "xenium_rep2"),
        visium=simulated / "visium",
        landmarks=simulated / "landmarks.csv",
    )


@pytest.fixture
def demo(tmp_path, simulated):
    """Run the command on the simulated folders, some of them replaced; nothing may be left."""

    def run(**replaced):
        paths = {
            "first": simulated / "xenium_rep1",
            "second": simulated / "xenium_rep2",
            "visium": simulated / "visium",
            "landmarks": simulated / "landmarks.csv",
        } | replaced
        words = ["--xenium", paths["first"], "--xenium", paths["second"]]
        words += ["--visium", paths["visium"], "--landmarks", paths["landmarks"]]
        home = tmp_path / "home"
        home.mkdir(exist_ok=True)
        result = CliRunner().invoke(main, ["demo", "-o", str(home / "out"), *(str(word) for word in words)])
        assert list(home.iterdir()) == []
        return result

    return run


def fails_with_one_error(result, *words):
    assert result.exit_code == 1, result.output
    message = result.output.split("Error: ", 1)[1]
    assert "Traceback" not in result.output
    for word in words:
        assert str(word) in message
    return message


def copied(folder, target):
    """A copy that shares the big files."""
    return shutil.copytree(folder, target)


def test_a_folder_of_no_instrument(demo, tmp_path):
    folder = tmp_path / "holiday"
    folder.mkdir()
    (folder / "beach.png").write_bytes(b"")
    fails_with_one_error(demo(first=folder), folder, "experiment.xenium", "beach.png")
    fails_with_one_error(demo(visium=folder), folder, "beach.png")
    fails_with_one_error(demo(second=tmp_path / "absent"), tmp_path / "absent")


def test_the_folder_of_another_instrument(demo, simulated):
    fails_with_one_error(demo(first=simulated / "visium"), simulated / "visium", "experiment.xenium")


def test_a_missing_file(demo, tmp_path, simulated):
    bundle = copied(simulated / "xenium_rep2", tmp_path / "bundle")
    (bundle / "transcripts.parquet").unlink()
    for other in bundle.glob("transcripts.*"):
        other.unlink()
    fails_with_one_error(demo(second=bundle), bundle, "transcripts.parquet", "experiment.xenium")


@pytest.mark.parametrize("name", ["cell_feature_matrix.h5", "cell_boundaries.parquet", "transcripts.parquet"])
def test_a_truncated_file(demo, tmp_path, simulated, name):
    bundle = copied(simulated / "xenium_rep1", tmp_path / "bundle")
    whole = (bundle / name).read_bytes()
    (bundle / name).write_bytes(whole[: len(whole) // 2])
    fails_with_one_error(demo(first=bundle), bundle / name)


def test_landmarks_that_cannot_be_used(demo, tmp_path, simulated):
    landmarks = pd.read_csv(simulated / "landmarks.csv")
    path = tmp_path / "landmarks.csv"
    fails_with_one_error(demo(landmarks=path), path, "landmark", "slide")
    landmarks[landmarks["landmark"].isin(["L01", "L02"])].to_csv(path, index=False)
    fails_with_one_error(demo(landmarks=path), path, "2 landmarks", "at least 3")
    landmarks[landmarks["slide"] != "visium"].to_csv(path, index=False)
    fails_with_one_error(demo(landmarks=path), path, "visium", "xenium_rep1")
    path.write_text("", encoding="utf-8")
    fails_with_one_error(demo(landmarks=path), path, "landmark")


def test_slides_may_be_called_like_their_folders(inputs, tmp_path, simulated):
    landmarks = pd.read_csv(simulated / "landmarks.csv")
    renamed = landmarks.replace({"slide": {"xenium_rep1": "first", "visium": "outs"}})
    renamed.to_csv(tmp_path / "landmarks.csv", index=False)
    given = StudyInput(
        xenium=(tmp_path / "first", inputs.xenium[1]), visium=tmp_path / "outs", landmarks=tmp_path / "landmarks.csv"
    )
    pd.testing.assert_frame_equal(read_landmarks(given), read_landmarks(inputs))


def test_names_that_may_mean_two_slides(demo, inputs, tmp_path, simulated):
    swapped = demo(first=simulated / "xenium_rep2", second=simulated / "xenium_rep1")
    fails_with_one_error(swapped, "'xenium_rep2'", "may mean", simulated / "xenium_rep2")
    landmarks = pd.read_csv(simulated / "landmarks.csv").replace({"slide": {"xenium_rep1": "outs"}})
    landmarks.to_csv(tmp_path / "landmarks.csv", index=False)
    folders = (tmp_path / "a" / "outs", tmp_path / "b" / "outs")
    given = StudyInput(xenium=folders, visium=inputs.visium, landmarks=tmp_path / "landmarks.csv")
    with pytest.raises(StudyInputError, match="'outs', which may mean xenium_rep1 or xenium_rep2"):
        read_landmarks(given)
    assert set(read_landmarks(replace(given, landmarks=inputs.landmarks))["slide"]) == {*REPLICATES, "visium"}


def test_one_bundle_given_twice(demo, simulated):
    fails_with_one_error(demo(second=simulated / "xenium_rep1"), simulated / "xenium_rep1", "both replicates")


def test_landmarks_on_a_line(demo, tmp_path, simulated):
    landmarks = pd.read_csv(simulated / "landmarks.csv")
    landmarks["y"] = 2 * landmarks["x"]
    landmarks.to_csv(tmp_path / "landmarks.csv", index=False)
    result = demo(landmarks=tmp_path / "landmarks.csv")
    fails_with_one_error(result, "one line")
    assert issubclass(LandmarkError, ValueError)


def test_slides_that_do_not_overlap(demo, tmp_path, simulated):
    landmarks = pd.read_csv(simulated / "landmarks.csv")
    landmarks.loc[landmarks["slide"] == "visium", ["x", "y"]] += 1e5
    landmarks.to_csv(tmp_path / "landmarks.csv", index=False)
    fails_with_one_error(demo(landmarks=tmp_path / "landmarks.csv"), "no area in common", "visium")


def test_real_slides_with_everything_that_can_be_given(inputs, tmp_path, simulated):
    regions = {
        "type": "FeatureCollection",
        "features": [
            {"properties": {"name": "left"}, "geometry": box(20, 20, 200, 300)},
            {"properties": None, "geometry": box(200, 20, 400, 300)},
            {"properties": {"name": "left"}, "geometry": box(50, 20, 100, 300)},
        ],
    }
    (tmp_path / "regions.geojson").write_text(json.dumps(regions), encoding="utf-8")
    types = [pd.read_parquet(simulated / f"truth/cell_types_{one}.parquet").assign(slide=one) for one in REPLICATES]
    pd.concat(types).to_csv(tmp_path / "types.csv", index=False)
    positions = pd.read_csv(simulated / "visium/spatial/tissue_positions.csv").query("in_tissue == 1")
    subclones = positions[["barcode"]].assign(subclone=np.where(positions["pxl_col_in_fullres"] < 500, "west", "east"))
    subclones.to_csv(tmp_path / "subclones.csv", index=False)
    words = ["demo", "-o", tmp_path / "out", "--xenium", inputs.xenium[0], "--xenium", inputs.xenium[1]]
    words += ["--visium", inputs.visium, "--landmarks", inputs.landmarks]
    words += ["--visium-image", inputs.full_image(), "--cell-types", tmp_path / "types.csv"]
    words += ["--regions", tmp_path / "regions.geojson", "--subclones", tmp_path / "subclones.csv"]
    result = CliRunner().invoke(main, [str(word) for word in words])
    assert result.exit_code == 0, result.output
    assert max(len(line) for line in result.output.splitlines() if not line.startswith("Report")) <= 100
    document = json.loads((tmp_path / "out/results.json").read_text(encoding="utf-8"))
    assert document["promises"] == {}
    assert set(document["results"]["regions"]) == {"left", "region 2", "left (2)"}
    assert "accuracy_xenium_rep1" not in document["results"]["subclones"]
    assert len(list((tmp_path / "out/figures").glob("*.png"))) == 8
    sdata = read_zarr(tmp_path / "out/study.zarr")
    assert set(sdata.tables["xenium_rep1_table"].obs["cell_type"]) == set(types[0]["cell_type"])
    spots = sdata.tables["visium_subclones"].obs.set_index("spot_id")["subclone"]
    barcodes = sdata.tables["visium_table"].obs.reset_index().set_index("spot_id")["index"].loc[spots.index]
    assert spots.tolist() == subclones.set_index("barcode")["subclone"].loc[barcodes].tolist()


def test_real_slides_with_nothing_but_landmarks(inputs):
    annotation = read_annotation(inputs)
    slides = add_cell_types(read_slides(inputs), annotation.cell_types)
    steps = []
    findings = compare_slides(slides, place_everything(slides, annotation), annotation, steps.append)
    assert findings.regions is findings.subclones is findings.validation is None
    assert len(steps) == 3
    results = summarise(findings, {})
    assert {section.key for section in results.sections} == {"slides", "alignment", "fractions", "genes"}
    assert results.promises_kept
    first, second = (slides.tables[f"{name}_table"].obs["cell_type"] for name in REPLICATES)
    assert list(first.cat.categories) == list(second.cat.categories)
    assert all(name.startswith(("cluster ", "unassigned")) for name in first.cat.categories)


def test_regions_and_spots_that_lie_elsewhere(inputs, tmp_path):
    far = {"features": [{"properties": {}, "geometry": box(1e6, 1e6, 2e6, 2e6)}]}
    (tmp_path / "regions.geojson").write_text(json.dumps(far), encoding="utf-8")
    given = StudyInput(
        xenium=inputs.xenium, visium=inputs.visium, landmarks=inputs.landmarks, regions=tmp_path / "regions.geojson"
    )
    with pytest.raises(StudyInputError, match=r"None of the 1 regions lies in the area"):
        run_study(tmp_path / "out", inputs=given)
    (tmp_path / "subclones.csv").write_text("barcode,subclone\nNOWHERE-1,A\n", encoding="utf-8")
    given = StudyInput(
        xenium=inputs.xenium, visium=inputs.visium, landmarks=inputs.landmarks, subclones=tmp_path / "subclones.csv"
    )
    with pytest.raises(StudyInputError, match=r"name no spot.*NOWHERE-1"):
        run_study(tmp_path / "out", inputs=given)
    assert not (tmp_path / "out").exists()


def box(x_min, y_min, x_max, y_max):
    ring = [[x_min, y_min], [x_max, y_min], [x_max, y_max], [x_min, y_max], [x_min, y_min]]
    return {"type": "Polygon", "coordinates": [ring]}


def test_clusters_find_the_types(inputs, simulated):
    clustered = add_cell_types(read_slides(inputs), None)
    truth = pd.read_parquet(simulated / "truth/cell_types_xenium_rep1.parquet").set_index("cell_id")["cell_type"]
    obs = clustered.tables["xenium_rep1_table"].obs
    counts = pd.crosstab(obs["cell_type"].to_numpy(), truth.loc[obs["cell_id"]].to_numpy())
    assert counts.max(axis=1).sum() / counts.to_numpy().sum() > 0.7


def test_cells_that_are_not_named_are_unassigned(inputs):
    slides = read_slides(inputs)
    before = slides.tables["xenium_rep1_table"].obs.copy()
    ids = before["cell_id"]
    given = pd.DataFrame({"slide": "xenium_rep1", "cell_id": ids[:5], "cell_type": "T cell"})
    with pytest.raises(StudyInputError, match=r"no cell of xenium_rep2"):
        add_cell_types(slides, given)
    other = slides.tables["xenium_rep2_table"].obs["cell_id"]
    both = pd.concat([given, pd.DataFrame({"slide": "xenium_rep2", "cell_id": other, "cell_type": "B cell"})])
    found = add_cell_types(slides, both).tables["xenium_rep1_table"].obs["cell_type"]
    assert list(found.cat.categories) == ["B cell", "T cell", "unassigned"]
    assert (found[:5] == "T cell").all()
    assert (found[5:] == "unassigned").all()
    pd.testing.assert_frame_equal(slides.tables["xenium_rep1_table"].obs, before)


@pytest.mark.parametrize(
    ("read", "text", "message"),
    [
        (read_cell_types, "cell_id,cell_type\n1,a\n", r"lacks the columns 'slide'.*it has 'cell_id', 'cell_type'"),
        (read_cell_types, "", r"no CSV file"),
        (read_subclones, "barcode\nA-1\n", r"lacks the columns 'subclone'"),
        (read_regions, "no json", r"no GeoJSON"),
        (read_regions, '{"type": "FeatureCollection", "features": []}', r"must hold polygons; found no feature"),
        (read_regions, '{"features": [{"geometry": {"type": "Point", "coordinates": [0, 1]}}]}', r"found 'Point'"),
    ],
)
def test_broken_files_of_annotation(tmp_path, read, text, message):
    path = tmp_path / "given"
    with pytest.raises(StudyInputError, match=r"There is no file .*given"):
        read(path)
    path.write_text(text, encoding="utf-8")
    with pytest.raises(StudyInputError, match=message):
        read(path)


def test_several_images_must_be_chosen_from(tmp_path, inputs):
    for name in ("a.tif", "b.tif"):
        (tmp_path / name).touch()
    given = StudyInput(xenium=inputs.xenium, visium=tmp_path, landmarks=inputs.landmarks)
    with pytest.raises(StudyInputError, match=r"2 images \('a.tif', 'b.tif'\)"):
        given.full_image()
    chosen = StudyInput(
        xenium=inputs.xenium, visium=tmp_path, landmarks=inputs.landmarks, visium_image=tmp_path / "a.tif"
    )
    assert chosen.full_image() == tmp_path / "a.tif"


def test_output_is_replaced_only_on_demand(study_output):
    with pytest.raises(OutputExistsError, match=r"earlier run.*--overwrite"):
        run_study(study_output, size="tiny")
    check_output(study_output, overwrite=True)


def test_what_is_no_output_is_never_replaced(tmp_path):
    (tmp_path / "thesis.txt").write_text("years of work", encoding="utf-8")
    for overwrite in (False, True):
        with pytest.raises(OutputExistsError, match=r"not the output of a study.*thesis.txt"):
            run_study(tmp_path, size="tiny", overwrite=overwrite)
    with pytest.raises(OutputExistsError, match="a file"):
        check_output(tmp_path / "thesis.txt", overwrite=True)
    assert [path.name for path in tmp_path.iterdir()] == ["thesis.txt"]


def interrupted(output):
    with new_output(output, overwrite=True) as folder:
        (folder / "results.json").write_text("third", encoding="utf-8")
        raise KeyboardInterrupt


def test_an_earlier_output_stays_until_the_new_one_is_whole(tmp_path):
    output = tmp_path / "out"
    for content in ("first", "second"):
        with new_output(output, overwrite=content == "second") as folder:
            (folder / "study.zarr").mkdir()
            (folder / "results.json").write_text(content, encoding="utf-8")
    assert (output / "results.json").read_text(encoding="utf-8") == "second"
    with pytest.raises(KeyboardInterrupt):
        interrupted(output)
    assert (output / "results.json").read_text(encoding="utf-8") == "second"
    assert [path.name for path in tmp_path.iterdir()] == ["out"]


def test_an_empty_folder_is_no_obstacle(tmp_path):
    output = tmp_path / "out"
    output.mkdir()
    with new_output(output, overwrite=False) as folder:
        (folder / "results.json").touch()
    assert (output / "results.json").exists()
    assert np.unique([path.name for path in tmp_path.iterdir()]).tolist() == ["out"]
