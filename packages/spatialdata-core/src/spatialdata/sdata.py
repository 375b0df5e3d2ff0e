"""The SpatialData object: elements by name, their tables, and the store that they live in."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Literal

from spatialdata._core.accessors import accessor_names, find_accessor
from spatialdata._core.container import register_container
from spatialdata._core.elements import require_mapping
from spatialdata._sdata import io as _io
from spatialdata._sdata.annotating import AnnotatingMethods
from spatialdata._sdata.building_rasters import BuildingRastersMethods
from spatialdata._sdata.building_rows import BuildingRowsMethods
from spatialdata._sdata.elements import Shelf
from spatialdata._sdata.instances import InstanceMethods
from spatialdata._sdata.placing import PlacingMethods
from spatialdata._sdata.query import QueryManager
from spatialdata._sdata.repr import describe
from spatialdata._sdata.storing import StoringMethods
from spatialdata.models.kind import Kind

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping

    import pandas as pd

__all__ = ["SpatialData", "read_zarr"]


class SpatialData(
    AnnotatingMethods,
    BuildingRastersMethods,
    BuildingRowsMethods,
    InstanceMethods,
    PlacingMethods,
    StoringMethods,
):
    """Images, labels, points, shapes and tables that belong together.

    Elements are standard objects: xarray.DataArray or DataTree (images, labels), dask frames (points), GeoDataFrames
    (shapes) and AnnData (tables). Each has a name, unique over all kinds, and transformations to one or more
    coordinate systems. Elements of an object that was read from a store are loaded when they are first used.

    Parameters
    ----------
    images, labels, points, shapes, tables
        Elements by name, as the ``parse`` methods of :mod:`spatialdata.models` make them.
    attrs
        Anything about the whole; it is stored as JSON.

    Raises
    ------
    ValidationError
        Elements or names are not valid; all faults are reported at once.
    TypeError
        An object is of the wrong kind.

    Examples
    --------
    >>> import numpy as np
    >>> from spatialdata import SpatialData
    >>> from spatialdata.models import Image2DModel
    >>> sdata = SpatialData(images={"dapi": Image2DModel.parse(np.zeros((1, 8, 8)))})
    >>> "dapi" in sdata, sdata.coordinate_systems
    (True, ['global'])
    """

    @classmethod
    def init_from_elements(cls, elements: Mapping[str, Any], attrs: Mapping[Any, Any] | None = None) -> SpatialData:
        """Make an object of elements and tables of any kind.

        Parameters
        ----------
        elements
            Elements and tables by name.
        attrs
            Anything about the whole.

        Raises
        ------
        TypeError
            An object is no element.

        Examples
        --------
        >>> import numpy as np
        >>> from spatialdata import SpatialData
        >>> from spatialdata.models import PointsModel
        >>> SpatialData.init_from_elements({"points": PointsModel.parse(np.zeros((3, 2)))}).points
        points: points
        """
        require_mapping(elements, "elements")
        shelf = Shelf()
        by_kind: dict[str, dict[str, Any]] = {kind.container: {} for kind in Kind}
        for name, element in elements.items():
            by_kind[shelf.place(element).kind.container][name] = element
        return cls(**by_kind, attrs=attrs)

    @property
    def query(self) -> QueryManager:
        """Spatial queries: ``sdata.query.bounding_box(…)`` and ``sdata.query.polygon(…)``."""
        return QueryManager(self)

    def __repr__(self) -> str:
        return describe(self)

    def _repr_html_(self) -> str:
        from spatialdata._sdata.html import describe_html

        return describe_html(self)

    def info(self) -> pd.DataFrame:
        """An overview as a frame; nothing is loaded for it.

        Returns
        -------
        One row for each element and table, indexed by name, with its kind, type and shape, its coordinate systems, the
        tables that annotate it or the elements that it annotates, whether it is loaded, and where it is stored.

        Examples
        --------
        >>> from spatialdata.datasets import blobs
        >>> blobs(length=32).info().loc["blobs_labels", "annotated_by"]
        ['table']
        """
        from spatialdata._sdata.overview import overview

        return overview(self)

    def get_attrs(
        self,
        key: str,
        return_as: Literal["dict", "json", "df"] | None = None,
        sep: str = "_",
        flatten: bool = True,
    ) -> Any:
        """One attribute of the object.

        Parameters
        ----------
        key
            The name of the attribute.
        return_as
            ``"dict"``, ``"json"`` (a string) or ``"df"`` (a frame of one row); as it is if not given.
        sep
            What joins the names of nested mappings.
        flatten
            Turn nested mappings into one, with joined names.

        Raises
        ------
        KeyError
            There is no such attribute.
        TypeError
            ``key`` or ``sep`` is no string, or something else than a mapping is asked for as a dict.
        ValueError
            ``return_as`` is unknown.

        Examples
        --------
        >>> from spatialdata import SpatialData
        >>> SpatialData(attrs={"donor": {"sex": "f", "age": {"years": 61}}}).get_attrs("donor")
        {'sex': 'f', 'age_years': 61}
        """
        from spatialdata._sdata.attributes import attribute

        return attribute(self.attrs, key, return_as, sep, flatten)

    def __getattr__(self, name: str) -> Any:
        accessor = find_accessor(name)
        if accessor is None:
            raise AttributeError(f"{type(self).__name__!r} object has no attribute {name!r}", name=name, obj=self)
        return accessor(self)

    def __dir__(self) -> Iterable[str]:
        return [*super().__dir__(), *accessor_names()]

    def aggregate(
        self,
        values_sdata: SpatialData | None = None,
        values: Any = None,
        by_sdata: SpatialData | None = None,
        by: Any = None,
        value_key: list[str] | str | None = None,
        agg_func: str | Callable[[Any], float] | list[str | Callable[[Any], float]] = "sum",
        target_coordinate_system: str = "global",
        fractions: bool = False,
        region_key: str = "region",
        instance_key: str = "instance_id",
        deepcopy: bool = True,
        table_name: str = "table",
        **kwargs: Any,
    ) -> SpatialData:
        """Aggregate values by regions; names are looked up in this object. See :func:`spatialdata.aggregate`."""
        from spatialdata.ops.aggregate import aggregate

        return aggregate(
            values=values,
            by=by,
            values_sdata=values_sdata or (self if isinstance(values, str) else None),
            by_sdata=by_sdata or (self if isinstance(by, str) else None),
            value_key=value_key,
            agg_func=agg_func,
            target_coordinate_system=target_coordinate_system,
            fractions=fractions,
            region_key=region_key,
            instance_key=instance_key,
            deepcopy=deepcopy,
            table_name=table_name,
            **kwargs,
        )

    @staticmethod
    def read(
        file_path: Any,
        selection: Iterable[str] | None = None,
        reconsolidate_metadata: bool = False,
        *,
        lazy: bool = False,
    ) -> SpatialData:
        """Open a store; see :func:`spatialdata.read_zarr`.

        Parameters
        ----------
        file_path
            The location of the store.
        selection
            The kinds, names or patterns of elements to read; all if not given.
        reconsolidate_metadata
            Write the consolidated metadata of the store anew first.
        lazy
            Leave the matrices of tables on disk until they are computed.
        """
        if reconsolidate_metadata:
            from spatialdata.store.store import Store

            Store.open(file_path).consolidate()
        return read_zarr(file_path, selection=selection, lazy=lazy)


def _make(elements: Mapping[str, Any], attrs: Mapping[Any, Any] | None) -> SpatialData:
    return SpatialData.init_from_elements(elements, attrs=attrs)


register_container(SpatialData, _make)


def read_zarr(
    store: Any,
    selection: Iterable[str] | None = None,
    on_bad_files: Literal["error", "warn"] = "error",
    *,
    lazy: bool = False,
) -> SpatialData:
    """Open a store.

    Only metadata are read. Elements are loaded when they are first used: shapes and tables whole, images, labels and
    points lazily.

    Parameters
    ----------
    store
        The path of the store; its address, such as ``"s3://bucket/cells.zarr"`` or ``"https://…"`` (what fsspec
        knows); the path of a ``.zarr.zip``; an ``UPath``, with credentials if need be; or a group or store of zarr. A
        plain OME-Zarr image opens too.
    selection
        What to read: kinds (``"images"``, ``"labels"``, ``"points"``, ``"shapes"``, ``"tables"``), names of elements,
        and patterns such as ``"rep1_*"`` or ``"shapes/*_cells"``. All if not given.
    on_bad_files
        What happens with an element that cannot be read: ``"error"``, or ``"warn"`` and leave it out. Behind an
        address, and of more than 256 elements, an element raises the error when it is first used.
    lazy
        Leave the matrices of tables on disk: ``X``, layers and the arrays in ``obsm``, ``varm``, ``obsp``, ``varp`` and
        ``raw`` are dask arrays, ``obs``, ``var`` and ``uns`` are read when the table is first used. Joins, queries,
        filters and ``write`` take such tables and read of the matrices only what the answer needs;
        ``table.to_memory()`` loads all.

    Returns
    -------
    The object, backed by the store.

    Raises
    ------
    FileNotFoundError
        There is no store.
    ValueError
        An argument is not valid.
    StoreError
        An element cannot be read.

    Examples
    --------
    >>> import tempfile
    >>> from spatialdata import SpatialData, read_zarr
    >>> path = tempfile.mkdtemp() + "/empty.zarr"
    >>> SpatialData().write(path)
    >>> read_zarr(path).is_backed()
    True
    """
    sdata = SpatialData()
    _io.fill_from_store(sdata, store, selection, on_bad_files, lazy=lazy)
    return sdata
