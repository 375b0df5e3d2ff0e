from __future__ import annotations

import numpy as np
import pytest
import shapely

from spatialdata_io.simulate import CELL_TYPE_NAMES, simulate_tissue
from spatialdata_io.simulate.cells import area, centroid
from spatialdata_io.simulate.celltype import CELL_TYPES


@pytest.fixture(scope="module")
def tissue():
    return simulate_tissue("tiny", seed=3)


@pytest.fixture(scope="module")
def section(tissue):
    return tissue.section(0)


def test_regions_are_disjoint_and_make_up_the_outline(tissue):
    areas = shapely.area([region.polygon for region in tissue.regions])
    together = shapely.union_all([region.polygon for region in tissue.regions])
    assert areas.sum() == pytest.approx(together.area, rel=1e-9)
    assert together.symmetric_difference(tissue.outline).area < 1e-6 * tissue.outline.area
    assert len({region.name for region in tissue.regions}) == len(tissue.regions)


def test_subclones_are_the_tumour(tissue):
    tumour = [r.polygon for r in tissue.regions if r.kind in CELL_TYPE_NAMES[:3]]
    clones = [clone.polygon for clone in tissue.clones]
    assert [clone.name for clone in tissue.clones] == ["Clone A", "Clone B", "Clone C", "Clone D"]
    assert shapely.area(clones).sum() == pytest.approx(shapely.area(tumour).sum(), rel=1e-9)


def test_cells_do_not_overlap(section):
    polygons = shapely.polygons(section.cells.boundary)
    assert shapely.is_valid(polygons).all()
    assert shapely.union_all(polygons).area == pytest.approx(shapely.area(polygons).sum(), rel=1e-9)
    assert shapely.contains(section.tissue.outline, polygons).all()
    np.testing.assert_allclose(area(section.cells.boundary), shapely.area(polygons))
    np.testing.assert_allclose(
        centroid(section.cells.boundary), shapely.get_coordinates(shapely.centroid(polygons)), rtol=1e-9
    )


def test_nuclei_lie_in_their_cells(section):
    cells, nuclei = (shapely.polygons(p) for p in (section.cells.boundary, section.cells.nucleus))
    assert shapely.covers(cells, nuclei).all()
    assert 0.9 < section.cells.has_nucleus.mean() < 1


def test_all_nine_types_live_where_they_should():
    tissue = simulate_tissue(2000, seed=0)
    cells = tissue.section(0).cells
    assert set(cells.cell_type) == set(range(9))
    kinds = np.array([region.kind for region in tissue.regions])[cells.region]
    names = np.array(CELL_TYPE_NAMES)[cells.cell_type]
    assert (names[kinds == "DCIS 1"] == "DCIS 1").mean() > 0.4
    assert (names[kinds == "DCIS 2"] == "DCIS 1").mean() < 0.05
    assert np.isin(names[kinds == "Immune aggregate"], ["T cell", "B cell"]).mean() > 0.6
    assert (cells.clone[cells.cell_type > 2] == 0).all()


def test_molecules_of_a_nucleus_lie_in_it(section):
    molecules = section.molecules
    inside = np.flatnonzero(molecules.in_nucleus)[::7]
    nuclei = shapely.polygons(section.cells.nucleus)[molecules.origin[inside]]
    assert shapely.covers(nuclei.tolist(), shapely.points(molecules.xy[inside].astype(float)).tolist()).all()


def test_molecules_mostly_lie_in_the_cell_that_made_them(section):
    molecules = section.molecules
    made = np.flatnonzero(molecules.origin >= 0)[::5]
    cells = shapely.polygons(section.cells.boundary)[molecules.origin[made]]
    at_home = shapely.covers(cells, shapely.points(molecules.xy[made].astype(float)))
    assert 0.95 < at_home.mean() < 1


def test_location_agrees_with_shapely(section):
    rng = np.random.default_rng(0)
    xy = rng.uniform(0, 1, (4000, 2)) * (section.tissue.width, section.tissue.height)
    cell, in_nucleus = section.cells.locate(xy)
    tree = shapely.STRtree(shapely.polygons(section.cells.boundary))
    point, found = tree.query(shapely.points(xy), predicate="within")
    expected = np.full(len(xy), -1)
    expected[point] = found
    np.testing.assert_array_equal(cell, expected)
    nuclei = shapely.polygons(section.cells.nucleus)[found]
    shown = shapely.contains(nuclei, shapely.points(xy[point])) & section.cells.has_nucleus[found]
    np.testing.assert_array_equal(np.flatnonzero(in_nucleus), point[shown])


def test_markers_mark_their_type(section):
    features = np.array(section.panel.features)
    of_type = np.array(CELL_TYPE_NAMES)[section.cells.cell_type]
    molecules = section.molecules
    owner = np.where(molecules.origin >= 0, of_type[molecules.origin], "")
    for cell_type in CELL_TYPES[:3]:
        marks = np.isin(features[molecules.feature], cell_type.markers)
        assert marks[owner == cell_type.name].mean() > 3 * marks[owner == "Stromal"].mean()


def test_controls_are_rare_and_in_the_panel(section):
    kinds = np.array(section.panel.feature_types)
    assert set(kinds) == {
        "Gene Expression",
        "Negative Control Probe",
        "Negative Control Codeword",
        "Unassigned Codeword",
    }
    assert (kinds[section.molecules.feature] != "Gene Expression").mean() < 0.01


def test_the_same_seed_gives_the_same_section_and_another_seed_a_similar_one(tissue, section):
    again = simulate_tissue("tiny", seed=3).section(0)
    np.testing.assert_array_equal(again.cells.boundary, section.cells.boundary)
    np.testing.assert_array_equal(again.molecules.xy, section.molecules.xy)
    np.testing.assert_array_equal(again.molecules.qv, section.molecules.qv)
    other = tissue.section(1)
    assert not np.array_equal(other.cells.centre, section.cells.centre)
    genes = section.panel.is_gene
    counts = [np.bincount(s.molecules.feature, minlength=len(genes))[genes] for s in (section, other)]
    assert np.corrcoef(np.log1p(counts))[0, 1] > 0.95


def test_the_transcriptome_holds_the_genes_of_the_panel(tissue):
    genes = np.array(tissue.panel.features)[tissue.panel.is_gene]
    assert set(genes) < set(tissue.transcriptome.features)
    assert tissue.transcriptome.is_gene.all()


@pytest.mark.parametrize("size", [300, 1200])
def test_sizes_are_about_what_was_asked(size):
    assert len(simulate_tissue(size, seed=1).section(0).cells) == pytest.approx(size, rel=0.35)


@pytest.mark.parametrize("size", ["huge", 10, -1, True, 3.5])
def test_unknown_sizes(size):
    with pytest.raises(ValueError, match=r"'tiny' .* 'small' .* 'large'"):
        simulate_tissue(size)


def test_too_few_vertices(tissue):
    with pytest.raises(ValueError, match="at least 8 vertices"):
        tissue.section(0, n_vertices=3)
