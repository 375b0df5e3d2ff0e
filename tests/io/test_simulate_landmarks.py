from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from skimage.transform import SimilarityTransform

from spatialdata_io.simulate import Frame, read_landmarks, simulate_tissue, write_landmarks

GOOD = "landmark,slide,x,y\na,one,1,2\nb,one,3,4\nc,one,5,7\na,two,1,2\nb,two,3,4\nc,two,5,7\n"


@pytest.fixture(scope="module")
def tissue():
    return simulate_tissue("small", seed=0)


@pytest.fixture(scope="module")
def frames(tissue):
    crop = (-20.0, -20.0, tissue.width + 20, tissue.height + 20)
    return {
        "one": Frame(crop=crop),
        "two": Frame(crop=crop, rotation=12, shift=(15, -9), pixel_size=0.2125),
        "three": Frame(crop=crop, rotation=-23, pixel_size=0.5),
    }


@pytest.mark.parametrize("seed", range(4))
def test_a_similarity_fit_recovers_the_alignment(tissue, frames, tmp_path, seed):
    table = read_landmarks(write_landmarks(tmp_path / "l.csv", tissue, frames, seed=seed))
    at = {slide: part.set_index("landmark")[["x", "y"]].sort_index() for slide, part in table.groupby("slide")}
    corners = np.array([[0, 0], [tissue.width, 0], [0, tissue.height], [tissue.width, tissue.height]])
    for slide in ("two", "three"):
        fit = SimilarityTransform.from_estimate(at[slide].to_numpy(), at["one"].to_numpy())
        miss = fit(frames[slide].to_px(corners)) - frames["one"].to_px(corners)
        assert np.hypot(*miss.T).max() * frames["one"].pixel_size < 0.5


def test_without_noise_the_landmarks_are_the_same_places(tissue, frames, tmp_path):
    table = read_landmarks(write_landmarks(tmp_path / "l.csv", tissue, frames, n=9, noise=0))
    places = [frames[slide].to_tissue(part[["x", "y"]]) for slide, part in table.groupby("slide", sort=False)]
    assert places[0].shape == (9, 2)
    np.testing.assert_allclose(places[0], places[1], atol=1e-3)
    np.testing.assert_allclose(places[0], places[2], atol=1e-3)
    for frame in frames.values():
        assert frame.holds(places[0]).all()


def test_reading_keeps_order_and_types(tmp_path):
    (tmp_path / "l.csv").write_text(
        GOOD.replace("landmark,slide,x,y", "extra,landmark,slide,x,y").replace("\n", "\n0,", 6)
    )
    table = read_landmarks(tmp_path / "l.csv")
    assert list(table.columns) == ["landmark", "slide", "x", "y"]
    assert table["x"].tolist() == [1, 3, 5, 1, 3, 5]
    assert table.dtypes[["x", "y"]].tolist() == [np.dtype(float)] * 2
    assert table["slide"].tolist() == ["one"] * 3 + ["two"] * 3


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "is no CSV file with the columns landmark, slide, x, y"),
        ("landmark,x,y\na,1,2\n", "lacks the columns slide; it has landmark, x, y"),
        ("landmark,slide,x,y\n", "holds no landmarks"),
        (GOOD.replace("c,two,5,7\n", ""), r"2 landmarks on slide two \(a, b\)"),
        (GOOD + "d,two,8,9\n", "slide one lacks the landmarks d"),
        (GOOD.replace("b,one,3,4", "b,one,three,4"), "line 3: x of landmark b on slide one is 'three'"),
        (GOOD.replace("b,one,3,4", "b,one,3,inf"), "line 3: y of landmark b on slide one is 'inf'"),
        (GOOD.replace("b,one,3,4", "b,one,3,"), "line 3: y of landmark b on slide one is nan"),
        (GOOD.replace("b,one,3,4", ",one,3,4"), "line 3: the landmark has no name"),
        (GOOD + "c,two,5,7\n", "landmark c on slide two more than once"),
        ('landmark,slide,x,y\n"a,one,1,2\n', "is no CSV file"),
    ],
)
def test_bad_files_get_one_clear_error(tmp_path, text, message):
    path = tmp_path / "landmarks.csv"
    path.write_text(text)
    with pytest.raises(ValueError, match=message) as caught:
        read_landmarks(path)
    assert str(path) in str(caught.value)


def test_a_binary_file(tmp_path):
    path = tmp_path / "landmarks.csv"
    path.write_bytes(b"\x89PNG\xff\xfe\x00")
    with pytest.raises(ValueError, match="is no CSV file"):
        read_landmarks(path)


def test_no_file(tmp_path):
    with pytest.raises(FileNotFoundError, match=r"No landmark file at .*landmark, slide, x, y"):
        read_landmarks(tmp_path / "landmarks.csv")


def test_bad_requests(tissue, frames, tmp_path):
    with pytest.raises(ValueError, match="at least 3"):
        write_landmarks(tmp_path / "l.csv", tissue, frames, n=2)
    apart = {"one": Frame(crop=(0, 0, 200, 200)), "two": Frame(crop=(1500, 1000, 1700, 1200))}
    with pytest.raises(ValueError, match="only 0 places are visible"):
        write_landmarks(tmp_path / "l.csv", tissue, apart)
    assert not (tmp_path / "l.csv").exists()


def test_the_file_is_plain_csv(tissue, frames, tmp_path):
    table = pd.read_csv(write_landmarks(tmp_path / "l.csv", tissue, frames))
    assert list(table.columns) == ["landmark", "slide", "x", "y"]
    assert table.groupby("slide").size().tolist() == [12, 12, 12]
