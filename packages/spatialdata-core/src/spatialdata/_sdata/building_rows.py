"""The methods of the SpatialData object that write points, shapes and tables batch by batch into its store."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, Literal

from spatialdata._sdata.backing import BackingMethods
from spatialdata._sdata.build_place import place_of
from spatialdata.models.kind import Kind

if TYPE_CHECKING:
    import pandas as pd

    from spatialdata.store.builders.points import PointsBuilder
    from spatialdata.store.builders.shapes import ShapesBuilder
    from spatialdata.store.builders.tables import TableBuilder
    from spatialdata.transformations.algebra import BaseTransformation

__all__ = ["BuildingRowsMethods"]


class BuildingRowsMethods(BackingMethods):
    """How elements of rows are made that are larger than memory."""

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
            place_of(self, Kind.POINTS, name, overwrite, resume, points_layout=points_layout),
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

        Up to 200,000 shapes are put together in memory at the end. More of them are sorted in pieces that wait on disk,
        and merged. Otherwise this is like :meth:`create_points`.

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

        place = place_of(
            self,
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
            place_of(self, Kind.TABLE, name, overwrite, resume, table_chunks=table_chunks, table_shards=table_shards),
            var=var,
            region=region,
            region_key=region_key,
            instance_key=instance_key,
            uns=uns,
        )
