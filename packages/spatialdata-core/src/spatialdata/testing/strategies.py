"""Strategies of hypothesis that draw valid elements and objects.

They are small, and odd where elements may be odd: one pixel, several chunks, negative coordinates, ids with gaps or of
text, categories without rows.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from spatialdata._core.optional import require

if TYPE_CHECKING:
    from hypothesis.strategies import SearchStrategy

__all__ = ["elements", "images", "labels", "points", "shapes", "spatial_data_objects", "transformations"]

_SYSTEMS = ("global", "um", "slide-1")
_SIDE = 9


def _strategies() -> Any:
    return require("hypothesis.strategies", "draw elements")


def transformations(axes: tuple[str, ...] = ("x", "y")) -> SearchStrategy[Any]:
    """Invertible linear transformations of some axes.

    Parameters
    ----------
    axes
        The axes.

    Examples
    --------
    >>> from spatialdata.testing.strategies import transformations
    >>> transformations().validate()
    """
    from spatialdata.transformations import Affine, Identity, Scale, Sequence, Translation

    st = _strategies()
    number = st.integers(-50, 50).map(lambda value: value / 4)
    factor = st.sampled_from([0.25, 0.5, 1.0, 2.0, 3.0])
    count = len(axes)
    translation = st.lists(number, min_size=count, max_size=count).map(lambda value: Translation(value, axes))
    scale = st.lists(factor, min_size=count, max_size=count).map(lambda value: Scale(value, axes))

    def rotated(drawn: tuple[float, list[float]]) -> Any:
        angle, offset = drawn
        matrix = np.eye(count + 1)
        matrix[:2, :2] = [[np.cos(angle), -np.sin(angle)], [np.sin(angle), np.cos(angle)]]
        matrix[:count, -1] = offset
        return Affine(matrix, input_axes=axes, output_axes=axes)

    affine = st.tuples(
        st.sampled_from([0.0, 0.3, np.pi / 2, 2.0]), st.lists(number, min_size=count, max_size=count)
    ).map(rotated)
    simple = st.one_of(st.just(Identity()), translation, scale, affine)
    drawn: SearchStrategy[Any] = st.one_of(simple, st.lists(simple, min_size=1, max_size=3).map(Sequence))
    return drawn


def _systems(axes: tuple[str, ...] = ("x", "y")) -> Any:
    st = _strategies()
    return st.dictionaries(st.sampled_from(_SYSTEMS), transformations(axes), min_size=1, max_size=3)


def images(three_dimensional: bool | None = False) -> SearchStrategy[Any]:
    """Images of one or several scales.

    Parameters
    ----------
    three_dimensional
        With an axis z; either if None.
    """
    from spatialdata.models import Image2DModel, Image3DModel

    return _rasters(Image2DModel, Image3DModel, three_dimensional, channels=True)


def labels(three_dimensional: bool | None = False) -> SearchStrategy[Any]:
    """Labels of one or several scales, whose ids have gaps.

    Parameters
    ----------
    three_dimensional
        With an axis z; either if None.
    """
    from spatialdata.models import Labels2DModel, Labels3DModel

    return _rasters(Labels2DModel, Labels3DModel, three_dimensional, channels=False)


def _rasters(flat: Any, deep: Any, three_dimensional: bool | None, *, channels: bool) -> SearchStrategy[Any]:
    st = _strategies()
    dtypes = ["uint8", "uint16", "float32", "float64"] if channels else ["uint8", "int32", "uint32", "int64"]

    def draw_raster(draw: Any) -> Any:
        is_deep = draw(st.booleans()) if three_dimensional is None else three_dimensional
        sizes = draw(st.lists(st.integers(1, _SIDE), min_size=2 + is_deep, max_size=2 + is_deep))
        shape = ([draw(st.integers(1, 3))] if channels else []) + sizes
        rng = np.random.default_rng(draw(st.integers(0, 2**16)))
        data = rng.choice([0, 1, 2, 5, 90, 200], size=shape).astype(draw(st.sampled_from(dtypes)))
        axes = ("x", "y", "z") if is_deep else ("x", "y")
        factors = [2] if min(sizes) >= 2 and draw(st.booleans()) else None
        return (deep if is_deep else flat).parse(
            data,
            transformations=draw(_systems(axes)),
            chunks=tuple(draw(st.integers(1, size)) for size in shape),
            scale_factors=factors,
        )

    drawn: SearchStrategy[Any] = st.composite(draw_raster)()
    return drawn


def points(three_dimensional: bool = False) -> SearchStrategy[Any]:
    """Points with the columns ``gene`` (categorical, with a category that has no rows), ``cell`` and ``quality``.

    Parameters
    ----------
    three_dimensional
        With a column z.
    """
    import pandas as pd

    from spatialdata.models import PointsModel

    st = _strategies()

    def draw_points(draw: Any) -> Any:
        count = draw(st.integers(0, 12))
        rng = np.random.default_rng(draw(st.integers(0, 2**16)))
        axes = ("x", "y", "z") if three_dimensional else ("x", "y")
        frame = pd.DataFrame({axis: rng.integers(-40, 40, count) / 4 for axis in axes})
        frame["gene"] = pd.Categorical(rng.choice(["a", "b"], count), categories=["a", "b", "unseen"])
        frame["cell"] = rng.integers(0, 5, count)
        frame["quality"] = rng.random(count)
        return PointsModel.parse(
            frame,
            feature_key="gene",
            instance_key="cell",
            transformations=draw(_systems(axes)),
            npartitions=draw(st.integers(1, 3)) if count else 1,
        )

    drawn: SearchStrategy[Any] = st.composite(draw_points)()
    return drawn


def shapes(kinds: tuple[str, ...] = ("circles", "polygons", "multipolygons")) -> SearchStrategy[Any]:
    """Shapes of one of the kinds, with ids that are numbers with gaps or text.

    Parameters
    ----------
    kinds
        Some of ``"circles"``, ``"polygons"`` (some with a hole) and ``"multipolygons"``.
    """
    import geopandas
    import shapely

    from spatialdata.models import ShapesModel

    st = _strategies()

    def draw_shapes(draw: Any) -> Any:
        ids: list[Any] = draw(st.lists(st.integers(0, 99), min_size=1, max_size=6, unique=True))
        if draw(st.booleans()):
            ids = [f"cell_{number}" for number in ids]
        kind = draw(st.sampled_from(kinds))
        rng = np.random.default_rng(draw(st.integers(0, 2**16)))
        centers = rng.integers(-40, 40, size=(len(ids), 2)) / 2
        systems = draw(_systems())
        if kind == "circles":
            radius = rng.integers(1, 12, len(ids)) / 4
            return ShapesModel.parse(centers, geometry=0, radius=radius, index=ids, transformations=systems)
        boxes = [
            shapely.box(x, y, x + 3, y + 2).difference(shapely.box(x + 1, y + 0.5, x + 2, y + 1)) for x, y in centers
        ]
        if kind == "multipolygons":
            boxes = [shapely.MultiPolygon([box, shapely.box(90, 90, 91, 91)]) for box in boxes]
        return ShapesModel.parse(geopandas.GeoDataFrame(geometry=boxes, index=ids), transformations=systems)

    drawn: SearchStrategy[Any] = st.composite(draw_shapes)()
    return drawn


def elements() -> SearchStrategy[Any]:
    """Elements of any kind but tables."""
    st = _strategies()
    drawn: SearchStrategy[Any] = st.one_of(
        images(None), labels(None), points(), points(three_dimensional=True), shapes()
    )
    return drawn


def spatial_data_objects() -> SearchStrategy[Any]:
    """Objects with an element of each kind, and a table that annotates some of the shapes and of the labels."""
    from spatialdata.sdata import SpatialData

    st = _strategies()

    def draw_object(draw: Any) -> SpatialData:
        cells, nuclei = draw(shapes()), draw(labels())
        sdata = SpatialData(
            images={"image": draw(images())},
            labels={"nuclei": nuclei},
            points={"molecules": draw(points())},
            shapes={"cells": cells},
            attrs=draw(st.dictionaries(st.sampled_from(["a", "b"]), st.integers(0, 9))),
        )
        sdata["table"] = _table(cells, draw(st.integers(0, len(cells))), draw(st.integers(0, 2**16)))
        return sdata

    drawn: SearchStrategy[Any] = st.composite(draw_object)()
    return drawn


def _table(cells: Any, count: int, seed: int) -> Any:
    """A table of some of the shapes in an order of its own; it annotates nothing without any."""
    import pandas as pd
    from anndata import AnnData

    from spatialdata.models import TableModel

    rng = np.random.default_rng(seed)
    ids = rng.permutation(np.asarray(cells.index))[:count]
    obs = pd.DataFrame(
        {"region": pd.Categorical(["cells"] * count), "id": ids}, index=[f"row{number}" for number in range(count)]
    )
    table = AnnData(rng.poisson(2.0, size=(count, 2)).astype(np.float32), obs=obs)
    return TableModel.parse(table, "cells", "region", "id") if count else TableModel.parse(table)
