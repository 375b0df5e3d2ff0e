"""The Visium reader on real slides and simulated ones, against plain readings of the same files."""

from __future__ import annotations

import json
import shutil

import h5py
import imageio.v3 as iio
import numpy as np
import pandas as pd
import pytest
import tifffile
from scipy.sparse import csc_matrix

import spatialdata
from spatialdata.testing import assert_spatial_data_objects_are_identical
from spatialdata.transformations import get_transformation
from spatialdata_io import visium
from spatialdata_io.errors import (
    AmbiguousFormatError,
    BrokenFileError,
    InconsistentFilesError,
    MissingFileError,
    OptionError,
)

XY = ("x", "y")
COLUMNS = ["barcode", "in_tissue", "array_row", "array_col", "pxl_row", "pxl_col"]


def matrices(element):
    return {cs: t.to_affine_matrix(XY, XY) for cs, t in get_transformation(element, get_all=True).items()}


def dense(path):
    with h5py.File(path) as file:
        group = file["matrix"]
        columns = csc_matrix((group["data"], group["indices"], group["indptr"]), shape=group["shape"][:])
        return columns.toarray().T, group["barcodes"].asstr()[:].tolist(), group["features/name"].asstr()[:].tolist()


@pytest.fixture
def first(sample_data):
    """A slide of Space Ranger 1: positions without a header."""
    return sample_data / "visium" / "v1_scanpy_1.0.0" / "outs"


@pytest.fixture
def second(sample_data):
    """A slide of Space Ranger 3 from a CytAssist: positions with a header, and not whole numbers."""
    return sample_data / "visium" / "v2_CytAssist_CoexpressDeconvolve" / "outs"


def test_a_slide_of_space_ranger_1(first):
    sdata = visium(first, dataset_id="ds")
    assert set(sdata.images) == {"ds_hires_image", "ds_lowres_image"}
    assert list(sdata.shapes) == ["ds"]
    assert set(sdata.coordinate_systems) == {"ds", "ds_downscaled_hires", "ds_downscaled_lowres"}
    assert sdata.attrs["spatialdata_io_reader"] == "visium"
    table = sdata["table"]
    counts, barcodes, genes = dense(first / "filtered_feature_bc_matrix.h5")
    assert table.shape == (100, 100)
    assert (table.X.nnz, table.X.sum()) == (656, 932)
    assert np.array_equal(table.X.toarray(), counts)
    assert table.obs_names.tolist() == barcodes
    assert table.var["gene_ids"].is_unique
    assert [name.split("-")[0] for name in table.var_names] == [name.split("-")[0] for name in genes]
    positions = pd.read_csv(first / "spatial" / "tissue_positions_list.csv", names=COLUMNS, index_col=0).loc[barcodes]
    assert np.array_equal(table.obsm["spatial"], positions[["pxl_col", "pxl_row"]])
    for name in ("in_tissue", "array_row", "array_col"):
        assert table.obs[name].tolist() == positions[name].tolist()
    assert table.uns["spatial"]["ds"]["metadata"] == {
        "chemistry_description": "Single Cell 3' v3",
        "software_version": "spaceranger-1.0.0",
    }


def test_spots_are_circles_in_pixels_of_the_full_image(first):
    sdata = visium(first, dataset_id="ds")
    factors = json.loads((first / "spatial" / "scalefactors_json.json").read_text())
    spots, table = sdata["ds"], sdata["table"]
    assert np.allclose(spots["radius"], factors["spot_diameter_fullres"] / 2)
    assert np.array_equal(spots.get_coordinates().to_numpy(), table.obsm["spatial"])
    assert table.uns["spatialdata_attrs"] == {"region": "ds", "region_key": "region", "instance_key": "spot_id"}
    assert spots.index.tolist() == table.obs["spot_id"].tolist()
    # Neighbours of a row are 100 um apart, and a spot has 55 um: Space Ranger 1 states its diameter as 65 um worth.
    rows = table.obs.assign(x=table.obsm["spatial"][:, 0])
    pairs = [
        abs(a.x - b.x) / abs(a.array_col - b.array_col) * 2
        for a in rows.itertuples()
        for b in rows.itertuples()
        if a.array_row == b.array_row and a.array_col < b.array_col
    ]
    assert 0.55 < 2 * spots["radius"].iloc[0] / np.median(pairs) < 0.70


def test_images_lie_on_the_spots(first):
    sdata = visium(first, dataset_id="ds")
    factors = json.loads((first / "spatial" / "scalefactors_json.json").read_text())
    for name in ("hires", "lowres"):
        image, factor = sdata[f"ds_{name}_image"], factors[f"tissue_{name}_scalef"]
        pixels = iio.imread(first / "spatial" / f"tissue_{name}_image.png")
        assert np.array_equal(image.data.compute(), pixels.transpose(2, 0, 1))
        assert image["c"].values.tolist() == list("rgba"[: pixels.shape[2]])
        placed = matrices(image)
        assert set(placed) == {"ds", f"ds_downscaled_{name}"}
        assert np.allclose(placed["ds"], np.diag([1 / factor, 1 / factor, 1]))
        assert np.array_equal(placed[f"ds_downscaled_{name}"], np.eye(3))
        assert np.allclose(matrices(sdata["ds"])[f"ds_downscaled_{name}"], np.diag([factor, factor, 1]))
    assert np.array_equal(matrices(sdata["ds"])["ds"], np.eye(3))


def test_a_slide_of_space_ranger_3_as_hdf5_and_as_text(second):
    one = visium(second)
    two = visium(second, "Placenta_S3", "filtered_feature_bc_matrix")
    assert list(one.shapes) == list(two.shapes) == ["Placenta_S3"]  # the library that the matrix names
    table = one["table"]
    assert table.shape == (2898, 19465)
    assert (table.X.nnz, table.X.sum()) == (1069459, 3085005)
    assert (table.X != two["table"].X).nnz == 0
    assert table.obs.equals(two["table"].obs)
    assert table.var_names.equals(two["table"].var_names)
    assert list(one.images) == ["Placenta_S3_lowres_image"]  # the other image is not there
    assert table.obsm["spatial"].dtype == np.float64
    assert (table.obs["in_tissue"] == 1).all()
    assert np.allclose(one["Placenta_S3"]["radius"], 14.964878633873417 / 2)


def test_the_text_form_is_found_where_there_is_no_hdf5(sample_data):
    folder = sample_data / "visium" / "v2_fluorescence_SFE_sample01"
    sdata = visium(folder)
    lines = (folder / "outs" / "filtered_feature_bc_matrix" / "matrix.mtx").read_text().splitlines()
    counts = np.zeros((12, 5))
    for line in lines[lines.index("5 12 60") + 1 :]:
        gene, spot, count = map(int, line.split())
        counts[spot - 1, gene - 1] = count
    assert np.array_equal(sdata["table"].X.toarray(), counts)
    assert (sdata["table"].X.nnz, sdata["table"].X.sum()) == (60, 2951)
    assert list(sdata.shapes) == ["v2_fluorescence_SFE_sample01"]  # nothing but the folder names the slide
    assert "genome" not in sdata["table"].var


def test_the_raw_matrix_on_request_and_its_name_in_the_error(sample_data):
    folder = sample_data / "visium" / "v1_section1_VisiumIO" / "outs"
    with pytest.raises(MissingFileError, match=r"Looked for: filtered_.*pass counts_file='raw_feature_bc_matrix\.h5'"):
        visium(folder)
    sdata = visium(folder, "s", counts_file="raw_feature_bc_matrix.h5")
    assert (sdata["table"].X.nnz, sdata["table"].X.sum()) == (344, 607)
    text = visium(folder, "s", counts_file="raw_feature_bc_matrix")
    assert (text["table"].X.nnz, text["table"].X.sum()) == (338, 682)
    assert sdata["table"].obs["in_tissue"].sum() == 22


def test_a_folder_without_a_matrix(sample_data):
    folder = sample_data / "visium" / "v1_spatial_only_spatial_gradients" / "outs"
    with pytest.raises(MissingFileError, match=r"no .*matrix\.mtx in .*barcodes\.tsv\.gz, features\.tsv\.gz"):
        visium(folder)


@pytest.fixture
def slide(simulated_study, tmp_path):
    """A writable simulated slide."""
    return shutil.copytree(simulated_study.root / "visium", tmp_path / "slide")


def test_names_in_front_of_the_files(slide):
    matrix = slide / "filtered_feature_bc_matrix.h5"
    matrix.rename(slide / "A.1_filtered_feature_bc_matrix.h5")
    assert list(visium(slide).shapes) == ["A.1"]
    assert list(visium(slide, "own").shapes) == ["own"]
    assert list(visium(slide, counts_file="A.1_filtered_feature_bc_matrix.h5").shapes) == ["A.1"]
    shutil.copyfile(slide / "A.1_filtered_feature_bc_matrix.h5", slide / "B_filtered_feature_bc_matrix.h5")
    with pytest.raises(AmbiguousFormatError, match=r"'A\.1_filtered.*'B_filtered.*counts_file="):
        visium(slide)
    assert list(visium(slide, "B").shapes) == ["B"]
    with pytest.raises(MissingFileError, match=r"gone\.h5"):
        visium(slide, counts_file=str(slide / "gone.h5"))


def test_the_full_resolution_image_is_lazy_and_has_levels(slide):
    sdata = visium(slide, "s", fullres_image_file="tissue_image.ome.tif")
    image = sdata["s_full_image"]
    pixels = tifffile.imread(slide / "tissue_image.ome.tif", level=0)
    pixels = pixels if pixels.shape[0] == 3 else pixels.transpose(2, 0, 1)
    assert len(image.children) == 5
    assert np.array_equal(image["scale0"]["image"].data.compute(), pixels)
    assert image["scale0"]["c"].values.tolist() == ["r", "g", "b"]
    assert set(matrices(image)) == {"s"}
    assert np.array_equal(matrices(image)["s"], np.eye(3))
    flat = visium(slide, "s", fullres_image_file="tissue_image.ome.tif", image_models_kwargs={"scale_factors": None})
    assert flat["s_full_image"].shape == pixels.shape


@pytest.mark.parametrize("name", ["full.tif", "full.png", "full.btf"])
def test_full_resolution_images_of_other_kinds(slide, name):
    pixels = np.random.default_rng(1).integers(0, 255, (64, 96, 3), dtype=np.uint8)
    if name.endswith(".png"):
        iio.imwrite(slide / name, pixels)
    else:
        tifffile.imwrite(slide / name, pixels, bigtiff=name.endswith(".btf"), photometric="rgb", rowsperstrip=16)
    sdata = visium(slide, "s", fullres_image_file=name, image_models_kwargs={"scale_factors": [2]})
    assert np.array_equal(sdata["s_full_image"]["scale0"]["image"].data.compute(), pixels.transpose(2, 0, 1))


def test_a_fluorescence_image_keeps_its_channel_names(slide):
    pixels = np.random.default_rng(1).integers(0, 9000, (2, 64, 96), dtype=np.uint16)
    names = {"axes": "CYX", "Channel": {"Name": ["DAPI", "CD8"]}}
    tifffile.imwrite(slide / "full.ome.tif", pixels, metadata=names, photometric="minisblack")
    sdata = visium(slide, "s", fullres_image_file="full.ome.tif", image_models_kwargs={"scale_factors": [2]})
    image = sdata["s_full_image"]["scale0"]
    assert image["c"].values.tolist() == ["DAPI", "CD8"]
    assert np.array_equal(image["image"].data.compute(), pixels)


def test_files_by_name(slide, tmp_path):
    expected = visium(slide, "s")
    (slide / "spatial" / "tissue_positions.csv").rename(slide / "where.csv")
    (slide / "spatial" / "scalefactors_json.json").rename(tmp_path / "factors.json")
    with pytest.raises(MissingFileError, match="no table of spot positions"):
        visium(slide, "s")
    by_name = {"tissue_positions_file": "where.csv", "scalefactors_file": tmp_path / "factors.json"}
    sdata = visium(slide, "s", **by_name)
    assert sdata["table"].obs.equals(expected["table"].obs)
    with pytest.raises(MissingFileError, match=r"no scale factors .*gone\.json\. The folder .* has: "):
        visium(slide, "s", **{**by_name, "scalefactors_file": "gone.json"})
    with pytest.raises(MissingFileError, match=r"no full resolution image .*gone\.tif"):
        visium(slide, "s", **by_name, fullres_image_file="gone.tif")


def test_counts_as_a_table_of_text(slide):
    expected = visium(slide, "s")["table"]
    frame = expected.to_df()
    frame.to_csv(slide / "counts.csv")
    table = visium(slide, "s", counts_file="counts.csv")["table"]
    assert np.array_equal(table.X.toarray(), expected.X.toarray())
    assert table.var_names.tolist() == expected.var_names.tolist()
    frame.to_csv(slide / "counts.txt", sep="\t")
    assert np.array_equal(visium(slide, "s", counts_file="counts.txt")["table"].X.toarray(), frame.to_numpy())


def test_genomes_feature_types_and_repeated_names(slide):
    path = slide / "filtered_feature_bc_matrix.h5"
    with h5py.File(path, "r+") as file:
        features = file["matrix/features"]
        n = len(features["id"])
        for key, texts in {
            "genome": ["mm10" if i % 2 else "GRCh38" for i in range(n)],
            "feature_type": ["Antibody Capture" if i == 0 else "Gene Expression" for i in range(n)],
            "name": ["SAME" if i in (1, 2) else f"g{i}" for i in range(n)],
        }.items():
            del features[key]
            features[key] = np.array([text.encode() for text in texts])
    counts, _, _ = dense(path)
    assert visium(slide, "s")["table"].var_names[:3].tolist() == ["SAME", "SAME-1", "g3"]
    assert np.array_equal(visium(slide, "s", gex_only=False)["table"].X.toarray(), counts)
    assert np.array_equal(visium(slide, "s", genome="mm10")["table"].X.toarray(), counts[:, 1::2])
    with pytest.raises(OptionError, match=r"genome 'rn6'. Genomes in the matrix: 'GRCh38', 'mm10'"):
        visium(slide, "s", genome="rn6")
    with pytest.warns(UserWarning, match="Variable names are not unique"):
        assert visium(slide, "s", var_names_make_unique=False)["table"].var_names[1] == "SAME"


def test_spots_without_a_position_are_refused(slide):
    path = slide / "spatial" / "tissue_positions.csv"
    lines = path.read_text().splitlines()
    with h5py.File(slide / "filtered_feature_bc_matrix.h5") as file:
        barcodes = file["matrix/barcodes"].asstr()[:]
    path.write_text("\n".join(line for line in lines if not line.startswith(barcodes[0])) + "\n")
    with pytest.raises(InconsistentFilesError, match=rf"1 of {len(barcodes)} spots .*'{barcodes[0]}'"):
        visium(slide, "s")


@pytest.mark.parametrize(
    "name", ["v1_scanpy_1.0.0", "v2_CytAssist_CoexpressDeconvolve", "v2_fluorescence_SFE_sample01"]
)
def test_written_and_opened_again_it_is_the_same(sample_data, tmp_path, name):
    sdata = visium(sample_data / "visium" / name, "s")
    sdata.write(tmp_path / "s.zarr")
    again = spatialdata.read_zarr(tmp_path / "s.zarr")
    assert_spatial_data_objects_are_identical(sdata, again, check_transformations=False)
    for _, element, value in sdata.gen_spatial_elements():
        assert {cs: m.tolist() for cs, m in matrices(again[element]).items()} == {
            cs: m.tolist() for cs, m in matrices(value).items()
        }


@pytest.mark.parametrize(
    ("file", "text", "message"),
    [
        ("scalefactors_json.json", '{"spot_diameter_fullres": 89.4, "tissue_hir', "looked for a JSON object"),
        ("scalefactors_json.json", '{"spot_diameter_fullres": 89.4}', "'tissue_hires_scalef', found None"),
        ("scalefactors_json.json", "[]", "'spot_diameter_fullres', found None. It has: list"),
        ("tissue_positions.csv", "barcode,in_tissue,array_row\nA-1,1,2\n", "has no columns 'array_col'"),
        ("tissue_positions.csv", "A-1,1,0,0\n", "has 4 columns and no header"),
        ("tissue_positions.csv", "A-1,1,0,0,5,x\n", r"\['pxl_col_in_fullres'\] hold other things than numbers"),
        ("tissue_positions.csv", "A-1,1,0,0,5,6\nA-1,1,0,0,5\n", "hold other things than numbers"),
        ("tissue_positions.csv", "A-1,1,0,0,5,6\nA-1,1,0,0,5,6\n", "a barcode occurs twice"),
        ("tissue_positions.csv", "", "No columns to parse"),
    ],
)
def test_broken_texts_are_named(slide, file, text, message):
    (slide / "spatial" / file).write_text(text)
    with pytest.raises(BrokenFileError, match=message) as caught:
        visium(slide, "s")
    assert str(slide / "spatial" / file) in str(caught.value)
