"""spatialdata-plot: the drawings of images, labels, shapes and points, plain and colored by tables, pixel by pixel."""

from __future__ import annotations

import hashlib
from collections.abc import Callable

import geopandas as gpd
import matplotlib as mpl
import matplotlib.pyplot as plt
import numpy as np
import shapely
from data import SIDE, tissue

import spatialdata_plot  # noqa: F401 # adds sdata.pl
from spatialdata import SpatialData, bounding_box_query, read_zarr
from spatialdata.models import Image2DModel, Labels2DModel, ShapesModel
from spatialdata.transformations import Affine, Scale, Sequence, Translation, set_transformation

mpl.use("Agg")

# 3 x 3 inches at this resolution are 150 pixels each way.
DPI, SIZE, COARSE = 130, 3, 10

Draw = Callable[[SpatialData], SpatialData]

DRAWINGS: dict[str, Draw] = {
    "image": lambda s: s.pl.render_images("image"),
    "one channel": lambda s: s.pl.render_images("image", channel="g", cmap="magma"),
    "channels in colors": lambda s: s.pl.render_images("image", channel=["r", "b"], palette=["red", "cyan"]),
    "normed image": lambda s: s.pl.render_images("image", channel="r", norm=mpl.colors.Normalize(0, 100)),
    "rotated image": lambda s: s.pl.render_images("turned"),
    "pyramid": lambda s: s.pl.render_images("pyramid"),
    "level of a pyramid": lambda s: s.pl.render_images("pyramid", scale="scale0"),
    "labels": lambda s: s.pl.render_labels("cells"),
    "labels by category": lambda s: s.pl.render_labels("cells", color="cluster", table_name="of_cells"),
    "labels by gene": lambda s: s.pl.render_labels("cells", color="a", table_name="of_cells", contour_px=None),
    "labels in groups": lambda s: s.pl.render_labels(
        "cells", color="cluster", table_name="of_cells", groups=["type1"], palette=["orange"]
    ),
    "outlined labels": lambda s: s.pl.render_labels("cells", outline_alpha=1.0, fill_alpha=0.3),
    "labels of several scales": lambda s: s.pl.render_labels("cell_pyramid", scale="scale0"),
    "circles": lambda s: s.pl.render_shapes("circles"),
    "circles by category": lambda s: s.pl.render_shapes("circles", color="cluster", table_name="of_circles"),
    "circles by gene": lambda s: s.pl.render_shapes("circles", color="b", table_name="of_circles", cmap="viridis"),
    "circles by datashader": lambda s: s.pl.render_shapes(
        "circles", color="b", table_name="of_circles", method="datashader"
    ),
    "polygons": lambda s: s.pl.render_shapes("polygons", fill_alpha=0.5, outline_alpha=1.0, outline_width=2),
    "polygons by column": lambda s: s.pl.render_shapes("polygons", color="size"),
    "polygons by category": lambda s: s.pl.render_shapes("polygons", color="kind"),
    "moved polygons": lambda s: s.pl.render_shapes("moved", color="kind"),
    "multipolygons": lambda s: s.pl.render_shapes("multipolygons", color="red"),
    "scaled shapes": lambda s: s.pl.render_shapes("circles", scale=1.5, color="#00aa00"),
    "points": lambda s: s.pl.render_points("transcripts", size=4, method="matplotlib"),
    "points by gene": lambda s: s.pl.render_points("transcripts", color="gene", size=4, method="matplotlib"),
    "points in groups": lambda s: s.pl.render_points(
        "transcripts", color="gene", groups=["a", "c"], palette=["red", "blue"], size=4, method="matplotlib"
    ),
    "points by datashader": lambda s: s.pl.render_points("transcripts", color="gene", size=4, method="datashader"),
    "density of points": lambda s: s.pl.render_points("transcripts", density=True),
    "all at once": lambda s: (
        s.pl.render_images("image")
        .pl.render_labels("cells", fill_alpha=0.4)
        .pl.render_shapes("polygons", fill_alpha=0.2)
        .pl.render_points("transcripts", color="gene", size=1, method="matplotlib")
    ),
    "part of an object": lambda s: part(s).pl.render_images("image").pl.render_shapes("circles", color="a"),
}


def part(sdata: SpatialData) -> SpatialData:
    """The lower left quarter, where only one table annotates the circles."""
    return bounding_box_query(
        sdata.subset(["image", "circles", "of_circles"], filter_tables=False),
        axes=("x", "y"), min_coordinate=[20, 30], max_coordinate=[150, 160], target_coordinate_system="global",
    )  # fmt: skip


def specimen() -> SpatialData:
    """The tissue, with a pyramid, a rotated image, polygons with columns and a place of their own, and holes."""
    sdata = tissue()
    rng = np.random.default_rng(1)
    # Multiples of four, so that means of blocks are the same whether they are rounded or cut off.
    even = np.kron(rng.integers(0, 60, size=(3, 64, 64)) * 4, np.ones((1, 4, 4))).astype(np.uint8)
    sdata["pyramid"] = Image2DModel.parse(even, c_coords=["r", "g", "b"], scale_factors=[2, 2])
    turned = Image2DModel.parse(sdata["image"].data, dims=("c", "y", "x"), c_coords=["r", "g", "b"])
    angle = np.deg2rad(30)
    turn = [[np.cos(angle), -np.sin(angle), 40.0], [np.sin(angle), np.cos(angle), -10.0], [0.0, 0.0, 1.0]]
    set_transformation(turned, Affine(turn, input_axes=("x", "y"), output_axes=("x", "y")))
    sdata["turned"] = turned
    sdata["cell_pyramid"] = Labels2DModel.parse(sdata["cells"].data, dims=("y", "x"), scale_factors=[2])
    corners = rng.uniform(10, SIDE - 50, size=(20, 2))
    boxes = shapely.box(*corners.T, *(corners + rng.uniform(5, 40, size=(20, 2))).T)
    kinds = [f"kind{number % 3}" for number in range(20)]
    frame = gpd.GeoDataFrame({"size": shapely.area(boxes), "kind": kinds}, geometry=boxes)
    frame["kind"] = frame["kind"].astype("category")
    sdata["polygons"] = ShapesModel.parse(frame)
    moved = ShapesModel.parse(frame.copy())
    set_transformation(moved, Sequence([Scale([0.5, 2.0], ("x", "y")), Translation([30, -20], ("x", "y"))]))
    sdata["moved"] = moved
    rings = [shapely.Point(x, y).buffer(20).difference(shapely.Point(x, y).buffer(9)) for x, y in corners[:4]]
    pairs = [shapely.MultiPolygon([ring, shapely.box(0, 0, 5 + number, 5)]) for number, ring in enumerate(rings)]
    sdata["multipolygons"] = ShapesModel.parse(gpd.GeoDataFrame(geometry=pairs))
    return sdata


def picture(sdata: SpatialData, draw: Draw) -> np.ndarray:
    """The pixels of a drawing, red, green, blue and alpha."""
    figure, axes = plt.subplots(figsize=(SIZE, SIZE), dpi=DPI)
    try:
        np.random.seed(0)  # noqa: NPY002 # colors of labels without a table are drawn from it
        draw(sdata).pl.show(ax=axes, coordinate_systems="global", title="")
        figure.canvas.draw()
        return np.asarray(figure.canvas.buffer_rgba()).copy()
    finally:
        plt.close(figure)


def run(folder: str) -> dict[str, object]:
    sdata = specimen()
    sdata.write(f"{folder}/specimen.zarr")
    stored = read_zarr(f"{folder}/specimen.zarr")
    results: dict[str, object] = {}
    for name, draw in DRAWINGS.items():
        results[name] = described(picture(sdata, draw))
    for name in ("all at once", "circles by category", "labels by gene", "moved polygons"):
        results[f"{name}, stored"] = described(picture(stored, DRAWINGS[name]))
    return results


def described(pixels: np.ndarray) -> dict[str, object]:
    """A hash that tells whether pixels are the same, and means of blocks that tell where they are not."""
    side = SIZE * DPI // COARSE
    blocks = pixels[..., :3].reshape(side, COARSE, side, COARSE, 3).mean(axis=(1, 3, 4))
    return {"hash": hashlib.sha256(pixels.tobytes()).hexdigest(), "blocks": np.round(blocks, 1).tolist()}
