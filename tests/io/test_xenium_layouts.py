"""The layouts of all generations of Xenium bundles, real where there is one, else built here."""

from __future__ import annotations

import json

import h5py
import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
import shapely
import tifffile
import zarr

from spatialdata.transformations import get_transformation
from spatialdata_io import xenium, xenium_aligned_image, xenium_explorer_selection
from spatialdata_io.errors import BrokenFileError, InconsistentFilesError, MissingFileError, OptionError

RNG = np.random.default_rng(0)


def test_the_first_csv_layout(sample_data, nothing):
    folder = sample_data / "xenium" / "Xenium_V1_FF_Mouse_Brain_MultiSection_1_subset"
    options = {**nothing, "transcripts": True, "cells_boundaries": True, "nucleus_boundaries": True}
    sdata = xenium(folder, **options)
    frame = sdata["transcripts"].compute()
    raw = pd.read_csv(folder / "transcripts.csv", index_col=0)
    assert len(frame) == 962
    assert len(frame["feature_name"].cat.categories) == 137
    assert (frame["qv"] >= 20).sum() == 777
    assert set(frame.columns) == {name.replace("_location", "") for name in raw.columns}
    assert np.allclose(frame["x"], raw["x_location"])
    assert frame["cell_id"].tolist() == raw["cell_id"].tolist()
    assert sdata["transcripts"]["feature_name"].cat.known
    for name in ("cell_boundaries", "nucleus_boundaries"):
        assert len(sdata[name]) == 5
        assert pd.api.types.is_integer_dtype(sdata[name].index)
    vertices = pd.read_csv(folder / "cell_boundaries.csv", index_col=0)
    for cell, part in vertices.groupby("cell_id"):
        assert (
            sdata["cell_boundaries"].geometry[cell].equals(shapely.Polygon(part[["vertex_x", "vertex_y"]].to_numpy()))
        )


@pytest.mark.parametrize("suffix", [".csv", ".csv.gz"])
def test_transcripts_as_csv_equal_those_as_parquet(simulated_study, tmp_path, nothing, bundle, suffix):
    rep = simulated_study.root / "xenium_rep2"
    options = {**nothing, "transcripts": True}
    expected = xenium(rep, **options)["transcripts"].compute()
    pd.read_csv(rep / "transcripts.csv.gz").to_csv(bundle / f"transcripts{suffix}", index=False)
    frame = xenium(bundle, **options)["transcripts"].compute()
    assert frame["feature_name"].astype(str).tolist() == expected["feature_name"].astype(str).tolist()
    assert frame["cell_id"].astype(str).tolist() == expected["cell_id"].astype(str).tolist()
    assert np.allclose(frame[["x", "y", "z"]], expected[["x", "y", "z"]], atol=1e-3)


def test_texts_written_as_bytes(simulated_study, bundle, nothing):
    table = pq.read_table(simulated_study.root / "xenium_rep1" / "transcripts.parquet")
    as_bytes = pa.table(
        {
            name: table[name].cast(pa.binary()) if pa.types.is_string(table[name].type) else table[name]
            for name in table.column_names
        }
    )
    pq.write_table(as_bytes, bundle / "transcripts.parquet", row_group_size=3000)
    frame = xenium(bundle, **{**nothing, "transcripts": True})["transcripts"].compute()
    expected = table.to_pandas()
    for name in ("feature_name", "cell_id", "fov_name"):
        assert frame[name].astype(object).tolist() == expected[name].tolist()


def test_transcripts_in_many_row_groups_stay_lazy_and_in_order(simulated_study, bundle, nothing, monkeypatch):
    from spatialdata_io._shared import points

    table = pq.read_table(simulated_study.root / "xenium_rep1" / "transcripts.parquet")
    pq.write_table(table, bundle / "transcripts.parquet", row_group_size=3000)
    monkeypatch.setattr(points, "ROWS", 7000)
    lazy = xenium(bundle, **{**nothing, "transcripts": True})["transcripts"]
    sizes = lazy.map_partitions(len).compute()
    assert lazy.npartitions == -(-len(table) // 6000)
    assert max(sizes) <= 7000
    frame = lazy.compute()
    assert frame.index.equals(pd.RangeIndex(len(table)))
    assert np.array_equal(frame["transcript_id"], table["transcript_id"])
    assert len(lazy.loc[5998:6001].compute()) == 4


def test_a_table_of_no_transcripts(simulated_study, bundle, nothing):
    table = pq.read_table(simulated_study.root / "xenium_rep1" / "transcripts.parquet")
    pq.write_table(table.slice(0, 0), bundle / "transcripts.parquet")
    assert len(xenium(bundle, **{**nothing, "transcripts": True})["transcripts"]) == 0


def test_two_generations_of_simulated_bundles(simulated_study):
    for name in ("xenium_rep1", "xenium_rep2"):
        folder = simulated_study.root / name
        sdata = xenium(folder)
        pixel_size = json.loads((folder / "experiment.xenium").read_text())["pixel_size"]
        table, outlines = sdata["table"], sdata["cell_boundaries"]
        labels = sdata["cell_labels"]["scale0"]["image"].data.compute()
        assert table.uns["spatialdata_attrs"]["region"] == "cell_labels"
        key = table.uns["spatialdata_attrs"]["instance_key"]
        of_cell = table.obs.set_index("cell_id")[key]
        for cell, polygon in outlines.geometry.items():
            x, y = np.array(polygon.representative_point().coords[0]) / pixel_size
            assert labels[int(y), int(x)] == of_cell[cell]
        frame = sdata["transcripts"].compute()
        counted = frame[(frame["qv"] >= 20) & frame["cell_id"].astype(str).isin(table.obs["cell_id"].astype(str))]
        for gene, total in table.to_df().sum().iloc[:5].items():
            assert total == (counted["feature_name"] == gene).sum()
    assert "morphology_mip" in sdata.images


def write_plane(path, pixels, *, description=None, levels=1):
    path.parent.mkdir(exist_ok=True)
    with tifffile.TiffWriter(path) as tif:
        options = {"tile": (64, 64), "photometric": "minisblack", "metadata": None}
        tif.write(pixels, description=description, subifds=levels - 1, **options)
        for level in range(1, levels):
            tif.write(pixels[:: 2**level, :: 2**level], subfiletype=1, **options)


def ome_xml(names):
    channels = "".join(f'<Channel ID="Channel:{i}" Name="{name}"/>' for i, name in reversed(list(enumerate(names))))
    return (
        '<OME xmlns="http://www.openmicroscopy.org/Schemas/OME/2016-06"><Image ID="Image:0"><Pixels ID="Pixels:0" '
        f'DimensionOrder="XYZCT" Type="uint16" SizeX="150" SizeY="100" SizeZ="1" SizeC="{len(names)}" SizeT="1">'
        f"{channels}</Pixels></Image></OME>"
    )


STAINS = ["DAPI", "ATP1A1/CD45/E-Cadherin", "18S", "AlphaSMA/Vimentin"]


@pytest.mark.parametrize(
    ("files", "names"),
    [
        (["morphology_focus.ome.tif"], ["DAPI"]),
        (["morphology_focus/morphology_focus_0000.ome.tif"], ["DAPI"]),
        ([f"morphology_focus/morphology_focus_000{i}.ome.tif" for i in range(4)], STAINS),
        (["morphology_focus/ch0000_dapi.ome.tif"], ["DAPI stain"]),
        (
            [f"morphology_focus/ch000{i}_{n}.ome.tif" for i, n in enumerate(["dapi", "cd3", "vista"])],
            ["DAPI", "CD3", "VISTA"],
        ),
    ],
)
def test_focus_images_of_all_generations(bundle, nothing, files, names):
    planes = RNG.integers(0, 2**16, (len(files), 100, 150), dtype=np.uint16)
    for file, plane in zip(files, planes, strict=True):
        write_plane(bundle / file, plane, description=ome_xml(names), levels=3)
    options = {**nothing, "morphology_focus": True}
    image = xenium(bundle, **options, image_models_kwargs={"scale_factors": [2]})["morphology_focus"]
    assert image["scale0"]["c"].values.tolist() == names
    assert np.array_equal(image["scale0"]["image"].data.compute(), planes)
    vendor = xenium(bundle, **options, image_models_kwargs={"scale_factors": "vendor"})["morphology_focus"]
    assert [node["image"].shape[1:] for node in vendor.children.values()] == [(100, 150), (50, 75), (25, 38)]
    assert np.array_equal(vendor["scale2"]["image"].data.compute(), planes[:, ::4, ::4])


def test_channels_without_names_are_called_like_their_files(bundle, nothing):
    for number in range(2):
        write_plane(bundle / f"morphology_focus/ch000{number}_x.ome.tif", np.zeros((10, 12), np.uint16))
    flat = {"scale_factors": None}
    image = xenium(bundle, **{**nothing, "morphology_focus": True}, image_models_kwargs=flat)["morphology_focus"]
    assert image["c"].values.tolist() == ["ch0000_x", "ch0001_x"]


def test_channels_of_different_size_are_refused(bundle, nothing):
    write_plane(bundle / "morphology_focus/ch0000_a.ome.tif", np.zeros((10, 12), np.uint16))
    write_plane(bundle / "morphology_focus/ch0001_b.ome.tif", np.zeros((10, 13), np.uint16))
    with pytest.raises(InconsistentFilesError, match=r"ch0000_a.*\(10, 12\), ch0001_b.*\(10, 13\)"):
        xenium(bundle, **{**nothing, "morphology_focus": True})


MATRIX = np.array([[0.5, -0.1, 12.0], [0.1, 0.5, -3.0], [0, 0, 1]])


@pytest.mark.parametrize("csv", ["s_he_imagealignment.csv", "s_he_alignment.csv"])
@pytest.mark.parametrize("planar", [False, True])
def test_aligned_images(bundle, nothing, csv, planar):
    pixels = RNG.integers(0, 255, (90, 130, 3), dtype=np.uint8)
    stored = pixels.transpose(2, 0, 1) if planar else pixels
    config = "separate" if planar else "contig"
    tifffile.imwrite(bundle / "s_he_image.ome.tif", stored, photometric="rgb", planarconfig=config, tile=(32, 32))
    np.savetxt(bundle / csv, MATRIX, delimiter=",")
    flat = {"scale_factors": None}
    sdata = xenium(bundle, **{**nothing, "aligned_images": True}, image_models_kwargs=flat)
    image = sdata["he_image"]
    assert np.array_equal(image.data.compute(), pixels.transpose(2, 0, 1))
    assert image["c"].values.tolist() == ["r", "g", "b"]
    assert np.allclose(get_transformation(image).to_affine_matrix(("x", "y"), ("x", "y")), MATRIX)


def test_several_aligned_images_keep_their_names_and_a_lost_alignment_is_told(bundle, nothing):
    for name in ("a_he_image", "b_he_image", "a_if_image"):
        tifffile.imwrite(bundle / f"{name}.ome.tif", np.zeros((2, 20, 30), np.uint16), metadata={"axes": "CYX"})
    for name in ("a_he_image", "a_if_image"):
        np.savetxt(bundle / f"{name}alignment.csv", MATRIX, delimiter=",")
    flat = {"scale_factors": None}
    with pytest.warns(UserWarning, match=r"b_he_image\.ome\.tif has no alignment beside it \(b_he_imagealignment\.csv"):
        sdata = xenium(bundle, **{**nothing, "aligned_images": True}, image_models_kwargs=flat)
    assert set(sdata.images) == {"a_he_image", "b_he_image", "if_image"}


def test_one_aligned_image_by_path(tmp_path):
    pixels = RNG.integers(0, 255, (1, 40, 50, 3), dtype=np.uint8)
    path = tmp_path / "he.tif"
    tifffile.imwrite(path, pixels, photometric="rgb")
    image = xenium_aligned_image(path, None)
    assert np.array_equal(image.data.compute(), pixels[0].transpose(2, 0, 1))
    assert np.array_equal(get_transformation(image).to_affine_matrix(("x", "y"), ("x", "y")), np.eye(3))
    assert xenium_aligned_image(path, None, c_coords=["a", "b", "d"])["c"].values.tolist() == ["a", "b", "d"]
    turned = xenium_aligned_image(path, None, dims=["dummy", "x", "y", "c"])
    assert np.array_equal(turned.data.compute(), pixels[0].transpose(2, 1, 0))
    with pytest.raises(OptionError, match=r"dims=\['y', 'x'\] does not fit"):
        xenium_aligned_image(path, None, dims=["y", "x"])
    with pytest.raises(OptionError, match="name the channels"):
        xenium_aligned_image(path, None, rgba=True, c_coords=["a"])
    with pytest.raises(MissingFileError, match=r"no file .*gone\.tif\. The folder .* has: he\.tif"):
        xenium_aligned_image(tmp_path / "gone.tif", None)


@pytest.mark.parametrize(
    "text", ["1,0,0\n0,1,0\n", "1,0,0\n0,1,0\n0,0,x\n", "1,1,0\n1,1,0\n0,0,1\n", "1,0,0\n0,1,0\n1,0,1\n", ""]
)
@pytest.mark.filterwarnings("ignore:loadtxt. input contained no data")
def test_a_broken_alignment_is_named(tmp_path, text):
    tifffile.imwrite(tmp_path / "he.tif", np.zeros((4, 5, 3), np.uint8), photometric="rgb")
    (tmp_path / "he.csv").write_text(text)
    with pytest.raises(BrokenFileError, match=r"he\.csv"):
        xenium_aligned_image(tmp_path / "he.tif", tmp_path / "he.csv")


def ring(x, y, size=4.0):
    return [(x, y), (x + size, y), (x + size, y + size), (x, y + size), (x, y)]


def write_rings(path, rings, **columns):
    rows = [(cell, *vertex) for cell, vertices in rings for vertex in vertices]
    frame = pd.DataFrame(rows, columns=["cell_id", "vertex_x", "vertex_y"])
    lengths = [len(vertices) for _, vertices in rings]
    for name, values in columns.items():
        frame[name] = np.repeat(values, lengths)
    frame.to_parquet(path, index=False)


def test_several_nuclei_of_a_cell_without_labels_are_told_apart(bundle, nothing):
    rings = [("a", ring(0, 0)), ("b", ring(10, 0) + ring(20, 0) + ring(30, 5)), ("c", ring(40, 0))]
    write_rings(bundle / "nucleus_boundaries.parquet", rings)
    nuclei = xenium(bundle, **{**nothing, "nucleus_boundaries": True})["nucleus_boundaries"]
    assert nuclei.index.tolist() == [1, 2, 3, 4, 5]
    assert nuclei["cell_id"].tolist() == ["a", "b", "b", "b", "c"]
    expected = [shapely.Polygon(ring(*corner)) for corner in ((0, 0), (10, 0), (20, 0), (30, 5), (40, 0))]
    assert all(ours.equals(polygon) for ours, polygon in zip(nuclei.geometry, expected, strict=True))


def test_several_nuclei_of_a_cell_with_labels(bundle, nothing):
    rings = [("a", ring(0, 0)), ("b", ring(10, 0)), ("b", ring(20, 0))]
    write_rings(bundle / "nucleus_boundaries.parquet", rings, label_id=[4, 7, 9])
    nuclei = xenium(bundle, **{**nothing, "nucleus_boundaries": True})["nucleus_boundaries"]
    assert nuclei.index.tolist() == [4, 7, 9]
    assert nuclei["cell_id"].tolist() == ["a", "b", "b"]


def test_an_outline_of_two_vertices_is_left_out_with_a_warning(bundle, nothing):
    write_rings(
        bundle / "cell_boundaries.parquet", [("a", ring(0, 0)), ("b", [(1, 1), (2, 2), (1, 1)]), ("c", ring(9, 0))]
    )
    with pytest.warns(UserWarning, match="1 of 3 outlines have less than three vertices and are left out"):
        cells = xenium(bundle, **{**nothing, "cells_boundaries": True})["cell_boundaries"]
    assert cells.index.tolist() == ["a", "c"]


def write_cells(folder, ids, *, matrix_ids=None, zarr_ids=None, types=("Gene Expression",), attrs=None):
    """Write cells.parquet, cell_feature_matrix.h5 and cells.zarr.zip of the oldest, integer, layout."""
    n = len(ids)
    columns = {
        "cell_id": ids,
        "x_centroid": np.arange(n) * 1.0,
        "y_centroid": np.arange(n) * 2.0,
        "cell_area": np.ones(n),
    }
    pd.DataFrame(columns).to_parquet(folder / "cells.parquet", index=False)
    barcodes = [str(i).encode() for i in (ids if matrix_ids is None else matrix_ids)]
    counts = np.arange(1, len(barcodes) * len(types) + 1).reshape(len(barcodes), len(types))
    with h5py.File(folder / "cell_feature_matrix.h5", "w") as file:
        file.attrs.update(attrs or {})
        group = file.create_group("matrix")
        group["barcodes"] = np.array(barcodes)
        group["data"] = counts.ravel().astype(np.int32)
        group["indices"] = np.tile(np.arange(len(types)), len(barcodes))
        group["indptr"] = np.arange(len(barcodes) + 1) * len(types)
        group["shape"] = np.array([len(types), len(barcodes)], np.int32)
        for name, values in (("id", "g"), ("name", "n"), ("feature_type", None)):
            texts = types if values is None else [f"{values}{i}" for i in range(len(types))]
            group[f"features/{name}"] = np.array([text.encode() for text in texts])
    if zarr_ids is not None:
        with zarr.storage.ZipStore(folder / "cells.zarr.zip", mode="w") as store:
            root = zarr.create_group(store, zarr_format=2)
            root.create_array("cell_id", data=np.asarray(zarr_ids))
            root.create_array("masks/1", data=np.kron(np.asarray(zarr_ids), np.ones((4, 4))).astype(np.uint32))
    return counts


def test_whole_numbers_as_cell_ids_are_the_labels(bundle, nothing):
    counts = write_cells(bundle, [3, 1, 2], zarr_ids=np.array([3, 1, 2]), types=["Gene Expression"] * 2)
    options = {**nothing, "cells_table": True, "cells_labels": True}
    sdata = xenium(bundle, **options, labels_models_kwargs={"scale_factors": None})
    table = sdata["table"]
    assert table.uns["spatialdata_attrs"]["instance_key"] == "cell_id"
    assert table.obs["cell_id"].tolist() == [3, 1, 2]
    assert table.obs_names.tolist() == ["3", "1", "2"]
    assert np.array_equal(table.X.toarray(), counts)
    assert np.unique(sdata["cell_labels"].data.compute()).tolist() == [1, 2, 3]


def test_counts_and_cells_are_joined_by_id(bundle, nothing):
    counts = write_cells(bundle, [1, 2, 3], matrix_ids=[3, 1])
    with pytest.warns(UserWarning, match=r"1 of 3 cells are not in .*cell_feature_matrix\.h5"):
        table = xenium(bundle, **{**nothing, "cells_table": True})["table"]
    assert table.obs["cell_id"].tolist() == [3, 1]
    assert table.obsm["spatial"].tolist() == [[2, 4], [0, 0]]
    assert np.array_equal(table.X.toarray(), counts)


def test_files_of_different_runs_are_refused(bundle, nothing):
    write_cells(bundle, [1, 2, 3], matrix_ids=[1, 2, 4])
    with pytest.raises(
        InconsistentFilesError, match=r"1 cells of cell_feature_matrix\.h5 are not in cells\.parquet \('4'\)"
    ):
        xenium(bundle, **{**nothing, "cells_table": True})
    write_cells(bundle, [1, 2, 3], zarr_ids=np.array([1, 2]))
    with pytest.raises(InconsistentFilesError, match=r"cells\.parquet and cells\.zarr\.zip"):
        xenium(bundle, **{**nothing, "cells_table": True})


def test_protein_is_scaled_as_the_instrument_states(bundle, nothing):
    types = ["Gene Expression", "Protein Expression"]
    counts = write_cells(bundle, [1, 2, 3], types=types, attrs={"protein_scaling_factor": 4.0})
    everything = xenium(bundle, **{**nothing, "cells_table": True, "gex_only": False})["table"]
    assert np.array_equal(everything.X.toarray(), counts / [1, 4])
    genes = xenium(bundle, **{**nothing, "cells_table": True})["table"]
    assert np.array_equal(genes.X.toarray(), counts[:, :1])


def test_explorer_selections(sample_data):
    folder = sample_data / "geojson" / "xenium_explorer_selections"
    one = xenium_explorer_selection(folder / "Selection_1_coordinates.csv")
    rows = pd.read_csv(folder / "Selection_1_coordinates.csv", skiprows=2)
    assert one.equals(shapely.Polygon(rows[["X", "Y"]].to_numpy() / 0.2125))
    assert xenium_explorer_selection(folder / "Selection_1_coordinates.csv", return_list=True) == [one]
    four = xenium_explorer_selection(folder / "coordinates.csv", pixel_size=0.5)
    stated = [3727.84, 2881.22, 2092.84, 796.25]
    assert [polygon.area * 0.25 for polygon in four] == pytest.approx(stated, rel=1e-3)
    with pytest.raises(BrokenFileError, match=r"has no columns 'X', 'Y'"):
        xenium_explorer_selection(folder / "Selection_1_cells_stats.csv")
