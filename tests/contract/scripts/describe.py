"""Describes elements by values that do not depend on the implementation; runs here and with the published wheels.

``python describe.py STORE`` reads a store with the spatialdata of that interpreter and prints one line of JSON.
"""

import hashlib
import json
import sys

import numpy as np
import pandas as pd
import scipy.sparse
import shapely


def _sha(data):
    return hashlib.sha256(data).hexdigest()


def _array(values):
    values = np.ascontiguousarray(values)
    return {"shape": list(values.shape), "dtype": str(values.dtype), "sha256": _sha(values.tobytes())}


def _series(series):
    facts = {}
    if isinstance(series.dtype, pd.CategoricalDtype):
        facts["categories"] = [str(value) for value in series.cat.categories]
        facts["ordered"] = bool(series.cat.ordered)
    elif series.dtype.kind in "iufb" and not hasattr(series.dtype, "na_value"):
        facts["dtype"] = str(series.dtype)
    missing = series.isna().to_numpy()
    values = [
        None if gone else (value.hex() if isinstance(value, float) else str(value))
        for value, gone in zip(series.tolist(), missing, strict=True)
    ]
    return {**facts, "sha256": _sha(json.dumps(values).encode())}


def _index(index):
    return {"name": index.name, "values": _sha("\n".join(map(str, index.tolist())).encode())}


def _matrix(matrix):
    if matrix is None:
        return None
    if isinstance(matrix, pd.DataFrame):
        return {name: _series(matrix[name]) for name in matrix}
    if scipy.sparse.issparse(matrix):
        return {"format": matrix.format, **_array(matrix.toarray())}
    return _array(np.asarray(matrix))


def _plain(value):
    if isinstance(value, dict):
        return {key: _plain(item) for key, item in sorted(value.items())}
    if isinstance(value, np.ndarray):
        return value.tolist()
    if isinstance(value, np.generic):
        return value.item()
    return [_plain(item) for item in value] if isinstance(value, (list, tuple)) else value


def _matrices(element):
    from spatialdata.models import get_axes_names
    from spatialdata.transformations import get_transformation

    axes = get_axes_names(element)
    found = get_transformation(element, get_all=True)
    return {
        name: [type(t).__name__, np.round(t.to_affine_matrix(axes, axes), 10).tolist()]
        for name, t in sorted(found.items())
    }


def _raster(level):
    coords = {name: np.asarray(level.coords[name]).tolist() for name in sorted(level.coords)}
    return {"dims": list(level.dims), "coords": coords, **_array(level.data.compute())}


def describe(element):
    """Everything that a reader of the element can see."""
    name = type(element).__name__
    if name == "AnnData":
        return {
            "X": _matrix(element.X),
            **{part: _frame(getattr(element, part)) for part in ("obs", "var")},
            **{
                part: {
                    key: _matrix(getattr(element, part)[key]) for key in sorted(set(getattr(element, part)) - {None})
                }
                for part in ("layers", "obsm", "obsp", "varm", "varp")
            },
            "uns": _plain(dict(element.uns)),
            "raw": None if element.raw is None else _matrix(element.raw.X),
        }
    facts = {"transformations": _matrices(element)}
    if name == "DataTree":
        levels = [next(iter(element[level].ds.data_vars.values())) for level in sorted(element.children)]
        return {**facts, "levels": [_raster(level) for level in levels]}
    if name == "DataArray":
        return {**facts, "levels": [_raster(element)]}
    if name == "GeoDataFrame":
        element = element.sort_index(kind="stable")
        wkb = shapely.to_wkb(element.geometry.to_numpy(), byte_order=1, flavor="iso")
        return {**facts, "geometry": _sha(b"".join(wkb)), **_frame(element.drop(columns="geometry"))}
    keys = dict(element.attrs).get("spatialdata_attrs", {})
    return {
        **facts,
        "keys": {key: keys[key] for key in sorted(keys)},
        **_frame(element.compute().sort_index(kind="stable")),
    }


def _frame(frame):
    return {"columns": {str(name): _series(frame[name]) for name in sorted(frame)}, "index": _index(frame.index)}


if __name__ == "__main__":
    import spatialdata

    store = spatialdata.read_zarr(sys.argv[1])
    elements = {f"{kind}/{name}": describe(element) for kind, name, element in store.gen_elements()}
    print(
        json.dumps(
            {"attrs": dict(store.attrs), "consolidated": bool(store.has_consolidated_metadata()), "elements": elements}
        )
    )
