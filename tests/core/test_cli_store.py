"""The commands that look at stores, put them in order and copy them."""

from __future__ import annotations

import json
import shutil
import warnings
from collections.abc import Callable
from pathlib import Path
from typing import Any

import geopandas
import numpy as np
import pyarrow.parquet as pq
import pytest
import zarr
from click.testing import CliRunner, Result

from spatialdata import SpatialData, read_zarr
from spatialdata.cli import main
from spatialdata.cli.group import CommandGroup
from spatialdata.store.formats import SpatialDataContainerFormatV01
from spatialdata.store.store import Store
from spatialdata.store.validate import validate_store
from spatialdata.testing import assert_spatial_data_objects_are_identical

Run = Callable[..., Result]
Everything = Callable[[], SpatialData]


@pytest.fixture
def run() -> Run:
    return lambda *arguments: CliRunner().invoke(main, [str(argument) for argument in arguments])


@pytest.fixture
def store(tmp_path: Path, everything: Everything) -> Path:
    everything().write(tmp_path / "store.zarr")
    return tmp_path / "store.zarr"


def test_ls_names_shapes_systems_and_links(run: Run, store: Path) -> None:
    found = run("ls", store)
    assert found.exit_code == 0, found.output
    assert found.output.splitlines() == [
        f"{store} (container 0.2)",
        "  images/photo: DataArray[cyx] (2, 20, 30) uint8, in global",
        "  images/pyramid: DataTree[cyx] (1, 32, 32), (1, 16, 16) float64, in global",
        "  labels/mask: DataArray[yx] (20, 30) int64, in global",
        "  points/molecules: DataFrame with shape: (30, 3) (2D points), in global",
        "  shapes/cells: GeoDataFrame shape: (4, 1) (2D shapes), in global",
        "  shapes/spots: GeoDataFrame shape: (3, 2) (2D shapes), in global",
        "  tables/table: AnnData (4, 4), annotates cells",
    ]
    assert run("ls", store, "shapes/s*").output.splitlines()[1:] == [found.output.splitlines()[6]]


def test_ls_as_json(run: Run, store: Path) -> None:
    found = json.loads(run("ls", store, "--json").output)
    by_name = {element["name"]: element for element in found["elements"]}
    assert (found["version"], found["attrs"]) == ("0.2", {"project": "demo"})
    assert by_name["pyramid"]["shapes"] == [[1, 32, 32], [1, 16, 16]]
    assert by_name["photo"]["channels"] == ["r", "g"]
    assert (by_name["molecules"]["rows"], by_name["molecules"]["columns"]) == (30, ["x", "y", "gene"])
    assert by_name["table"]["annotates"] == ["cells"]


def test_ls_tells_the_space_of_elements(run: Run, store: Path, tmp_path: Path) -> None:
    sizes = {
        f"{folder.parent.name}/{folder.name}": sum(file.stat().st_size for file in folder.rglob("*") if file.is_file())
        for folder in store.glob("*/*/")
    }
    assert run("cp", store, tmp_path / "copy.zarr.zip").exit_code == 0
    for place in (store, tmp_path / "copy.zarr.zip"):
        found = json.loads(run("ls", place, "--json", "--bytes").output)["elements"]
        assert {f"{each['kind']}/{each['name']}" for each in found} == set(sizes)
        if place == store:
            assert {f"{each['kind']}/{each['name']}": each["bytes"] for each in found} == sizes
        assert all(each["bytes"] > 0 for each in found)
    assert f"  shapes/cells: {sizes['shapes/cells']:,} bytes, GeoDataFrame" in run("ls", store, "--bytes").output


def test_ls_shows_what_cannot_be_read(run: Run, store: Path) -> None:
    (store / "shapes" / "cells" / "shapes.parquet").unlink()
    found = run("ls", store)
    assert found.exit_code == 0
    assert "shapes/cells: cannot be read" in found.output
    assert "shapes/spots: GeoDataFrame" in found.output


@pytest.mark.parametrize("command", ["ls", "validate", "repair", "upgrade", "cp", "diff"])
def test_no_store_is_one_message(run: Run, tmp_path: Path, command: str) -> None:
    target = [tmp_path / "target.zarr"] if command in ("cp", "diff") else []
    found = run(command, tmp_path / "missing.zarr", *target)
    assert found.exit_code == 1
    assert found.output.startswith("Error: There is no store at")


def test_a_valid_store(run: Run, store: Path) -> None:
    for options in ([], ["--deep"]):
        found = run("validate", store, *options)
        assert (found.exit_code, found.output) == (0, f"{store} is valid.\n")


def test_published_stores_are_valid(sample_data: Path) -> None:
    for path in sorted((sample_data / "stores").glob("*/store.zarr")):
        assert [str(fault) for fault in validate_store(path, deep=True)] == []


def damage_shapes(store: Path) -> None:
    (store / "shapes" / "cells" / "shapes.parquet").write_bytes(b"PAR1")


def damage_transformations(store: Path) -> None:
    group = zarr.open_group(store / "points" / "molecules", mode="r+")
    group.attrs["coordinateTransformations"] = [{"type": "bend", "output": {"name": "global"}}]


def remove_annotated(store: Path) -> None:
    shutil.rmtree(store / "shapes" / "cells")
    Store.open(store).consolidate()


def make_stale(store: Path) -> None:
    group = zarr.open_group(store / "shapes" / "spots", mode="r+", use_consolidated=False)
    group.attrs["note"] = "new"


def leave_stage(store: Path) -> None:
    (store / "images" / ".photo.stage").mkdir()


def lose_radius(store: Path) -> None:
    path = store / "shapes" / "spots" / "shapes.parquet"
    geopandas.read_parquet(path).drop(columns="radius").to_parquet(path)


def damage_chunk(store: Path) -> None:
    chunk = next(
        path for path in (store / "images" / "pyramid" / "s1").rglob("*") if path.is_file() and path.suffix != ".json"
    )
    chunk.write_bytes(chunk.read_bytes()[:-9])


def deny_chunk(store: Path) -> None:
    """Leave something that the system refuses to read as a file, also to those who may read everything."""
    chunk = next(path for path in (store / "labels" / "mask" / "s0" / "c").rglob("*") if path.is_file())
    chunk.unlink()
    chunk.mkdir()


def damage_rows(store: Path) -> None:
    part = store / "points" / "molecules" / "points.parquet" / "part.0.parquet"
    data = bytearray(part.read_bytes())
    data[4:64] = bytes(60)
    part.write_bytes(data)


def lose_group(store: Path) -> None:
    (store / "shapes" / "zarr.json").unlink()


def damage_group(store: Path) -> None:
    (store / "labels" / "zarr.json").write_text('{"zarr_format"')


def lose_region(store: Path) -> None:
    shutil.rmtree(store / "tables" / "table" / "uns" / "spatialdata_attrs" / "region")


FAULTS: dict[str, tuple[Callable[[Path], None], str, list[str]]] = {
    "shapes": (damage_shapes, "shapes/cells: ", []),
    "transformations": (damage_transformations, "points/molecules: ", []),
    "annotated": (remove_annotated, 'tables/table: annotates "cells"', []),
    "stale": (make_stale, "shapes/spots: the consolidated metadata say something else", []),
    "stage": (leave_stage, ".photo.stage: an interrupted writer", []),
    "chunk": (damage_chunk, "images/pyramid: The chunk ", ["--deep"]),
    "denied": (deny_chunk, "labels/mask: ", ["--deep"]),
    "rows": (damage_rows, "points/molecules: ", ["--deep"]),
    "group": (lose_group, "shapes: there is no Zarr document", []),
    "document": (damage_group, "labels: ", []),
    "region": (lose_region, "tables/table/uns/spatialdata_attrs: region must name", ["--deep"]),
    "radius": (lose_radius, "shapes/spots", ["--deep"]),
}


@pytest.mark.parametrize("case", FAULTS)
def test_each_fault_is_found(run: Run, store: Path, case: str) -> None:
    damage, message, options = FAULTS[case]
    damage(store)
    found = run("validate", store, *options)
    assert found.exit_code == 1
    assert message in found.output


def test_damaged_data_are_found_by_reading_them(run: Run, store: Path) -> None:
    damage_chunk(store)
    damage_rows(store)
    assert run("validate", store).exit_code == 0
    assert run("validate", store, "--deep").output.count("\n") == 2


@pytest.mark.parametrize("formats", [None, SpatialDataContainerFormatV01()], ids=["0.2", "0.1"])
def test_repair_gives_groups_their_documents(run: Run, tmp_path: Path, everything: Everything, formats: Any) -> None:
    path = tmp_path / "grouped.zarr"
    everything().write(path, sdata_formats=formats)
    document = "zarr.json" if formats is None else ".zgroup"
    (path / "images" / document).unlink()
    (path / "labels" / document).write_text("{")
    assert run("validate", path).exit_code == 1
    assert "wrote the document of images anew" in run("repair", path).output
    assert run("validate", path, "--deep").exit_code == 0
    # Without what only this package knows.
    group = zarr.open_group(path, mode="r")
    assert sorted(group["images"]) == ["photo", "pyramid"]
    assert sorted(group["labels"]) == ["mask"]


def test_all_faults_at_once(run: Run, store: Path) -> None:
    for damage in (damage_shapes, damage_transformations, leave_stage):
        damage(store)
    output = run("validate", store).output
    for case in ("shapes", "transformations", "stage"):
        assert FAULTS[case][1] in output


def test_repair(run: Run, store: Path, everything: Everything) -> None:
    leave_stage(store)
    make_stale(store)
    (store / "shapes" / ".zarr.json.new").write_text("{")
    (store / "labels" / "mask").rename(store / "labels" / ".mask.backup")
    assert run("validate", store).exit_code == 1
    found = run("repair", store)
    assert found.exit_code == 0, found.output
    assert ".photo.stage" in found.output
    assert run("validate", store, "--deep").exit_code == 0
    back = read_zarr(store)
    assert set(back.elements_paths_in_memory()) == set(everything().elements_paths_in_memory())
    np.testing.assert_array_equal(back["mask"].data.compute(), everything()["mask"].data.compute())


def test_upgrade(run: Run, tmp_path: Path, sample_data: Path) -> None:
    path = tmp_path / "old.zarr"
    shutil.copytree(sample_data / "stores" / "upstream-container-v01" / "store.zarr", path)
    before = read_zarr(sample_data / "stores" / "upstream-container-v01" / "store.zarr")
    assert "from version 0.1 to 0.2" in run("upgrade", path).output
    assert_spatial_data_objects_are_identical(read_zarr(path), before)
    assert zarr.open_group(path, mode="r").metadata.zarr_format == 3
    assert "already" in run("upgrade", path).output


def test_cp_to_anywhere(run: Run, store: Path, tmp_path: Path, everything: Everything) -> None:
    assert run("cp", store, tmp_path / "a.zarr.zip").exit_code == 0
    assert run("cp", tmp_path / "a.zarr.zip", tmp_path / "b.zarr", "--format", "0.1").exit_code == 0
    assert zarr.open_group(tmp_path / "b.zarr", mode="r").metadata.zarr_format == 2
    assert_spatial_data_objects_are_identical(read_zarr(tmp_path / "b.zarr"), everything())
    refused = run("cp", store, tmp_path / "b.zarr")
    assert refused.exit_code == 1
    assert "overwrite" in refused.output
    assert run("cp", store, tmp_path / "b.zarr", "--overwrite").exit_code == 0


def test_cp_of_a_part(run: Run, store: Path, tmp_path: Path, everything: Everything) -> None:
    assert run("cp", store, tmp_path / "a.zarr", "cells", "tab*", "--chunk", "8").exit_code == 0
    assert set(read_zarr(tmp_path / "a.zarr").elements_paths_in_memory()) == {"shapes/cells", "tables/table"}
    assert run("cp", store, tmp_path / "b.zarr", "images", "--chunk", "8", "--shard", "16").exit_code == 0
    array: Any = zarr.open_array(tmp_path / "b.zarr" / "images" / "photo" / "s0", mode="r")
    assert (array.chunks[1:], array.shards[1:]) == ((8, 8), (16, 16))
    assert run("cp", store, tmp_path / "e.zarr", "molecules", "--points-layout", "vitessce").exit_code == 0
    part = tmp_path / "e.zarr" / "points" / "molecules" / "points.parquet" / "part.0.parquet"
    assert "morton_code_2d" in pq.read_schema(part).names
    box = ["--bbox", 0, 0, 1.5, 1.5]
    assert run("cp", store, tmp_path / "c.zarr", "cells", "molecules", *box).exit_code == 0
    cells = everything()["cells"]
    inside = cells[cells.bounds["minx"] < 1.5]
    assert list(read_zarr(tmp_path / "c.zarr")["cells"].index) == list(inside.index)
    wrong = run("cp", store, tmp_path / "d.zarr", "nothing")
    assert wrong.exit_code == 1
    assert "Known: 'images'" in wrong.output


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (["--system", "globbal"], "There is no coordinate system 'globbal'. Known: 'global'"),
        (["cells", "--bbox", "100", "100", "200", "200"], "Nothing lies in the box"),
    ],
)
def test_cp_of_nothing_writes_nothing(run: Run, store: Path, tmp_path: Path, options: list[str], message: str) -> None:
    found = run("cp", store, tmp_path / "part.zarr", *options)
    assert found.exit_code == 1
    assert message in found.output
    assert not (tmp_path / "part.zarr").exists()


def test_cp_into_ome_zarr_0_6_and_back(run: Run, store: Path, tmp_path: Path, everything: Everything) -> None:
    assert run("cp", store, tmp_path / "new.zarr", "--ngff", "0.6").exit_code == 0
    ome: Any = zarr.open_group(tmp_path / "new.zarr" / "images" / "photo", mode="r").attrs["ome"]
    assert ome["version"] == "0.6"
    assert run("validate", tmp_path / "new.zarr", "--deep").exit_code == 0
    assert_spatial_data_objects_are_identical(read_zarr(tmp_path / "new.zarr"), everything())
    assert run("diff", store, tmp_path / "new.zarr").exit_code == 0
    assert run("cp", tmp_path / "new.zarr", tmp_path / "old.zarr").exit_code == 0
    assert_spatial_data_objects_are_identical(read_zarr(tmp_path / "old.zarr"), everything())


def test_cp_of_elements_that_lie_in_other_stores(run: Run, store: Path, tmp_path: Path, everything: Everything) -> None:
    study = tmp_path / "study.zarr"
    SpatialData().write(study)
    sdata = read_zarr(study)
    for name in ("photo", "molecules"):
        sdata.link_element(name, store, name)
    place = tmp_path / "deep" / "copies"
    assert run("cp", study, place / "whole.zarr").exit_code == 0
    assert not Store.open(place / "whole.zarr").links
    kept = [(), ("--format", "0.1"), ("images",), ("--system", "global")]
    for number, options in enumerate(kept):
        target = place / f"{number}.zarr"
        found = run("cp", study, target, *options, "--links", "keep")
        assert found.exit_code == 0, found.output
        names = {"photo"} if "images" in options else {"photo", "molecules"}
        assert {entry.name for entry in Store.open(target).links} == names
        assert not (target / "images").exists()
        copied = read_zarr(target)
        assert np.array_equal(copied["photo"].to_numpy(), everything()["photo"].to_numpy())
        assert copied.elements_are_self_contained() == dict.fromkeys(names, False)
    assert len(read_zarr(place / "0.zarr")["molecules"]) == 30
    refused = run("cp", study, place / "part.zarr", "--links", "keep", "--bbox", 0, 0, 5, 5)
    assert refused.exit_code == 2
    assert "Leave --links keep out" in refused.output
    assert run("cp", study, place / "part.zarr", "--bbox", 0, 0, 5, 5).exit_code == 0


def test_concat_and_diff(run: Run, store: Path, tmp_path: Path) -> None:
    shutil.copytree(store, tmp_path / "other.zarr")
    same = run("diff", store, tmp_path / "other.zarr")
    assert (same.exit_code, same.output) == (0, "")
    clash = run("concat", store, tmp_path / "other.zarr", "-o", tmp_path / "whole.zarr")
    assert clash.exit_code == 1
    assert clash.output.startswith("Error: Several objects have the elements")
    assert "--rename" in clash.output
    joined = run("concat", store, tmp_path / "other.zarr", "-o", tmp_path / "whole.zarr", "--rename")
    assert joined.exit_code == 0, joined.output
    assert {"photo-store", "photo-other"} <= set(read_zarr(tmp_path / "whole.zarr").images)
    other = read_zarr(tmp_path / "other.zarr")
    other.delete_element_from_disk("spots")
    other["mask"] = other["mask"] * 0 + 1
    other.write_element("mask", overwrite=True)
    found = run("diff", store, tmp_path / "other.zarr")
    assert found.exit_code == 1
    lines = found.output.splitlines()
    assert [line.split(":")[0] for line in lines] == ["! labels/mask", "- shapes/spots"]


def test_upgrade_keeps_links(run: Run, store: Path, tmp_path: Path) -> None:
    old = tmp_path / "old.zarr"
    SpatialData().write(old, sdata_formats=SpatialDataContainerFormatV01())
    read_zarr(old).link_element("photo", store, "photo")
    assert run("upgrade", old).exit_code == 0
    assert Store.open(old).version == "0.2"
    assert {entry.name for entry in Store.open(old).links} == {"photo"}
    assert not (old / "images").exists()


def test_a_warning_is_one_line() -> None:
    group = CommandGroup(own={})

    @group.command()
    def warn() -> None:
        warnings.simplefilter("always")
        warnings.warn("mind the gap", UserWarning, stacklevel=1)

    found = CliRunner().invoke(group, ["warn"])
    assert (found.exit_code, found.output) == (0, "Warning: mind the gap\n")
