"""spatialdata-io: readers of real and simulated folders; every element as it is in memory, and after a round trip."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

import spatialdata_io as io
from spatialdata import SpatialData, read_zarr
from spatialdata.models import get_axes_names, get_model
from spatialdata.transformations import get_transformation

ROOT = Path(__file__).resolve().parents[2]
SAMPLES = Path(os.environ.get("SPATIALDATA_TEST_DATA", ROOT.parent / "shared" / "data"))
# Simulated folders; the session of nox makes them.
STUDY = Path(os.environ["SPATIALDATA_STUDY"])

READERS: dict[str, tuple[Path, Callable[[Path], Any]]] = {
    "simulated xenium 3": (STUDY / "xenium_rep1", io.xenium),
    "simulated xenium 1": (STUDY / "xenium_rep2", lambda p: io.xenium(p, cells_as_circles=True)),
    "simulated visium": (STUDY / "visium", lambda p: io.visium(p, dataset_id="visium")),
    "xenium": (SAMPLES / "xenium/Xenium_Prime_Mouse_Ileum_tiny_outs", io.xenium),
    "visium 2": (
        SAMPLES / "visium/v2_CytAssist_CoexpressDeconvolve/outs",
        lambda p: io.visium(p, dataset_id="placenta"),
    ),
    "visium 1": (SAMPLES / "visium/v1_scanpy_1.0.0/outs", lambda p: io.visium(p, dataset_id="scanpy")),
    "merscope": (
        SAMPLES / "merscope/vpt_test_data/region_0",
        lambda p: io.merscope(p, cells_table=False, backend="dask_image", z_layers=[0, 1]),
    ),
    "steinbock": (SAMPLES / "steinbock/ImcTestData_deepcell", io.steinbock),
    "image": (
        SAMPLES / "ome_tiff/minerva/2048x2048_ome6_tiled.ome.tif",
        lambda p: io.image(p, data_axes=("c", "y", "x"), coordinate_system="global", scale_factors=None),
    ),
    "selections": (
        SAMPLES / "geojson/xenium_explorer_selections/coordinates.csv",
        lambda p: [polygon.wkt for polygon in io.xenium_explorer_selection(p, return_list=True)],
    ),
}


def run(folder: str) -> dict[str, object]:
    results: dict[str, object] = {}
    for name, (path, read) in READERS.items():
        if not path.exists():
            print(f"skipped   {name}: {path} is not there")
            continue
        found = read(path)
        if not isinstance(found, SpatialData):
            results[name] = found if isinstance(found, list) else described(found)
            continue
        results |= {f"{name}: {key}": value for key, value in described_object(found).items()}
        store = f"{folder}/{name.replace(' ', '_')}.zarr"
        found.write(store)
        results |= {f"{name}, stored: {key}": value for key, value in described_object(read_zarr(store)).items()}
    return results


def described_object(sdata: SpatialData) -> dict[str, object]:
    elements = {name: described(element) for _, name, element in sdata.gen_elements()}
    return {**elements, "coordinate systems": sorted(sdata.coordinate_systems)}


def described(element: Any) -> dict[str, object]:
    """What an element is made of, with hashes in the place of numbers."""
    model = get_model(element).__name__
    if model == "TableModel":
        return {"model": model, **described_table(element)}
    placed = {
        system: np.round(transformation.to_affine_matrix(("x", "y"), ("x", "y")), 9).tolist()
        for system, transformation in sorted(get_transformation(element, get_all=True).items())
    }
    return {"model": model, "axes": list(get_axes_names(element)), "placed": placed, **dict(parts(element))}


def parts(element: Any) -> Iterator[tuple[str, object]]:
    """Pixels of the finest level and sizes of all, or columns."""
    if hasattr(element, "geometry"):
        yield "geometry", hashed(np.frombuffer(b"".join(element.geometry.to_wkb()), np.uint8))
        yield from columns(pd.DataFrame(element.drop(columns="geometry")))
    elif hasattr(element, "npartitions"):
        yield from columns(element.compute())
    else:
        levels = [element] if hasattr(element, "data") else [next(iter(level.values())) for level in scales(element)]
        pixels = levels[0].data.compute()
        yield "levels", [list(level.shape) for level in levels]
        yield "pixels", [str(pixels.dtype), hashed(pixels)]
        if "c" in levels[0].coords:
            yield "channels", [str(channel) for channel in levels[0].coords["c"].values]


def scales(tree: Any) -> Iterator[Any]:
    """The levels of a raster of several scales, from the finest on."""
    return (tree[f"scale{number}"].ds for number in range(len(tree.children)))


def described_table(table: Any) -> dict[str, object]:
    counts = table.X.tocsr().sorted_indices() if hasattr(table.X, "tocsr") else table.X
    attrs = {key: np.ravel(value).tolist() for key, value in sorted(table.uns.get("spatialdata_attrs", {}).items())}
    return {
        "shape": list(table.shape),
        "X": hashed(counts.data) + hashed(counts.indices) if hasattr(counts, "indices") else hashed(np.asarray(counts)),
        "obs": dict(columns(table.obs)),
        "var": dict(columns(table.var)),
        "obsm": {key: hashed(np.asarray(value)) for key, value in sorted(table.obsm.items())},
        "attrs": attrs,
    }


def columns(frame: pd.DataFrame) -> Iterator[tuple[str, object]]:
    """The index and the columns of a frame, by name."""
    yield "index", hashed_values(frame.index.to_series())
    for name in sorted(map(str, frame.columns)):
        yield f"column {name}", hashed_values(frame[name])


def hashed_values(values: pd.Series) -> list[str]:
    if isinstance(values.dtype, pd.CategoricalDtype):
        return ["category", *hashed_values(values.astype(values.cat.categories.dtype))[1:]]
    if pd.api.types.is_numeric_dtype(values):
        return [str(values.dtype), hashed(values.to_numpy())]
    return ["text", hashed(np.frombuffer("\n".join(map(str, values)).encode(), np.uint8))]


def hashed(values: np.ndarray) -> str:
    return hashlib.sha256(np.ascontiguousarray(values).tobytes()).hexdigest()[:16]
