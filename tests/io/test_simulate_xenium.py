from __future__ import annotations

import gzip
import json
import zipfile

import h5py
import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
import shapely
import tifffile
import zarr

from spatialdata_io.simulate import Frame, simulate_tissue, write_xenium
from spatialdata_io.simulate.cell_id import cell_id_text

VERSIONS = ("1.0.2", "1.4.0", "2.0.0", "3.0.0.15")


@pytest.fixture(scope="module")
def section():
    return simulate_tissue("tiny", seed=4).section(1)


@pytest.fixture(scope="module")
def frame():
    return Frame(crop=(40.0, 30.0, 330.0, 280.0), pixel_size=0.85, rotation=15, shift=(6, -3))


@pytest.fixture(scope="module", params=VERSIONS)
def bundle(request, section, frame, tmp_path_factory):
    return write_xenium(section, tmp_path_factory.mktemp("xenium") / request.param, frame, request.param)


@pytest.fixture(scope="module")
def newest(section, frame, tmp_path_factory):
    return write_xenium(section, tmp_path_factory.mktemp("xenium") / "outs", frame)


def table(bundle, name):
    """A parquet file as a data frame with text, whatever its Arrow type."""
    arrow = pq.read_table(bundle / f"{name}.parquet")
    fields = [f.with_type(pa.string()) if pa.types.is_binary(f.type) else f for f in arrow.schema]
    return arrow.cast(pa.schema(fields)).to_pandas()


def polygons(bundle, name):
    frame = table(bundle, name)
    key = "label_id" if "label_id" in frame else "cell_id"
    rings = {label: shapely.Polygon(part[["vertex_x", "vertex_y"]]) for label, part in frame.groupby(key, sort=False)}
    owner = frame.groupby(key, sort=False)["cell_id"].first()
    return pd.DataFrame({"cell_id": owner, "polygon": pd.Series(rings)}).rename_axis(key)


def masks(bundle):
    with zarr.storage.ZipStore(bundle / "cells.zarr.zip", mode="r") as store:
        root = zarr.open_group(store, mode="r", zarr_format=2)
        return root["masks/0"][...], root["masks/1"][...]


def mask_values(bundle):
    """For the cells of ``cells.parquet``: the value of each in the mask of cells."""
    with zarr.storage.ZipStore(bundle / "cells.zarr.zip", mode="r") as store:
        root = zarr.open_group(store, mode="r", zarr_format=2)
        if "polygon_sets" in root:
            return {int(row): value + 1 for value, row in enumerate(root["polygon_sets/1/cell_index"][...])}
        if "seg_mask_value" in root:
            return dict(enumerate(root["seg_mask_value"][...].tolist()))
        return dict(enumerate(root["cell_id"][...].tolist()))


def unassigned(bundle):
    return (
        -1
        if json.loads((bundle / "experiment.xenium").read_text())["analysis_sw_version"] == "xenium-1.0.2"
        else "UNASSIGNED"
    )


def test_counts_are_those_of_the_listed_transcripts(bundle):
    transcripts, cells = table(bundle, "transcripts"), table(bundle, "cells")
    good = transcripts[(transcripts["qv"] >= 20) & (transcripts["cell_id"] != unassigned(bundle))]
    with h5py.File(bundle / "cell_feature_matrix.h5") as file:
        matrix = file["matrix"]
        names = matrix["features/name"][:].astype(str)
        barcodes = matrix["barcodes"][:].astype(str)
        dense = np.zeros(matrix["shape"][:][::-1], dtype=int)
        indptr, indices, data = (matrix[name][:] for name in ("indptr", "indices", "data"))
        kinds = matrix["features/feature_type"][:].astype(str)
    for row in range(len(barcodes)):
        dense[row, indices[indptr[row] : indptr[row + 1]]] = data[indptr[row] : indptr[row + 1]]
    expected = pd.crosstab(good["cell_id"].astype(str), good["feature_name"])
    expected = expected.reindex(index=barcodes, columns=names, fill_value=0)
    np.testing.assert_array_equal(dense, expected.to_numpy())
    assert barcodes.tolist() == cells["cell_id"].astype(str).tolist()
    assert cells["total_counts"].tolist() == dense.sum(axis=1).tolist()
    assert cells["transcript_counts"].tolist() == dense[:, kinds == "Gene Expression"].sum(axis=1).tolist()


def test_transcripts_lie_in_the_polygons_they_are_assigned_to(bundle):
    transcripts = table(bundle, "transcripts")
    xy = shapely.points(transcripts[["x_location", "y_location"]].to_numpy(dtype=float))
    found = polygons(bundle, "cell_boundaries")
    point, hit = shapely.STRtree(found["polygon"].tolist()).query(xy, predicate="intersects")
    expected = np.full(len(xy), unassigned(bundle), dtype=object)
    expected[point] = found["cell_id"].to_numpy()[hit]
    assert transcripts["cell_id"].tolist() == expected.tolist()
    nuclei = polygons(bundle, "nucleus_boundaries")
    point, hit = shapely.STRtree(nuclei["polygon"].tolist()).query(xy, predicate="intersects")
    inside = np.zeros(len(xy), dtype=int)
    inside[point] = 1
    assert transcripts["overlaps_nucleus"].tolist() == inside.tolist()
    if "nucleus_distance" in transcripts:
        assert (transcripts["nucleus_distance"][inside == 1] == 0).all()
        owned = transcripts["cell_id"].isin(nuclei["cell_id"]).to_numpy() & (inside == 0)
        mine = nuclei.set_index("cell_id")["polygon"].loc[transcripts["cell_id"][owned]]
        np.testing.assert_allclose(
            transcripts["nucleus_distance"][owned], shapely.distance(mine.to_numpy(), xy[owned]), atol=1e-4
        )


def test_cells_do_not_overlap_and_are_described_truly(bundle):
    cells = table(bundle, "cells").set_index("cell_id")
    found = polygons(bundle, "cell_boundaries").set_index("cell_id")["polygon"].loc[cells.index]
    areas = shapely.area(found.to_numpy())
    assert shapely.union_all(found.to_numpy()).area == pytest.approx(areas.sum(), rel=1e-6)
    np.testing.assert_allclose(cells["cell_area"], areas, rtol=1e-4)
    centroids = shapely.get_coordinates(shapely.centroid(found.to_numpy()))
    np.testing.assert_allclose(cells[["x_centroid", "y_centroid"]], centroids, atol=1e-3)
    nuclei = polygons(bundle, "nucleus_boundaries").set_index("cell_id")["polygon"]
    assert set(nuclei.index) == set(cells.index[cells["nucleus_area"].notna()])
    np.testing.assert_allclose(cells["nucleus_area"].loc[nuclei.index], shapely.area(nuclei.to_numpy()), rtol=1e-4)


def test_masks_are_the_polygons_at_pixel_centres(bundle, frame):
    nucleus_mask, cell_mask = masks(bundle)
    assert cell_mask.shape == nucleus_mask.shape == frame.shape
    y, x = (np.mgrid[: frame.shape[0], : frame.shape[1]] + 0.5) * frame.pixel_size
    cells = table(bundle, "cells")["cell_id"].tolist()
    of_cell = {cells[row]: value for row, value in mask_values(bundle).items()}
    for name, mask in (("cell_boundaries", cell_mask), ("nucleus_boundaries", nucleus_mask)):
        found = polygons(bundle, name)
        point, hit = shapely.STRtree(found["polygon"].tolist()).query(
            shapely.points(x.ravel(), y.ravel()), predicate="intersects"
        )
        by_label = found.index.name == "label_id"
        value = found.index.to_numpy() if by_label else found["cell_id"].map(of_cell).to_numpy()
        expected = np.zeros(mask.size, dtype=np.uint32)
        expected[point] = value[hit]
        np.testing.assert_array_equal(mask.ravel(), expected)


def test_tables_hold_what_the_section_holds(newest, section, frame):
    transcripts = table(newest, "transcripts")
    xy = np.sort(frame.to_um(section.molecules.xy)[frame.holds(section.molecules.xy)], axis=0)
    written = np.sort(transcripts[["x_location", "y_location"]].to_numpy(), axis=0)
    np.testing.assert_allclose(written, xy, atol=1e-4)
    counted = transcripts["feature_name"].value_counts()
    seen = section.molecules.feature[frame.holds(section.molecules.xy)]
    expected = pd.Series(np.array(section.panel.features)[seen]).value_counts()
    pd.testing.assert_series_equal(counted.sort_index(), expected.sort_index(), check_names=False, check_dtype=False)


def test_schemas_are_those_of_the_real_bundle(newest, sample_data):
    real = sample_data / "xenium/Xenium_Prime_Mouse_Ileum_tiny_outs"
    for name in ("transcripts", "cells", "cell_boundaries", "nucleus_boundaries"):
        theirs, ours = (pq.read_schema(folder / f"{name}.parquet") for folder in (real, newest))
        assert [(f.name, f.type) for f in ours] == [(f.name, f.type) for f in theirs]
    for name in ("cells", "cell_boundaries", "nucleus_boundaries"):
        headers = []
        for folder in (real, newest):
            with gzip.open(folder / f"{name}.csv.gz", "rt", encoding="utf-8") as file:
                headers.append(file.readline())
        assert headers[0] == headers[1]


def test_matrix_and_manifest_are_laid_out_like_the_real_ones(newest, sample_data):
    real = sample_data / "xenium/Xenium_Prime_Mouse_Ileum_tiny_outs"

    def layout(file):
        found = {}
        file.visititems(
            lambda name, item: found.update(
                {name: (item.dtype.kind, item.dtype.kind != "S" and item.dtype, item.compression)}
                if isinstance(item, h5py.Dataset)
                else {}
            )
        )
        return found

    with (
        h5py.File(real / "cell_feature_matrix.h5") as theirs,
        h5py.File(newest / "cell_feature_matrix.h5") as ours,
    ):
        assert layout(ours) == layout(theirs)
        assert set(ours.attrs) == set(theirs.attrs)
    theirs, ours = (json.loads((folder / "experiment.xenium").read_text()) for folder in (real, newest))
    assert set(ours) <= set(theirs)
    assert ours["images"]["morphology_focus_filepath"] == theirs["images"]["morphology_focus_filepath"]
    for name, value in ours.items():
        assert isinstance(value, int | float) == isinstance(theirs[name], int | float)


def test_segmentation_store_is_laid_out_like_the_real_one(newest, sample_data):
    real = sample_data / "xenium/Xenium_Prime_Mouse_Ileum_tiny_outs"

    def layout(folder):
        found = {}
        with zipfile.ZipFile(folder / "cells.zarr.zip") as packed:
            assert {entry.compress_type for entry in packed.infolist()} == {zipfile.ZIP_STORED}
            for name in packed.namelist():
                if name.endswith(".zarray"):
                    facts = json.loads(packed.read(name))
                    same = ("dtype", "fill_value", "filters", "order", "zarr_format", "compressor")
                    found[name] = {key: facts[key] for key in same} | {"ndim": len(facts["shape"])}
                elif name.endswith(".zattrs"):
                    found[name] = set(json.loads(packed.read(name)))
                elif name.endswith(".zgroup"):
                    found[name] = json.loads(packed.read(name))
        return found

    ours, theirs = layout(newest), layout(real)
    drop = {name for name in ours if name.endswith(".zattrs") and not ours[name]}
    assert {name: facts for name, facts in ours.items() if name not in drop} == theirs


def test_polygons_of_the_store_are_those_of_the_table(bundle):
    with zarr.storage.ZipStore(bundle / "cells.zarr.zip", mode="r") as store:
        root = zarr.open_group(store, mode="r", zarr_format=2)
        if "polygon_sets" in root:
            vertices, count = (root[f"polygon_sets/1/{name}"][...] for name in ("vertices", "num_vertices"))
        else:
            vertices, count = (root[name][...][1] for name in ("polygon_vertices", "polygon_num_vertices"))
        summary, columns = root["cell_summary"][...], root["cell_summary"].attrs["column_names"]
    listed = table(bundle, "cell_boundaries")[["vertex_x", "vertex_y"]].to_numpy()
    np.testing.assert_array_equal(vertices.reshape(-1, 2), listed)
    assert (count == 25).all()
    assert columns[2] == "cell_area"
    np.testing.assert_allclose(summary[:, 2], table(bundle, "cells")["cell_area"])


def test_focus_image_is_a_pyramid_that_shows_the_nuclei(bundle, frame):
    images = json.loads((bundle / "experiment.xenium").read_text())["images"]
    nucleus_mask, _ = masks(bundle)
    for path in images.values():
        with tifffile.TiffFile(bundle / path) as file:
            series = file.series[0]
            assert series.axes == "YX"
            assert series.dtype == np.uint16
            assert file.pages[0].compression == tifffile.COMPRESSION.JPEG2000
            assert file.pages[0].tile == (1024, 1024)
            shapes = [level.shape for level in series.levels]
            assert shapes[0] == frame.shape
            assert shapes[1] == (frame.shape[0] // 2, frame.shape[1] // 2)
            image = series.asarray()
        assert image[nucleus_mask > 0].mean() > 3 * image[nucleus_mask == 0].mean()


def test_old_text_is_bytes_and_new_text_is_text(bundle):
    schema = pq.read_schema(bundle / "transcripts.parquet")
    assert schema.field("feature_name").type == (pa.binary() if bundle.name < "1.5" else pa.string())
    if bundle.name == "1.0.2":
        assert schema.field("cell_id").type == pa.int32()
    assert (bundle / "morphology_mip.ome.tif").exists() == (bundle.name < "2")
    assert (bundle / "transcripts.csv.gz").exists() == (bundle.name < "2")


def test_first_layout_has_the_columns_of_the_real_one(section, frame, tmp_path, sample_data):
    bundle = write_xenium(section, tmp_path / "outs", frame, "1.0.2")
    real = sample_data / "xenium/Xenium_V1_FF_Mouse_Brain_MultiSection_1_subset"
    for name in ("transcripts", "cell_boundaries", "nucleus_boundaries"):
        theirs = pd.read_csv(real / f"{name}.csv", index_col=0)
        ours = pd.read_csv(bundle / f"{name}.csv.gz")
        assert ours.columns.tolist() == theirs.columns.tolist()
        kinds = [[dtype.kind for dtype in frame.dtypes] for frame in (ours, theirs)]
        assert kinds[0] == [{"f": "f"}.get(a, b) for a, b in zip(*kinds, strict=True)]
    keys = set(json.loads((real / "experiment.xenium").read_text()))
    ours = set(json.loads((bundle / "experiment.xenium").read_text()))
    assert ours - keys == {"region_area", "total_cell_area", "fraction_transcripts_assigned"}


def test_four_stains_are_one_image_in_four_files(section, tmp_path):
    frame = Frame(crop=(40, 30, 330, 280), pixel_size=0.85)
    bundle = write_xenium(section, tmp_path / "outs", frame, stains=4)
    files = sorted((bundle / "morphology_focus").iterdir())
    assert [file.name for file in files] == [f"morphology_focus_000{i}.ome.tif" for i in range(4)]
    alone = [tifffile.imread(file, is_ome=False) for file in files]
    for file in files:
        with tifffile.TiffFile(file) as opened:
            series = opened.series[0]
            assert series.shape == (4, *frame.shape)
            np.testing.assert_array_equal(series.asarray(), np.stack(alone))
    assert len({plane.tobytes() for plane in alone}) == 4


def test_cell_names_follow_the_vendors_code(newest):
    prefix, suffix = (np.array(n, dtype=np.uint32) for n in ([1, 1437536272, 1437536273], [1, 1, 2]))
    assert cell_id_text(prefix, suffix).tolist() == ["aaaaaaab-1", "ffkpbaba-1", "ffkpbabb-2"]
    with zarr.storage.ZipStore(newest / "cells.zarr.zip", mode="r") as store:
        coded = zarr.open_group(store, mode="r", zarr_format=2)["cell_id"][...]
    letters = [
        "".join("abcdefghijklmnop"[int(digit, 16)] for digit in f"{prefix:08x}") + f"-{suffix}"
        for prefix, suffix in coded
    ]
    names = table(newest, "cells")["cell_id"].tolist()
    assert names == letters == sorted(names)


@pytest.mark.parametrize("version", ["4.0.0", "0.9", "three", "3", ""])
def test_unknown_versions(section, frame, tmp_path, version):
    with pytest.raises(ValueError, match=r"versions 1, 2 and 3 can be written"):
        write_xenium(section, tmp_path / "outs", frame, version)
    assert list(tmp_path.iterdir()) == []


def test_bad_requests_leave_nothing(section, frame, tmp_path):
    with pytest.raises(ValueError, match="3 stains asked"):
        write_xenium(section, tmp_path / "outs", frame, stains=3)
    with pytest.raises(ValueError, match=r"4 stains asked of version 1\.4\.0"):
        write_xenium(section, tmp_path / "outs", frame, "1.4.0", stains=4)
    with pytest.raises(ValueError, match="shows no whole cell"):
        write_xenium(section, tmp_path / "outs", Frame(crop=(9000, 9000, 9100, 9100)))
    assert list(tmp_path.iterdir()) == []
