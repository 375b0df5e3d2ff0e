"""Aggregation by the cells of grids and by the rows of tables; compared with numpy and shapely by brute force."""

from __future__ import annotations

import geopandas as gpd
import numpy as np
import pandas as pd
import pytest
import shapely
from anndata import AnnData
from hypothesis import given, settings
from hypothesis import strategies as st

from spatialdata import SpatialData, aggregate, grid_over
from spatialdata.errors import UnknownCoordinateSystemError
from spatialdata.models import Image2DModel, Image3DModel, Labels2DModel, PointsModel, ShapesModel, TableModel
from spatialdata.regions import BoundingBox, HexagonGrid, SquareGrid
from spatialdata.transformations import Affine, Scale, Sequence, Translation

GRIDS = [SquareGrid, HexagonGrid]
GENES = ["a", "b", "c"]


def some_points(count: int = 500, seed: int = 0) -> pd.DataFrame:
    rng = np.random.default_rng(seed)
    frame = pd.DataFrame(rng.uniform(-7, 13, (count, 2)), columns=["x", "y"])
    frame["gene"] = pd.Categorical.from_codes(rng.integers(0, 3, count), GENES)
    frame["value"] = rng.normal(5, 2, count)
    frame["weight"] = rng.uniform(0, 1, count)
    return frame


# Which cell: each place lies in exactly one, also on borders.
@pytest.mark.parametrize("grid_type", GRIDS)
@given(
    corner=st.tuples(*[st.floats(-1e6, 1e6)] * 2),
    span=st.tuples(*[st.floats(0, 50)] * 2),
    size=st.floats(0.3, 20),
    data=st.data(),
)
@settings(max_examples=60, deadline=None)
def test_every_place_of_the_box_lies_in_one_cell(grid_type, corner, span, size, data) -> None:
    lower, upper = np.array(corner), np.array(corner) + span
    grid = grid_type.covering(lower, upper, size)
    drawn = data.draw(st.lists(st.tuples(*([st.floats(0, 1)] * 2)), min_size=1, max_size=8))
    share = np.array([*drawn, (0, 0), (1, 1)])
    places = np.clip(lower + share * (upper - lower), lower, upper)
    cell = grid.cell_at(*np.ascontiguousarray(places.T))
    assert (cell >= 0).all()
    polygons = grid.shapes().geometry.to_numpy()[cell]
    assert (shapely.distance(polygons, shapely.points(places)) <= 1e-9 * (np.abs(lower).max() + size)).all()


@given(origin=st.floats(-100, 100), size=st.floats(0.01, 100), column=st.integers(0, 9), row=st.integers(0, 9))
@settings(deadline=None)
def test_corners_of_squares_belong_to_the_square_above(origin: float, size: float, column: int, row: int) -> None:
    grid = SquareGrid(target_coordinate_system="global", x=origin, y=origin, size=size, columns=10, rows=10)
    square = grid.shapes().geometry[row * 10 + column]
    left, bottom, right, top = square.bounds
    inside = np.nextafter(right, -np.inf), np.nextafter(top, -np.inf)
    x, y = np.array([left, inside[0], right]), np.array([bottom, inside[1], top])
    beyond = -1 if column == 9 or row == 9 else (row + 1) * 10 + column + 1
    assert grid.cell_at(x, y).tolist() == [row * 10 + column] * 2 + [beyond]


def test_borders_of_hexagons_belong_to_one_of_both() -> None:
    grid = HexagonGrid(target_coordinate_system="global", x=0.0, y=0.0, size=2.0, columns=9, rows=9)
    middle = grid.shapes().geometry[4 * 9 + 4].centroid
    # Half way between neighbours of a row, where both are equally near to the last bit.
    assert grid.cell_at(np.array([middle.x - 1, middle.x + 1]), np.full(2, 4 * 2 * np.sqrt(3) / 2)).tolist() == [40, 41]


@pytest.mark.parametrize("grid_type", GRIDS)
def test_cells_share_no_area_and_leave_no_gap(grid_type) -> None:
    grid = grid_type.covering([2, -1], [9, 6], 1.7)
    polygons = grid.shapes()
    union = shapely.union_all(polygons.geometry.to_numpy())
    assert union.area == pytest.approx(polygons.area.sum())
    assert union.geom_type == "Polygon"
    assert len(union.interiors) == 0
    assert union.covers(shapely.box(2, -1, 9, 6))
    np.testing.assert_allclose(union.bounds, np.concatenate(grid.bounds()))
    assert polygons.index.tolist() == list(range(len(grid)))
    assert (polygons["row"] * grid.columns + polygons["column"]).tolist() == list(range(len(grid)))


def test_no_place_and_nan_lie_in_no_cell() -> None:
    grid = SquareGrid.covering([0, 0], [4, 4], 2)
    assert grid.cell_at(np.array([np.nan, np.inf, -1e300]), np.array([1.0, 1.0, 1.0])).tolist() == [-1, -1, -1]
    assert HexagonGrid.covering([0, 0], [4, 4], 2).cell_at(np.array([np.nan, np.inf]), np.ones(2)).tolist() == [-1, -1]


@pytest.mark.parametrize("grid_type", GRIDS)
@pytest.mark.parametrize("size", [0, -1, np.nan, np.inf, 1e-9])
def test_sizes_that_make_no_grid_are_refused(grid_type, size: float) -> None:
    with pytest.raises(ValueError, match=r"size|cells"):
        grid_type.covering([0, 0], [1e6, 1e6], size)


def test_boxes_that_cannot_be_covered_are_refused() -> None:
    with pytest.raises(ValueError, match="covers a box"):
        SquareGrid.covering([0, 0], [np.inf, 1], 1)
    with pytest.raises(ValueError, match="covers a box"):
        HexagonGrid.covering([0, 3], [1, 1], 1)
    with pytest.raises(ValueError, match="must be a number above 0, not '55'"):
        grid_over(PointsModel.parse(some_points()), "55")
    with pytest.raises(ValueError, match="cells must be one of"):
        grid_over(PointsModel.parse(some_points()), 1, "triangles")
    box = BoundingBox(target_coordinate_system="global", axes=("x",), min_coordinate=[0], max_coordinate=[1])
    with pytest.raises(ValueError, match="no bounds along 'y'"):
        grid_over(box, 1)
    with pytest.raises(UnknownCoordinateSystemError):
        grid_over(PointsModel.parse(some_points()), 1, target_coordinate_system="nowhere")


def test_the_grid_over_an_object_and_over_a_box() -> None:
    points = PointsModel.parse(some_points(), transformations={"aligned": Scale([2, 2], ("x", "y"))})
    sdata = SpatialData(points={"points": points})
    grid = grid_over(sdata, 3, "hexagons", target_coordinate_system="aligned")
    assert (grid.x + 0.75, grid.y) == pytest.approx(tuple(2 * some_points()[["x", "y"]].min()))
    box = BoundingBox(target_coordinate_system="aligned", axes=("y", "x"), min_coordinate=[1, 2], max_coordinate=[5, 9])
    over_box = grid_over(box, 2.0)
    assert (over_box.x, over_box.y, over_box.target_coordinate_system) == (2, 1, "aligned")
    assert (over_box.columns, over_box.rows) == (4, 3)


# Values by cells.
@pytest.mark.parametrize("cells", ["squares", "hexagons"])
def test_points_by_cells(cells) -> None:
    frame = some_points()
    affine = Affine([[1.5, 0.2, 3], [-0.3, 1.2, 1], [0, 0, 1]], ("x", "y"), ("x", "y"))
    points = PointsModel.parse(frame, feature_key="gene", transformations={"global": affine}, npartitions=3)
    grid = grid_over(points, 4, cells)
    found = aggregate(points, grid, value_key="gene")
    moved = frame[["x", "y"]].to_numpy() @ np.array([[1.5, 0.2], [-0.3, 1.2]]).T + [3, 1]
    # The outermost points lie on the border of the grid, but for rounding.
    moved = np.clip(moved, moved.min(axis=0) + 1e-9, moved.max(axis=0) - 1e-9)
    holding = shapely.contains_xy(grid.shapes().geometry.to_numpy()[:, None], moved[:, 0], moved[:, 1])
    assert (holding.sum(axis=0) == 1).all()
    expected = holding.astype(int) @ pd.get_dummies(frame.gene).to_numpy().astype(int)
    np.testing.assert_array_equal(found["table"].X.toarray(), expected)
    assert found["table"].X.sum() == len(frame)
    assert len(found["by"]) == len(grid)


@pytest.mark.parametrize("func", ["mean", "quantile(0.25)", "nunique", "max", "std", "mode"])
def test_numbers_of_points_by_cells(func: str) -> None:
    frame = some_points(200).round({"value": 0})
    grid = grid_over(PointsModel.parse(frame), 6)
    found = aggregate(PointsModel.parse(frame), grid, value_key="value", agg_func=func)["table"].X.toarray()[:, 0]
    groups = frame.groupby(grid.cell_at(frame.x.to_numpy(), frame.y.to_numpy())).value
    expected = {
        "quantile(0.25)": lambda: groups.quantile(0.25),
        "mode": lambda: groups.agg(lambda values: values.mode().iloc[0]),
    }.get(func, lambda: groups.agg(func))()
    np.testing.assert_allclose(found, expected.reindex(range(len(grid)), fill_value=0))


def test_weighted_points_by_cells_count_each_point_on_a_border_once() -> None:
    xy = np.stack(np.meshgrid(np.arange(0, 9, 0.5), np.arange(0, 9, 0.5)), axis=-1).reshape(-1, 2)
    frame = pd.DataFrame(xy, columns=["x", "y"]).assign(value=2.0, weight=0.5)
    grid = SquareGrid.covering([0, 0], [9, 9], 1)
    found = aggregate(PointsModel.parse(frame), grid, value_key="value", weights="weight")
    assert found["table"].X.sum() == len(xy)
    inner = found["table"].X.toarray()[:, 0].reshape(10, 10)[:8, :8]
    np.testing.assert_array_equal(inner, 4.0)


@pytest.mark.parametrize("cells", ["squares", "hexagons"])
@pytest.mark.parametrize("deep", [False, True])
def test_pixels_by_cells(cells, deep: bool) -> None:
    rng = np.random.default_rng(3)
    pixels = rng.integers(0, 200, (2, 3, 30, 41) if deep else (2, 30, 41)).astype(np.uint16)
    axes = ("x", "y")
    to_world = {"global": Sequence([Scale([0.5, 2.0], axes), Translation([1.0, -3.0], axes)])}
    model = Image3DModel if deep else Image2DModel
    image = model.parse(pixels, transformations=to_world, c_coords=["p", "q"], chunks=16)
    grid = grid_over(image, 5, cells)
    found = aggregate(image, grid, agg_func=["mean", "count"])["table"]
    y, x = np.meshgrid(2 * (np.arange(30) + 0.5) - 3, 0.5 * (np.arange(41) + 0.5) + 1, indexing="ij")
    cell = grid.cell_at(x.ravel(), y.ravel())
    planes = pixels.reshape(2, -1, 30 * 41)
    frame = pd.DataFrame({"cell": np.tile(cell, planes.shape[1]), "p": planes[0].ravel(), "q": planes[1].ravel()})
    expected = frame.groupby("cell").agg(["mean", "count"]).reindex(range(len(grid)), fill_value=0)
    assert found.var_names.tolist() == ["channel_p_mean", "channel_p_count", "channel_q_mean", "channel_q_count"]
    np.testing.assert_allclose(found.X.toarray(), expected.to_numpy())
    assert found.X.toarray()[:, 1].sum() == planes[0].size


@pytest.mark.parametrize("cells", ["squares", "hexagons"])
@pytest.mark.parametrize("circles", [False, True])
def test_areas_of_shapes_by_cells(cells, circles: bool) -> None:
    rng = np.random.default_rng(4)
    centres, radii = rng.uniform(0, 20, (30, 2)), rng.uniform(0.5, 3, 30)
    if circles:
        shapes = ShapesModel.parse(centres, geometry=0, radius=radii)
        outlines = shapely.buffer(shapely.points(centres), radii, quad_segs=400)
    else:
        outlines = shapely.buffer(shapely.points(centres), radii, quad_segs=2)
        shapes = ShapesModel.parse(gpd.GeoDataFrame(geometry=outlines))
    grid = grid_over(shapes, 4, cells)
    found = aggregate(shapes, grid, fractions=True)["table"].X.toarray()[:, 0]
    shared = shapely.area(shapely.intersection(grid.shapes().geometry.to_numpy()[:, None], outlines[None]))
    np.testing.assert_allclose(found, (shared / shapely.area(outlines)).sum(axis=1), atol=1e-4)
    assert found.sum() == pytest.approx(30)


def test_labels_that_only_touch_a_cell_do_not_count() -> None:
    labels = Labels2DModel.parse(np.array([[1, 1, 2, 2], [1, 1, 2, 2]]))
    grid = SquareGrid.covering([0, 0], [3.5, 1.5], 2)
    assert aggregate(labels, grid)["table"].X.toarray().tolist() == [[1], [1]]


def test_a_grid_of_another_coordinate_system_is_refused() -> None:
    points = PointsModel.parse(some_points())
    with pytest.raises(ValueError, match="Make a grid there"):
        aggregate(points, SquareGrid.covering([0, 0], [1, 1], 1, "aligned"))


def test_a_table_cannot_be_aggregated_by_a_grid() -> None:
    with pytest.raises(NotImplementedError, match="Aggregate the element"):
        aggregate(AnnData(np.ones((2, 1))), SquareGrid.covering([0, 0], [1, 1], 1))


def test_an_object_aggregates_by_a_grid() -> None:
    sdata = SpatialData(points={"points": PointsModel.parse(some_points())})
    found = sdata.aggregate(values="points", by=grid_over(sdata, 5))
    assert found["table"].X.sum() == 500


# By the rows of tables.
def annotated() -> SpatialData:
    rng = np.random.default_rng(5)
    squares = [shapely.box(x, y, x + 3, y + 3) for x in range(0, 9, 3) for y in range(0, 9, 3)]
    cells = ShapesModel.parse(gpd.GeoDataFrame(geometry=squares, index=[f"s{k}" for k in range(9)]))
    circles = ShapesModel.parse(np.array([[1.0, 1.0], [4.0, 5.0]]), geometry=0, radius=2.0, index=["c0", "c1"])
    of = ["circles", "cells", "cells", "circles", "cells"]
    obs = pd.DataFrame({"of": pd.Categorical(of), "id": ["c1", "s7", "s0", "c0", "s3"]}, index=list("vwxyz"))
    table = TableModel.parse(AnnData(rng.normal(size=(5, 2)), obs=obs), ["cells", "circles"], "of", "id")
    points = PointsModel.parse(some_points(), feature_key="gene")
    return SpatialData(points={"points": points}, shapes={"cells": cells, "circles": circles}, tables={"table": table})


@pytest.mark.parametrize("by_name", [False, True])
def test_points_by_the_rows_of_a_table(by_name: bool) -> None:
    sdata = annotated()
    by = "table" if by_name else sdata["table"]
    found = aggregate("points", by, values_sdata=sdata, by_sdata=sdata, value_key="gene")
    table = found["table"]
    assert table.obs_names.tolist() == list("vwxyz")
    assert table.obs["region"].tolist() == ["circles", "cells", "cells", "circles", "cells"]
    assert table.obs["instance_id"].tolist() == ["c1", "s7", "s0", "c0", "s3"]
    assert set(found.shapes) == {"cells", "circles"}
    frame = some_points()
    for row, (element, instance) in enumerate(zip(table.obs["region"], table.obs["instance_id"], strict=True)):
        shape = sdata[element].loc[instance]
        distance = shapely.distance(shape.geometry, shapely.points(frame[["x", "y"]].to_numpy()))
        inside = frame[distance <= shape.get("radius", 0)]
        counts = inside.gene.value_counts().reindex(GENES)
        assert table.X[row].toarray().ravel().tolist() == counts.tolist()


def test_categories_that_only_some_regions_have_come_together() -> None:
    sdata = annotated()
    frame = some_points(60).assign(gene=lambda frame: frame.gene.astype(str))
    frame.loc[frame.x > 3, "gene"] = "only right"
    points = PointsModel.parse(frame)
    found = aggregate(points, sdata["table"], by_sdata=sdata, value_key="gene")["table"]
    alone = aggregate(points, sdata["cells"], value_key="gene")["table"]
    alone = pd.DataFrame(alone.X.toarray(), alone.obs_names, alone.var_names)
    for row, name in ((1, "s7"), (2, "s0"), (4, "s3")):
        together = pd.Series(found.X[row].toarray().ravel(), found.var_names)
        pd.testing.assert_series_equal(
            together[together > 0].sort_index(), alone.loc[name][lambda row: row > 0].sort_index(), check_names=False,
            check_dtype=False,
        )  # fmt: skip


def test_images_by_the_rows_of_a_table_of_labels() -> None:
    rng = np.random.default_rng(6)
    ids, pixels = rng.integers(0, 6, (20, 20)), rng.integers(0, 100, (1, 20, 20))
    obs = pd.DataFrame({"of": pd.Categorical(["labels"] * 3), "id": [5, 1, 3]}, index=list("abc"))
    sdata = SpatialData(
        images={"image": Image2DModel.parse(pixels, dims=("c", "y", "x"))},
        labels={"labels": Labels2DModel.parse(ids)},
        tables={"cells": TableModel.parse(AnnData(np.ones((3, 1)), obs=obs), "labels", "of", "id")},
    )
    found = sdata.aggregate(values="image", by="cells", agg_func="mean", region_key="of", instance_key="cell")
    assert found["table"].X.toarray()[:, 0].tolist() == [pytest.approx(pixels[0][ids == k].mean()) for k in (5, 1, 3)]
    assert found["table"].obs["cell"].tolist() == [5, 1, 3]


def test_tables_that_give_no_regions_are_refused() -> None:
    sdata = annotated()
    points = sdata["points"]
    with pytest.raises(ValueError, match="Give by_sdata"):
        aggregate(points, sdata["table"])
    with pytest.raises(ValueError, match="annotates no element"):
        aggregate(points, "plain", by_sdata=SpatialData(tables={"plain": TableModel.parse(AnnData(np.ones((2, 1))))}))
    broken = sdata["table"].copy()
    broken.obs["id"] = ["c1", "s7", "s0", "c0", "gone"]
    sdata["broken"] = broken
    with pytest.raises(ValueError, match="1 rows of the table annotate instances that 'cells' does not have"):
        aggregate(points, "broken", by_sdata=sdata)
