"""Shapes as points layers (circles), shapes layers (few polygons) or mesh layers (many polygons)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from napari_spatialdata.layers.colors import instance_colors
from napari_spatialdata.layers.layer_data import Sketch, features_of
from napari_spatialdata.layers.mesh import triangulate
from napari_spatialdata.layers.outlines import outlines
from napari_spatialdata.layers.placement import spatial_axes

if TYPE_CHECKING:
    import pandas as pd
    from geopandas import GeoDataFrame
    from numpy.typing import NDArray

__all__ = ["MESH_FROM", "sketch_circles", "sketch_polygons", "sketch_shapes"]

MESH_FROM = 100
_FILL = "#ffffff40"
_LINE = "#ffffff"


def sketch_shapes(shapes: GeoDataFrame, *, flatten: bool) -> list[Sketch]:
    """Describe the layer of a shapes element.

    Parameters
    ----------
    shapes
        Circles (points with a ``radius`` column), polygons or multipolygons, in intrinsic units.
    flatten
        Leave ``z`` out of the drawing of circles. Polygons are always drawn flat.

    Returns
    -------
    list of Sketch
        One layer: points for circles; for polygons a shapes layer, from ``MESH_FROM`` polygons on a mesh. Both draw
        polygons exactly, with their holes and all their parts; on a mesh neighbours differ in colour.
    """
    if len(shapes) and (shapes.geometry.geom_type == "Point").all():
        return sketch_circles(shapes, flatten=flatten)
    return sketch_polygons(shapes)


def sketch_circles(circles: GeoDataFrame, *, flatten: bool) -> list[Sketch]:
    """Describe circles as a points layer whose sizes are the diameters."""
    import shapely

    own = spatial_axes(circles)
    axes = tuple(axis for axis in own if axis != "z") if flatten else own
    geometry = circles.geometry.to_numpy()
    columns = {"x": shapely.get_x(geometry), "y": shapely.get_y(geometry)}
    if "z" in axes:
        columns["z"] = circles["z"].to_numpy() if "z" in circles.columns else shapely.get_z(geometry)
    return [
        Sketch(
            layer_type="points",
            data=np.column_stack([columns[axis] for axis in axes]).astype(np.float64),
            axes=axes,
            options={
                "features": _features(circles),
                "size": 2 * circles["radius"].to_numpy(dtype=np.float64),
                "border_width": 0.02,
                "border_color": _LINE,
                "face_color": _FILL,
                "canvas_size_limits": (0, 100_000),
            },
            instances=circles.index,
            rows=np.arange(len(circles), dtype=np.intp),
            scaled=("size",),
        )
    ]


def sketch_polygons(polygons: GeoDataFrame) -> list[Sketch]:
    """Describe polygons as a shapes layer if they are few, as a mesh if they are many."""
    if len(polygons) < MESH_FROM:
        layer_type, data, options, rows, note = _as_outlines(polygons)
    else:
        layer_type, data, options, rows, note = _as_mesh(polygons)
    return [
        Sketch(
            layer_type=layer_type,
            data=data,
            axes=("y", "x"),
            options=options,
            note=note,
            instances=polygons.index,
            rows=rows,
        )
    ]


_Drawn = tuple[str, Any, dict[str, Any], "NDArray[np.intp]", str]


def _as_outlines(polygons: GeoDataFrame) -> _Drawn:
    rings, rows = outlines(polygons.geometry.to_numpy())
    options = {
        "shape_type": "polygon",
        "features": _features(polygons).iloc[rows].reset_index(drop=True),
        "edge_width": _line_width(polygons),
        "edge_color": _LINE,
        "face_color": _FILL,
    }
    return "shapes", rings, options, rows, ""


def _as_mesh(polygons: GeoDataFrame) -> _Drawn:
    vertices, faces, rows, failed = triangulate(polygons.geometry.to_numpy())
    options = {
        "opacity": 0.6,
        "shading": "none",
        "blending": "translucent",
        "vertex_colors": instance_colors(len(polygons))[rows].astype(np.float32),
    }
    note = ""
    if len(failed):
        ids = ", ".join(map(str, polygons.index[failed][:10]))
        note = f"{len(failed)} polygons cannot be triangulated and are not drawn (first ids: {ids})"
    return "surface", (vertices, faces, np.ones(len(vertices), dtype=np.float32)), options, rows, note


def _features(shapes: GeoDataFrame) -> pd.DataFrame:
    """The columns of the element without its geometry, and its index."""
    import pandas as pd

    return features_of(pd.DataFrame(shapes.drop(columns=shapes.geometry.name)))


def _line_width(polygons: GeoDataFrame) -> float:
    """A thirtieth of the median side of the polygons, in intrinsic units."""
    sides = np.sqrt(np.abs(polygons.geometry.area.to_numpy()))
    return float(np.median(sides)) / 30 if len(sides) and np.median(sides) > 0 else 1.0
