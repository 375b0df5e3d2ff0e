"""The methods of the SpatialData object that write images and labels block by block into its store."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, Literal

from spatialdata._sdata.backing import BackingMethods
from spatialdata._sdata.build_place import place_of
from spatialdata.models.kind import Kind

if TYPE_CHECKING:
    from spatialdata.models.pyramid import ScaleFactors
    from spatialdata.store.builders.rasters import ImageBuilder, LabelsBuilder
    from spatialdata.transformations.algebra import BaseTransformation

__all__ = ["BuildingRastersMethods"]


class BuildingRastersMethods(BackingMethods):
    """How rasters are made that are larger than memory."""

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

        place = place_of(
            self,
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

        place = place_of(
            self,
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
