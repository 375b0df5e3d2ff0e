"""Shapes: geometry checked against shapely, colors against the table."""

from __future__ import annotations

import geopandas as gpd
import matplotlib as mpl
import numpy as np
import pytest
import shapely
from matplotlib.colors import Normalize, to_rgb
from shapely.affinity import affine_transform

from spatialdata import SpatialData
from spatialdata.models import ShapesModel

from .conftest import GENES, MATRICES, TYPES, everywhere, place

COLORS = {"T": "#ff0000", "B": "#00ff00", "Tumor": "#0000ff"}
BLUE = np.array([0.0, 0, 1])


def moved(geometry, system: str):
    """A geometry in a coordinate system, by shapely."""
    matrix = MATRICES[system]
    return affine_transform(geometry, [*matrix[:2, :2].ravel(), *matrix[:2, 2]])


def assert_covers(drawn, shape, color, clearance: float, count: int = 400) -> None:
    """Random places are colored inside the shape and white outside, as far as they keep clear of its border."""
    rng = np.random.default_rng(1)
    (x0, x1), (y1, y0) = drawn.ax.get_xlim(), drawn.ax.get_ylim()
    seen = {True: 0, False: 0}
    for x, y in rng.uniform((x0, y0), (x1, y1), (count, 2)):
        if shapely.distance(shape.boundary, shapely.Point(x, y)) < clearance:
            continue
        inside = bool(shapely.contains_xy(shape, x, y))
        seen[inside] += 1
        np.testing.assert_allclose(drawn.at(x, y), color if inside else 1, atol=0.01)
    assert min(seen.values()) > 10


@pytest.mark.parametrize("system", MATRICES)
@pytest.mark.parametrize("method", ["matplotlib", "datashader"])
def test_polygons_with_holes_cover_what_shapely_says(unchanged, canvas, system, method) -> None:
    ax = unchanged.pl.render_shapes("holes", color="blue", method=method).pl.show(system, return_ax=True)
    shape = moved(shapely.union_all(unchanged.shapes["holes"].geometry.to_numpy()), system)
    assert_covers(canvas(ax), shape, BLUE, clearance=0.2 if system != "scaled" else 0.1)


@pytest.mark.parametrize("reverse_shell", [True, False])
@pytest.mark.parametrize("reverse_hole", [True, False])
def test_holes_stay_empty_whichever_way_rings_run(canvas, reverse_shell, reverse_hole) -> None:
    shell = [(0, 0), (10, 0), (10, 10), (0, 10)][:: -1 if reverse_shell else 1]
    hole = [(3, 3), (7, 3), (7, 7), (3, 7)][:: -1 if reverse_hole else 1]
    frame = gpd.GeoDataFrame({"geometry": [shapely.Polygon(shell, [hole])]})
    sdata = SpatialData(shapes={"ring": ShapesModel.parse(frame)})
    drawn = canvas(sdata.pl.render_shapes("ring", color="blue").pl.show(return_ax=True))
    np.testing.assert_array_equal(drawn.at(5, 5), [1, 1, 1])
    np.testing.assert_array_equal(drawn.at(1.5, 1.5), BLUE)


@pytest.mark.parametrize("system", MATRICES)
def test_circles_are_exact_under_every_affine(unchanged, canvas, system) -> None:
    ax = unchanged.pl.render_shapes("circles", color="blue").pl.show(system, return_ax=True)
    frame = unchanged.shapes["circles"]
    discs = [point.buffer(radius, quad_segs=64) for point, radius in zip(frame.geometry, frame.radius, strict=True)]
    shape = moved(shapely.union_all(discs), system)
    assert_covers(canvas(ax), shape, BLUE, clearance=0.15 if system != "scaled" else 0.08)
    (x0, x1), (y1, y0) = ax.get_xlim(), ax.get_ylim()
    np.testing.assert_allclose((x0, y0, x1, y1), shape.bounds, atol=0.01)


@pytest.mark.parametrize("scale", [0.5, 1.5])
def test_scale_resizes_about_the_centroid(sdata, canvas, scale) -> None:
    ax = sdata.pl.render_shapes("squares", color="blue", scale=scale).pl.show("global", return_ax=True)
    shapes = [
        shapely.affinity.scale(square, scale, scale, origin="centroid") for square in sdata.shapes["squares"].geometry
    ]
    assert_covers(canvas(ax), shapely.union_all(shapes), BLUE, clearance=0.15)


def test_shape_converts_geometries(sdata, canvas) -> None:
    ax = sdata.pl.render_shapes("squares", color="blue", shape="circle").pl.show("global", return_ax=True)
    discs = [square.centroid.buffer(np.hypot(2.5, 2.5), quad_segs=64) for square in sdata.shapes["squares"].geometry]
    assert_covers(canvas(ax), shapely.union_all(discs), BLUE, clearance=0.15)

    ax = sdata.pl.render_shapes("circles", color="blue", shape="square").pl.show("global", return_ax=True)
    frame = sdata.shapes["circles"]
    boxes = [
        shapely.box(p.x - r / np.sqrt(2), p.y - r / np.sqrt(2), p.x + r / np.sqrt(2), p.y + r / np.sqrt(2))
        for p, r in zip(frame.geometry, frame.radius, strict=True)
    ]
    assert_covers(canvas(ax), shapely.union_all(boxes), BLUE, clearance=0.15)

    ax = sdata.pl.render_shapes("circles", color="blue", shape="hex").pl.show("global", return_ax=True)
    angles = np.deg2rad(30 + 60 * np.arange(6))
    hexes = [
        shapely.Polygon(np.column_stack([p.x + r * np.cos(angles), p.y + r * np.sin(angles)]))
        for p, r in zip(frame.geometry, frame.radius, strict=True)
    ]
    assert_covers(canvas(ax), shapely.union_all(hexes), BLUE, clearance=0.15)


def test_visium_hexagons_tile_a_hexagonal_grid(canvas) -> None:
    centres = [(x + 0.5 * (row % 2), row * np.sqrt(3) / 2) for row in range(6) for x in range(6)]
    frame = gpd.GeoDataFrame({"geometry": gpd.points_from_xy(*np.transpose(centres)), "radius": 0.2})
    sdata = SpatialData(shapes={"spots": ShapesModel.parse(frame)})
    drawn = canvas(sdata.pl.render_shapes("spots", color="blue", shape="visium_hex").pl.show(return_ax=True))
    rng = np.random.default_rng(0)
    for x, y in rng.uniform((1, 1), (4.5, 3.3), (200, 2)):
        assert drawn.at(x, y)[2] > 0.95
        assert drawn.at(x, y)[0] < 0.7


@pytest.mark.parametrize("system", ["global", "rotated"])
@pytest.mark.parametrize("method", ["matplotlib", "datashader"])
def test_categories_of_the_table(unchanged, canvas, system, method) -> None:
    ax = unchanged.pl.render_shapes("squares", color="cell_type", palette=COLORS, method=method).pl.show(
        system, return_ax=True
    )
    drawn = canvas(ax)
    for square, kind in zip(unchanged.shapes["squares"].geometry, TYPES, strict=True):
        centre = moved(square, system).centroid
        np.testing.assert_array_equal(drawn.at(centre.x, centre.y), to_rgb(COLORS[kind]))


def test_a_gene_of_the_table(unchanged, canvas) -> None:
    ax = unchanged.pl.render_shapes("squares", color="ENSG1", cmap="cividis", norm=Normalize(0, 8)).pl.show(
        "scaled", return_ax=True
    )
    drawn = canvas(ax)
    for square, value in zip(unchanged.shapes["squares"].geometry, GENES[:, 0], strict=True):
        centre = moved(square, "scaled").centroid
        wanted = mpl.colormaps["cividis"](value / 8)[:3]
        np.testing.assert_allclose(drawn.at(centre.x, centre.y), wanted, atol=1 / 255)


def test_a_gene_by_its_symbol(sdata, canvas) -> None:
    shown = [
        canvas(sdata.pl.render_shapes("squares", **color).pl.show("global", return_ax=True)).pixels
        for color in ({"color": "Epcam", "gene_symbols": "symbol"}, {"color": "ENSG1"})
    ]
    middle = [pixels[100:400, 50:450] for pixels in shown]
    np.testing.assert_array_equal(*middle)


def test_rows_are_matched_by_instance_not_by_order(sdata, canvas) -> None:
    table = sdata.tables["table"]
    sdata.tables["table"] = table[[2, 0, 3, 1]].copy()
    drawn = canvas(
        sdata.pl.render_shapes("squares", color="cell_type", palette=COLORS).pl.show("global", return_ax=True)
    )
    for square, kind in zip(sdata.shapes["squares"].geometry, TYPES, strict=True):
        np.testing.assert_array_equal(drawn.at(square.centroid.x, square.centroid.y), to_rgb(COLORS[kind]))


def test_shapes_without_a_value_are_drawn_in_na_color_and_counted(sdata, canvas, said) -> None:
    table = sdata.tables["table"][:3].copy()
    table.obs.loc[table.obs_names[1], "score"] = np.nan
    sdata.tables["table"] = table
    ax = sdata.pl.render_shapes("squares", color="score", na_color="#102030").pl.show("global", return_ax=True)
    drawn = canvas(ax)
    centres = [square.centroid for square in sdata.shapes["squares"].geometry]
    for number in (1, 3):
        np.testing.assert_allclose(drawn.at(centres[number].x, centres[number].y), to_rgb("#102030"), atol=1e-6)
    assert "2 of 4 instances have no value" in said()


def test_groups_hide_the_others_or_draw_them_in_na_color(sdata, canvas) -> None:
    centres = [square.centroid for square in sdata.shapes["squares"].geometry]
    hidden = canvas(
        sdata.pl.render_shapes("squares", color="cell_type", groups="T", palette=["red"]).pl.show(
            "global", return_ax=True
        )
    )
    gray = canvas(
        sdata.pl.render_shapes("squares", color="cell_type", groups=["T"], palette="red", na_color="#404040").pl.show(
            "global", return_ax=True
        )
    )
    for centre, kind in zip(centres, TYPES, strict=True):
        np.testing.assert_allclose(hidden.at(centre.x, centre.y), (1, 0, 0) if kind == "T" else (1, 1, 1))
        np.testing.assert_allclose(gray.at(centre.x, centre.y), (1, 0, 0) if kind == "T" else to_rgb("#404040"))


def test_outline_follows_the_border(sdata, canvas) -> None:
    ax = sdata.pl.render_shapes(
        "squares", color="white", outline_color="blue", outline_width=6, outline_alpha=1
    ).pl.show("global", return_ax=True, pad_extent=1)
    drawn = canvas(ax)
    np.testing.assert_array_equal(drawn.at(2, 4.5), BLUE)
    np.testing.assert_array_equal(drawn.at(4.5, 4.5), [1, 1, 1])


def test_outline_by_column_has_its_own_legend(sdata, canvas) -> None:
    ax = sdata.pl.render_shapes(
        "squares", color="kind", outline_color="cell_type", outline_width=6, palette=None
    ).pl.show("global", return_ax=True)
    titles = [artist.get_title().get_text() for artist in ax.artists if hasattr(artist, "get_texts")]
    assert titles == ["kind", "cell_type"]


def test_two_outlines(sdata, canvas) -> None:
    ax = sdata.pl.render_shapes("squares", color="white", outline_width=(12, 4), outline_color=("blue", "red")).pl.show(
        "global", return_ax=True, pad_extent=2
    )
    drawn = canvas(ax)
    point = ax.transData.inverted().transform(ax.transData.transform((2, 4.5)) - (4 * 100 / 72, 0))
    np.testing.assert_array_equal(drawn.at(2, 4.5), [1, 0, 0])
    np.testing.assert_array_equal(drawn.at(*point), BLUE)


def test_fill_alpha_wins_over_the_alpha_of_the_color(sdata, canvas) -> None:
    for alpha, wanted in ((None, 0.75), (1.0, 0.0)):
        color = (0, 0, 1, 0.25)
        drawn = canvas(
            sdata.pl.render_shapes("squares", color=color, fill_alpha=alpha).pl.show("global", return_ax=True)
        )
        np.testing.assert_allclose(drawn.at(4.5, 4.5), [wanted, wanted, 1], atol=0.01)


@pytest.mark.parametrize(("reduction", "wanted"), [("max", 3), ("min", 1), ("mean", 2), ("sum", 4), ("count", 2)])
def test_reductions_of_overlapping_shapes(canvas, reduction, wanted) -> None:
    frame = gpd.GeoDataFrame(
        {
            "geometry": [shapely.box(0, 0, 6, 6), shapely.box(3, 3, 9, 9), shapely.box(10, 0, 12, 2)],
            "n": [1.0, 3.0, 0.0],
        }
    )
    sdata = SpatialData(shapes={"boxes": ShapesModel.parse(frame)})
    norm = Normalize(0, 5)
    ax = sdata.pl.render_shapes(
        "boxes", color="n", cmap="gray", norm=norm, method="datashader", datashader_reduction=reduction
    ).pl.show(return_ax=True)
    np.testing.assert_allclose(canvas(ax).at(4.5, 4.5), [wanted / 5] * 3, atol=0.01)


def test_as_points(sdata, canvas) -> None:
    ax = sdata.pl.render_shapes("squares", color="cell_type", palette=COLORS, as_points=True, size=50).pl.show(
        "sheared", return_ax=True
    )
    drawn = canvas(ax)
    for square, kind in zip(sdata.shapes["squares"].geometry, TYPES, strict=True):
        x, y = place("sheared", (square.centroid.x, square.centroid.y))[0]
        np.testing.assert_array_equal(drawn.at(x, y), to_rgb(COLORS[kind]))


def test_empty_geometries_are_counted(said, canvas) -> None:
    frame = gpd.GeoDataFrame({"geometry": [shapely.box(0, 0, 5, 5), shapely.Polygon()]})
    sdata = SpatialData(shapes={"boxes": ShapesModel.parse(frame, transformations=everywhere())})
    drawn = canvas(sdata.pl.render_shapes("boxes", color="blue").pl.show("global", return_ax=True))
    np.testing.assert_array_equal(drawn.at(2, 2), BLUE)
    assert "1 of 2 geometries of 'boxes' are empty" in said()


@pytest.mark.parametrize(
    ("kwargs", "error", "message"),
    [
        ({"color": "cel_type"}, KeyError, r"'kind', 'cell_type'|Did you mean 'cell_type'"),
        ({"color": "kind", "table_name": "tabel"}, KeyError, r"Did you mean 'table'"),
        ({"color": "kind", "table_name": "label_table"}, KeyError, r"does not annotate 'squares'"),
        ({"shape": "star"}, ValueError, r"'circle', 'hex', 'square', 'visium_hex'"),
        ({"scale": -1}, ValueError, r"above 0"),
        ({"scale": "1"}, TypeError, r"number"),
        ({"outline_width": (1, 2, 3)}, ValueError, r"3 values"),
        ({"outline_width": -1}, ValueError, r"at least 0"),
        ({"outline_color": "kind", "outline_width": (1, 2)}, ValueError, r"single outline"),
        ({"palette": ["red"], "cmap": "gray"}, ValueError, r"Both"),
        ({"na_color": "0.5"}, TypeError, r"na_color"),
        ({"colorbar": "yes"}, ValueError, r"'auto'"),
        ({"datashader_reduction": "median"}, ValueError, r"'max'"),
        ({"size": -1}, ValueError, r"above 0"),
    ],
)
def test_wrong_parameters_say_what_is_valid(sdata, kwargs, error, message) -> None:
    with pytest.raises(error, match=message):
        sdata.pl.render_shapes("squares", **kwargs)


def test_a_color_that_is_also_a_column_is_ambiguous(sdata) -> None:
    sdata.shapes["squares"]["red"] = [1, 2, 3, 4]
    with pytest.raises(ValueError, match="'red' is ambiguous"):
        sdata.pl.render_shapes("squares", color="red")


def test_a_key_in_element_and_table_is_ambiguous(sdata) -> None:
    sdata.shapes["squares"]["score"] = [1, 2, 3, 4]
    with pytest.raises(ValueError, match=r"multiple locations.*'table'"):
        sdata.pl.render_shapes("squares", color="score")
    sdata.pl.render_shapes("squares", color="score", table_name="table")


def test_outline_false_with_other_parameters_warns(sdata) -> None:
    with pytest.warns(UserWarning, match="outline=False"):
        sdata.pl.render_shapes("squares", outline=False, outline_width=3).pl.show("global")
