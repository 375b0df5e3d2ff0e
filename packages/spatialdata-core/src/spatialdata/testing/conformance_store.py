"""A store with an element of every kind and variant, and what a reader must find in it."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

import numpy as np

from spatialdata.errors import listing
from spatialdata.store.formats import SpatialDataContainerFormatV01, SpatialDataContainerFormatV02
from spatialdata.store.schemas import json_schemas

if TYPE_CHECKING:
    from spatialdata.sdata import SpatialData

__all__ = ["json_schemas", "write_conformance_store"]

_MANY = 8_500


def write_conformance_store(
    folder: str | Path, version: str = "0.2", *, ngff: Literal["0.5-dev-spatialdata", "0.6"] | None = None
) -> dict[str, Any]:
    """Write a store for testing readers, and what is in it.

    Parameters
    ----------
    folder
        A folder in which neither ``store.zarr`` nor ``facts.json`` exists yet; it is made if need be.
    version
        The version of the container, ``"0.2"`` or ``"0.1"``.
    ngff
        The version of OME-Zarr of images and labels, as :meth:`spatialdata.SpatialData.write` takes it.

    Returns
    -------
    What ``facts.json`` says: under ``"attrs"`` the attributes of the store, and under ``"elements"``, by path, of

    - images and labels the ``axes``, ``channels`` and, finest first, the ``levels`` with ``dtype`` and ``values``,
    - points the ``index``, the ``columns`` and the names of special columns, by rising index,
    - shapes the ``index``, the ``columns`` and the ``geometry`` as text (WKT), in their order,
    - tables ``X`` and the other matrices, ``obs`` and ``var``, and what they annotate,

    and of all but tables the ``transformations``: by coordinate system, a matrix over ``matrix_axes``, with a column
    for the shift and a last row ``[0, …, 1]``.

    Raises
    ------
    StoreExistsError
        There is a store in the folder.
    ValueError
        The version is not known.

    Examples
    --------
    >>> import tempfile
    >>> facts = write_conformance_store(tempfile.mkdtemp())
    >>> facts["elements"]["labels/labels_2d"]["levels"][0]["values"][1]
    [0, 0, 7, 7, 7, 0]
    """
    formats = {"0.1": SpatialDataContainerFormatV01, "0.2": SpatialDataContainerFormatV02}
    if version not in formats:
        raise ValueError(f"The version of the container must be one of {listing(formats)}, not {version!r}.")
    folder = Path(folder)
    folder.mkdir(parents=True, exist_ok=True)
    sdata = _object()
    sdata.write(folder / "store.zarr", sdata_formats=formats[version](), ngff=ngff)
    sdata.points["points_tiled"] = _points("xy", 60)
    sdata.write_element("points_tiled", points_layout="vitessce")
    facts = {
        "attrs": sdata.attrs,
        "elements": {f"{kind}/{name}": _FACTS[kind](element) for kind, name, element in sdata.gen_elements()},
    }
    text = json.dumps(facts, indent=1, ensure_ascii=False, allow_nan=False)
    (folder / "facts.json").write_text(text, encoding="utf-8", newline="\n")
    found: dict[str, Any] = json.loads(text)
    return found


def _places(axes: tuple[str, ...] = ("x", "y")) -> dict[str, Any]:
    """A transformation of every type that is written in words of its own."""
    from spatialdata.transformations import Affine, Identity, MapAxis, Scale, Sequence, Translation

    known: Any = axes
    turned = Affine(
        [[0.0, -2.0, 3.0], [0.5, 0.0, -1.0], [0.0, 0.0, 1.0]], input_axes=("x", "y"), output_axes=("x", "y")
    )
    moved = Translation([float(number) - 0.5 for number in range(len(axes))], known)
    return {
        "global": Identity(),
        "moved": moved,
        "scaled": Scale([0.5, 4.0, 2.0][: len(axes)], known),
        "turned": turned,
        "swapped": MapAxis({"x": "y", "y": "x"}),
        "chain": Sequence([Scale([2.0], ("x",)), Sequence([turned, moved])]),
    }


def _object() -> SpatialData:
    from spatialdata.sdata import SpatialData

    return SpatialData(
        images=_images(),
        labels=_labels(),
        points={
            "points_2d": _points("xy", 7),
            "points_3d": _points("xyz", 5),
            "points_none": _points("xy", 0),
        },
        shapes=_shapes(),
        tables=_tables(),
        attrs={"purpose": "conformance", "nested": {"list": [1, 2.5, "three", None, True]}},
    )


def _images() -> dict[str, Any]:
    from spatialdata.models import Image2DModel, Image3DModel

    pixels = np.arange(3 * 8 * 12, dtype=np.uint8).reshape(3, 8, 12)
    return {
        "image_2d": Image2DModel.parse(pixels, c_coords=["r", "g", "µ"], transformations=_places()),
        "image_2d_levels": Image2DModel.parse(pixels.astype(np.uint16) * 100, scale_factors=[2, 2]),
        "image_3d": Image3DModel.parse(
            np.arange(2 * 3 * 4 * 5, dtype=np.float32).reshape(2, 3, 4, 5) / 8,
            transformations=_places(("x", "y", "z")),
        ),
    }


def _labels() -> dict[str, Any]:
    from spatialdata.models import Labels2DModel, Labels3DModel

    ids = np.zeros((4, 6), dtype=np.int32)
    ids[1:3, 2:5], ids[3, 0] = 7, 90_000
    return {
        "labels_2d": Labels2DModel.parse(ids, transformations=_places()),
        "labels_2d_levels": Labels2DModel.parse(np.kron(ids, np.ones((2, 2))).astype(np.uint32), scale_factors=[2]),
        "labels_3d": Labels3DModel.parse(np.stack([ids, ids + 1]).astype(np.int64)),
    }


def _points(axes: str, count: int) -> Any:
    import pandas as pd

    from spatialdata.models import PointsModel

    frame = pd.DataFrame(
        {
            **{axis: (np.arange(count) * (number + 3) % 11) / 4 for number, axis in enumerate(axes)},
            "gene": pd.Categorical.from_codes(np.arange(count) % 2, pd.Index(["b", "a", "unused"])),
            "cell": np.arange(count) // 3,
            "note": [f"n{number}" for number in range(count)],
        },
        index=np.arange(count) * 2 + 10,
    )
    places = _places(tuple(axes))
    return PointsModel.parse(frame, feature_key="gene", instance_key="cell", transformations=places)


def _shapes() -> dict[str, Any]:
    import geopandas
    import shapely

    from spatialdata.models import ShapesModel

    square = shapely.box(0, 0, 4, 4)
    ring = shapely.Polygon([(0, 0), (8, 0), (8, 8), (0, 8)], [[(2, 2), (5, 2), (5, 5)]])
    mixed = [ring, shapely.MultiPolygon([square, shapely.box(10, 10, 12, 13)])]
    named = geopandas.GeoDataFrame({"area": [51.5, 22.0], "kind": ["a", "b"]}, geometry=mixed, index=["two", "one"])
    # In an order in which they do not lie, so that the order of the rows has to come back.
    number = np.arange(_MANY) * 7919 % _MANY
    many = np.stack([number % 100, number // 100], axis=1).astype(float)
    return {
        "circles": ShapesModel.parse(
            np.array([[1.0, 2.0], [3.5, 4.0], [0.0, 9.0]]),
            geometry=0,
            radius=np.array([1.0, 0.5, 2.0]),
            index=[5, 9, 7],
            transformations=_places(),
        ),
        "polygons": ShapesModel.parse(geopandas.GeoDataFrame(geometry=[square, ring])),
        "polygons_mixed": ShapesModel.parse(named, transformations=_places()),
        "circles_sorted": ShapesModel.parse(many, geometry=0, radius=0.25),
        "circles_sorted_named": ShapesModel.parse(
            many, geometry=0, radius=0.25, index=[f"c{one}" for one in (np.arange(_MANY) * 31 % _MANY)]
        ),
    }


def _tables() -> dict[str, Any]:
    import pandas as pd
    from anndata import AnnData
    from scipy.sparse import csr_matrix

    from spatialdata.models import TableModel

    obs = pd.DataFrame(
        {
            "region": pd.Categorical(["circles", "circles", "labels_2d"]),
            "instance": [9, 5, 7],
            "type": pd.Categorical(["T", "B", "T"], categories=["T", "B", "unused"]),
            "score": [0.5, 1.0, -2.0],
        },
        index=["row a", "row b", "row c"],
    )
    counts = np.array([[1, 0], [0, 2], [0, 0]], dtype=np.float32)
    table = AnnData(csr_matrix(counts), obs=obs, var=pd.DataFrame({"panel": ["p", "q"]}, index=["g1", "g2"]))
    table.layers["doubled"] = counts * 2
    table.obsm["place"] = np.arange(6.0).reshape(3, 2)
    alone = AnnData(np.eye(2, dtype=np.float32), obs=pd.DataFrame({"a": [1, 2]}, index=["x", "y"]))
    return {
        "table": TableModel.parse(table, region=["circles", "labels_2d"], region_key="region", instance_key="instance"),
        "table_alone": TableModel.parse(alone),
    }


def _transformation_facts(element: Any) -> dict[str, Any]:
    from spatialdata._core.elements import spatial_axes_of
    from spatialdata.transformations import get_transformation

    axes = spatial_axes_of(element)
    found = get_transformation(element, get_all=True)
    matrices = {name: one.to_affine_matrix(axes, axes).tolist() for name, one in found.items()}
    return {"matrix_axes": list(axes), "transformations": matrices}


def _raster_facts(raster: Any) -> dict[str, Any]:
    from spatialdata._core.elements import levels_of

    levels = levels_of(raster)
    facts = [{"dtype": str(level.dtype), "values": level.to_numpy().tolist()} for level in levels]
    channels = levels[0].coords["c"].to_numpy().tolist() if "c" in levels[0].dims else None
    axes = [str(dim) for dim in levels[0].dims]
    return {"axes": axes, "channels": channels, "levels": facts, **_transformation_facts(raster)}


def _columns(frame: Any) -> dict[str, list[Any]]:
    return {str(name): frame[name].tolist() for name in frame.columns}


def _points_facts(points: Any) -> dict[str, Any]:
    frame = points.compute().sort_index()
    keys = points.attrs["spatialdata_attrs"]
    return {
        "index": frame.index.tolist(),
        "columns": _columns(frame),
        "categories": {"gene": list(frame["gene"].cat.categories)},
        **{key: keys[key] for key in ("feature_key", "instance_key")},
        **_transformation_facts(points),
    }


def _shapes_facts(shapes: Any) -> dict[str, Any]:
    return {
        "index": shapes.index.tolist(),
        "columns": _columns(shapes.drop(columns="geometry")),
        "geometry": shapes.geometry.to_wkt(rounding_precision=-1).tolist(),
        **_transformation_facts(shapes),
    }


def _dense(matrix: Any) -> list[Any]:
    dense: list[Any] = (matrix.toarray() if hasattr(matrix, "toarray") else np.asarray(matrix)).tolist()
    return dense


def _table_facts(table: Any) -> dict[str, Any]:
    keys = table.uns.get("spatialdata_attrs", {})
    return {
        "X": _dense(table.X),
        "layers": {name: _dense(table.layers[name]) for name in table.layers if name is not None},
        "obsm": {name: _dense(table.obsm[name]) for name in table.obsm},
        **{part: {"index": list(frame.index), "columns": _columns(frame)} for part, frame in _frames(table)},
        **{key: keys.get(key) for key in ("region", "region_key", "instance_key")},
    }


def _frames(table: Any) -> list[tuple[str, Any]]:
    return [("obs", table.obs), ("var", table.var)]


_FACTS = {
    "images": _raster_facts,
    "labels": _raster_facts,
    "points": _points_facts,
    "shapes": _shapes_facts,
    "tables": _table_facts,
}
