"""Prints what a store holds, in numbers that do not depend on the library: ``describe_object.py STORE``.

Only names that this workspace and the published wheels share are used, so both can run it.
"""

import hashlib
import json
import sys
from typing import Any

import numpy as np


def digest(values: Any) -> str:
    """SHA-256 of the values in C order, little-endian."""
    array = np.ascontiguousarray(values)
    return hashlib.sha256(array.astype(array.dtype.newbyteorder("<")).tobytes()).hexdigest()


def transformations(element: Any) -> dict[str, list[list[float]]]:
    """Matrix over x and y for each coordinate system, rounded to 12 digits."""
    from spatialdata.transformations import get_transformation

    found = get_transformation(element, get_all=True)
    matrices = {name: one.to_affine_matrix(("x", "y"), ("x", "y")) for name, one in found.items()}
    return {name: np.round(matrix, 12).tolist() for name, matrix in sorted(matrices.items())}


def raster(element: Any) -> dict[str, Any]:
    """Shape, type and values of each level, finest first."""
    levels = [element]
    if hasattr(element, "children"):
        levels = [element[name]["image"] for name in sorted(element.children, key=lambda name: int(name[5:]))]
    facts = [
        {
            "dims": list(level.dims),
            "shape": list(level.shape),
            "dtype": str(level.dtype),
            "values": digest(level.data.compute()),
            "places": [digest(level.coords[axis].to_numpy().astype(float)) for axis in level.dims if axis != "c"],
        }
        for level in levels
    ]
    channels = [str(name) for name in levels[0].coords["c"].to_numpy()] if "c" in levels[0].dims else None
    return {"levels": facts, "channels": channels, "transformations": transformations(element)}


def column(values: Any) -> list[Any]:
    """Values of a column as text or numbers, categories as their text."""
    return [value.item() if isinstance(value, np.generic) else value for value in values.tolist()]


def frame(table: Any) -> dict[str, Any]:
    """Columns and index of a data frame."""
    return {"index": column(table.index), "columns": {name: column(table[name]) for name in sorted(table.columns)}}


def points(element: Any) -> dict[str, Any]:
    """All rows of a points frame and its keys."""
    keys = element.attrs.get("spatialdata_attrs", {})
    return {**frame(element.compute()), "keys": dict(sorted(keys.items())), "transformations": transformations(element)}


def shapes(element: Any) -> dict[str, Any]:
    """Geometries as well-known text, and the other columns."""
    return {
        "geometry": element.geometry.to_wkt(rounding_precision=-1).tolist(),
        **frame(element.drop(columns="geometry")),
        "transformations": transformations(element),
    }


def table(element: Any) -> dict[str, Any]:
    """Matrix, annotations and what is annotated."""
    matrix = element.X.toarray() if hasattr(element.X, "toarray") else element.X
    keys = dict(element.uns.get("spatialdata_attrs", {}))
    if "region" in keys:
        region = keys["region"]
        keys["region"] = sorted([region] if isinstance(region, str) else region)
    return {
        "X": None if matrix is None else np.asarray(matrix).tolist(),
        "obs": frame(element.obs),
        "var": frame(element.var),
        "obsm": {name: np.asarray(values).tolist() for name, values in sorted(element.obsm.items())},
        "keys": dict(sorted(keys.items())),
    }


def describe(sdata: Any) -> dict[str, Any]:
    """All elements of an object by kind and name."""
    kinds = {"images": raster, "labels": raster, "points": points, "shapes": shapes, "tables": table}
    facts = {
        kind: {name: function(getattr(sdata, kind)[name]) for name in sorted(getattr(sdata, kind))}
        for kind, function in kinds.items()
    }
    return {**facts, "attrs": dict(sdata.attrs), "coordinate_systems": sorted(sdata.coordinate_systems)}


if __name__ == "__main__":
    from spatialdata import read_zarr

    print(json.dumps(describe(read_zarr(sys.argv[1]))))
