"""Twelve small slides placed into one large section, as in the prostate study of the SpatialData paper.

Run it with ``python examples/prostate_sections/place.py [FOLDER]``. The folder gets the store and the figure.
"""

from __future__ import annotations

import sys
from pathlib import Path

import geopandas as gpd
import numpy as np
import pandas as pd
from numpy.typing import NDArray

import spatialdata_plot  # noqa: F401  (adds sdata.pl)
from spatialdata import SpatialData, polygon_query
from spatialdata.models import Image2DModel, ShapesModel
from spatialdata.transformations import (
    Affine,
    Landmarks,
    Scale,
    Sequence,
    get_transformation,
    set_transformation,
)

XY = ("x", "y")
SLIDES = 12
SECTION_PIXEL, SLIDE_PIXEL = 8.0, 4.0  # micrometres
SECTION_SIZE, SLIDE_SIZE = (600, 800), (240, 240)  # pixels, y and x
Array = NDArray[np.float64]


def tissue(xy: Array) -> Array:
    """How dark the simulated tissue is stained at places in micrometres, from 0 to 1: glands in a stroma."""
    x, y = xy[..., 0], xy[..., 1]
    glands = np.sin(x / 180 + 2 * np.sin(y / 700)) * np.cos(y / 150 + np.cos(x / 900))
    return 0.5 + 0.35 * glands + 0.15 * np.sin((x + 2 * y) / 40)


def _picture(pixel_to_world: Affine, size: tuple[int, int]) -> NDArray[np.uint8]:
    rows, columns = np.indices(size)
    centres = np.column_stack([columns.ravel(), rows.ravel()]) + 0.5
    stained = tissue(pixel_to_world.transform_coordinates(centres, XY)).reshape(size)
    return np.stack([255 - 120 * stained, 255 - 200 * stained, 255 - 60 * stained]).astype(np.uint8)


def true_place(number: int) -> Affine:
    """Where a slide really lies: from its pixels to micrometres of the section."""
    rng = np.random.default_rng(number)
    row, column = divmod(number, 4)
    corner = np.array([350 + 1500 * column, 350 + 1450 * row]) + rng.uniform(-60, 60, 2)
    angle = rng.uniform(-180, 180)
    middle = np.array(SLIDE_SIZE) / 2
    shift = corner + SLIDE_PIXEL * middle - middle
    return Affine.similarity(SLIDE_PIXEL, angle, shift, center=middle, degrees=True)


def simulate(seed: int = 0) -> tuple[SpatialData, dict[str, Landmarks]]:
    """The section, the slides with their spots, and the landmarks that a person clicked on both.

    Each slide has a coordinate system of its own, named like it, in micrometres. Landmarks are pixels of the slide and
    micrometres of the section, about five micrometres off, and one of each eight is altogether wrong.
    """
    rng = np.random.default_rng(seed)
    to_world = Scale([SECTION_PIXEL, SECTION_PIXEL], XY)
    picture = _picture(to_world.to_affine(XY, XY), SECTION_SIZE)
    elements = {
        "section": Image2DModel.parse(
            picture, dims=("c", "y", "x"), c_coords=["r", "g", "b"], transformations={"section": to_world}
        )
    }
    landmarks = {}
    for number in range(SLIDES):
        name, place = f"slide_{number:02d}", true_place(number)
        own = {name: Scale([SLIDE_PIXEL, SLIDE_PIXEL], XY)}
        elements[f"{name}_image"] = Image2DModel.parse(
            _picture(place, SLIDE_SIZE), dims=("c", "y", "x"), c_coords=["r", "g", "b"], transformations=own
        )
        elements[f"{name}_spots"] = _spots(place, own)
        clicked = rng.uniform(20, np.array(SLIDE_SIZE[::-1]) - 20, (8, 2))
        found = place.transform_coordinates(clicked, XY) + rng.normal(0, 5, (8, 2))
        found[rng.integers(8)] += rng.choice([-1, 1], 2) * rng.uniform(200, 400, 2)
        landmarks[name] = Landmarks(clicked * SLIDE_PIXEL, found)
    sdata = SpatialData.init_from_elements(elements)
    for system in sdata.coordinate_systems:
        sdata.set_units(system, "micrometer")
    return sdata, landmarks


def _spots(place: Affine, transformations: dict[str, Scale]) -> gpd.GeoDataFrame:
    """Spots of 55 micrometres in a grid of 100, in pixels of the slide, with what was measured in them."""
    steps = np.arange(15, SLIDE_SIZE[1] - 10, 100 / SLIDE_PIXEL)
    xy = np.stack(np.meshgrid(steps, steps), axis=-1).reshape(-1, 2)
    frame = gpd.GeoDataFrame(
        {"radius": 55 / 2 / SLIDE_PIXEL, "stain": tissue(place.transform_coordinates(xy, XY))},
        geometry=gpd.points_from_xy(*xy.T),
        index=pd.RangeIndex(len(xy)),
    )
    return ShapesModel.parse(frame, transformations=transformations)


def place(sdata: SpatialData, landmarks: dict[str, Landmarks]) -> dict[str, float]:
    """Place all slides into the section, in place; the root mean square residual of each, in micrometres."""
    residuals = {}
    for name, pairs in landmarks.items():
        fit = sdata.align(
            f"{name}_image",
            "section",
            pairs,
            "similarity",
            moving_coordinate_system=name,
            reference_coordinate_system="section",
            new_coordinate_system="section",
            threshold=25,
        )
        spots = sdata[f"{name}_spots"]
        set_transformation(spots, Sequence([get_transformation(spots, name), fit.transformation]), "section")
        residuals[name] = fit.rms
    return residuals


def main(folder: Path) -> None:
    """Simulate, place, store, query all slides together and draw them."""
    folder.mkdir(parents=True, exist_ok=True)
    sdata, landmarks = simulate()
    for name, residual in place(sdata, landmarks).items():
        size = sdata.pixel_size(f"{name}_image", "section", "micrometer")["x"]
        print(f"{name}: landmarks {residual:.1f} um off, pixels of {size:.3f} um")
    sdata.write(folder / "section.zarr", overwrite=True)

    # One region, drawn on the section, selects the spots of all slides that lie under it.
    import shapely

    region = shapely.Point(3000, 2400).buffer(1500)
    found = polygon_query(sdata, region, target_coordinate_system="section")
    counts = {name: len(spots) for name, spots in found.shapes.items()}
    print(f"{sum(counts.values())} spots of {len(counts)} slides lie in the region")

    figure = sdata.pl.render_images("section")
    for name in sdata.shapes:
        figure = figure.pl.render_shapes(name, color="stain", cmap="viridis", colorbar=False)
    figure.pl.show(coordinate_systems="section", title="Twelve slides in one section", save=folder / "section.png")


if __name__ == "__main__":
    main(Path(sys.argv[1] if len(sys.argv) > 1 else "prostate"))
