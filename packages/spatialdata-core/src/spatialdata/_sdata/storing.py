"""The methods of the SpatialData object that write into stores."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any, Literal

from spatialdata._sdata import io as _io
from spatialdata._sdata.backing import BackingMethods
from spatialdata.errors import unknown_name
from spatialdata.transformations.units import UNITS_KEY

__all__ = ["StoringMethods"]


class StoringMethods(BackingMethods):
    """How the object is written."""

    def write(
        self,
        file_path: str | Path,
        overwrite: bool = False,
        consolidate_metadata: bool = True,
        update_sdata_path: bool = True,
        sdata_formats: Any = None,
        shapes_geometry_encoding: Literal["WKB", "geoarrow"] | None = None,
        raster_compressor: Mapping[str, int] | None = None,
        *,
        raster_chunks: Mapping[str, int] | None = None,
        raster_shards: Mapping[str, int] | None = None,
        label_statistics: bool = False,
        points_layout: Literal["sorted", "kept", "vitessce"] = "sorted",
        shapes_layout: Literal["sorted", "kept"] = "sorted",
        table_chunks: int | None = None,
        table_shards: int | None = None,
        ngff: Literal["0.5-dev-spatialdata", "0.6"] | None = None,
        links: Literal["copy", "keep"] = "copy",
    ) -> None:
        """Write the object into a store.

        Everything is validated first and written beside the target, which appears at the end and at once: if writing
        fails or is interrupted, what was there before is untouched. A store may be overwritten while elements are
        read from it.

        Parameters
        ----------
        file_path
            The location of the store: a path; the path of a ``.zarr.zip``; an address such as
            ``"s3://bucket/cells.zarr"``; or an ``UPath`` with credentials.
        overwrite
            Replace a store that is there.
        consolidate_metadata
            Write one document with the metadata of all elements, which makes opening fast.
        update_sdata_path
            Let the object be backed by the new store.
        sdata_formats
            The formats, one or several of those in ``spatialdata.store.formats``. If not given, the current ones; of
            the store that backs the object and is written over, the version of the container stays.
        shapes_geometry_encoding
            ``"WKB"`` or ``"geoarrow"``; that of the settings if not given.
        raster_compressor
            The compression of images and labels and its level: ``{"lz4": 5}`` or ``{"zstd": 3}``. Chosen by kind and
            type if not given.
        raster_chunks, raster_shards
            Sizes in pixels by axis, such as ``{"y": 512, "x": 512}``. A shard is one file of several chunks; without
            ``raster_shards`` each chunk is a file.
        label_statistics
            Store the ids, numbers of pixels, centres and bounds of labels beside them, in one more file that other
            readers pass by. Questions about instances then need no pixels. Labels over time get none.
        points_layout
            ``"sorted"`` puts points that are near each other into one part of the file, so that queries by region
            read little; more than 65,536 points then change their order and keep their index. ``"kept"`` leaves the
            order. ``"vitessce"`` sorts also few points, and stores with them what Vitessce needs to load only the
            points in view; readers that do not know it show the columns ``morton_code_2d`` and ``<feature>_codes``.
        shapes_layout
            ``"sorted"`` does the same for more than 8,192 shapes. They keep their index and, when they are read here,
            their order; other readers show them in the order of the file. ``"kept"`` stores them in their order.
        table_chunks, table_shards
            The number of values in a chunk of an array of a table (1,048,576 if not given), and of chunks in a shard,
            which is one file (16; 1 for none). Arrays that fit into one shard have none.
        ngff
            The version of OME-Zarr in which the metadata of images and labels are written. ``"0.6"`` is what other
            programs are going to read; ``"0.5-dev-spatialdata"``, the default, is what spatialdata up to 0.8 reads.
            If not given, a store in 0.6 that backs the object and is written over stays so.
            Non-linear transformations that 0.6 has no word for are sampled for other programs, to a tenth of a
            pixel or better.
        links
            What becomes of elements that lie in other stores (see :meth:`link_element`): ``"copy"`` writes their data,
            ``"keep"`` says in the new store, too, where they lie, with the transformations that they have here. Other
            changes that were made to such an element in memory are not written then.

        Raises
        ------
        ValidationError
            Elements or names are not valid.
        ValueError
            The target exists and ``overwrite`` is False, or it is no store.

        Examples
        --------
        >>> import tempfile
        >>> from spatialdata import SpatialData, read_zarr
        >>> path = tempfile.mkdtemp() + "/empty.zarr"
        >>> SpatialData(attrs={"project": "demo"}).write(path)
        >>> read_zarr(path).attrs
        {'project': 'demo'}
        """
        from spatialdata.store.kept_versions import kept_versions
        from spatialdata.store.options import WriteOptions

        given: dict[str, Any] = {
            "geometry_encoding": shapes_geometry_encoding,
            "raster_compressor": raster_compressor,
            "raster_chunks": raster_chunks,
            "raster_shards": raster_shards,
            "label_statistics": label_statistics,
            "points_layout": points_layout,
            "shapes_layout": shapes_layout,
            "table_chunks": table_chunks,
            "table_shards": table_shards,
        }
        is_own = _io.is_same_place(self._path, file_path)
        given |= kept_versions(file_path, sdata_formats, ngff) if is_own else {"formats": sdata_formats, "ngff": ngff}
        rewritten = is_own or (overwrite and _io.reads_from(self, file_path))
        path = _io.write_sdata(
            self,
            file_path,
            overwrite=overwrite,
            consolidate=consolidate_metadata,
            options=WriteOptions.of(**given, units=self.attrs.get(UNITS_KEY)),
            links=links,
        )
        if update_sdata_path or rewritten:
            self._path = path
        if rewritten:
            _io.read_from_store_again(self, self._shelf.names())

    def write_element(
        self,
        element_name: str | list[str],
        overwrite: bool = False,
        sdata_formats: Any = None,
        shapes_geometry_encoding: Literal["WKB", "geoarrow"] | None = None,
        raster_compressor: Mapping[str, int] | None = None,
        *,
        raster_chunks: Mapping[str, int] | None = None,
        raster_shards: Mapping[str, int] | None = None,
        label_statistics: bool = False,
        points_layout: Literal["sorted", "kept", "vitessce"] = "sorted",
        shapes_layout: Literal["sorted", "kept"] = "sorted",
        table_chunks: int | None = None,
        table_shards: int | None = None,
        ngff: Literal["0.5-dev-spatialdata", "0.6"] | None = None,
    ) -> None:
        """Write elements into the store of the object, each as one transaction.

        Parameters
        ----------
        element_name
            One or several names.
        overwrite
            Replace elements that are there, also those that are being read lazily.
        sdata_formats
            The formats, one or several of those in ``spatialdata.store.formats``; if not given, the newest that the
            container of the store takes.
        shapes_geometry_encoding
            ``"WKB"`` or ``"geoarrow"``; that of the settings if not given.
        raster_compressor
            The compression of images and labels and its level: ``{"lz4": 5}`` or ``{"zstd": 3}``. Chosen by kind and
            type if not given.
        raster_chunks, raster_shards
            Sizes in pixels by axis, such as ``{"y": 512, "x": 512}``. A shard is one file of several chunks; without
            ``raster_shards`` each chunk is a file.
        label_statistics
            Store the ids, numbers of pixels, centres and bounds of labels beside them, in one more file that other
            readers pass by. Questions about instances then need no pixels. Labels over time get none.
        points_layout
            ``"sorted"`` puts points that are near each other into one part of the file, so that queries by region
            read little; more than 65,536 points then change their order and keep their index. ``"kept"`` leaves the
            order. ``"vitessce"`` sorts also few points, and stores with them what Vitessce needs to load only the
            points in view; readers that do not know it show the columns ``morton_code_2d`` and ``<feature>_codes``.
        shapes_layout
            ``"sorted"`` does the same for more than 8,192 shapes. They keep their index and, when they are read here,
            their order; other readers show them in the order of the file. ``"kept"`` stores them in their order.
        table_chunks, table_shards
            The number of values in a chunk of an array of a table (1,048,576 if not given), and of chunks in a shard,
            which is one file (16; 1 for none). Arrays that fit into one shard have none.
        ngff
            The version of OME-Zarr in which the metadata of images and labels are written, ``"0.5-dev-spatialdata"`` or
            ``"0.6"``; that of the store if not given.

        Raises
        ------
        ValueError
            There is no such element, the object has no store, or the element exists there and ``overwrite`` is False.
        """
        given = {
            "formats": sdata_formats,
            "geometry_encoding": shapes_geometry_encoding,
            "raster_compressor": raster_compressor,
            "raster_chunks": raster_chunks,
            "raster_shards": raster_shards,
            "label_statistics": label_statistics,
            "points_layout": points_layout,
            "shapes_layout": shapes_layout,
            "table_chunks": table_chunks,
            "table_shards": table_shards,
            "ngff": ngff,
        }
        names = [element_name] if isinstance(element_name, str) else list(element_name)
        _io.write_elements(self, names, overwrite=overwrite, given=given)

    def delete_element_from_disk(self, element_name: str | list[str]) -> None:
        """Delete elements from the store of the object; those in memory stay.

        What is still read from there is loaded first.

        Parameters
        ----------
        element_name
            One or several names.

        Raises
        ------
        ValueError
            The object has no store, an element is not in it, a raster is too large to be loaded, or other elements
            are computed from what would be deleted. Nothing was deleted.
        """
        from spatialdata._sdata.deleting import delete_elements

        delete_elements(self, [element_name] if isinstance(element_name, str) else list(element_name))

    def write_transformations(self, element_name: str | None = None) -> None:
        """Write the transformations of an element, or of all, into the store of the object.

        Those of an element that lies in another store are kept beside the link; the other store is not touched.

        Parameters
        ----------
        element_name
            The name of the element; all if not given.
        """
        self._write_metadata(element_name, transformations=True, channels=False)

    def write_channel_names(self, element_name: str | None = None) -> None:
        """Write the channel names of an image, or of all, into the store of the object.

        Parameters
        ----------
        element_name
            The name of the image; all if not given.
        """
        if element_name is not None and element_name not in self.images:
            raise ValueError(unknown_name("image", element_name, self.images))
        self._write_metadata(element_name, transformations=False, channels=True)

    def write_attrs(self, sdata_format: Any = None, zarr_group: Any = None) -> None:
        """Write the attributes of the object into its store.

        Parameters
        ----------
        sdata_format, zarr_group
            Accepted for compatibility; the store of the object and its format are used.
        """
        from spatialdata.store.metadata import write_attrs

        if sdata_format is not None or zarr_group is not None:
            raise ValueError("write_attrs writes into the store of the object; leave sdata_format and zarr_group out.")
        if self._warn_not_backed():
            return
        write_attrs(_io.store_path(self), self.attrs)

    def write_metadata(
        self,
        element_name: str | None = None,
        consolidate_metadata: bool | None = None,
        write_attrs: bool = True,
        sdata_format: Any = None,
    ) -> None:
        """Write transformations, channel names and attributes into the store of the object.

        Parameters
        ----------
        element_name
            The name of an element; all if not given.
        consolidate_metadata
            Write the consolidated metadata anew; if not given, where the store has them.
        write_attrs
            Write the attributes of the object too.
        sdata_format
            The format; the current one if not given.
        """
        self._write_metadata(element_name, transformations=True, channels=True)
        if write_attrs and self.is_backed():
            self.write_attrs(sdata_format)
        if consolidate_metadata and self.is_backed():
            self.write_consolidated_metadata()

    def _write_metadata(self, element_name: str | None, *, transformations: bool, channels: bool) -> None:
        if element_name is not None and element_name not in self:
            raise ValueError(unknown_name("element", element_name, self._shelf.names()))
        if self._warn_not_backed():
            return
        from spatialdata._sdata.metadata import write_metadata_of

        names = [element_name] if element_name is not None else self._shelf.names()
        write_metadata_of(self, names, transformations=transformations, channels=channels)

    def _warn_not_backed(self) -> bool:
        if self.is_backed():
            return False
        import warnings

        warnings.warn("The object is not backed by a store; nothing was written.", UserWarning, stacklevel=4)
        return True

    def write_consolidated_metadata(self) -> None:
        """Write the consolidated metadata of the store anew."""
        from spatialdata.store.changing import consolidate_store

        if not self._warn_not_backed():
            consolidate_store(_io.store_path(self))

    def has_consolidated_metadata(self) -> bool:
        """Whether the store of the object has consolidated metadata."""
        from spatialdata.store.store import Store

        return self.is_backed() and Store.open(_io.store_path(self)).has_consolidated_metadata()

    def set_channel_names(self, element_name: str, channel_names: str | list[str], write: bool = False) -> None:
        """Replace an image by one with other channel names.

        Parameters
        ----------
        element_name
            The name of the image.
        channel_names
            One name per channel.
        write
            Write the names into the store of the object too.
        """
        from spatialdata.models.channels import set_channel_names

        self.images[element_name] = set_channel_names(self.images[element_name], channel_names)
        if write:
            self.write_channel_names(element_name)
