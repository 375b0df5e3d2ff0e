"""napari-spatialdata: layers of all kinds of elements, in several coordinate systems, colored, and drawn ones saved."""

from __future__ import annotations

import hashlib
import time
from typing import Any

import anndata as ad
import geopandas as gpd
import numpy as np
import pandas as pd
import shapely
from data import SIDE, tissue
from loguru import logger
from qtpy.QtWidgets import QApplication

from napari_spatialdata import Interactive
from spatialdata import SpatialData, read_zarr
from spatialdata.models import Image2DModel, Labels2DModel, Labels3DModel, PointsModel, ShapesModel, TableModel
from spatialdata.transformations import Affine, Scale, Sequence, Translation, get_transformation, set_transformation

COLORED = [
    ("cells", "obs_widget", "cluster"), ("cells", "var_widget", "a"),
    ("circles", "obs_widget", "cluster"), ("circles", "var_widget", "b"),
    ("polygons", "obs_widget", "score"), ("polygons", "dataframe_columns_widget", "kind"),
    ("transcripts", "dataframe_columns_widget", "gene"), ("stains", "var_widget", "cd8"),
]  # fmt: skip


def specimen() -> SpatialData:
    """The tissue, with pyramids, channels, a depth, annotated polygons, and two more coordinate systems."""
    sdata = tissue()
    rng = np.random.default_rng(1)
    # Blocks of equal pixels, so that coarser levels are the same however they are made.
    even = np.kron(rng.integers(0, 250, size=(3, 64, 64)), np.ones((1, 4, 4))).astype(np.uint8)
    sdata["pyramid"] = Image2DModel.parse(even, c_coords=["r", "g", "b"], scale_factors=[2, 2])
    stains = rng.integers(0, 1000, size=(4, 100, 120)).astype(np.uint16)
    sdata["stains"] = Image2DModel.parse(stains, c_coords=["dapi", "cd3", "cd8", "ck"])
    blocks = np.kron(rng.integers(0, 9, size=(64, 64)), np.ones((4, 4))).astype(np.int32)
    sdata["label_pyramid"] = Labels2DModel.parse(blocks, scale_factors=[2])
    sdata["deep"] = Labels3DModel.parse(rng.integers(0, 5, size=(4, 40, 50)).astype(np.int32))
    deep = pd.DataFrame(rng.uniform(0, 40, size=(50, 3)), columns=["x", "y", "z"])
    sdata["deep_points"] = PointsModel.parse(deep)
    corners = rng.uniform(10, SIDE - 50, size=(20, 2))
    boxes = shapely.box(*corners.T, *(corners + rng.uniform(5, 40, size=(20, 2))).T)
    kinds = pd.Categorical([f"kind{number % 3}" for number in range(20)])
    sdata["polygons"] = ShapesModel.parse(gpd.GeoDataFrame({"kind": kinds}, geometry=boxes))
    obs = pd.DataFrame({"region": pd.Categorical(["polygons"] * 20), "instance_id": range(20)})
    obs["score"] = rng.normal(size=20)
    obs.index = obs.index.astype(str)
    sdata["of_polygons"] = TableModel.parse(ad.AnnData(obs=obs), "polygons", "region", "instance_id")
    turn = Affine([[0.8, -0.6, 40.0], [0.6, 0.8, -10.0], [0.0, 0.0, 1.0]], ("x", "y"), ("x", "y"))
    microns = Sequence([Scale([0.5, 2.0], ("x", "y")), Translation([30, -20], ("x", "y"))])
    for name in ("image", "cells", "circles", "transcripts", "polygons", "pyramid"):
        set_transformation(sdata[name], turn, "turned")
        set_transformation(sdata[name], microns, "microns")
    return sdata


def wait_for(viewer: Interactive) -> None:
    """Let the window do what it has to, until its thread has read the element."""
    for _ in range(5):
        QApplication.instance().processEvents()
    thread = getattr(viewer._sdata_widget, "worker_thread", None)
    while thread is not None and thread.isRunning():
        QApplication.instance().processEvents()
        time.sleep(0.002)
    for _ in range(5):
        QApplication.instance().processEvents()


def described(value: Any) -> Any:
    """Numbers as a hash, frames and tables by what is in them."""
    if isinstance(value, ad.AnnData):
        return [list(value.shape), sorted(value.obs), value.obs_names[:5].tolist(), described(value.X)]
    if isinstance(value, pd.DataFrame):
        return {str(name): described(column) for name, column in value.items()}
    if isinstance(value, set):
        return sorted(value)
    if isinstance(value, str | list | int | None):
        return value
    if isinstance(value, SpatialData):
        return "the object"
    array = np.asarray(value.toarray() if hasattr(value, "toarray") else value)
    if array.dtype.kind not in "iufb":
        return array.astype(str).ravel().tolist()
    return [list(array.shape), hashlib.sha256(array.astype(float).round(6).tobytes()).hexdigest()]


def layer(viewer: Interactive, name: str) -> dict[str, Any]:
    """What a layer shows, where, and what it knows of its element."""
    found = viewer.get_layer(name)
    parts = found.data if isinstance(found.data, list) or getattr(found, "multiscale", False) else [found.data]
    return {
        "type": type(found).__name__,
        "data": [described(part) for part in parts],
        "affine": np.asarray(found.affine.affine_matrix).tolist(),
        "translate": np.asarray(found.translate).tolist(),
        "color": described(found.face_color) if hasattr(found, "face_color") else getattr(found, "rgb", None),
        "metadata": {key: described(value) for key, value in sorted(found.metadata.items())},
    }


def colored(viewer: Interactive, name: str, widget: str, item: str) -> dict[str, Any]:
    """A layer, colored by an item of one of the lists of the view."""
    found = viewer.get_layer(name)
    viewer._viewer.layers.selection.active = found
    wait_for(viewer)
    view = next(w for title, w in viewer._viewer.window.dock_widgets.items() if title.startswith("View"))
    choices = getattr(view, widget)
    choices._onAction([item])  # what a double click calls
    wait_for(viewer)
    colors = getattr(found.colormap, "color_dict", {}) if hasattr(found, "colormap") else {}
    result = layer(viewer, name)
    result["choices"] = sorted(choices.item(number).text() for number in range(choices.count()))
    result["colors"] = {str(label): np.round(color, 5).tolist() for label, color in colors.items()}
    return result


def drawn(viewer: Interactive, sdata: SpatialData) -> dict[str, Any]:
    """Polygons and points that are drawn in one coordinate system, and saved in the object and its store."""
    viewer.switch_coordinate_system("microns")
    layers = viewer._viewer
    outlines = [np.array([[10.0, 10], [10, 60], [60, 60], [60, 10]]), np.array([[90.0, 90], [90, 160], [160, 130]])]
    made = [
        layers.add_shapes(outlines, shape_type="polygon", name="rois"),
        layers.add_points(np.array([[10.0, 20], [30, 40], [50, 70]]), name="marks"),
    ]
    controller = viewer._sdata_widget.viewer_model
    for new in made:
        layers.layers.selection = {new}
        controller.inherit_metadata([new], viewer.get_layer("image"))
        for overwrite in (False, True):
            controller.save_to_sdata([new], spatial_element_name=new.name, overwrite=overwrite)
        sdata.write_element(new.name)
    stored = read_zarr(sdata.path)
    return {
        "rois": [outline.wkt for outline in stored["rois"].geometry],
        "marks": stored["marks"].compute().to_numpy().tolist(),
        "systems": [sorted(get_transformation(stored[new.name], get_all=True)) for new in made],
    }


def run(folder: str) -> dict[str, object]:
    logger.remove()
    specimen().write(f"{folder}/specimen.zarr")
    sdata = read_zarr(f"{folder}/specimen.zarr")
    viewer = Interactive(sdata, headless=True)
    results: dict[str, object] = {}
    names = sorted(name for _, name, element in sdata.gen_elements() if not isinstance(element, ad.AnnData))
    for name in names:
        viewer.add_element(name, "global", view_element_system=True)
        wait_for(viewer)
        results[name] = layer(viewer, name)
    for system in ("turned", "microns", "global"):
        viewer.switch_coordinate_system(system)
        wait_for(viewer)
        results[f"places in {system}"] = {
            found.name: [bool(found.visible), np.asarray(found.affine.affine_matrix).tolist()]
            for found in viewer._viewer.layers
        }
    for name, widget, item in COLORED:
        results[f"{name} by {item}"] = colored(viewer, name, widget, item)
    results["drawn"] = drawn(viewer, sdata)
    return results
