"""The methods of the SpatialData object that write elements batch by batch into its store."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, Literal

from spatialdata._core.names import check_name
from spatialdata._sdata import io as _io
from spatialdata._sdata.backing import BackingMethods
from spatialdata._sdata.elements import DuplicateNameError
from spatialdata.errors import StoreExistsError
from spatialdata.models.kind import Kind
from spatialdata.transformations.units import UNITS_KEY

if TYPE_CHECKING:
    import pandas as pd

    from spatialdata.models.pyramid import ScaleFactors
    from spatialdata.store.builders.builder import Place
    from spatialdata.store.builders.points import PointsBuilder
    from spatialdata.store.builders.rasters import ImageBuilder, LabelsBuilder
    from spatialdata.store.builders.shapes import ShapesBuilder
    from spatialdata.store.builders.tables import TableBuilder
    from spatialdata.transformations.algebra import BaseTransformation

__all__ = ["BuildingMethods"]


class _TakenNameError(StoreExistsError, DuplicateNameError):
    """The name is taken by an element of another kind, or by one that differs in upper and lower case only."""


class BuildingMethods(BackingMethods):
    """How elements are made that are larger than memory."""

    def create_points(
        self,
        name: str,
        *,
        feature_key: str | None = None,
        instance_key: str | None = None,
        coordinates: Mapping[str, str] | None = None,
        transformations: Mapping[str, BaseTransformation] | None = None,
        points_layout: Literal["sorted", "kept", "vitessce"] = "sorted",
        rows_in_memory: int = 2_000_000,
        overwrite: bool = False,
        resume: bool | None = None,
    ) -> PointsBuilder:
        """Write points batch by batch into the store of the object.

        Each batch is on disk when ``append`` returns. At the end of the block the points are sorted, with at most some
        millions of them in memory, and appear in the store and in the object, in one step. If the block ends by an
        error, or the process is killed, the store is as it was, and ``resume=True`` goes on after the last complete
        batch.

        Parameters
        ----------
        name
            The name of the points.
        feature_key, instance_key, coordinates, transformations
            As :meth:`spatialdata.models.PointsModel.parse` takes them.
        points_layout
            As :meth:`write` takes it.
        rows_in_memory
            The number of rows that each thread sorts at a time.
        overwrite
            Replace an element of that name, at the end.
        resume
            What happens with batches that an earlier process has left: True goes on with them, False discards them; if
            not given, they are an error. ``batches_done`` and ``rows`` of the builder say what is there.

        Returns
        -------
        The builder, for a ``with`` block. Its ``append`` takes what :meth:`spatialdata.models.PointsModel.parse` takes;
        categories may differ between batches.

        Raises
        ------
        ValueError
            The object has no store, or the name is not valid.
        StoreExistsError
            There is an element of that name, in the object or in its store. Also a ``ValueError``.
        UnfinishedBuildError
            An earlier process has left batches, and ``resume`` was not given.

        Examples
        --------
        >>> import tempfile
        >>> import pandas as pd
        >>> from spatialdata import SpatialData
        >>> sdata = SpatialData()
        >>> sdata.write(tempfile.mkdtemp() + "/study.zarr")
        >>> with sdata.create_points("transcripts", feature_key="gene") as builder:
        ...     for gene in ("CD3E", "MS4A1"):
        ...         builder.append(pd.DataFrame({"x": [1.0, 2.0], "y": [0.0, 0.0], "gene": gene}))
        >>> sdata["transcripts"]["gene"].compute().tolist()
        ['CD3E', 'CD3E', 'MS4A1', 'MS4A1']
        """
        from spatialdata.store.builders.points import PointsBuilder

        return PointsBuilder(
            self._place(Kind.POINTS, name, overwrite, resume, points_layout=points_layout),
            feature_key=feature_key,
            instance_key=instance_key,
            coordinates=coordinates,
            transformations=transformations,
            rows_in_memory=rows_in_memory,
        )

    def create_shapes(
        self,
        name: str,
        *,
        transformations: Mapping[str, BaseTransformation] | None = None,
        shapes_geometry_encoding: Literal["WKB", "geoarrow"] | None = None,
        shapes_layout: Literal["sorted", "kept"] = "sorted",
        overwrite: bool = False,
        resume: bool | None = None,
    ) -> ShapesBuilder:
        """Write shapes batch by batch into the store of the object.

        Up to 200,000 shapes are put together in memory at the end, and so are all in the encoding of GeoArrow. More of
        them are sorted in pieces that wait on disk, and merged. Otherwise this is like :meth:`create_points`.

        Parameters
        ----------
        name
            The name of the shapes.
        transformations
            Transformations by coordinate system; the Identity to ``"global"`` if not given.
        shapes_geometry_encoding, shapes_layout
            As :meth:`write` takes them.
        overwrite, resume
            As for :meth:`create_points`.

        Returns
        -------
        The builder, for a ``with`` block. Its ``append`` takes what :meth:`spatialdata.models.ShapesModel.parse` takes.

        Examples
        --------
        >>> import tempfile
        >>> import numpy as np
        >>> from spatialdata import SpatialData
        >>> sdata = SpatialData()
        >>> sdata.write(tempfile.mkdtemp() + "/study.zarr")
        >>> with sdata.create_shapes("cells") as builder:
        ...     builder.append(np.zeros((2, 2)), geometry=0, radius=1.0)
        ...     builder.append(np.ones((1, 2)), geometry=0, radius=2.0)
        >>> sdata["cells"].radius.tolist()
        [1.0, 1.0, 2.0]
        """
        from spatialdata.store.builders.shapes import ShapesBuilder

        place = self._place(
            Kind.SHAPES,
            name,
            overwrite,
            resume,
            geometry_encoding=shapes_geometry_encoding,
            shapes_layout=shapes_layout,
        )
        return ShapesBuilder(place, transformations=transformations)

    def create_table(
        self,
        name: str,
        *,
        var: pd.DataFrame | None = None,
        region: str | Sequence[str] | None = None,
        region_key: str | None = None,
        instance_key: str | None = None,
        uns: Mapping[str, Any] | None = None,
        table_chunks: int | None = None,
        table_shards: int | None = None,
        overwrite: bool = False,
        resume: bool | None = None,
    ) -> TableBuilder:
        """Write a table batch by batch, in rows, into the store of the object.

        The matrices of one batch are in memory at a time. At the end ``obs`` of all is put together, of more than
        200,000 rows one column at a time. Otherwise this is like :meth:`create_points`. In the object, the table is
        lazy: see :func:`spatialdata.read_zarr`.

        Parameters
        ----------
        name
            The name of the table.
        var
            The variables; those of the first batch if not given.
        region, region_key, instance_key
            As :meth:`spatialdata.models.TableModel.parse` takes them; what the batches annotate if not given.
        uns
            The unstructured part of the table.
        table_chunks, table_shards
            As :meth:`write` takes them.
        overwrite, resume
            As for :meth:`create_points`.

        Returns
        -------
        The builder, for a ``with`` block. Its ``append`` takes an AnnData, or a matrix and ``obs``.

        Examples
        --------
        >>> import tempfile
        >>> import numpy as np, pandas as pd
        >>> from spatialdata import SpatialData
        >>> sdata = SpatialData()
        >>> sdata.write(tempfile.mkdtemp() + "/study.zarr")
        >>> with sdata.create_table("counts", var=pd.DataFrame(index=["CD3E", "MS4A1"])) as builder:
        ...     builder.append(np.ones((3, 2)))
        ...     builder.append(np.zeros((2, 2)))
        >>> sdata["counts"].shape, sdata["counts"].to_memory().X.sum()
        ((5, 2), np.float64(6.0))
        """
        from spatialdata.store.builders.tables import TableBuilder

        return TableBuilder(
            self._place(Kind.TABLE, name, overwrite, resume, table_chunks=table_chunks, table_shards=table_shards),
            var=var,
            region=region,
            region_key=region_key,
            instance_key=instance_key,
            uns=uns,
        )

    def create_image(
        self,
        name: str,
        shape: Sequence[int],
        dtype: Any,
        *,
        dims: Sequence[str] | None = None,
        c_coords: Sequence[str | int] | None = None,
        scale_factors: ScaleFactors | Literal["auto"] | None = "auto",
        transformations: Mapping[str, BaseTransformation] | None = None,
        chunks: Mapping[str, int] | None = None,
        fill: float | None = None,
        t_coords: Sequence[float] | None = None,
        t_unit: str | None = None,
        raster_compressor: Mapping[str, int] | None = None,
        raster_shards: Mapping[str, int] | None = None,
        overwrite: bool = False,
        resume: bool | None = None,
    ) -> ImageBuilder:
        """Write an image block by block into the store of the object; its further levels are made at the end.

        Blocks wait uncompressed for the most part, in an array beside the elements; otherwise this is like
        :meth:`create_points`.

        Parameters
        ----------
        name
            The name of the image.
        shape
            The numbers of channels, (planes,) rows and columns; of what ``dims`` says, if it is given.
        dtype
            The type of the pixels. Blocks of types that it can hold are cast, others are an error.
        dims
            The axes, such as ``("t", "c", "y", "x")`` for a series of images.
        c_coords, scale_factors, transformations, t_coords, t_unit
            As :meth:`spatialdata.models.Image2DModel.parse` takes them.
        chunks
            Sizes of the chunks by axis, such as ``{"y": 512, "x": 512}``. Blocks that end where chunks do are written
            fastest.
        fill
            The value of pixels that no block covers. If not given, all must be covered.
        raster_compressor, raster_shards
            As :meth:`write` takes them.
        overwrite, resume
            As for :meth:`create_points`.

        Returns
        -------
        The builder, for a ``with`` block. ``builder[:, 0:512, 512:1024] = block`` writes a block, ``append(strip)`` the
        rows below those that were appended before; blocks are arrays of numpy or dask.

        Raises
        ------
        ValueError
            The shape does not fit an image; at the end of the block, pixels are not covered.

        Examples
        --------
        >>> import tempfile
        >>> import numpy as np
        >>> from spatialdata import SpatialData
        >>> sdata = SpatialData()
        >>> sdata.write(tempfile.mkdtemp() + "/study.zarr")
        >>> with sdata.create_image("dapi", (1, 64, 32), "uint8", scale_factors=[2]) as builder:
        ...     builder[:, :32] = np.full((1, 32, 32), 7, dtype="uint8")
        ...     builder[0, 32:, :] = np.full((32, 32), 9, dtype="uint8")
        >>> [level["image"].shape for level in sdata["dapi"].children.values()]
        [(1, 64, 32), (1, 32, 16)]
        """
        from spatialdata.store.builders.rasters import ImageBuilder

        place = self._place(
            Kind.IMAGE,
            name,
            overwrite,
            resume,
            raster_compressor=raster_compressor,
            raster_chunks=chunks,
            raster_shards=raster_shards,
        )
        parse = {
            "c_coords": c_coords,
            "scale_factors": scale_factors,
            "transformations": transformations,
            "t_coords": t_coords,
            "t_unit": t_unit,
        }
        return ImageBuilder(place, shape=shape, dims=dims, dtype=dtype, chunks=chunks, fill=fill, parse=parse)

    def create_labels(
        self,
        name: str,
        shape: Sequence[int],
        dtype: Any,
        *,
        dims: Sequence[str] | None = None,
        scale_factors: ScaleFactors | Literal["auto"] | None = "auto",
        transformations: Mapping[str, BaseTransformation] | None = None,
        chunks: Mapping[str, int] | None = None,
        fill: int | None = 0,
        t_coords: Sequence[float] | None = None,
        t_unit: str | None = None,
        raster_compressor: Mapping[str, int] | None = None,
        raster_shards: Mapping[str, int] | None = None,
        overwrite: bool = False,
        resume: bool | None = None,
    ) -> LabelsBuilder:
        """Write labels block by block into the store of the object; see :meth:`create_image`.

        Parameters
        ----------
        name, dtype, dims, scale_factors, transformations, chunks, t_coords, t_unit
            As for :meth:`create_image`.
        raster_compressor, raster_shards, overwrite, resume
            As for :meth:`create_image`.
        shape
            The numbers of (planes,) rows and columns; of what ``dims`` says, if it is given.
        fill
            The value of pixels that no block covers: background. With None, all must be covered.

        Returns
        -------
        The builder, for a ``with`` block.

        Examples
        --------
        >>> import tempfile
        >>> import numpy as np
        >>> from spatialdata import SpatialData
        >>> sdata = SpatialData()
        >>> sdata.write(tempfile.mkdtemp() + "/study.zarr")
        >>> with sdata.create_labels("cells", (4, 4), "int32") as builder:
        ...     builder[1:3, 1:3] = np.full((2, 2), 5, dtype="int32")
        >>> int(sdata["cells"].sum())
        20
        """
        from spatialdata.store.builders.rasters import LabelsBuilder

        place = self._place(
            Kind.LABELS,
            name,
            overwrite,
            resume,
            raster_compressor=raster_compressor,
            raster_chunks=chunks,
            raster_shards=raster_shards,
        )
        parse = {
            "scale_factors": scale_factors,
            "transformations": transformations,
            "t_coords": t_coords,
            "t_unit": t_unit,
        }
        return LabelsBuilder(place, shape=shape, dims=dims, dtype=dtype, chunks=chunks, fill=fill, parse=parse)

    def _place(self, kind: Kind, name: str, overwrite: bool, resume: bool | None, **options: Any) -> Place:
        from spatialdata.store.builders.builder import Place
        from spatialdata.store.files import is_local
        from spatialdata.store.options import WriteOptions
        from spatialdata.store.store import Store
        from spatialdata.store.transfer import check_writable

        root = _io.store_path(self)
        root = root.resolve() if is_local(root) else root
        check_writable(root)
        check_name(name)
        try:
            self._shelf.check_free(name, kind)
        except DuplicateNameError as error:
            raise _TakenNameError(str(error)) from error
        if name in self._shelf[kind] and not overwrite:
            raise StoreExistsError(f"The object has {name!r} already. Pass overwrite=True, or choose another name.")
        store = Store.open(root)
        units = self.attrs.get(UNITS_KEY)
        chosen = WriteOptions.of(container=store.container, ngff=store.ngff, units=units, **options)
        return Place(root, name, chosen, overwrite, resume, lambda: _io.show_stored(self, kind, name))
