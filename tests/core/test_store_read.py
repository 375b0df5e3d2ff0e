"""Opening, pushing queries down, and what happens when something is missing or broken."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import dask.array as da
import dask.dataframe as dd
import geopandas
import numpy as np
import pandas as pd
import pyarrow.parquet as pq
import pytest
import shapely
import zarr

from spatialdata._core.sources import Source, Window
from spatialdata.errors import ElementNotFoundError, StoreError, StoreNotFoundError
from spatialdata.models import Image2DModel, Labels2DModel, PointsModel, ShapesModel
from spatialdata.models.kind import Kind
from spatialdata.store import parquet
from spatialdata.store.codec import SOURCES
from spatialdata.store.store import Entry, Store
from spatialdata.store.write import write_store


@pytest.fixture
def example(sample_data: Path, tmp_path: Path) -> Path:
    """A store of the published release, to be broken."""
    root = tmp_path / "store.zarr"
    shutil.copytree(sample_data / "stores" / "upstream-0.7.3-container-v02" / "store.zarr", root)
    return root


def test_every_kind_has_a_source() -> None:
    assert set(SOURCES) == set(Kind)


def test_sources_are_sources(example: Path) -> None:
    store = Store.open(example)
    for entry in store.entries():
        source = store.source(entry)
        assert isinstance(source, Source)
        assert source.location == str(example / entry.kind.container / entry.name)


def test_a_path_that_does_not_exist(tmp_path: Path) -> None:
    (tmp_path / "other.zarr").mkdir()
    with pytest.raises(StoreNotFoundError, match=r"no store at .*gone.zarr does not exist.*'other.zarr'") as caught:
        Store.open(tmp_path / "gone.zarr")
    assert isinstance(caught.value, FileNotFoundError)
    with pytest.raises(StoreNotFoundError, match=r"holds 'other.zarr'"):
        Store.open(tmp_path / "deep" / "gone.zarr")
    assert not (tmp_path / "deep").exists()


def test_a_folder_that_is_no_store(tmp_path: Path) -> None:
    (tmp_path / "experiment.xenium").write_text("{}")
    with pytest.raises(StoreNotFoundError, match=r"is no SpatialData store: no zarr.json.*'experiment.xenium'"):
        Store.open(tmp_path)
    with pytest.raises(StoreNotFoundError, match="is a file"):
        Store.open(tmp_path / "experiment.xenium")


def test_other_zarr_is_no_store(tmp_path: Path) -> None:
    zarr.open_group(tmp_path / "group.zarr", mode="w").create_group("0")
    with pytest.raises(StoreNotFoundError, match=r"no SpatialData store: it has no attribute.*'0'"):
        Store.open(tmp_path / "group.zarr")
    zarr.create_array(tmp_path / "array.zarr", shape=(2,), dtype="u1")
    with pytest.raises(StoreNotFoundError, match="is a Zarr array"):
        Store.open(tmp_path / "array.zarr")


def test_a_newer_container(example: Path) -> None:
    document = json.loads((example / "zarr.json").read_text())
    document["attributes"]["spatialdata_attrs"]["version"] = "7.0"
    (example / "zarr.json").write_text(json.dumps(document))
    with pytest.raises(StoreError, match=r"container version '7\.0'. Known: '0\.1', '0\.2'"):
        Store.open(example)


@pytest.mark.parametrize(
    "make", [str, Path, lambda path: f"file://{path}", lambda path: zarr.open_group(path, mode="r")]
)
def test_ways_to_name_a_store(example: Path, make: Callable[[Path], Any]) -> None:
    assert len(Store.open(make(example)).entries()) == 14


def test_a_group_inside_a_larger_one(example: Path) -> None:
    group = zarr.open_group(example.parent, mode="a")
    assert len(Store.open(zarr.open_group(group.store, path="store.zarr", mode="r")).entries()) == 14


def test_what_names_no_store(tmp_path: Path) -> None:
    with pytest.raises(StoreError, match="cannot be opened"):
        Store.open("nowhere://example/store.zarr")
    with pytest.raises(TypeError, match=r"not by int"):
        Store.open(3)  # type: ignore[arg-type]
    with pytest.raises(TypeError, match="with files behind it"):
        Store.open(zarr.open_group(zarr.storage.MemoryStore(), mode="w"))


def test_find(example: Path) -> None:
    store = Store.open(example)
    assert store.find("circles") == Entry(Kind.SHAPES, "circles")
    with pytest.raises(ElementNotFoundError, match="Did you mean 'circles'"):
        store.find("circle")


def _truncate(path: Path) -> None:
    path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])


BROKEN: dict[str, tuple[str, Callable[[Path], None], str]] = {
    "document": ("images/image2d", lambda f: _truncate(f / "zarr.json"), r"zarr\.json is no valid JSON"),
    "no document": ("labels/labels2d", lambda f: (f / "zarr.json").unlink(), r"No Zarr document.*holds 's0'"),
    "gone": ("shapes/circles", shutil.rmtree, "does not exist"),
    "array": ("images/image2d_multiscale", lambda f: shutil.rmtree(f / "s1"), r"cannot be read: .*holds 's0', 's2'"),
    "shapes file": (
        "shapes/polygons",
        lambda f: (f / "shapes.parquet").unlink(),
        r"shapes\.parquet is missing: .*'zarr\.json'",
    ),
    "truncated shapes": ("shapes/polygons", lambda f: _truncate(f / "shapes.parquet"), "ArrowInvalid"),
    "points folder": (
        "points/points2d",
        lambda f: shutil.rmtree(f / "points.parquet"),
        r"no Parquet file in points\.parquet",
    ),
    "truncated points": (
        "points/points2d",
        lambda f: _truncate(f / "points.parquet" / "part.1.parquet"),
        "ArrowInvalid",
    ),
    "obs": ("tables/table", lambda f: shutil.rmtree(f / "obs"), r"has no obs: .*'var'"),
    "obs document": ("tables/table", lambda f: _truncate(f / "obs" / "zarr.json"), "no valid JSON"),
}


@pytest.mark.parametrize("case", BROKEN)
def test_one_broken_element_hides_no_other(example: Path, case: str) -> None:
    broken, damage, message = BROKEN[case]
    kind, name = broken.split("/")
    damage(example / kind / name)
    store = Store.open(example)
    assert len(store.entries()) == 14
    for entry in store.entries():
        source = store.source(entry)
        if str(entry) != broken:
            source.check()
            continue
        with pytest.raises(StoreError, match=message) as caught:
            source.check()
        assert f"{broken} of {example}" in str(caught.value)
        with pytest.raises(StoreError, match=f"{broken} of {example}"):
            source.load()


def _edit(folder: Path, change: Callable[[dict[str, Any]], Any]) -> None:
    document = json.loads((folder / "zarr.json").read_text())
    change(document["attributes"])
    (folder / "zarr.json").write_text(json.dumps(document))


@pytest.mark.parametrize(
    ("element", "change", "message"),
    [
        (
            "images/image2d",
            lambda a: a["spatialdata_attrs"].update(version="0.9"),
            r"images version '0\.9'. Valid .*'0\.3'",
        ),
        ("images/image2d", lambda a: a.pop("spatialdata_attrs"), "images version None"),
        ("images/image2d", lambda a: a.pop("ome"), "has no 'ome'"),
        ("images/image2d", lambda a: a["ome"].update(version="0.5"), r"NGFF version '0\.5'"),
        ("images/image2d", lambda a: a["ome"]["multiscales"].append({}), "exactly one entry"),
        ("images/image2d", lambda a: a["ome"]["multiscales"][0].update(datasets=[]), "list no dataset"),
        ("images/image2d", lambda a: a["ome"]["multiscales"][0].pop("axes"), "Missing: 'axes'"),
        ("images/image2d", lambda a: a["ome"]["multiscales"][0]["axes"].pop(0), "has the axes"),
        ("images/image2d", lambda a: a["ome"]["omero"]["channels"].pop(), "names 2 channels"),
        ("images/image2d", lambda a: a["ome"]["omero"]["channels"][0].pop("label"), "has no label"),
        ("shapes/circles", lambda a: a["coordinateTransformations"][0].update(type="warp"), "has the type 'warp'"),
        ("shapes/circles", lambda a: a.update(coordinateTransformations=3), "must be a list, not int"),
        ("points/points2d", lambda a: a["coordinateTransformations"][0].pop("output"), r"output\.name"),
        ("points/points2d", lambda a: a["coordinateTransformations"][1].pop("translation"), "malformed"),
    ],
)
def test_wrong_metadata(example: Path, element: str, change: Callable[[dict[str, Any]], Any], message: str) -> None:
    kind, name = element.split("/")
    _edit(example / kind / name, change)
    source = Store.open(example).source(Entry(Kind(kind), name))
    with pytest.raises(StoreError, match=message) as caught:
        source.check()
    assert element in str(caught.value)


def test_old_names_of_channels(example: Path) -> None:
    def move(attributes: dict[str, Any]) -> None:
        attributes["channels_metadata"] = attributes["ome"].pop("omero")

    _edit(example / "images" / "image2d", move)
    store = Store.open(example)
    assert store.source(store.find("image2d")).load().c.to_numpy().tolist() == ["r", "g", "b"]


def test_channels_without_names_are_numbered(example: Path) -> None:
    _edit(example / "images" / "image2d", lambda attributes: attributes["ome"].pop("omero"))
    store = Store.open(example)
    assert store.source(store.find("image2d")).load().c.to_numpy().tolist() == [0, 1, 2]


def test_foreign_files_are_ignored(example: Path) -> None:
    (example / "._zarr.json").write_bytes(b"\0")
    (example / "images" / ".DS_Store").write_bytes(b"\0")
    (example / "points" / "points2d" / "points.parquet" / "._part.0.parquet").write_bytes(b"\0")
    (example / "points" / "points2d" / "points.parquet" / "_SUCCESS").write_bytes(b"")
    store = Store.open(example)
    assert len(store.entries()) == 14
    assert len(store.source(store.find("points2d")).load()) == 300


def test_metadata_are_read_again_when_they_were_replaced(example: Path) -> None:
    store = Store.open(example)
    source = store.source(store.find("circles"))
    assert "renamed" not in source.attrs["transform"]
    _edit(example / "shapes" / "circles", lambda a: a["coordinateTransformations"][0]["output"].update(name="renamed"))
    assert "renamed" in source.attrs["transform"]


# Points


@pytest.fixture
def molecules(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> tuple[pd.DataFrame, Store]:
    """1 000 points sorted by x, in row groups of 50 and files of 200."""
    monkeypatch.setattr(parquet, "ROWS_PER_GROUP", 50)
    monkeypatch.setattr(parquet, "ROWS_PER_PART", 200)
    rng = np.random.default_rng(0)
    frame = pd.DataFrame(
        {
            "x": np.sort(rng.uniform(0, 100, 1000)),
            "y": rng.uniform(0, 100, 1000),
            "gene": pd.Categorical.from_codes(rng.integers(0, 5, 1000), list("edcbaz")),
            "cluster": pd.Categorical.from_codes(rng.integers(0, 3, 1000), [7, 5, 3, 9], ordered=True),
            "note": [f"n{i}" for i in range(1000)],
        },
        index=np.arange(5000, 6000)[::-1],
    )
    points = PointsModel.parse(dd.from_pandas(frame, npartitions=2, sort=False), feature_key="gene")
    write_store(tmp_path / "s.zarr", {Kind.POINTS: {"molecules": points}}, {})
    return frame, Store.open(tmp_path / "s.zarr")


def assert_same_rows(found: pd.DataFrame, expected: pd.DataFrame) -> None:
    """Equal but for the type of strings, which is that of the versions of dask and pandas."""
    plain = {"note": object}
    pd.testing.assert_frame_equal(found.astype(plain), expected.astype(plain), check_index_type=False)


def test_layout_of_points(molecules: tuple[pd.DataFrame, Store]) -> None:
    _, store = molecules
    folder = store.path / "points" / "molecules" / "points.parquet"
    assert sorted(path.name for path in folder.iterdir()) == [f"part.{i}.parquet" for i in range(6)]
    metadata = pq.read_metadata(folder / "part.0.parquet")
    assert [metadata.row_group(i).num_rows for i in range(metadata.num_row_groups)] == [50, 50, 50, 50]
    assert metadata.row_group(0).column(0).statistics.has_min_max


def test_points_keep_everything(molecules: tuple[pd.DataFrame, Store]) -> None:
    frame, store = molecules
    found = store.source(store.find("molecules")).load()
    assert found["gene"].cat.known
    assert list(found["gene"].cat.categories) == list("edcbaz")
    whole = found.compute()
    assert_same_rows(whole, frame)
    assert whole["cluster"].cat.ordered


def test_points_remember_their_source_until_they_change(molecules: tuple[pd.DataFrame, Store]) -> None:
    _, store = molecules
    source = store.source(store.find("molecules"))
    found = source.load()
    assert found.source is source
    assert found[found["x"] > 3].source is None
    assert source.load(columns=["x"]).source is None


@pytest.mark.parametrize(
    ("axes", "lower", "upper"),
    [
        (("x",), (20.0,), (30.0,)),
        (("x", "y"), (20.0, 10.0), (30.0, 12.0)),
        (("y", "x"), (10.0, 99.0), (12.0, 1000.0)),
        (("x",), (500.0,), (600.0,)),
        (("z",), (1.0,), (2.0,)),
    ],
)
def test_a_window_reads_few_row_groups_and_loses_no_point(
    molecules: tuple[pd.DataFrame, Store], axes: tuple[str, ...], lower: tuple[float, ...], upper: tuple[float, ...]
) -> None:
    frame, store = molecules
    found = store.source(store.find("molecules")).load(window=Window(axes, lower, upper)).compute()
    inside = np.ones(len(frame), dtype=bool)
    for axis, low, high in zip(axes, lower, upper, strict=True):
        if axis in frame:
            inside &= frame[axis].between(low, high).to_numpy()
    expected = frame[inside]
    assert set(expected.index) <= set(found.index)
    assert_same_rows(found.loc[expected.index], expected)
    if "x" in axes:
        assert len(found) <= len(expected) + 2 * 50 or "y" in axes
        assert len(found) < 300


def test_columns_and_window(molecules: tuple[pd.DataFrame, Store]) -> None:
    frame, store = molecules
    source = store.source(store.find("molecules"))
    found = source.load(columns=["gene", "x"], window=Window(("x",), (0.0,), (5.0,)))
    assert list(found.columns) == ["gene", "x"]
    assert found["gene"].cat.known
    assert found.attrs["spatialdata_attrs"] == {"feature_key": "gene"}
    assert (frame["x"] <= 5).sum() <= len(found) <= 150
    with pytest.raises(StoreError, match=r"no column 'w'\. Columns: 'x'"):
        source.load(columns=["w"])


def test_a_pruned_frame_notices_that_its_file_was_rewritten(molecules: tuple[pd.DataFrame, Store]) -> None:
    frame, store = molecules
    found = store.source(store.find("molecules")).load(window=Window(("x",), (0.0,), (5.0,)))
    write_store(store.path, {Kind.POINTS: {"molecules": PointsModel.parse(frame.iloc[::-1])}}, {}, overwrite=True)
    with pytest.raises(StoreError, match="was rewritten after the points had been opened"):
        found.compute()


def test_index_described_as_a_range(tmp_path: Path, molecules: tuple[pd.DataFrame, Store]) -> None:
    frame, store = molecules
    part = store.path / "points" / "molecules" / "points.parquet" / "part.0.parquet"
    described = frame.iloc[:200].set_index(pd.RangeIndex(100, 500, 2))
    described.to_parquet(part, row_group_size=50)
    for other in part.parent.glob("part.[1-9].parquet"):
        other.unlink()
    source = store.source(store.find("molecules"))
    assert source.load().compute().index.equals(described.index)
    pruned = source.load(window=Window(("x",), (described["x"].iloc[60],), (described["x"].iloc[60],))).compute()
    assert pruned.index.tolist() == described.index[50:100].tolist()


def test_categories_of_files_that_differ(example: Path) -> None:
    folder = example / "points" / "points2d" / "points.parquet"
    frames = [pd.read_parquet(folder / f"part.{i}.parquet") for i in range(3)]
    frames[2]["gene"] = frames[2]["gene"].cat.rename_categories({"Actb": "New"})
    frames[2].to_parquet(folder / "part.2.parquet")
    store = Store.open(example)
    found = store.source(store.find("points2d")).load()
    assert list(found["gene"].cat.categories) == ["Actb", "Gapdh", "Mki67", "Sox2", "New"]
    expected = [str(gene) for frame in frames for gene in frame["gene"]]
    assert found["gene"].compute().astype(str).tolist() == expected


def test_a_file_with_unknown_categories_is_an_error(molecules: tuple[pd.DataFrame, Store]) -> None:
    frame, store = molecules
    part = store.path / "points" / "molecules" / "points.parquet" / "part.3.parquet"
    frame.iloc[:10].assign(gene=pd.Categorical(["strange"] * 10)).to_parquet(part)
    with pytest.raises(StoreError, match="'strange', which the other files of these points do not know"):
        store.source(store.find("molecules")).load().compute()


@pytest.mark.parametrize("rows", [0, 1])
def test_few_points(tmp_path: Path, rows: int) -> None:
    frame = pd.DataFrame({"x": np.arange(rows, dtype=float), "y": np.arange(rows, dtype=float)})
    frame["gene"] = pd.Categorical(["b"] * rows, categories=["b", "a"])
    points = PointsModel.parse(frame, feature_key="gene")
    write_store(tmp_path / "s.zarr", {Kind.POINTS: {"few": points}}, {})
    store = Store.open(tmp_path / "s.zarr")
    found = store.source(store.find("few")).load()
    assert list(found["gene"].cat.categories) == ["b", "a"]
    pd.testing.assert_frame_equal(found.compute(), frame, check_index_type=False)


def test_unknown_categories_are_found_before_writing(tmp_path: Path) -> None:
    frame = pd.DataFrame({"x": [1.0, 2.0, 3.0, 4.0], "y": 0.0, "gene": list("abca")})
    lazy = dd.from_pandas(frame, npartitions=2, sort=False)
    points = PointsModel.parse(lazy.assign(gene=lazy["gene"].astype("category")))
    assert not points["gene"].cat.known
    write_store(tmp_path / "s.zarr", {Kind.POINTS: {"points": points}}, {})
    store = Store.open(tmp_path / "s.zarr")
    found = store.source(store.find("points")).load()
    assert sorted(found["gene"].cat.categories) == ["a", "b", "c"]
    assert found["gene"].compute().astype(str).tolist() == list("abca")


def test_empty_partitions_leave_no_files(tmp_path: Path) -> None:
    frame = pd.DataFrame({"x": np.arange(9.0), "y": 0.0})
    points = PointsModel.parse(frame, npartitions=3)
    kept = points[(points["x"] < 2) | (points["x"] > 7)]
    write_store(tmp_path / "s.zarr", {Kind.POINTS: {"points": kept}}, {})
    assert len(list((tmp_path / "s.zarr" / "points" / "points" / "points.parquet").iterdir())) == 2
    store = Store.open(tmp_path / "s.zarr")
    assert store.source(store.find("points")).load().compute()["x"].tolist() == [0, 1, 8]


# Shapes


def squares(count: int) -> geopandas.GeoDataFrame:
    boxes = shapely.box(np.arange(count), 0, np.arange(count) + 0.5, 1)
    frame = geopandas.GeoDataFrame({"number": np.arange(count)}, geometry=boxes, index=[f"s{i}" for i in range(count)])
    return ShapesModel.parse(frame)


def test_a_window_of_shapes_loses_none(tmp_path: Path) -> None:
    frame = squares(20_000)
    write_store(tmp_path / "s.zarr", {Kind.SHAPES: {"squares": frame}}, {})
    store = Store.open(tmp_path / "s.zarr")
    source = store.source(store.find("squares"))
    found = source.load(window=Window(("x", "y"), (100.2, 0.0), (104.0, 5.0)))
    assert found.index.tolist() == ["s100", "s101", "s102", "s103", "s104"]
    assert "bbox" not in found.columns
    assert set(found.attrs["transform"]) == {"global"}
    one = source.load(columns=["number"], window=Window(("x",), (7.0,), (7.1,)))
    assert not isinstance(one, geopandas.GeoDataFrame)
    assert one["number"].to_dict() == {"s7": 7}
    assert source.load(columns=["number"])["number"].tolist() == list(range(20_000))
    with pytest.raises(StoreError, match=r"no column 'w'\. Columns: 'number', 'geometry'"):
        source.load(columns=["w"])


def test_a_window_of_circles_knows_their_radius(tmp_path: Path) -> None:
    circles = ShapesModel.parse(np.array([[0.0, 0.0], [50.0, 0.0]]), geometry=0, radius=np.array([10.0, 2.0]))
    write_store(tmp_path / "s.zarr", {Kind.SHAPES: {"circles": circles}}, {})
    store = Store.open(tmp_path / "s.zarr")
    found = store.source(store.find("circles")).load(window=Window(("x", "y"), (9.0, -1.0), (12.0, 1.0)))
    assert found.index.tolist() == [0]


def test_a_window_without_covering_reads_all(example: Path) -> None:
    store = Store.open(example)
    found = store.source(store.find("circles")).load(window=Window(("x", "y"), (0.0, 0.0), (6.0, 6.0)))
    assert len(found) == 5


def test_a_column_called_bbox_stays(tmp_path: Path) -> None:
    frame = squares(3).assign(bbox=["p", "q", "r"])
    write_store(tmp_path / "s.zarr", {Kind.SHAPES: {"squares": frame}}, {})
    store = Store.open(tmp_path / "s.zarr")
    assert store.source(store.find("squares")).load()["bbox"].tolist() == ["p", "q", "r"]


def test_other_attributes_of_shapes_are_kept(tmp_path: Path) -> None:
    frame = squares(2)
    frame.attrs["origin"] = {"scanner": 3}
    write_store(tmp_path / "s.zarr", {Kind.SHAPES: {"squares": frame}}, {})
    store = Store.open(tmp_path / "s.zarr")
    assert store.source(store.find("squares")).load().attrs["origin"] == {"scanner": 3}


# Rasters


def test_chunks_on_disk(tmp_path: Path) -> None:
    pixels = np.random.default_rng(0).integers(0, 9, (2, 300, 170), dtype=np.uint16)
    irregular = da.from_array(pixels, chunks=((1, 1), (100, 150, 50), (17, 153)))
    regular = da.from_array(pixels, chunks=(2, 128, 64))
    large = da.ones((2, 3000, 3500), chunks=(2, 3000, 3500), dtype=np.uint16)
    elements = {"irregular": irregular, "regular": regular, "large": large}
    write_store(tmp_path / "s.zarr", {Kind.IMAGE: {n: Image2DModel.parse(e) for n, e in elements.items()}}, {})
    store = Store.open(tmp_path / "s.zarr")
    arrays = {name: store.source(store.find(name)).load().data for name in elements}
    assert arrays["regular"].chunksize == (2, 128, 64)
    assert arrays["irregular"].chunksize == (1, 150, 153)
    assert arrays["large"].chunksize == (1, 1024, 1024)
    assert np.array_equal(arrays["irregular"].compute(), pixels)
    assert np.array_equal(arrays["regular"].compute(), pixels)
    assert (arrays["large"].compute() == 1).all()


@pytest.mark.parametrize("dtype", ["bool", "int8", "uint32", "int64", ">u2"])
def test_dtypes_of_labels(tmp_path: Path, dtype: str) -> None:
    ids = np.arange(12).reshape(3, 4).astype(dtype)
    write_store(tmp_path / "s.zarr", {Kind.LABELS: {"ids": Labels2DModel.parse(ids)}}, {})
    store = Store.open(tmp_path / "s.zarr")
    found = store.source(store.find("ids")).load()
    assert found.dtype == np.dtype(dtype).newbyteorder("=")
    assert np.array_equal(found.data.compute(), ids)


def test_a_plain_reader_of_ome_zarr_places_the_levels(tmp_path: Path) -> None:
    image = Image2DModel.parse(np.zeros((1, 64, 96), dtype=np.uint8), scale_factors=[2, 4])
    write_store(tmp_path / "s.zarr", {Kind.IMAGE: {"photo": image}}, {})
    attributes = dict(zarr.open_group(tmp_path / "s.zarr" / "images" / "photo", mode="r").attrs)
    datasets = attributes["ome"]["multiscales"][0]["datasets"]
    assert [dataset["path"] for dataset in datasets] == ["s0", "s1", "s2"]
    for dataset, factor in zip(datasets, (1, 2, 8), strict=True):
        array = zarr.open_array(tmp_path / "s.zarr" / "images" / "photo" / dataset["path"], mode="r")
        assert array.metadata.dimension_names == ("c", "y", "x")
        steps = {step["type"]: step[step["type"]] for step in dataset["coordinateTransformations"]}
        # The centre of the first pixel of a level is that of the block of pixels it stands for.
        first_centre = np.mean([np.arange(factor)[[0, -1]]])
        assert steps["scale"] == [1, factor, factor]
        assert steps.get("translation", [0, 0, 0]) == [0, first_centre, first_centre]
