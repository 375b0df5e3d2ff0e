"""Elements that are written batch by batch: they are what the batches are together, whatever happens on the way."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import textwrap
from itertools import pairwise
from pathlib import Path
from typing import Any

import anndata
import dask.array
import dask.dataframe
import geopandas
import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
import scipy.sparse
import shapely

from spatialdata import SpatialData, get_element_instances, get_extent, read_zarr
from spatialdata.errors import StoreBusyError, StoreError, StoreExistsError, UnfinishedBuildError, ValidationError
from spatialdata.models import Image2DModel, Labels2DModel, PointsModel, ShapesModel, TableModel
from spatialdata.store.builders.rasters import _first_gap
from spatialdata.testing import assert_elements_are_identical
from spatialdata.transformations import Scale, get_transformation


@pytest.fixture
def sdata(tmp_path: Path) -> SpatialData:
    made = SpatialData()
    made.write(tmp_path / "study.zarr")
    return made


def _molecules(count: int, seed: int = 0, genes: str = "abc") -> pd.DataFrame:
    rng = np.random.default_rng(seed)
    return pd.DataFrame(
        {
            "x": rng.random(count) * 1000,
            "y": rng.random(count) * 500,
            "gene": rng.choice([f"gene_{letter}" for letter in genes], count),
            "quality": rng.integers(0, 40, count, dtype=np.int32),
        }
    )


def _hidden(sdata: SpatialData) -> list[str]:
    return sorted(path.name for path in Path(str(sdata.path)).rglob(".*"))


def _bytes(folder: Path) -> dict[str, bytes]:
    return {path.relative_to(folder).as_posix(): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def _build(builder: Any, *batches: Any, error: BaseException | None = None) -> None:
    with builder:
        for batch in batches:
            builder.append(batch)
        if error is not None:
            raise error


# Points


def test_points_of_all_kinds_of_batches_are_the_rows_in_order(sdata: SpatialData) -> None:
    frames = [_molecules(50, seed, genes) for seed, genes in enumerate(("ab", "bc", "d", "a"))]
    with sdata.create_points("molecules", feature_key="gene", transformations={"um": Scale([0.5], ("x",))}) as builder:
        builder.append(frames[0])
        builder.append(pa.Table.from_pandas(frames[1], preserve_index=False))
        builder.append(dask.dataframe.from_pandas(frames[2], npartitions=3))
        builder.append(frames[3].sample(frac=1, axis=1, random_state=0))
        assert (builder.batches_done, builder.rows) == (4, 200)
    found = sdata["molecules"]
    expected = pd.concat(frames, ignore_index=True)
    pd.testing.assert_frame_equal(found.compute().astype({"gene": object}), expected, check_dtype=False)
    assert list(found["gene"].cat.categories) == ["gene_a", "gene_b", "gene_c", "gene_d"]
    assert found.attrs["spatialdata_attrs"]["feature_key"] == "gene"
    assert get_transformation(found, "um") == Scale([0.5], ("x",))
    assert_elements_are_identical(read_zarr(sdata.path)["molecules"], found)
    assert _hidden(sdata) == []


@pytest.mark.parametrize("cuts", [[200_000], [10, 70_000, 70_001, 130_000]])
def test_sorted_points_are_the_same_bytes_however_they_come(
    sdata: SpatialData, tmp_path: Path, cuts: list[int]
) -> None:
    whole = _molecules(200_000)
    whole["gene"] = whole["gene"].astype("category")
    limits = [0, *cuts, len(whole)]
    with sdata.create_points("molecules", feature_key="gene", rows_in_memory=30_000) as builder:
        for start, stop in pairwise(limits):
            builder.append(whole.iloc[start:stop])
    other = SpatialData(points={"molecules": PointsModel.parse(whole, feature_key="gene", npartitions=3)})
    other.write(tmp_path / "other.zarr")
    built, written = (Path(str(of.path)) / "points" / "molecules" for of in (sdata, other))
    assert _bytes(built) == _bytes(written)
    found = sdata["molecules"].compute()
    assert not found.index.is_monotonic_increasing
    pd.testing.assert_frame_equal(found.sort_index(), whole, check_categorical=False)


def test_an_index_of_its_own_is_kept(sdata: SpatialData) -> None:
    first, second = _molecules(3), _molecules(2, 1)
    first.index, second.index = [10, 4, 7], [1, 99]
    with sdata.create_points("molecules") as builder:
        builder.append(first)
        builder.append(second)
    assert sdata["molecules"].index.compute().tolist() == [10, 4, 7, 1, 99]


def test_a_default_index_goes_on_over_long_batches(sdata: SpatialData, monkeypatch: pytest.MonkeyPatch) -> None:
    from spatialdata.store.builders import points

    monkeypatch.setattr(points, "_ROWS_PER_FILE", 40)
    with sdata.create_points("molecules", points_layout="kept", rows_in_memory=70) as builder:
        builder.append(_molecules(100))
        builder.append(dask.dataframe.from_pandas(_molecules(130), npartitions=2))
    assert sdata["molecules"].index.compute().tolist() == list(range(230))
    np.testing.assert_array_equal(sdata["molecules"].compute()["x"].iloc[100:], _molecules(130)["x"])


def test_ordered_and_numeric_categories(sdata: SpatialData) -> None:
    frame = _molecules(4)
    frame["grade"] = pd.Categorical(["low", "high", "low", "low"], ["low", "high"], ordered=True)
    frame["fov"] = pd.Categorical([3, 1, 3, 3])
    later = frame.assign(fov=pd.Categorical([2, 2, 1, 7]))
    with sdata.create_points("molecules") as builder:
        builder.append(frame)
        builder.append(later)
    found = sdata["molecules"].compute()
    assert found["grade"].cat.ordered
    assert found["grade"].cat.categories.tolist() == ["low", "high"]
    assert found["fov"].tolist() == [3, 1, 3, 3, 2, 2, 1, 7]
    other = frame.assign(grade=pd.Categorical(["top"] * 4, ["low", "top"], ordered=True))
    with pytest.raises(ValidationError, match="is ordered, so that all batches need the same"):
        _build(sdata.create_points("other"), frame, other)


@pytest.mark.parametrize(
    ("second", "match"),
    [
        (_molecules(2).drop(columns="quality"), "the columns 'quality' are missing"),
        (_molecules(2).assign(cell=1), "the columns 'cell' are new"),
        (_molecules(2).astype({"quality": "float64"}), "quality: must be of int32 as before, not float64; cast it"),
        (_molecules(2).astype({"x": str}), "must be of int32, int64, float32, float64"),
        (_molecules(2).set_axis(["p", "q"], axis=0), "the index: must be of int64 as before, not "),
        (_molecules(2).drop(columns="x"), "has no column 'x'"),
    ],
)
def test_a_batch_that_does_not_fit_is_refused_and_the_others_stay(
    sdata: SpatialData, second: pd.DataFrame, match: str
) -> None:
    with sdata.create_points("molecules") as builder:
        builder.append(_molecules(3))
        with pytest.raises(ValueError, match=match):
            builder.append(second)
        builder.append(_molecules(1))
    assert len(sdata["molecules"]) == 4


def test_batches_without_rows(sdata: SpatialData) -> None:
    with sdata.create_points("some", feature_key="gene") as builder:
        builder.append(_molecules(0))
        builder.append(_molecules(2))
        builder.append(_molecules(0))
    assert len(sdata["some"]) == 2
    with sdata.create_points("none") as builder:
        builder.append(_molecules(0))
    assert list(sdata["none"].compute().columns) == ["x", "y", "gene", "quality"]
    with pytest.raises(ValueError, match="Nothing was appended to points/nothing"), sdata.create_points("nothing"):
        pass
    assert "nothing" not in sdata
    assert _hidden(sdata) == []


def test_points_in_tiles_for_vitessce(sdata: SpatialData) -> None:
    with sdata.create_points("molecules", feature_key="gene", points_layout="vitessce") as builder:
        builder.append(_molecules(100))
        builder.append(_molecules(100, 1))
    folder = Path(str(sdata.path)) / "points" / "molecules" / "points.parquet"
    codes = pq.read_table(folder).column("morton_code_2d").to_pandas()
    assert codes.is_monotonic_increasing
    assert len(codes) == 200


# Interruptions


def test_an_error_leaves_the_store_and_the_next_one_goes_on(sdata: SpatialData) -> None:
    before = _bytes(Path(str(sdata.path)))
    with pytest.raises(RuntimeError, match="disk on fire") as caught:
        _build(sdata.create_points("molecules"), _molecules(10), error=RuntimeError("disk on fire"))
    assert "resume=True" in caught.value.__notes__[0]
    assert "molecules" not in sdata
    shown = read_zarr(sdata.path)
    assert list(shown.points) == []
    assert {
        name: content for name, content in _bytes(Path(str(sdata.path))).items() if ".building" not in name
    } == before
    with pytest.raises(UnfinishedBuildError, match="resume=True, or discard them with resume=False"):
        sdata.create_points("molecules").__enter__()
    with sdata.create_points("molecules", resume=True) as builder:
        assert (builder.batches_done, builder.rows) == (1, 10)
        builder.append(_molecules(5, 1))
    expected = pd.concat([_molecules(10), _molecules(5, 1)], ignore_index=True)
    pd.testing.assert_frame_equal(sdata["molecules"].compute(), expected, check_dtype=False)
    assert _hidden(sdata) == []


def test_what_was_left_is_discarded_when_asked(sdata: SpatialData) -> None:
    with pytest.raises(KeyboardInterrupt):
        _build(sdata.create_points("molecules"), _molecules(10), error=KeyboardInterrupt())
    with sdata.create_points("molecules", resume=False) as builder:
        builder.append(_molecules(3))
    assert len(sdata["molecules"]) == 3


def test_a_failure_at_the_end_keeps_the_batches(sdata: SpatialData, monkeypatch: pytest.MonkeyPatch) -> None:
    from spatialdata.store.builders import builder as module

    def fail(*_: Any, **__: Any) -> None:
        raise OSError("no space left on device")

    with monkeypatch.context() as patch:
        patch.setattr(module, "write_element", fail)
        with pytest.raises(OSError, match="no space left"):
            _build(sdata.create_points("molecules"), _molecules(10))
    with sdata.create_points("molecules", resume=True) as builder:
        assert builder.batches_done == 1
    assert len(sdata["molecules"]) == 10


def test_another_declaration_cannot_go_on(sdata: SpatialData) -> None:
    with pytest.raises(RuntimeError, match="stop"):
        _build(
            sdata.create_image("image", (1, 8, 8), "uint8"), np.zeros((1, 4, 8), np.uint8), error=RuntimeError("stop")
        )
    with pytest.raises(StoreError, match="declared as"):
        sdata.create_image("image", (1, 9, 8), "uint8", resume=True).__enter__()


def test_two_builders_of_one_element(sdata: SpatialData) -> None:
    with sdata.create_points("molecules") as builder:
        builder.append(_molecules(1))
        with pytest.raises(StoreBusyError):
            sdata.create_points("molecules", resume=True).__enter__()
        with sdata.create_points("others") as second:
            second.append(_molecules(2))
    assert len(sdata["molecules"]) == 1
    assert len(sdata["others"]) == 2


def test_names_and_places_that_cannot_be_built(sdata: SpatialData) -> None:
    with pytest.raises(ValueError, match="not backed by a store"):
        SpatialData().create_points("molecules")
    with pytest.raises(ValueError, match="contains ' '"):
        sdata.create_points("my points")
    sdata["taken"] = PointsModel.parse(_molecules(2))
    with pytest.raises(ValueError, match="has 'taken' already"):
        sdata.create_points("taken")
    with pytest.raises(KeyError, match="taken in points"):
        sdata.create_table("taken")
    sdata.write_element("taken")
    fresh = SpatialData()
    fresh.path = sdata.path
    with pytest.raises(StoreExistsError), fresh.create_points("taken"):
        pass
    with sdata.create_points("taken", overwrite=True) as builder:
        builder.append(_molecules(5))
    assert len(sdata["taken"]) == len(read_zarr(sdata.path)["taken"]) == 5
    with pytest.raises(StoreError, match="not open"):
        builder.append(_molecules(1))
    with pytest.raises(StoreError, match="used already"):
        builder.__enter__()


CREATED: dict[str, Any] = {
    "points": lambda sdata, name: sdata.create_points(name),
    "shapes": lambda sdata, name: sdata.create_shapes(name),
    "tables": lambda sdata, name: sdata.create_table(name),
    "images": lambda sdata, name: sdata.create_image(name, (1, 8, 8), "uint8"),
    "labels": lambda sdata, name: sdata.create_labels(name, (8, 8), "int32"),
}


@pytest.mark.parametrize("kind", CREATED)
def test_a_name_that_is_taken_is_the_error_that_is_promised(sdata: SpatialData, kind: str) -> None:
    """Whether the element is in the object or in its store only, of the same kind, another, or in another case."""
    elements: dict[str, Any] = {
        "points": PointsModel.parse(_molecules(2)),
        "shapes": ShapesModel.parse(np.zeros((1, 2)), geometry=0, radius=1.0),
        "tables": TableModel.parse(anndata.AnnData(np.ones((2, 2)))),
        "images": Image2DModel.parse(np.zeros((1, 4, 4))),
        "labels": Labels2DModel.parse(np.zeros((4, 4), dtype=int)),
    }
    create = CREATED[kind]
    for owner, element in elements.items():
        sdata[f"of_{owner}"] = element
        with pytest.raises(StoreExistsError, match=f"of_{owner}"):
            create(sdata, f"of_{owner}")
        with pytest.raises(StoreExistsError, match=f"of_{owner}"):
            create(sdata, f"OF_{owner}")
        sdata.write_element(f"of_{owner}")
    unaware = SpatialData()
    unaware.path = sdata.path
    for owner in elements:
        with pytest.raises(StoreExistsError, match=f"of_{owner}"), create(unaware, f"of_{owner}"):
            pass
        with pytest.raises(StoreExistsError, match=f"of_{owner}"), create(unaware, f"OF_{owner}"):
            pass
    assert issubclass(StoreExistsError, ValueError)
    assert _hidden(sdata) == []


_KILLED = """
import os, sys
import numpy as np, pandas as pd, scipy.sparse
from spatialdata import read_zarr
sdata = read_zarr(sys.argv[1])
kind = sys.argv[2]
def molecules(seed):
    rng = np.random.default_rng(seed)
    return pd.DataFrame({"x": rng.random(20_000), "y": rng.random(20_000), "gene": rng.choice(list("abc"), 20_000)})
if kind == "points":
    builder = sdata.create_points("made", feature_key="gene", resume=True)
    batch = molecules
elif kind == "tables":
    builder = sdata.create_table("made", var=pd.DataFrame(index=[f"g{n}" for n in range(9)]), resume=True)
    batch = lambda seed: scipy.sparse.random(500, 9, 0.3, format="csr", random_state=seed)
else:
    builder = sdata.create_image("made", (1, 640, 64), "uint16", chunks={"y": 100}, resume=True)
    batch = lambda seed: np.random.default_rng(seed).integers(0, 999, (1, 64, 64), dtype="uint16")
with builder:
    print("ready", flush=True)
    while builder.batches_done < 10:
        builder.append(batch(builder.batches_done))
        print(builder.batches_done, flush=True)
print("done", flush=True)
"""


@pytest.mark.skipif(os.name != "posix", reason="kills its own process group")
@pytest.mark.parametrize("kind", ["points", "tables", "images"])
def test_a_killed_process_is_gone_on_with(sdata: SpatialData, kind: str) -> None:
    for stop_after in ("3", "done"):
        process = subprocess.Popen(
            [sys.executable, "-c", textwrap.dedent(_KILLED), str(sdata.path), kind], stdout=subprocess.PIPE, text=True
        )
        assert process.stdout is not None
        for line in process.stdout:
            if line.strip() == stop_after and stop_after != "done":
                process.send_signal(signal.SIGKILL)
                break
        process.stdout.close()
        process.wait(timeout=60)
    made = read_zarr(sdata.path)["made"]
    if kind == "points":
        expected = np.concatenate([np.random.default_rng(seed).random(20_000) for seed in range(10)])
        np.testing.assert_array_equal(made["x"].compute().sort_index(), expected)
    elif kind == "tables":
        parts = [scipy.sparse.random(500, 9, 0.3, format="csr", random_state=seed) for seed in range(10)]
        assert (scipy.sparse.vstack(parts) != made.X).nnz == 0
    else:
        rows = [np.random.default_rng(seed).integers(0, 999, (1, 64, 64), dtype="uint16") for seed in range(10)]
        np.testing.assert_array_equal(np.asarray(made), np.concatenate(rows, axis=1))
    assert _hidden(sdata) == []


# Shapes


def test_shapes(sdata: SpatialData) -> None:
    squares = [shapely.box(number, 0, number + 1, 1) for number in range(6)]
    whole = geopandas.GeoDataFrame({"kind": list("aabbca")}, geometry=squares)
    whole["kind"] = whole["kind"].astype("category")
    with sdata.create_shapes("cells", transformations={"um": Scale([2.0], ("y",))}) as builder:
        builder.append(whole.iloc[:4].assign(kind=lambda frame: frame["kind"].cat.remove_unused_categories()))
        builder.append(
            ShapesModel.parse(whole.iloc[4:].reset_index(drop=True), transformations={"um": Scale([2.0], ("y",))})
        )
        with pytest.raises(ValueError, match="the element gets"):
            builder.append(ShapesModel.parse(whole))
        with pytest.raises(ValidationError, match="are missing"):
            builder.append(np.zeros((1, 2)), geometry=0, radius=1.0)
    found = sdata["cells"]
    assert found.index.tolist() == list(range(6))
    assert found["kind"].tolist() == list("aabbca")
    assert found["kind"].cat.categories.tolist() == ["a", "b", "c"]
    assert bool((found.geometry.to_numpy() == np.array(squares)).all())
    assert list(found.attrs["transform"]) == ["um"]


# Tables


def _rows(count: int, start: int, region: str = "cells", kinds: str = "ab") -> anndata.AnnData:
    rng = np.random.default_rng(start)
    obs = pd.DataFrame(
        {
            "region": pd.Categorical([region] * count),
            "id": np.arange(start, start + count),
            "kind": pd.Categorical(rng.choice(list(kinds), count), list(kinds)),
        },
        index=[f"{region}{number}" for number in range(start, start + count)],
    )
    matrix = scipy.sparse.random(count, 5, 0.4, format="csr", random_state=start, dtype=np.float32)
    table = anndata.AnnData(matrix, obs=obs, var=pd.DataFrame({"n": range(5)}, index=list("vwxyz")))
    table.layers["dense"] = rng.random((count, 5))
    table.obsm["spatial"] = rng.random((count, 2))
    return TableModel.parse(table, region, "region", "id")


def test_a_table_is_its_batches_together(sdata: SpatialData) -> None:
    parts = [_rows(30, 0), _rows(20, 30, kinds="bc"), _rows(7, 0, region="nuclei")]
    with sdata.create_table("table", uns={"note": "x"}, table_chunks=16, table_shards=2) as builder:
        for part in parts:
            builder.append(part)
        assert builder.rows == 57
    assert "'table': AnnData (57, 5), lazy" in repr(sdata)
    found = sdata["table"]
    expected = anndata.concat(parts, merge="same")
    np.testing.assert_array_equal(found.X.compute().toarray(), expected.X.toarray())
    np.testing.assert_array_equal(found.layers["dense"].compute(), expected.layers["dense"])
    np.testing.assert_array_equal(found.obsm["spatial"].compute(), expected.obsm["spatial"])
    assert found.obs["kind"].cat.categories.tolist() == ["a", "b", "c"]
    pd.testing.assert_frame_equal(found.obs.astype(str), expected.obs.astype(str))
    pd.testing.assert_frame_equal(found.var, parts[0].var)
    assert found.uns["spatialdata_attrs"]["region"] == ["cells", "nuclei"]
    assert found.uns["note"] == "x"
    assert isinstance(read_zarr(sdata.path)["table"].X, scipy.sparse.csr_matrix)


def test_a_table_of_matrices(sdata: SpatialData) -> None:
    whole = scipy.sparse.random(40, 5, 0.4, format="csr", random_state=0)
    obs = pd.DataFrame({"region": ["cells"] * 40, "id": range(40)})
    with sdata.create_table(
        "table", var=pd.DataFrame(index=list("vwxyz")), region="cells", region_key="region", instance_key="id"
    ) as builder:
        builder.append(whole[:15].tocsc(), obs.iloc[:15])
        builder.append(whole[15:], obs.iloc[15:].reset_index(drop=True))
        with pytest.raises(ValueError, match="4 columns, but there are 5 variables"):
            builder.append(whole[:, :4])
    found = sdata["table"].to_memory()
    assert (whole != found.X).nnz == 0
    assert found.obs_names.tolist() == [str(number) for number in range(40)]
    assert found.uns["spatialdata_attrs"]["region"] == "cells"


@pytest.mark.parametrize(
    ("change", "match"),
    [
        (lambda table: table[:, ::-1].copy(), "same 5 names in the same order; some are missing or in another"),
        (lambda table: _with(table, X=table.X.toarray()), "X: must be .*sparse.* as before, not .*dense"),
        (lambda table: _with(table, X=table.X.astype(np.float64)), "X: must be .*float32.* as before, not .*float64"),
        (lambda table: _without_layer(table, "dense"), "layers/dense: must be .* as before, not None"),
        (lambda table: _with(table, uns={**table.uns, "colors": [1]}), r"uns\['colors'\].*which belong to a table"),
        (lambda table: _with(table, obsp={"near": scipy.sparse.eye(4, format="csr")}), "obsp.*which belong"),
        (lambda table: _with(table, obs=table.obs.drop(columns="kind")), "the columns 'kind' are missing"),
    ],
)
def test_a_batch_of_another_table_is_refused(sdata: SpatialData, change: Any, match: str) -> None:
    with sdata.create_table("table") as builder:
        builder.append(_rows(4, 0))
        with pytest.raises(ValueError, match=match):
            builder.append(change(_rows(4, 4)))
    assert sdata["table"].n_obs == 4


def _without_layer(table: anndata.AnnData, name: str) -> anndata.AnnData:
    del table.layers[name]
    return table


def _with(table: anndata.AnnData, **parts: Any) -> anndata.AnnData:
    for name, value in parts.items():
        setattr(table, name, value)
    return table


def test_names_of_rows_that_occur_twice_are_warned_of(sdata: SpatialData) -> None:
    with pytest.warns(UserWarning, match="names are not unique"):
        _build(sdata.create_table("table"), anndata.AnnData(np.ones((3, 2))), anndata.AnnData(np.ones((4, 2))))
    assert "AnnData (7, 2), lazy" in repr(sdata)


# Images and labels


def test_an_image_of_blocks_in_any_order(sdata: SpatialData, tmp_path: Path) -> None:
    pixels = np.random.default_rng(0).integers(0, 255, (2, 100, 70), dtype=np.uint8)
    boxes = [(slice(40, 100), slice(0, 70)), (slice(0, 40), slice(30, 70)), (slice(0, 40), slice(0, 30))]
    parse: dict[str, Any] = {
        "c_coords": ["dapi", "gfp"],
        "scale_factors": [2, 2],
        "transformations": {"um": Scale([0.5], ("x",))},
    }
    with sdata.create_image("image", pixels.shape, np.uint8, chunks={"y": 32, "x": 32}, **parse) as builder:
        for y, x in boxes[:2]:
            builder[:, y, x] = pixels[:, y, x]
        builder[0, 0:40, :30] = pixels[0, :40, :30]
        builder[1, :40, :30] = dask.array.from_array(pixels[1, :40, :30], chunks=16)
    whole = Image2DModel.parse(pixels, chunks=(1, 32, 32), **parse)
    assert_elements_are_identical(sdata["image"], whole)
    np.testing.assert_array_equal(np.asarray(sdata["image"]["scale0"]["image"]), pixels)
    assert _hidden(sdata) == []


def test_strips_of_an_image_and_planes_of_labels(sdata: SpatialData) -> None:
    pixels = np.random.default_rng(0).random((3, 2, 50, 20), dtype=np.float32)
    with sdata.create_image("stack", pixels.shape, "float32", scale_factors=None) as builder:
        for start in range(0, 50, 15):
            builder.append(pixels[:, :, start : start + 15])
        assert builder.rows == 50
    np.testing.assert_array_equal(np.asarray(sdata["stack"]), pixels)
    labels = np.arange(2 * 6 * 5, dtype=np.int32).reshape(2, 6, 5)
    with sdata.create_labels("cells", labels.shape, "int32") as builder:
        builder[0] = labels[0]
        builder[1, ..., 2:] = labels[1, :, 2:]
    labels[1, :, :2] = 0
    np.testing.assert_array_equal(np.asarray(sdata["cells"]), labels)
    assert get_extent(sdata["cells"])["x"] == (0, 5)
    assert len(get_element_instances(sdata["cells"])) == len(np.unique(labels)) - 1


def test_a_series_of_images_in_time(sdata: SpatialData) -> None:
    pixels = np.random.default_rng(0).integers(0, 9, (3, 1, 20, 10), dtype=np.uint8)
    times: dict[str, Any] = {"t_coords": [0.0, 2.0, 5.0], "t_unit": "second"}
    with sdata.create_image("movie", pixels.shape, "uint8", dims=("t", "c", "y", "x"), **times) as builder:
        for number in (2, 0, 1):
            builder[number] = pixels[number]
    whole = Image2DModel.parse(pixels, dims=("t", "c", "y", "x"), **times)
    assert_elements_are_identical(sdata["movie"], whole)
    assert sdata["movie"].t.values.tolist() == [0.0, 2.0, 5.0]


def test_chunks_that_are_asked_for_are_those_on_disk(sdata: SpatialData) -> None:
    with sdata.create_labels("cells", (64, 64), "int32", chunks={"y": 4, "x": 64}) as builder:
        builder[0:1, 0:1] = np.ones((1, 1), np.int32)
    assert sdata["cells"].data.chunksize == (4, 64)


def test_pixels_that_no_block_covers_are_an_error_unless_they_have_a_value(sdata: SpatialData) -> None:
    block = np.ones((1, 4, 4), dtype=np.uint8)

    def leave_a_gap() -> None:
        with sdata.create_image("image", (1, 8, 8), "uint8") as builder:
            builder[:, :4, :4] = block
            builder[:, 4:] = np.ones((1, 4, 8), dtype=np.uint8)

    with pytest.raises(ValueError, match="No block covers c 0:1, y 0:4, x 4:8 of images/image"):
        leave_a_gap()
    with sdata.create_image("image", (1, 8, 8), "uint8", resume=True) as builder:
        builder[:, :4, 4:] = block
    assert int(sdata["image"].sum()) == 64
    with sdata.create_image("filled", (1, 8, 8), "uint8", fill=7) as builder:
        builder[:, :4, :4] = block
    assert int(sdata["filled"].sum()) == 16 + 48 * 7


@pytest.mark.parametrize(
    ("region", "block", "error", "match"),
    [
        ((slice(None), slice(0, 9)), np.zeros((1, 9, 8), np.uint8), IndexError, "0:9 along y must lie in 0:8"),
        ((slice(None), slice(-3, None)), np.zeros((1, 3, 8), np.uint8), IndexError, "must lie in 0:8"),
        ((slice(None), slice(0, 4, 2)), np.zeros((1, 2, 8), np.uint8), IndexError, "no steps"),
        ((0, 0, 0, 0), np.zeros((), np.uint8), IndexError, "4 were given"),
        ((0, [1, 2]), np.zeros((2, 8), np.uint8), IndexError, "slices and whole numbers"),
        ((0,), np.zeros((8, 7), np.uint8), ValueError, r"must have the shape \(1, 8, 8\), not \(1, 8, 7\)"),
        ((0,), np.full((8, 8), 300), TypeError, "uint8, which cannot hold every value of int64"),
        ((0,), np.zeros((8, 8), np.float32), TypeError, "cannot hold every value of float32"),
    ],
)
def test_a_block_that_does_not_fit_is_refused(
    sdata: SpatialData, region: Any, block: Any, error: type[Exception], match: str
) -> None:
    with sdata.create_image("image", (1, 8, 8), "uint8", fill=0) as builder:
        builder.append(np.ones((1, 1, 8), np.uint8))
        with pytest.raises(error, match=match):
            builder[region] = block
        with pytest.raises(IndexError, match="reaches beyond the raster"):
            builder.append(np.ones((1, 8, 8), np.uint8))
    assert int(sdata["image"].sum()) == 8


@pytest.mark.parametrize(
    ("declared", "match"),
    [
        ({"shape": (8, 8)}, "has 2 axes. Valid dims for images: 'cyx'"),
        ({"shape": (1, 8, 8), "dims": ("x", "y", "c")}, "does not fit dims="),
        ({"shape": (1, 0, 8)}, "whole numbers above 0"),
        ({"shape": (2, 8, 8), "c_coords": ["a"]}, "channel"),
        ({"shape": (1, 8, 8), "scale_factors": [0]}, "Scale factor"),
        ({"shape": (1, 8, 8), "chunks": {"z": 3}}, "for some of the axes"),
    ],
)
def test_a_wrong_declaration_is_said_at_the_start(sdata: SpatialData, declared: Any, match: str) -> None:
    with pytest.raises(ValueError, match=match):
        sdata.create_image("image", dtype="uint8", **declared)


@pytest.mark.parametrize("seed", range(5))
def test_the_first_gap_is_found_by_brute_force(seed: int) -> None:
    rng = np.random.default_rng(seed)
    boxes = [
        tuple(tuple(sorted(rng.choice(size + 1, 2, replace=False).tolist())) for size in (7, 9))
        for _ in range(rng.integers(1, 30))
    ]
    mask = np.zeros((7, 9), dtype=bool)
    for (top, bottom), (left, right) in boxes:
        mask[top:bottom, left:right] = True
    gap = _first_gap(boxes, (7, 9))
    assert (gap is None) == mask.all()
    if gap is not None:
        assert not mask[slice(*gap[0]), slice(*gap[1])].any()


def test_labels_are_listed_and_multiscale(sdata: SpatialData) -> None:
    labels = np.kron(np.arange(1, 17, dtype=np.uint16).reshape(4, 4), np.ones((8, 8), np.uint16))
    with sdata.create_labels("cells", labels.shape, "uint16", scale_factors=[2, 2]) as builder:
        builder.append(labels)
    assert_elements_are_identical(read_zarr(sdata.path)["cells"], Labels2DModel.parse(labels, scale_factors=[2, 2]))


# Memory

_MEASURED = """
import sys, threading, time
import numpy as np, pandas as pd
import spatialdata.store.points
from spatialdata import read_zarr
spatialdata.store.points.ROWS_PER_PART = 65_536
peak = 0
def watch():
    global peak
    while True:
        # Pages of files that are mapped into memory do not count.
        lines = open("/proc/self/status").read().splitlines()
        peak = max(peak, *(int(line.split()[1]) for line in lines if line.startswith("RssAnon")))
        time.sleep(0.01)
threading.Thread(target=watch, daemon=True).start()
def frame(seed, count):
    rng = np.random.default_rng(seed)
    return pd.DataFrame({name: rng.random(count) for name in "xyabcd"})
sdata = read_zarr(sys.argv[1])
count = int(sys.argv[2])
with sdata.create_points("made", rows_in_memory=100_000) as builder:
    for seed in range(count):
        builder.append(frame(seed, 100_000))
print(peak // 1024)
"""


@pytest.mark.skipif(sys.platform != "linux", reason="reads /proc")
def test_memory_does_not_grow_with_the_number_of_batches(tmp_path: Path) -> None:
    peaks = []
    for count in (6, 30):
        path = tmp_path / f"{count}.zarr"
        SpatialData().write(path)
        found = subprocess.run(
            [sys.executable, "-c", _MEASURED, str(path), str(count)],
            capture_output=True,
            text=True,
            check=True,
            env={**os.environ, "DASK_SCHEDULER": "synchronous"},
        )
        peaks.append(int(found.stdout))
    # The 24 further batches are 115 MiB.
    assert peaks[1] - peaks[0] < 50
