"""The Xenium reader on a real bundle, against plain readings of the same files."""

from __future__ import annotations

import warnings

import h5py
import numpy as np
import pandas as pd
import pytest
import shapely
import tifffile
import zarr
from scipy.sparse import csc_matrix

import spatialdata
from spatialdata.testing import assert_spatial_data_objects_are_identical
from spatialdata.transformations import get_transformation
from spatialdata_io import xenium
from spatialdata_io._shared import tiff
from spatialdata_io.errors import MissingFileError, OptionError

XY = ("x", "y")
PIXELS = np.diag([1 / 0.2125, 1 / 0.2125, 1])


@pytest.fixture(scope="module")
def sdata(sample_data):
    return xenium(sample_data / "xenium" / "Xenium_Prime_Mouse_Ileum_tiny_outs")


def matrix(element):
    return get_transformation(element).to_affine_matrix(XY, XY)


def test_names_coordinate_systems_and_provenance(sdata):
    assert list(sdata.images) == ["morphology_focus"]
    assert set(sdata.labels) == {"cell_labels", "nucleus_labels"}
    assert list(sdata.points) == ["transcripts"]
    assert set(sdata.shapes) == {"cell_boundaries", "nucleus_boundaries"}
    assert list(sdata.tables) == ["table"]
    assert sdata.coordinate_systems == ["global"]
    assert sdata.attrs["spatialdata_io_reader"] == "xenium"
    assert isinstance(sdata.attrs["spatialdata_io_software_version"], str)


def test_rasters_are_in_pixels_and_vectors_are_scaled_to_them(sdata):
    for name in ("morphology_focus", "cell_labels", "nucleus_labels"):
        assert np.array_equal(matrix(sdata[name]), np.eye(3))
    for name in ("transcripts", "cell_boundaries", "nucleus_boundaries"):
        assert np.allclose(matrix(sdata[name]), PIXELS, rtol=1e-15)


def test_focus_image(sdata, ileum):
    levels = [node["image"] for node in sdata["morphology_focus"].children.values()]
    assert [level.shape for level in levels] == [
        (1, 3522, 5789),
        (1, 1761, 2894),
        (1, 880, 1447),
        (1, 440, 723),
        (1, 220, 361),
    ]
    assert levels[0].dtype == np.uint16
    assert levels[0].coords["c"].values.tolist() == ["DAPI"]
    assert levels[0].data.npartitions > 1
    expected = tifffile.imread(ileum / "morphology_focus" / "morphology_focus_0000.ome.tif", level=0)
    assert np.array_equal(levels[0].data[0].compute(), expected)


def test_a_small_window_of_the_image_reads_no_more_than_the_window(sdata, monkeypatch):
    read = []
    original = tiff._Level.__getitem__
    monkeypatch.setattr(tiff._Level, "__getitem__", lambda level, key: read.append(original(level, key)) or read[-1])
    window = sdata["morphology_focus"]["scale0"]["image"].data[0, 1400:1800, 4050:4150]
    assert window.compute(scheduler="synchronous").shape == (400, 100)
    assert sum(part.size for part in read) == 400 * 100


def test_the_levels_of_the_file_on_request(ileum, nothing):
    options = {**nothing, "morphology_focus": True}
    image = xenium(ileum, **options, image_models_kwargs={"scale_factors": "vendor"})["morphology_focus"]
    path = ileum / "morphology_focus" / "morphology_focus_0000.ome.tif"
    for number, node in enumerate(image.children.values()):
        assert np.array_equal(node["image"].data[0].compute(), tifffile.imread(path, level=number))
    assert np.allclose(image["scale2"]["x"].values[:2], [5789 / 1447 / 2, 1.5 * 5789 / 1447])
    with pytest.raises(OptionError, match="excludes 'chunks'"):
        xenium(ileum, **options, image_models_kwargs={"scale_factors": "vendor", "chunks": 10})


def test_image_options_reach_the_model(ileum, nothing):
    options = {**nothing, "morphology_focus": True}
    flat = xenium(ileum, **options, image_models_kwargs={"scale_factors": None})["morphology_focus"]
    assert flat.shape == (1, 3522, 5789)
    two = xenium(ileum, **options, image_models_kwargs={"scale_factors": [4], "chunks": (1, 1000, 1000)})
    assert list(two["morphology_focus"].children) == ["scale0", "scale1"]
    assert two["morphology_focus"]["scale0"]["image"].data.chunksize == (1, 1000, 1000)
    with pytest.raises(OptionError, match="c_coords"):
        xenium(ileum, **options, image_models_kwargs={"c_coords": ["a"]})
    with pytest.raises(OptionError, match=r"'bits'.*read tile by tile"):
        xenium(ileum, **options, imread_kwargs={"bits": 8})


def test_labels_are_the_masks_of_the_archive(sdata, ileum):
    masks = zarr.open_group(zarr.storage.ZipStore(ileum / "cells.zarr.zip", mode="r"), mode="r")["masks"]
    for name, number in (("nucleus_labels", "0"), ("cell_labels", "1")):
        labels = sdata[name]["scale0"]["image"]
        assert labels.dtype == np.uint32
        pixels = labels.data.compute()
        assert np.array_equal(pixels, masks[number][:])
        assert np.array_equal(np.unique(pixels), np.arange(24))


def test_transcripts(sdata, ileum):
    points = sdata["transcripts"]
    assert points.attrs["spatialdata_attrs"] == {"feature_key": "feature_name", "instance_key": "cell_id"}
    assert points["feature_name"].cat.known
    expected = pd.read_parquet(ileum / "transcripts.parquet")
    frame = points.compute()
    assert len(frame) == 1985
    assert len(frame["feature_name"].cat.categories) == 1024
    assert frame["is_gene"].sum() == 1504
    assert (frame["qv"] >= 20).sum() == 540
    assert (frame["cell_id"] != "UNASSIGNED").sum() == 804
    assert frame["x"].dtype == frame["z"].dtype == np.float32
    for new, old in (("x", "x_location"), ("y", "y_location"), ("z", "z_location")):
        assert np.array_equal(frame[new], expected[old])
    for name in ("transcript_id", "cell_id", "feature_name", "overlaps_nucleus", "codeword_category", "fov_name"):
        assert frame[name].astype(object).tolist() == expected[name].tolist()
    assert frame.index.equals(pd.RangeIndex(1985))
    assert set(frame.columns) == {name.replace("_location", "") for name in expected.columns}


def outlines_by_loop(path, key):
    frame = pd.read_parquet(path)
    return {name: shapely.Polygon(part[["vertex_x", "vertex_y"]].to_numpy(float)) for name, part in frame.groupby(key)}


def test_cell_boundaries(sdata, ileum):
    shapes = sdata["cell_boundaries"]
    expected = outlines_by_loop(ileum / "cell_boundaries.parquet", "cell_id")
    assert shapes.index.name == "cell_id"
    assert shapes.index[0] == "akkfpngo-1"
    assert set(shapes.index) == set(expected)
    assert len(shapes) == 23
    assert all(shapes.geometry[name].equals(polygon) for name, polygon in expected.items())


def test_nucleus_boundaries_are_indexed_by_label(sdata, ileum):
    shapes = sdata["nucleus_boundaries"]
    expected = outlines_by_loop(ileum / "nucleus_boundaries.parquet", "label_id")
    cells = pd.read_parquet(ileum / "nucleus_boundaries.parquet").groupby("label_id")["cell_id"].first()
    assert shapes.index.tolist() == list(range(1, 24))
    assert all(shapes.geometry[label].equals(polygon) for label, polygon in expected.items())
    assert shapes["cell_id"].tolist() == cells.loc[shapes.index].tolist()


def test_table(sdata, ileum):
    table = sdata["table"]
    assert table.shape == (23, 5006)
    with h5py.File(ileum / "cell_feature_matrix.h5") as file:
        group = file["matrix"]
        dense = csc_matrix((group["data"], group["indices"], group["indptr"]), shape=group["shape"][:]).toarray()
        types = group["features/feature_type"][:]
        names = group["features/name"].asstr()[:]
    genes = types == b"Gene Expression"
    assert table.X.dtype == np.float32
    assert np.array_equal(table.X.toarray(), dense[genes].T)
    assert table.var_names.tolist() == names[genes].tolist()
    assert list(table.var.columns) == ["gene_ids", "feature_types", "genome"]
    cells = pd.read_parquet(ileum / "cells.parquet")
    assert np.array_equal(table.obsm["spatial"], cells[["x_centroid", "y_centroid"]])
    assert table.obs_names.tolist() == cells["cell_id"].tolist()
    for name in cells.columns.drop(["x_centroid", "y_centroid"]):
        assert table.obs[name].tolist() == cells[name].tolist()
    assert table.uns["spatialdata_attrs"] == {
        "region": "cell_labels",
        "region_key": "region",
        "instance_key": "cell_labels",
    }
    assert set(table.obs["region"]) == {"cell_labels"}


def test_each_row_of_the_table_is_the_cell_that_its_label_covers(sdata):
    obs = sdata["table"].obs.set_index("cell_id")
    labels = sdata["cell_labels"]["scale0"]["image"].data.compute()
    for name, polygon in sdata["cell_boundaries"].geometry.items():
        x, y = (value / 0.2125 for value in polygon.representative_point().coords[0])
        assert labels[int(y), int(x)] == obs.loc[name, "cell_labels"]
        area = (labels == obs.loc[name, "cell_labels"]).sum() * 0.2125**2
        assert area == pytest.approx(obs.loc[name, "cell_area"], rel=0.02)


def test_all_features(ileum, nothing):
    table = xenium(ileum, **{**nothing, "cells_table": True, "gex_only": False})["table"]
    assert table.shape == (23, 13780)
    assert (table.X.nnz, table.X.sum()) == (30, 434)
    assert table.var["feature_types"].value_counts()["Unassigned Codeword"] == 8096


def test_the_table_annotates_what_is_read(ileum, nothing):
    keys = ("region", "instance_key")
    circles = xenium(ileum, **{**nothing, "cells_table": True, "cells_as_circles": True, "cells_labels": True})
    attrs = circles["table"].uns["spatialdata_attrs"]
    assert [attrs[key] for key in keys] == ["cell_circles", "cell_id"]
    cells = pd.read_parquet(ileum / "cells.parquet")
    radii = np.sqrt(cells["cell_area"] / np.pi)
    assert np.allclose(circles["cell_circles"]["radius"], radii)
    assert circles["cell_circles"].index.tolist() == cells["cell_id"].tolist()
    outlines = xenium(ileum, **{**nothing, "cells_table": True, "cells_boundaries": True})
    attrs = outlines["table"].uns["spatialdata_attrs"]
    assert [attrs[key] for key in keys] == ["cell_boundaries", "cell_id"]
    alone = xenium(ileum, **{**nothing, "cells_table": True})
    assert "spatialdata_attrs" not in alone["table"].uns
    assert list(alone.tables) == ["table"]
    without = xenium(ileum, **{**nothing, "cells_as_circles": True})
    assert list(without.tables) == []
    assert list(without.shapes) == ["cell_circles"]


def test_what_is_switched_off_need_not_be_there(copied, ileum, nothing):
    folder = copied(ileum, "experiment.xenium", "transcripts.parquet")
    assert len(xenium(folder, **{**nothing, "transcripts": True})["transcripts"]) == 1985
    assert list(xenium(folder, **nothing).gen_elements()) == []
    with pytest.raises(MissingFileError, match=r"no segmentation masks.*cells\.zarr\.zip.*pass nucleus_labels=False"):
        xenium(folder, **{**nothing, "nucleus_labels": True})


@pytest.mark.parametrize(
    ("option", "what", "hint"),
    [
        ("cells_boundaries", "cell boundaries", "cells_boundaries=False"),
        ("nucleus_boundaries", "nucleus boundaries", "nucleus_boundaries=False"),
        ("cells_as_circles", "table of cells", "cells_as_circles=False"),
        ("cells_labels", "segmentation masks", "cells_labels=False"),
        ("nucleus_labels", "segmentation masks", "nucleus_labels=False"),
        ("transcripts", "table of transcripts", "transcripts=False"),
        ("morphology_focus", "morphology focus image", "morphology_focus=False"),
        ("cells_table", "table of cells", "cells_table=False"),
    ],
)
def test_a_missing_part_is_named_with_the_option_that_leaves_it_out(bundle, nothing, option, what, hint):
    with pytest.raises(MissingFileError) as caught:
        xenium(bundle, **{**nothing, option: True})
    message = str(caught.value)
    assert f"no {what} in {bundle}. Looked for: " in message
    assert "The folder has: experiment.xenium." in message
    assert hint in message


def test_old_names_of_options(ileum, nothing):
    del nothing["cells_boundaries"], nothing["cells_labels"], nothing["cells_as_circles"]
    with pytest.warns(DeprecationWarning, match="cell_boundaries= is now called cells_boundaries="):
        sdata = xenium(ileum, **nothing, cells_labels=False, cell_boundaries=True)
    assert list(sdata.shapes) == ["cell_boundaries"]
    with pytest.warns(DeprecationWarning, match="cells_as_shapes= is now called cells_as_circles="):
        sdata = xenium(ileum, **nothing, cells_labels=False, cells_boundaries=False, cells_as_shapes=True)
    assert list(sdata.shapes) == ["cell_circles"]
    with pytest.warns(DeprecationWarning, match="cell_labels= is now called"):
        assert list(xenium(ileum, **nothing, cells_boundaries=False, cell_labels=True).labels) == ["cell_labels"]
    with pytest.warns(DeprecationWarning, match="n_jobs has no effect"):
        xenium(ileum, **nothing, cells_labels=False, cells_boundaries=False, n_jobs=2)
    with pytest.raises(OptionError, match="cell_labels= is the old name of cells_labels="):
        xenium(ileum, **nothing, cell_labels=True, cells_labels=True)


def test_written_and_opened_again_it_is_the_same(sdata, tmp_path):
    sdata.write(tmp_path / "ileum.zarr")
    again = spatialdata.read_zarr(tmp_path / "ileum.zarr")
    # A transformation is stored over all axes of the element, so that of the points names z too.
    assert_spatial_data_objects_are_identical(sdata, again, check_transformations=False)
    for _, name, element in sdata.gen_spatial_elements():
        assert np.array_equal(matrix(again[name]), matrix(element))


def test_reading_twice_is_the_same_and_leaves_no_open_file(ileum, nothing, recwarn):
    options = {**nothing, "morphology_focus": True, "transcripts": True}
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        one, two = xenium(ileum, **options), xenium(ileum, **options)
        data = [sdata["morphology_focus"]["scale0"]["image"].data for sdata in (one, two)]
        assert data[0].name == data[1].name
        assert one["transcripts"].compute().equals(two["transcripts"].compute())
    assert not recwarn.list
