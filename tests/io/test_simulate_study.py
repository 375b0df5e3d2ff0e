from __future__ import annotations

import hashlib
import subprocess
import sys

import numpy as np
import pandas as pd
import pyarrow.parquet as pq
import pytest
import shapely

from spatialdata_io import simulate
from spatialdata_io.simulate import read_landmarks, read_truth, simulate_study
from spatialdata_io.simulate.folder import new_folder

COARSE = 0.85


@pytest.fixture(scope="module")
def study(tmp_path_factory):
    return simulate_study(tmp_path_factory.mktemp("study") / "breast", "tiny", seed=7, pixel_size=COARSE)


@pytest.fixture(scope="module")
def truth(study):
    return read_truth(study.truth)


def digest(folder):
    files = sorted(file for file in folder.rglob("*") if file.is_file())
    return {file.relative_to(folder).as_posix(): hashlib.sha256(file.read_bytes()).hexdigest() for file in files}


def test_everything_is_where_it_is_said_to_be(study):
    assert sorted(path.name for path in study.root.iterdir()) == [
        "landmarks.csv",
        "truth",
        "visium",
        "xenium_rep1",
        "xenium_rep2",
    ]
    assert all((bundle / "experiment.xenium").exists() for bundle in study.xenium)
    assert study.visium_image.exists()
    assert not list(study.root.parent.glob(".*"))


def test_the_same_seed_gives_the_same_bytes(study, tmp_path):
    again = simulate_study(tmp_path / "breast", "tiny", seed=7, pixel_size=COARSE)
    assert digest(again.root) == digest(study.root)


def test_truth_names_every_cell(study, truth):
    for bundle in study.xenium:
        cells = pq.read_table(bundle / "cells.parquet", columns=["cell_id"]).column(0).to_pylist()
        cells = [cell.decode() if isinstance(cell, bytes) else cell for cell in cells]
        types = truth.cell_types[bundle.name]
        assert types.index.tolist() == cells
        assert set(types["cell_type"]) <= set(simulate.CELL_TYPE_NAMES)
        assert set(types["region"]) <= set(truth.regions["name"])
        assert set(types["subclone"]) <= {"none", *truth.subclones["name"]}


def test_cells_lie_in_the_regions_that_the_truth_gives(study, truth):
    for bundle in study.xenium:
        cells = pd.read_parquet(bundle / "cells.parquet")
        back = np.linalg.inv(truth.slides[bundle.name].tissue_to_um)
        xy = cells[["x_centroid", "y_centroid"]].to_numpy() @ back[:2, :2].T + back[:2, 2]
        regions = truth.regions.set_index("name").geometry.loc[truth.cell_types[bundle.name]["region"]]
        assert shapely.contains(regions.to_numpy(), shapely.points(xy)).mean() > 0.95


def test_landmarks_agree_with_the_true_matrices(study, truth):
    table = read_landmarks(study.landmarks)
    places = []
    for slide, part in table.groupby("slide", sort=False):
        back = np.linalg.inv(truth.slides[slide].tissue_to_px)
        places.append(part[["x", "y"]].to_numpy() @ back[:2, :2].T + back[:2, 2])
    assert list(truth.slides) == table["slide"].unique().tolist()
    assert np.abs(places[0] - places[1]).max() < 1.5
    assert np.abs(places[0] - places[2]).max() < 1.5


def test_slides_lie_differently(truth):
    angles = [np.degrees(np.arctan2(s.tissue_to_um[1, 0], s.tissue_to_um[0, 0])) for s in truth.slides.values()]
    np.testing.assert_allclose(angles, [0, 12, -23], atol=1e-9)
    assert len({slide.shape for slide in truth.slides.values()}) == 3
    for slide in truth.slides.values():
        np.testing.assert_allclose(slide.um_to_px @ slide.tissue_to_um, slide.tissue_to_px)


def test_an_existing_study_is_kept_unless_told_otherwise(study):
    before = digest(study.root)
    with pytest.raises(FileExistsError, match=r"exists already; .*overwrite=True"):
        simulate_study(study.root, "tiny", pixel_size=COARSE)
    assert digest(study.root) == before


def test_overwriting_replaces_a_study(tmp_path):
    first = simulate_study(tmp_path / "s", "tiny", seed=1, pixel_size=COARSE)
    before = digest(first.root)
    simulate_study(tmp_path / "s", "tiny", seed=2, pixel_size=COARSE, overwrite=True)
    assert digest(first.root).keys() == before.keys()
    assert digest(first.root) != before
    assert [path.name for path in tmp_path.iterdir()] == ["s"]


def test_a_folder_of_something_else_is_never_replaced(tmp_path):
    (tmp_path / "thesis.txt").write_text("years of work")
    with pytest.raises(FileExistsError, match="not one of the folders written here"):
        simulate_study(tmp_path, "tiny", overwrite=True)
    assert (tmp_path / "thesis.txt").read_text() == "years of work"


@pytest.mark.parametrize(
    ("arguments", "message"), [({"size": "huge"}, "No tissue of size"), ({"pixel_size": -1}, "positive")]
)
def test_bad_requests_leave_nothing(tmp_path, arguments, message):
    with pytest.raises(ValueError, match=message):
        simulate_study(tmp_path / "s", **{"size": "tiny", **arguments})
    assert list(tmp_path.iterdir()) == []


def test_a_failure_half_way_leaves_nothing(tmp_path):
    def fail_half_way():
        with new_folder(tmp_path / "s", marker="m", overwrite=False) as folder:
            (folder / "half").write_text("written")
            raise RuntimeError("power cut")

    with pytest.raises(RuntimeError, match="power cut"):
        fail_half_way()
    assert list(tmp_path.iterdir()) == []


def test_missing_truth(tmp_path):
    with pytest.raises(FileNotFoundError, match=r"holds no truth .*regions\.parquet"):
        read_truth(tmp_path)


def test_public_names_are_lazy():
    for name in simulate.__all__:
        assert getattr(simulate, name) is not None
    with pytest.raises(AttributeError, match="it has CELL_TYPE_NAMES"):
        _ = simulate.write_merscope
    code = (
        "import sys, spatialdata_io.simulate; "
        "print([m for m in ('numpy', 'spatialdata', 'shapely') if m in sys.modules])"
    )
    found = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert found.stdout.strip() == "[]"


def test_nothing_here_needs_the_framework():
    code = (
        "import sys, spatialdata_io.simulate as s; from importlib import import_module\n"
        "for name in s.__all__: getattr(s, name)\n"
        "s.simulate_tissue('tiny').section()\n"
        "print('spatialdata' in sys.modules)"
    )
    found = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert found.stdout.strip() == "False"
