"""The breast-cancer study, checked against the files of the instruments and the truth of the simulation.

The checks read the files with pandas, json and h5py and compute with shapely and numpy only.
"""

from __future__ import annotations

import json
import re
from html.parser import HTMLParser

import geopandas as gpd
import numpy as np
import pandas as pd
import pytest
import shapely

from spatialdata import get_element_annotators, read_zarr
from spatialdata.errors import UnknownCoordinateSystemError
from spatialdata.studies.breast_cancer import (
    compare_regions,
    find_common_area,
    label_spots,
    spot_counts,
    spot_fractions,
    spots_within,
    transfer_subclones,
)
from spatialdata.studies.breast_cancer.alignment import place_slides
from spatialdata.studies.breast_cancer.fractions import shares
from spatialdata.studies.breast_cancer.truth import StudyTruth
from spatialdata.transformations import get_transformation

REPLICATES = ("xenium_rep1", "xenium_rep2")
QUARTER_SEGMENTS = 4096


def moved(matrix, xy):
    return np.asarray(xy, dtype=float) @ matrix[:2, :2].T + matrix[:2, 2]


class Oracle:
    """What the files say, in micrometres of the tissue."""

    def __init__(self, folder):
        self.folder = folder
        frames = json.loads((folder / "truth/frames.json").read_text(encoding="utf-8"))
        self.frames = {
            slide: {key: np.array(value) for key, value in facts.items() if key.endswith(("_um", "_px"))}
            for slide, facts in frames.items()
        }

    def to_tissue(self, slide, xy, unit):
        return moved(np.linalg.inv(self.frames[slide][f"tissue_to_{unit}"]), xy)

    def cells(self, replicate):
        outlines = pd.read_parquet(self.folder / replicate / "cell_boundaries.parquet")
        ids = outlines["cell_id"].map(lambda value: value.decode() if isinstance(value, bytes) else str(value))
        xy = self.to_tissue(replicate, outlines[["vertex_x", "vertex_y"]], "um")
        polygons = {name: shapely.Polygon(xy[rows]) for name, rows in outlines.groupby(ids).indices.items()}
        types = pd.read_parquet(self.folder / f"truth/cell_types_{replicate}.parquet").set_index("cell_id")
        return gpd.GeoDataFrame(types.reindex(list(polygons)), geometry=list(polygons.values()))

    def spots(self, barcodes):
        spatial = self.folder / "visium/spatial"
        positions = pd.read_csv(spatial / "tissue_positions.csv").set_index("barcode").loc[barcodes]
        factors = json.loads((spatial / "scalefactors_json.json").read_text(encoding="utf-8"))
        xy = self.to_tissue("visium", positions[["pxl_col_in_fullres", "pxl_row_in_fullres"]], "px")
        scale = np.sqrt(np.linalg.det(self.frames["visium"]["tissue_to_px"][:2, :2]))
        return xy, factors["spot_diameter_fullres"] / 2 / scale


@pytest.fixture(scope="module")
def oracle(study_output):
    return Oracle(study_output / "simulated")


@pytest.fixture(scope="module")
def truly_placed(study_output):
    """The slides in the coordinate system that the truth gives them; nothing is written to the store."""
    sdata = read_zarr(study_output / "study.zarr")
    sdata.path = None
    place_slides(sdata, StudyTruth(study_output / "simulated/truth").matrices, "truth")
    return sdata


@pytest.fixture(scope="module")
def spots(truly_placed):
    return spots_within(truly_placed, find_common_area(truly_placed, "truth"), "truth")


@pytest.fixture(scope="module")
def circles(truly_placed, spots, oracle):
    """Centres and radius of the spots in micrometres of the tissue."""
    table = truly_placed.tables["visium_table"]
    barcodes = table.obs_names.to_series().set_axis(table.obs["spot_id"]).loc[spots.index]
    return oracle.spots(barcodes)


def test_the_promises_are_kept(study_output):
    document = json.loads((study_output / "results.json").read_text(encoding="utf-8"))
    assert set(document["promises"]) == {
        "alignment.error_xenium_rep2",
        "alignment.error_visium",
        "fractions.error_true_alignment",
    }
    assert all(promise["kept"] for promise in document["promises"].values())
    assert document["parameters"]["size"] == "tiny"
    assert 0.5 < document["results"]["fractions"]["pearson_median"] <= 1
    assert 0.9 < document["results"]["genes"]["pearson_totals_xenium_rep2"] <= 1


@pytest.mark.parametrize("slide", ["xenium_rep2", "visium"])
def test_the_recovered_alignment_is_within_half_a_micrometre(study_output, oracle, slide):
    sdata = read_zarr(study_output / "study.zarr")
    image = "visium_full_image" if slide == "visium" else f"{slide}_morphology_focus"
    found = get_transformation(sdata.images[image], "aligned").to_affine_matrix(("x", "y"), ("x", "y"))
    regions = gpd.read_parquet(study_output / "simulated/truth/regions.parquet")
    tissue = shapely.get_coordinates(regions.geometry.to_numpy())
    recovered = moved(found, moved(oracle.frames[slide]["tissue_to_px"], tissue))
    error = np.hypot(*(recovered - moved(oracle.frames["xenium_rep1"]["tissue_to_um"], tissue)).T).max()
    assert error < 0.5
    results = json.loads((study_output / "results.json").read_text(encoding="utf-8"))
    assert error <= results["results"]["alignment"][f"error_{slide}"] + 1e-9


@pytest.mark.parametrize("replicate", REPLICATES)
def test_spot_fractions_are_the_true_ones_when_the_alignment_is(truly_placed, spots, circles, oracle, replicate):
    found = shares(spot_fractions(truly_placed, replicate, spots, "truth"))
    cells = oracle.cells(replicate)
    centres, radius = circles
    expected = pd.DataFrame(0.0, index=spots.index, columns=sorted(cells["cell_type"].unique()))
    for spot, centre in zip(spots.index, centres, strict=True):
        disc = shapely.Point(centre).buffer(radius, quad_segs=QUARTER_SEGMENTS)
        near = cells[shapely.intersects(cells.geometry.to_numpy(), disc)]
        part = shapely.area(shapely.intersection(near.geometry.to_numpy(), disc)) / near.area
        expected.loc[spot] = part.groupby(near["cell_type"]).sum().reindex(expected.columns, fill_value=0.0)
    expected = expected.div(expected.sum(axis=1), axis=0)
    assert len(found) >= 5
    np.testing.assert_allclose(found[expected.columns], expected, rtol=0, atol=1e-6)
    assert (found.drop(columns=expected.columns) == 0).all(axis=None)


def test_transcripts_in_spots_are_counted_by_distance(truly_placed, spots, circles, oracle):
    found = spot_counts(truly_placed, "xenium_rep2", spots, "truth")
    molecules = pd.read_parquet(oracle.folder / "xenium_rep2/transcripts.parquet").query("qv >= 20")
    genes = molecules["feature_name"].map(lambda value: value.decode() if isinstance(value, bytes) else str(value))
    xy = oracle.to_tissue("xenium_rep2", molecules[["x_location", "y_location"]], "um")
    centres, radius = circles
    for spot, centre in zip(spots.index, centres, strict=True):
        distance = np.hypot(*(xy - centre).T)
        assert np.abs(distance - radius).min() > 1e-9
        expected = genes[distance < radius].value_counts()
        row = found.loc[spot]
        pd.testing.assert_series_equal(
            row[row > 0].sort_index(),
            expected[expected.index.isin(found.columns)].sort_index(),
            check_names=False,
            check_dtype=False,
            check_index_type=False,
        )


def test_regions_are_cut_to_the_common_area(study_output, oracle):
    sdata = read_zarr(study_output / "study.zarr")
    area = find_common_area(sdata)
    found = compare_regions(sdata, area).amounts["xenium_rep1"]
    to_aligned = oracle.frames["xenium_rep1"]["tissue_to_um"]
    regions = gpd.read_parquet(study_output / "simulated/truth/regions.parquet").set_index("name").geometry
    cells = oracle.cells("xenium_rep1")
    cells = cells.set_geometry(shapely.transform(cells.geometry.to_numpy(), lambda xy: moved(to_aligned, xy)))
    name = "Invasive tumour"
    region = shapely.intersection(shapely.transform(regions[name], lambda xy: moved(to_aligned, xy)), area)
    part = shapely.area(shapely.intersection(cells.geometry.to_numpy(), region)) / cells.area
    expected = part.groupby(cells["cell_type"]).sum().reindex(found.columns, fill_value=0.0)
    np.testing.assert_allclose(found.loc[name], expected, atol=1e-6)


def test_subclones_go_to_the_cells_that_overlap_most(truly_placed, spots, circles, oracle):
    truth = gpd.read_parquet(oracle.folder / "truth/subclones.parquet").set_index("name").geometry
    sdata = truly_placed
    centres, radius = circles
    discs = [shapely.Point(centre).buffer(radius, quad_segs=256) for centre in centres]
    covered = pd.DataFrame(
        {name: [disc.intersection(outline).area / disc.area for disc in discs] for name, outline in truth.items()},
        index=spots.index,
    )
    areas = sdata.shapes["subclones"].copy()
    labels = label_spots(spots, areas, "aligned")
    clear = (covered.max(axis=1) - 0.5).abs() > 0.02
    expected = covered.idxmax(axis=1).where(covered.max(axis=1) >= 0.5, "none")
    assert (labels[clear] == expected[clear]).all()

    found = transfer_subclones(sdata, "xenium_rep1", spots, labels, "truth")
    cells = oracle.cells("xenium_rep1").geometry
    shared = [shapely.area(shapely.intersection(cells.to_numpy(), disc)) for disc in discs]
    overlap = pd.DataFrame(dict(zip(spots.index, shared, strict=True)), index=cells.index)
    by_label = overlap.T.groupby(labels).sum().T
    under = by_label[by_label.sum(axis=1) > 1e-3]
    assert set(under.index) <= set(found.index)
    pd.testing.assert_series_equal(
        found[under.index], under.idxmax(axis=1), check_names=False, check_index_type=False, check_dtype=False
    )


def test_the_store_holds_slides_and_findings(study_output):
    sdata = read_zarr(study_output / "study.zarr")
    assert {"visium_spots", "regions", "subclones", "common_area"} <= set(sdata.shapes)
    assert {"aligned", "xenium_rep1", "xenium_rep2", "visium"} <= set(sdata.coordinate_systems)
    for _, name, element in sdata.gen_spatial_elements():
        assert "aligned" in get_transformation(element, get_all=True), name
    for replicate in REPLICATES:
        assert sdata.tables[f"{replicate}_table"].obs["cell_type"].dtype == "category"
        assert f"{replicate}_table" in get_element_annotators(sdata, f"{replicate}_cell_boundaries")
        fractions = sdata.tables[f"visium_cell_types_{replicate}"]
        total = np.asarray(fractions.X).sum(axis=1)
        np.testing.assert_allclose(total[np.isfinite(total)], 1.0)
    assert set(get_element_annotators(sdata, "visium_spots")) == {
        "visium_table",
        "visium_subclones",
        *(f"visium_{what}_{replicate}" for what in ("cell_types", "transcripts") for replicate in REPLICATES),
    }


def test_nothing_is_left_beside_the_output(study_output):
    assert [path.name for path in study_output.parent.iterdir()] == ["output"]
    assert {path.name for path in study_output.iterdir()} == {
        "study.zarr",
        "simulated",
        "figures",
        "report.html",
        "results.json",
    }


def test_there_are_eight_figures_with_something_on_them(study_output):
    import matplotlib.image

    figures = sorted((study_output / "figures").glob("*.png"))
    assert [figure.name[0] for figure in figures] == list("12345678")
    for figure in figures:
        pixels = matplotlib.image.imread(figure)
        assert min(pixels.shape[:2]) > 400
        assert (pixels[..., :3].min(axis=2) < 0.9).mean() > 0.02


class Page(HTMLParser):
    """Collects what a page refers to."""

    def __init__(self, text):
        super().__init__()
        self.images, self.references, self.ids = [], [], []
        self.feed(text)

    def handle_starttag(self, tag, attrs):
        values = dict(attrs)
        if tag == "img":
            self.images.append(values)
        self.references += [values[key] for key in ("src", "href") if key in values]
        if "id" in values:
            self.ids.append(values["id"])
        assert tag not in ("script", "link", "iframe")


def test_the_report_needs_nothing_else(study_output):
    text = (study_output / "report.html").read_text(encoding="utf-8")
    page = Page(text)
    assert len(page.images) == 8
    assert all(image["src"].startswith("data:image/png;base64,") and len(image["alt"]) > 40 for image in page.images)
    assert all(reference.startswith(("data:", "#")) for reference in page.references)
    assert {reference[1:] for reference in page.references if reference.startswith("#")} <= set(page.ids)
    assert 'lang="en"' in text
    assert "url(" not in text
    assert not re.search(r"\bnan\b", re.sub(r"base64,[^\"]*", "", text))


def test_an_unknown_coordinate_system_is_named(study_output):
    sdata = read_zarr(study_output / "study.zarr")
    with pytest.raises(UnknownCoordinateSystemError, match=r"nowhere[\s\S]*aligned"):
        spot_fractions(sdata, "xenium_rep1", system="nowhere")
