from __future__ import annotations

import json

import h5py
import imageio.v3 as iio
import numpy as np
import pandas as pd
import pytest
import shapely
import tifffile
from scipy.sparse import csr_matrix

from spatialdata_io.simulate import Frame, simulate_tissue, write_visium

POSITIONS = ["barcode", "in_tissue", "array_row", "array_col", "pxl_row_in_fullres", "pxl_col_in_fullres"]


@pytest.fixture(scope="module")
def section():
    tissue = simulate_tissue(600, seed=2)
    return tissue.section(5, panel=tissue.transcriptome)


@pytest.fixture(scope="module")
def frame(section):
    return Frame(crop=(-40.0, -60.0, section.tissue.width, section.tissue.height), pixel_size=0.7, rotation=-23)


@pytest.fixture(scope="module")
def outs(section, frame, tmp_path_factory):
    return write_visium(section, tmp_path_factory.mktemp("visium") / "outs", frame, efficiency=1.0)


@pytest.fixture(scope="module")
def positions(outs):
    return pd.read_csv(outs / "spatial" / "tissue_positions.csv")


def read_matrix(path):
    with h5py.File(path) as file:
        matrix = file["matrix"]
        features, barcodes = matrix["shape"][:]
        counts = csr_matrix((matrix["data"][:], matrix["indices"][:], matrix["indptr"][:]), shape=(barcodes, features))
        return (
            counts,
            matrix["barcodes"][:].astype(str).tolist(),
            matrix["features"]["name"][:].astype(str).tolist(),
        )


def test_positions_are_the_grid_of_the_vendor(positions, frame):
    assert list(positions.columns) == POSITIONS
    assert len(positions) == 4992
    assert positions["barcode"].is_unique
    assert positions["barcode"].str.fullmatch("[ACGT]{16}-1").all()
    assert (positions["array_row"].max(), positions["array_col"].max()) == (77, 127)
    assert (positions["array_row"] % 2 == positions["array_col"] % 2).all()
    xy = positions[["pxl_col_in_fullres", "pxl_row_in_fullres"]].to_numpy() * frame.pixel_size
    distance = np.sort(np.hypot(*(xy[2000] - xy).T))
    np.testing.assert_allclose(distance[1:7], 100, atol=1e-6)


def test_spots_in_tissue_lie_on_tissue_and_on_the_image(positions, section, frame):
    xy = positions[["pxl_col_in_fullres", "pxl_row_in_fullres"]].to_numpy()
    rows, columns = frame.shape
    on_image = (xy >= 0).all(axis=1) & (xy[:, 0] < columns) & (xy[:, 1] < rows)
    a, b, _, c, d, _ = np.linalg.inv(frame.tissue_to_px)[:2].ravel()
    shift = np.linalg.inv(frame.tissue_to_px)[:2, 2]
    tissue = shapely.affinity.affine_transform
    in_tissue = [
        bool(on) and section.tissue.outline.contains(tissue(shapely.Point(point), [a, b, c, d, *shift]))
        for on, point in zip(on_image, xy, strict=True)
    ]
    assert positions["in_tissue"].astype(bool).tolist() == in_tissue
    assert 10 < sum(in_tissue) < 100


def test_matrices_fit_the_positions(outs, positions):
    raw, raw_barcodes, _ = read_matrix(outs / "raw_feature_bc_matrix.h5")
    filtered, barcodes, _ = read_matrix(outs / "filtered_feature_bc_matrix.h5")
    assert raw_barcodes == sorted(positions["barcode"])
    assert barcodes == sorted(positions["barcode"][positions["in_tissue"] == 1])
    rows = [raw_barcodes.index(name) for name in barcodes]
    assert (raw[rows] != filtered).nnz == 0
    outside = raw[[i for i, name in enumerate(raw_barcodes) if name not in set(barcodes)]]
    assert 5 < outside.sum(axis=1).mean() < 30


def test_counts_follow_the_molecules_under_the_spots(outs, positions, section, frame):
    counts, barcodes, genes = read_matrix(outs / "filtered_feature_bc_matrix.h5")
    spots = positions.set_index("barcode").loc[barcodes]
    centre = frame.to_tissue(spots[["pxl_col_in_fullres", "pxl_row_in_fullres"]])
    near = np.array([np.hypot(*(section.molecules.xy - point).T) < 27.5 for point in centre])
    assert genes == list(section.panel.features)
    total = np.asarray(counts.sum(axis=1)).ravel()
    assert np.corrcoef(total, near.sum(axis=1))[0, 1] > 0.98
    assert total.sum() == pytest.approx(near.sum() + 12 * len(total), rel=0.05)
    gene = genes.index("ERBB2")
    expected = (near & (section.molecules.feature == gene)).sum(axis=1)
    assert np.corrcoef(counts[:, gene].toarray().ravel(), expected)[0, 1] > 0.95


def test_h5_is_laid_out_like_the_vendors(outs, sample_data):
    real = sample_data / "visium/v2_CytAssist_CoexpressDeconvolve/outs/filtered_feature_bc_matrix.h5"

    def layout(file):
        found = {}
        file.visititems(
            lambda name, item: found.update(
                {name: (item.dtype.kind, item.dtype.kind != "S" and item.dtype, item.compression)}
                if isinstance(item, h5py.Dataset)
                else {}
            )
        )
        return {name: facts for name, facts in found.items() if "target_sets" not in name}

    with h5py.File(real) as theirs, h5py.File(outs / "filtered_feature_bc_matrix.h5") as ours:
        assert layout(ours) == layout(theirs)
        assert set(ours.attrs) == set(theirs.attrs)
        for name, value in theirs.attrs.items():
            assert type(ours.attrs[name]) is type(value)


def test_images_and_scale_factors(outs, frame):
    factors = json.loads((outs / "spatial" / "scalefactors_json.json").read_text())
    assert factors["spot_diameter_fullres"] == pytest.approx(55 / 0.7)
    with tifffile.TiffFile(outs / "tissue_image.ome.tif") as file:
        series = file.series[0]
        assert series.axes == "YXS"
        assert series.shape == (*frame.shape, 3)
        assert [level.shape[0] for level in series.levels][:2] == [frame.shape[0], frame.shape[0] // 2]
        assert file.pages[0].is_tiled
        assert 'PhysicalSizeX="0.7"' in file.ome_metadata
        full = series.asarray()
    for name in ("hires", "lowres"):
        image = iio.imread(outs / "spatial" / f"tissue_{name}_image.png")
        factor = factors[f"tissue_{name}_scalef"]
        assert image.shape == (round(frame.shape[0] * factor), round(frame.shape[1] * factor), 3)
        assert image.mean() == pytest.approx(full.mean(), abs=2)
    assert max(iio.imread(outs / "spatial" / "tissue_lowres_image.png").shape) == 600


def test_the_image_shows_pink_tissue_purple_nuclei_and_white_glass(outs, section, frame):
    image = tifffile.imread(outs / "tissue_image.ome.tif").astype(int)
    rows, columns = frame.shape
    y, x = np.mgrid[:rows, :columns] + 0.5
    xy = frame.to_tissue(np.stack([x, y], axis=-1))
    glass = ~shapely.contains_xy(section.tissue.outline.buffer(5), xy[..., 0], xy[..., 1])
    assert image[glass].min(axis=0).mean() > 220
    nuclei = frame.to_px(section.cells.centre[section.cells.has_nucleus]).astype(int)
    nuclei = nuclei[(nuclei >= 0).all(axis=1) & (nuclei[:, 0] < columns) & (nuclei[:, 1] < rows)]
    red, green, blue = image[nuclei[:, 1], nuclei[:, 0]].mean(axis=0)
    assert green < red < blue < 180
    stroma = next(region.polygon for region in section.tissue.regions if region.kind == "Stroma")
    red, green, blue = image[shapely.contains_xy(stroma, xy[..., 0], xy[..., 1])].mean(axis=0)
    assert green < blue < red


def test_version_1_has_a_headerless_list_of_whole_pixels(section, frame, tmp_path, sample_data):
    outs = write_visium(section, tmp_path / "outs", frame, version=1)
    ours = pd.read_csv(outs / "spatial" / "tissue_positions_list.csv", header=None)
    theirs = pd.read_csv(
        sample_data / "visium/v1_spatial_only_spatial_gradients/outs/spatial/tissue_positions_list.csv", header=None
    )
    assert ours.dtypes.tolist() == theirs.dtypes.tolist()
    assert ours[[2, 3]].equals(theirs[[2, 3]])
    with h5py.File(outs / "filtered_feature_bc_matrix.h5") as file:
        assert file.attrs["software_version"].startswith("spaceranger-1.")


def test_bad_requests_leave_nothing(section, frame, tmp_path):
    far = Frame(crop=(9000.0, 9000.0, 9100.0, 9100.0), pixel_size=1.0)
    with pytest.raises(ValueError, match="No spot lies on tissue"):
        write_visium(section, tmp_path / "outs", far)
    with pytest.raises(ValueError, match="there are 1 and 2"):
        write_visium(section, tmp_path / "outs", frame, version=3)
    with pytest.raises(ValueError, match="above 0 and at most 1"):
        write_visium(section, tmp_path / "outs", frame, efficiency=2)
    assert list(tmp_path.iterdir()) == []
