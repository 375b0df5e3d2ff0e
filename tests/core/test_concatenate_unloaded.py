"""Objects of stores are put together, and written, without their elements being held in memory."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import anndata as ad
import geopandas
import numpy as np
import pandas as pd
import pytest
import shapely

from spatialdata import SpatialData, bounding_box_query, concatenate, get_extent, read_zarr
from spatialdata.errors import ElementNotFoundError, StoreError
from spatialdata.models import Image2DModel, Labels2DModel, PointsModel, ShapesModel, TableModel
from spatialdata.transformations import Scale, get_transformation

XY = {"x": np.array([1.0, 2.0, 3.0]), "y": np.array([4.0, 5.0, 6.0])}
RENAMED = ["image", "labels", "points", "squares"]


def made(shift: float) -> SpatialData:
    pixels = np.arange(16).reshape(4, 4)
    squares = geopandas.GeoDataFrame(geometry=[shapely.box(k + shift, 0, k + 1 + shift, 1) for k in range(3)])
    obs = pd.DataFrame({"region": pd.Categorical(["squares"] * 3), "id": [0, 1, 2]}, index=list("abc"))
    placed = {"global": Scale([2.0, 2.0], axes=("x", "y"))}
    return SpatialData(
        images={"image": Image2DModel.parse(pixels[None], transformations=placed)},
        labels={"labels": Labels2DModel.parse(pixels, transformations=placed)},
        points={"points": PointsModel.parse(pd.DataFrame({**XY, "x": XY["x"] + shift}), transformations=placed)},
        shapes={"squares": ShapesModel.parse(squares, transformations=placed)},
        tables={
            "table": TableModel.parse(ad.AnnData(np.full((3, 2), shift), obs=obs), "squares", "region", "id"),
            "notes": ad.AnnData(np.full((2, 1), shift)),
        },
        attrs={"shift": shift},
    )


@pytest.fixture
def stores(tmp_path: Path) -> dict[str, Path]:
    paths = {name: tmp_path / f"{name}.zarr" for name in ("a", "b")}
    for shift, path in zip((0.0, 10.0), paths.values(), strict=True):
        made(shift).write(path)
    return paths


def loaded(sdata: SpatialData) -> list[str]:
    return sdata.info().index[sdata.info()["loaded"]].tolist()


@pytest.mark.parametrize("one_table", [True, False])
def test_nothing_is_loaded_before_it_is_used(stores: dict[str, Path], one_table: bool) -> None:
    inputs = {name: read_zarr(path) for name, path in stores.items()}
    both = concatenate(inputs, concatenate_tables=one_table)
    assert loaded(both) == []
    assert all(loaded(sdata) == [] for sdata in inputs.values())
    assert both.coordinate_systems == ["global-a", "global-b"]
    tables = ["notes", "table"] if one_table else ["notes-a", "notes-b", "table-a", "table-b"]
    assert sorted(both.tables) == tables
    annotating = {"table": ["squares-a", "squares-b"]} if one_table else {"table-a": ["squares-a"]}
    for name, regions in annotating.items():
        assert both.info().loc[name, "annotates"] == regions
        assert both.info().loc[regions[0], "annotated_by"] == [name]
    assert loaded(both) == []
    assert "points-a" in repr(both)
    assert loaded(both) == []


def test_what_is_loaded_is_what_was_stored(stores: dict[str, Path]) -> None:
    both = concatenate({name: read_zarr(path) for name, path in stores.items()}, concatenate_tables=True)
    for shift, name in ((0.0, "a"), (10.0, "b")):
        assert both[f"points-{name}"].compute().x.tolist() == (XY["x"] + shift).tolist()
        assert both[f"squares-{name}"].total_bounds.tolist() == [shift, 0, shift + 3, 1]
        np.testing.assert_array_equal(both[f"labels-{name}"].values, np.arange(16).reshape(4, 4))
        for element in (both[f"{element}-{name}"] for element in RENAMED):
            transformations = get_transformation(element, get_all=True)
            assert list(transformations) == [f"global-{name}"]
            assert transformations[f"global-{name}"].to_affine_matrix(("x",), ("x",))[0, 0] == 2.0
    table = both["table"]
    assert table.obs_names.tolist() == ["a-a", "b-a", "c-a", "a-b", "b-b", "c-b"]
    assert table.obs["region"].tolist() == ["squares-a"] * 3 + ["squares-b"] * 3
    assert table.X[:, 0].tolist() == [0.0] * 3 + [10.0] * 3
    assert both["notes"].n_obs == 4


def test_shapes_of_an_object_are_queried_where_they_were_put(stores: dict[str, Path]) -> None:
    both = concatenate({name: read_zarr(path) for name, path in stores.items()})
    found = bounding_box_query(both, ("x", "y"), [20.5, 0.5], [21.5, 1.5], "global-b")
    assert found["squares-b"].index.tolist() == [0]
    assert list(get_transformation(found["squares-b"], get_all=True)) == ["global-b"]
    assert get_extent(both, "global-b", elements=["squares-b"])["x"] == (20.0, 26.0)


def test_points_are_still_read_in_part(stores: dict[str, Path]) -> None:
    both = concatenate({name: read_zarr(path) for name, path in stores.items()})
    found = bounding_box_query(both["points-b"], ("x", "y"), [21, 0], [25, 20], "global-b")
    assert found.compute().x.tolist() == [11.0, 12.0]
    assert get_extent(both["points-b"], "global-b")["x"] == (22.0, 26.0)


def test_writing_holds_one_element_at_a_time(
    stores: dict[str, Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    import gc
    import weakref

    from spatialdata.store.shapes import ShapesSource

    alive: list[weakref.ref[Any]] = []
    most: list[int] = []
    original = ShapesSource.load

    def counted(self: Any, **part: Any) -> Any:
        gc.collect()
        frame = original(self, **part)
        alive.append(weakref.ref(frame))
        most.append(sum(one() is not None for one in alive))
        return frame

    monkeypatch.setattr(ShapesSource, "load", counted)
    many = {f"{name}{k}": read_zarr(path) for k in range(3) for name, path in stores.items()}
    both = concatenate(many, concatenate_tables=True)
    both.write(tmp_path / "both.zarr")
    assert loaded(both) == []
    assert len(most) == 6  # each is read once
    assert max(most) <= 2
    back = read_zarr(tmp_path / "both.zarr")
    assert len(back.shapes) == 6
    assert back["table"].n_obs == 18
    assert back["squares-b2"].total_bounds.tolist() == [10, 0, 13, 1]
    assert list(get_transformation(back["squares-b2"], get_all=True)) == ["global-b2"]


def test_the_place_of_an_input_may_be_written_to(stores: dict[str, Path]) -> None:
    inputs = {name: read_zarr(path) for name, path in stores.items()}
    both = concatenate(inputs, concatenate_tables=True)
    both.write(stores["a"], overwrite=True)
    assert both["points-a"].compute().x.tolist() == XY["x"].tolist()
    assert both["squares-b"].total_bounds.tolist() == [10, 0, 13, 1]
    assert both["table"].n_obs == 6
    assert both.is_self_contained()


def test_a_part_that_is_loaded_already_is_taken_as_it_is(stores: dict[str, Path]) -> None:
    inputs = {name: read_zarr(path) for name, path in stores.items()}
    inputs["a"]["table"].obs["kind"] = "T"
    inputs["b"]["table"].obs["kind"] = "B"
    both = concatenate(inputs, concatenate_tables=True)
    assert both["table"].obs["kind"].tolist() == ["T"] * 3 + ["B"] * 3


def test_clashes_are_found_without_loading(stores: dict[str, Path]) -> None:
    inputs = [read_zarr(path) for path in stores.values()]
    with pytest.raises(KeyError, match="Several objects have the elements 'image', 'labels'"):
        concatenate(inputs)
    for sdata, kind in zip(inputs, ("points", "labels"), strict=True):
        for name in list(sdata.shelf.names()):
            if name not in ("table", kind):
                del sdata[name]
    with pytest.raises(ValueError, match="annotate 'squares'"):
        concatenate(inputs, concatenate_tables=True)
    assert all(loaded(sdata) == [] for sdata in inputs)


def test_a_store_that_is_gone_is_named(stores: dict[str, Path]) -> None:
    both = concatenate({name: read_zarr(path) for name, path in stores.items()})
    stores["b"].rename(stores["b"].with_name("moved.zarr"))
    with pytest.raises((StoreError, ElementNotFoundError), match=r"squares of .*b\.zarr"):
        _ = both["squares-b"]


def test_names_that_are_not_valid_are_refused(stores: dict[str, Path]) -> None:
    with pytest.raises(ValueError, match="a/b"):
        concatenate({"a/b": read_zarr(stores["a"])})


@pytest.mark.filterwarnings("ignore:The table .* annotates")
def test_a_collection_lists_the_cells_of_unloaded_tables(stores: dict[str, Path]) -> None:
    from spatialdata import SpatialDataCollection

    datasets = {name: read_zarr(path) for name, path in stores.items()}
    collection = SpatialDataCollection({**datasets, "both": concatenate(datasets, concatenate_tables=True)})
    assert len(collection.cells) == 12
    assert all(loaded(sdata) == [] for sdata in datasets.values())
