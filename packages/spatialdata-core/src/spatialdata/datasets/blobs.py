"""Blobs: a small object with elements of every kind, made in a moment and always the same."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from spatialdata.transformations.linear import Identity

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from anndata import AnnData
    from geopandas import GeoDataFrame
    from numpy.typing import NDArray
    from xarray import DataArray, DataTree

    from spatialdata.models.points_frame import PointsFrame
    from spatialdata.sdata import SpatialData
    from spatialdata.transformations.algebra import BaseTransformation

__all__ = ["BlobsDataset", "blobs", "blobs_annotating_element"]

_SEED = 0
_GENES = ("gene_a", "gene_b")
_SCALE_FACTORS = (2, 2)


def blobs(
    length: int = 512,
    n_points: int = 200,
    n_shapes: int = 5,
    extra_coord_system: str | None = None,
    n_channels: int = 3,
    c_coords: str | Sequence[str] | None = None,
) -> SpatialData:
    """An object with blobs as elements of every kind.

    Parameters
    ----------
    length
        Height and width of the rasters in pixels.
    n_points
        Number of points.
    n_shapes
        Number of circles, of polygons and of multipolygons.
    extra_coord_system
        A further coordinate system, in which everything lies as in ``"global"``.
    n_channels
        Number of channels of the images, if their names are not given.
    c_coords
        Names of the channels.

    Returns
    -------
    Object with the images ``blobs_image`` and ``blobs_multiscale_image``, the labels ``blobs_labels`` and
    ``blobs_multiscale_labels``, the points ``blobs_points`` (with the columns ``genes`` and ``instance_id``), the
    shapes ``blobs_circles``, ``blobs_polygons`` and ``blobs_multipolygons``, and the table ``table``, which has the
    sum of each channel for each of ``blobs_labels``.

    Examples
    --------
    >>> from spatialdata.datasets import blobs
    >>> sorted(blobs(length=64).labels)
    ['blobs_labels', 'blobs_multiscale_labels']
    """
    return BlobsDataset(length, n_points, n_shapes, extra_coord_system, n_channels, c_coords).blobs()


class BlobsDataset:
    """Blobs, element by element; packages build objects of their own of them.

    Parameters
    ----------
    length, n_points, n_shapes, extra_coord_system, n_channels, c_coords
        As in :func:`blobs`.

    Examples
    --------
    >>> from spatialdata.datasets import BlobsDataset
    >>> BlobsDataset(length=32).blobs()["blobs_image"].shape
    (3, 32, 32)
    """

    def __init__(
        self,
        length: int = 512,
        n_points: int = 200,
        n_shapes: int = 5,
        extra_coord_system: str | None = None,
        n_channels: int = 3,
        c_coords: str | Sequence[str] | None = None,
    ) -> None:
        self.length = length
        self.n_points = n_points
        self.n_shapes = n_shapes
        self.c_coords = None if c_coords is None else [c_coords] if isinstance(c_coords, str) else list(c_coords)
        self.n_channels = n_channels if self.c_coords is None else len(self.c_coords)
        self.transformations: dict[str, BaseTransformation] = {"global": Identity()}
        if extra_coord_system is not None:
            self.transformations[extra_coord_system] = Identity()

    def blobs(self) -> SpatialData:
        """All elements in one object."""
        from spatialdata.sdata import SpatialData

        systems, length = self.transformations, self.length
        image = (systems, length, self.n_channels, self.c_coords)
        shapes = (systems, length, self.n_shapes)
        return SpatialData(
            images={
                "blobs_image": self._image_blobs(*image),
                "blobs_multiscale_image": self._image_blobs(*image, scale_factors=_SCALE_FACTORS),
            },
            labels={
                "blobs_labels": self._labels_blobs(systems, length),
                "blobs_multiscale_labels": self._labels_blobs(systems, length, scale_factors=_SCALE_FACTORS),
            },
            points={"blobs_points": self._points_blobs(systems, length, self.n_points)},
            shapes={
                "blobs_circles": self._circles_blobs(*shapes),
                "blobs_polygons": self._polygons_blobs(*shapes),
                "blobs_multipolygons": self._polygons_blobs(*shapes, multipolygons=True),
            },
            tables={"table": _table(_blob_image(length, self.n_channels), _blob_labels(length), self.c_coords)},
        )

    def _image_blobs(
        self,
        transformations: Mapping[str, BaseTransformation] | None = None,
        length: int = 512,
        n_channels: int = 3,
        c_coords: str | Sequence[str] | None = None,
        scale_factors: Sequence[int] | None = None,
    ) -> DataArray | DataTree:
        from spatialdata.models import Image2DModel

        return Image2DModel.parse(
            _blob_image(length, n_channels),
            dims=("c", "y", "x"),
            c_coords=c_coords,
            transformations=transformations,
            scale_factors=scale_factors,
        )

    def _labels_blobs(
        self,
        transformations: Mapping[str, BaseTransformation] | None = None,
        length: int = 512,
        scale_factors: Sequence[int] | None = None,
    ) -> DataArray | DataTree:
        from spatialdata.models import Labels2DModel

        return Labels2DModel.parse(_blob_labels(length), transformations=transformations, scale_factors=scale_factors)

    def _points_blobs(
        self,
        transformations: Mapping[str, BaseTransformation] | None = None,
        length: int = 512,
        n_points: int = 200,
    ) -> PointsFrame:
        return _points(length, n_points, _blob_labels(length), transformations)

    def _circles_blobs(
        self,
        transformations: Mapping[str, BaseTransformation] | None = None,
        length: int = 512,
        n_shapes: int = 5,
    ) -> GeoDataFrame:
        return _circles(length, n_shapes, transformations)

    def _polygons_blobs(
        self,
        transformations: Mapping[str, BaseTransformation] | None = None,
        length: int = 512,
        n_shapes: int = 5,
        multipolygons: bool = False,
    ) -> GeoDataFrame:
        return _polygons(length, n_shapes, transformations, multi=multipolygons)


def blobs_annotating_element(name: str) -> SpatialData:
    """Blobs whose table annotates another element.

    Parameters
    ----------
    name
        The name of labels or shapes of :func:`blobs`.

    Returns
    -------
    Object of 50 pixels with a table that has one row for each instance of the element.

    Raises
    ------
    ValueError
        There are no such labels or shapes.

    Examples
    --------
    >>> from spatialdata.datasets import blobs_annotating_element
    >>> blobs_annotating_element("blobs_circles")["table"].uns["spatialdata_attrs"]["region"]
    'blobs_circles'
    """
    from spatialdata.errors import unknown_name
    from spatialdata.relations.instances import get_element_instances

    sdata = blobs(length=50)
    annotatable = [*sdata.labels, *sdata.shapes]
    if name not in annotatable:
        raise ValueError(unknown_name("labels or shapes", name, annotatable))
    ids = np.asarray(get_element_instances(sdata[name]))
    del sdata["table"]
    sdata.tables["table"] = _annotating(np.zeros((len(ids), 1), dtype=np.float32), ["channel_0_sum"], name, ids)
    return sdata


def _rng(part: int) -> np.random.Generator:
    return np.random.default_rng((_SEED, part))


def _blob_image(length: int, channels: int) -> NDArray[np.float64]:
    from scipy.ndimage import gaussian_filter

    noise = _rng(0).uniform(size=(channels, length, length))
    sigma = max(length / 40, 0.5)
    smooth = np.stack([gaussian_filter(plane, sigma, mode="wrap") for plane in noise])
    low, high = smooth.min(axis=(1, 2), keepdims=True), smooth.max(axis=(1, 2), keepdims=True)
    return np.asarray((smooth - low) / np.maximum(high - low, np.finfo(float).tiny))


def _blob_labels(length: int) -> NDArray[np.int64]:
    from scipy.ndimage import label

    found, _ = label(_blob_image(length, 1)[0] > 0.6)
    return np.asarray(found, dtype=np.int64)


def _points(
    length: int, count: int, labels: NDArray[np.int64], systems: Mapping[str, BaseTransformation] | None
) -> PointsFrame:
    import pandas as pd

    from spatialdata.models import PointsModel

    rng = _rng(1)
    xy = rng.integers(0, length, size=(count, 2))
    frame = pd.DataFrame({"x": xy[:, 0], "y": xy[:, 1]})
    frame["genes"] = pd.Categorical(rng.choice(_GENES, size=count), categories=list(_GENES))
    frame["instance_id"] = labels[xy[:, 1], xy[:, 0]]
    return PointsModel.parse(frame, feature_key="genes", instance_key="instance_id", transformations=systems)


def _circles(length: int, count: int, systems: Mapping[str, BaseTransformation] | None) -> GeoDataFrame:
    from spatialdata.models import ShapesModel

    rng = _rng(2)
    centres = rng.uniform(0, length, size=(count, 2))
    radii = rng.uniform(length / 50, length / 15, size=count)
    return ShapesModel.parse(centres, geometry=0, radius=radii, transformations=systems)


def _polygons(
    length: int, count: int, systems: Mapping[str, BaseTransformation] | None, *, multi: bool
) -> GeoDataFrame:
    import geopandas
    import shapely

    from spatialdata.models import ShapesModel

    rng = _rng(4 if multi else 3)
    geometries = []
    for _ in range(count):
        first = _polygon(rng, rng.uniform(0, length, size=2), length)
        second = _polygon(rng, rng.uniform(0, length, size=2), length)
        both = shapely.union(first, second)
        geometries.append(both if multi and both.geom_type == "MultiPolygon" else first)
    if multi:
        geometries = [shapely.multipolygons([g]) if g.geom_type == "Polygon" else g for g in geometries]
    return ShapesModel.parse(geopandas.GeoDataFrame(geometry=geometries), transformations=systems)


def _polygon(rng: np.random.Generator, centre: NDArray[np.float64], length: int) -> Any:
    import shapely

    angles = np.sort(rng.uniform(0, 2 * np.pi, size=rng.integers(5, 9)))
    radii = rng.uniform(length / 25, length / 12, size=len(angles))
    corners = centre + np.column_stack([np.cos(angles), np.sin(angles)]) * radii[:, None]
    return shapely.convex_hull(shapely.multipoints(corners))


def _table(image: NDArray[np.float64], labels: NDArray[np.int64], names: list[str] | None) -> AnnData:
    channels = [str(name) for name in (names if names is not None else range(len(image)))]
    sums = np.stack([np.bincount(labels.ravel(), weights=plane.ravel()) for plane in image], axis=1)
    ids = np.flatnonzero(np.bincount(labels.ravel()))
    ids = ids[ids > 0]
    return _annotating(sums[ids], [f"channel_{name}_sum" for name in channels], "blobs_labels", ids)


def _annotating(matrix: NDArray[Any], names: list[str], region: str, ids: NDArray[Any]) -> AnnData:
    import pandas as pd
    from anndata import AnnData
    from scipy.sparse import csr_matrix

    from spatialdata.models import TableModel

    obs = pd.DataFrame(
        {"instance_id": ids, "region": pd.Categorical([region] * len(ids))}, index=[str(value) for value in ids]
    )
    table = AnnData(csr_matrix(matrix), obs=obs, var=pd.DataFrame(index=names))
    return TableModel.parse(table, region=region, region_key="region", instance_key="instance_id")
