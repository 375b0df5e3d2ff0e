"""The model of tables."""

from __future__ import annotations

import warnings
from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Any, ClassVar

import numpy as np

from spatialdata._core.elements import is_table, require_table, type_name
from spatialdata.errors import ElementNotFoundError, Fault, UnsupportedElementError, listing, unknown_name
from spatialdata.models.base import ATTRS_KEY, raise_faults
from spatialdata.models.table_names import table_name_faults
from spatialdata.models.table_twin import table_twin

if TYPE_CHECKING:
    import pandas as pd
    from anndata import AnnData

__all__ = [
    "ElementNotFoundValueError",
    "TableModel",
    "annotate_in_place",
    "check_target_region_column_symmetry",
    "get_table_keys",
]


class TableModel:
    """Tables: an AnnData whose rows annotate instances of elements, or nothing.

    ``uns["spatialdata_attrs"]`` says which: ``region`` names the elements, ``region_key`` the column of ``obs`` with
    the element of each row, ``instance_key`` the column with the id of the instance in it.
    """

    ATTRS_KEY: ClassVar[str] = ATTRS_KEY
    REGION_KEY: ClassVar[str] = "region"
    REGION_KEY_KEY: ClassVar[str] = "region_key"
    INSTANCE_KEY: ClassVar[str] = "instance_key"

    @classmethod
    def parse(
        cls,
        adata: AnnData,
        region: str | list[str] | None = None,
        region_key: str | None = None,
        instance_key: str | None = None,
        overwrite_metadata: bool = False,
    ) -> AnnData:
        """Make a table.

        Parameters
        ----------
        adata
            The data. It is not changed.
        region
            The element, or the elements, that the table annotates.
        region_key
            The column of ``obs`` that names the element of each row.
        instance_key
            The column of ``obs`` with the id of the instance of each row: whole numbers or strings, unique in each
            element.
        overwrite_metadata
            Replace what the table says about its elements.

        Returns
        -------
        The table. It is ``adata`` itself if it needs no change, otherwise a copy that shares the matrices.

        Raises
        ------
        ValueError
            One of the three keys is missing, the column of regions does not hold exactly the regions, or ids occur
            twice.
        TypeError
            The ids are neither whole numbers nor strings.

        Examples
        --------
        >>> import anndata, numpy as np, pandas as pd
        >>> from spatialdata.models import TableModel
        >>> obs = pd.DataFrame({"region": "cells", "id": [1, 2]}, index=["a", "b"])
        >>> obs["region"] = obs["region"].astype("category")
        >>> table = TableModel.parse(anndata.AnnData(np.ones((2, 3)), obs=obs), "cells", "region", "id")
        >>> table.uns["spatialdata_attrs"]["region"]
        'cells'
        """
        if not is_table(adata):
            raise UnsupportedElementError(f"TableModel.parse takes an anndata.AnnData, not {type_name(adata)}.")
        raise_faults("The table has invalid names:", table_name_faults(adata))
        given = (region, region_key, instance_key)
        if all(value is None for value in given):
            return cls.validate(adata)
        if cls.ATTRS_KEY in adata.uns and not overwrite_metadata:
            raise ValueError(
                "The table says already which elements it annotates (uns['spatialdata_attrs']). "
                "Pass overwrite_metadata=True to replace that, or leave region, region_key and instance_key out."
            )
        if region is None or region_key is None or instance_key is None:
            raise ValueError(
                "A table that annotates elements needs region, region_key and instance_key. "
                f"Found region={region!r}, region_key={region_key!r}, instance_key={instance_key!r}."
            )
        keys = {cls.REGION_KEY: region, cls.REGION_KEY_KEY: region_key, cls.INSTANCE_KEY: instance_key}
        _check_annotation(adata, keys)
        table = table_twin(adata)
        if adata.obs[region_key].dtype != "category":
            warnings.warn(f"The column {region_key!r} was made categorical.", UserWarning, stacklevel=2)
        return annotate_in_place(table, keys)

    @classmethod
    def validate(cls, data: AnnData) -> AnnData:
        """Raise unless ``data`` is a valid table; return it.

        Parameters
        ----------
        data
            The table. Its matrices are not read.

        Raises
        ------
        ValidationError
            With everything that is wrong with it.

        Examples
        --------
        >>> import anndata, numpy as np
        >>> from spatialdata.models import TableModel
        >>> TableModel.validate(anndata.AnnData(np.ones((2, 3)))).n_obs
        2
        """
        if not is_table(data):
            raise UnsupportedElementError(f"TableModel needs an anndata.AnnData, not {type_name(data)}.")
        attrs = data.uns.get(cls.ATTRS_KEY)
        if attrs is None:
            return data
        raise_faults("This is no valid table:", cls._metadata_faults(data, attrs))
        return data

    @classmethod
    def _metadata_faults(cls, data: AnnData, attrs: Any) -> list[Fault]:
        path = ("uns", cls.ATTRS_KEY)
        keys = (cls.REGION_KEY, cls.REGION_KEY_KEY, cls.INSTANCE_KEY)
        missing = [key for key in keys if key not in attrs]
        if missing:
            return [Fault(path, f"{listing(missing)} missing; all of {listing(keys)} are needed")]
        region, region_key, instance_key = (attrs[key] for key in keys)
        if region is None and region_key is None and instance_key is None:
            return []
        faults = [
            Fault(("obs",), unknown_name("column", key, data.obs.columns))
            for key in (region_key, instance_key)
            if key not in data.obs.columns
        ]
        if not isinstance(region, str | Iterable):
            faults.append(Fault(path, f"region must name one or more elements, not {region!r}"))
        if faults:
            return faults
        column = data.obs[region_key]
        if column.dtype != "category":
            faults.append(Fault(("obs", region_key), f"must be categorical, not {column.dtype}"))
        faults.extend(_region_faults(column, _as_regions(region), region_key))
        faults.extend(_instance_faults(data.obs[instance_key], instance_key))
        return faults


def _as_regions(region: str | Iterable[str]) -> list[str]:
    regions = [region] if isinstance(region, str) else [str(item) for item in region]
    if not regions:
        raise ValueError("region must name at least one element; the list is empty.")
    return regions


def _column(adata: AnnData, key: str, what: str) -> pd.Series:
    if key not in adata.obs.columns:
        raise ElementNotFoundValueError(f"{what}: " + unknown_name("column of obs", key, adata.obs.columns))
    column: pd.Series = adata.obs[key]
    return column


class ElementNotFoundValueError(ElementNotFoundError, ValueError):
    """A column or a layer of a table was asked for that does not exist."""


def _region_faults(column: pd.Series, regions: list[str], region_key: str) -> list[Fault]:
    used, nulls = _used_regions(column)
    wrong = used.symmetric_difference(regions)
    faults = []
    if nulls:
        faults.append(Fault(("obs", region_key), f"{nulls} rows name no region"))
    if wrong and len(column):
        faults.append(
            Fault(
                ("obs", region_key),
                f"names the regions {listing(sorted(used))}, but region is {listing(regions)}; they differ in "
                f"{listing(sorted(wrong))}",
            )
        )
    return faults


def _used_regions(column: pd.Series) -> tuple[set[str], int]:
    """The regions that a column names, and the number of rows that name none."""
    import pandas as pd

    if not isinstance(column.dtype, pd.CategoricalDtype):
        return {str(value) for value in column.dropna().unique()}, int(column.isna().sum())
    rows = np.bincount(column.cat.codes.to_numpy(dtype=np.intp) + 1, minlength=1)
    return {str(value) for value in column.cat.categories[rows[1:].nonzero()[0]]}, int(rows[0])


def annotate_in_place(table: AnnData, keys: Mapping[str, Any]) -> AnnData:
    """Let a table, which is changed, say what it annotates; return it.

    Parameters
    ----------
    table
        The table.
    keys
        What ``uns`` shall say: ``region``, ``region_key`` and ``instance_key``.

    Raises
    ------
    ValueError
        A column is missing, regions are others than those of the rows, or ids occur twice.
    TypeError
        The ids are neither whole numbers nor strings.
    """
    raise_faults("The table has invalid names:", table_name_faults(table))
    _check_annotation(table, keys)
    region, region_key = keys[TableModel.REGION_KEY], keys[TableModel.REGION_KEY_KEY]
    if table.obs[region_key].dtype != "category":
        table.obs[region_key] = table.obs[region_key].astype("category")
    table.uns[ATTRS_KEY] = {
        **keys,
        TableModel.REGION_KEY: region if isinstance(region, str) else _as_regions(region),
    }
    return TableModel.validate(table)


def _check_annotation(table: AnnData, keys: Mapping[str, Any]) -> None:
    region, region_key, instance_key = (
        keys[key] for key in (TableModel.REGION_KEY, TableModel.REGION_KEY_KEY, TableModel.INSTANCE_KEY)
    )
    regions = _as_regions(region)
    column = _column(table, region_key, "region_key")
    raise_faults("The regions of the table do not fit:", _region_faults(column, regions, region_key))
    _check_instances(_column(table, instance_key, "instance_key"), instance_key)
    _check_unique(table, region_key, instance_key)


def _is_id_dtype(column: pd.Series) -> bool:
    import pandas as pd

    ids: Any = column.cat.categories if isinstance(column.dtype, pd.CategoricalDtype) else column.dropna()
    if pd.api.types.is_object_dtype(ids.dtype):
        return pd.api.types.infer_dtype(ids) in ("string", "empty")
    return bool(pd.api.types.is_integer_dtype(ids.dtype) or pd.api.types.is_string_dtype(ids.dtype))


def _instance_faults(column: pd.Series, instance_key: str) -> list[Fault]:
    path = ("obs", instance_key)
    nulls = int(column.isna().sum())
    faults = [Fault(path, f"{nulls} rows have no id")] if nulls else []
    if not _is_id_dtype(column):
        faults.append(Fault(path, f"ids must be whole numbers or strings, not {column.dtype}"))
    return faults


def _check_instances(column: pd.Series, instance_key: str) -> None:
    if not _is_id_dtype(column):
        raise TypeError(
            f"The ids in obs[{instance_key!r}] must be whole numbers or strings, not {column.dtype}. Cast the "
            "column first."
        )
    raise_faults("The ids of the table do not fit:", _instance_faults(column, instance_key))


def _check_unique(adata: AnnData, region_key: str, instance_key: str) -> None:
    if adata.obs[instance_key].is_unique:
        return
    keys = adata.obs[[region_key, instance_key]]
    twice = keys[keys.duplicated(keep=False)]
    if len(twice):
        examples = listing(twice[instance_key].unique()[:5].tolist())
        raise ValueError(
            f"The ids in obs[{instance_key!r}] must be unique in each region: {len(twice)} rows share an id, for "
            f"example {examples}."
        )


def get_table_keys(table: AnnData) -> tuple[str | list[str], str, str]:
    """What a table annotates.

    Parameters
    ----------
    table
        A table that annotates elements.

    Returns
    -------
    region
        The name of the element, or the list of their names.
    region_key
        The column of ``obs`` that names the element of each row.
    instance_key
        The column of ``obs`` with the id of the instance of each row.

    Raises
    ------
    ValueError
        The table annotates nothing.

    Examples
    --------
    >>> import anndata, numpy as np, pandas as pd
    >>> from spatialdata.models import TableModel
    >>> obs = pd.DataFrame({"region": pd.Categorical(["cells"]), "id": [1]}, index=["a"])
    >>> get_table_keys(TableModel.parse(anndata.AnnData(np.ones((1, 1)), obs=obs), "cells", "region", "id"))
    ('cells', 'region', 'id')
    """
    require_table(table, "get_table_keys")
    attrs = table.uns.get(ATTRS_KEY)
    if not attrs or attrs.get(TableModel.REGION_KEY) is None:
        raise ValueError(
            "The table annotates no element: uns['spatialdata_attrs'] is missing. "
            "TableModel.parse(table, region=…, region_key=…, instance_key=…) says what it annotates."
        )
    region = attrs[TableModel.REGION_KEY]
    named = region if isinstance(region, str) else _as_regions(region)
    return named, str(attrs[TableModel.REGION_KEY_KEY]), str(attrs[TableModel.INSTANCE_KEY])


def check_target_region_column_symmetry(table: AnnData, region_key: str, target: str | pd.Series) -> None:
    """Raise a ValueError unless the column of regions holds exactly the target regions.

    Parameters
    ----------
    table
        The table.
    region_key
        The column of ``obs`` that names the element of each row.
    target
        The regions: a name, a list of names, or a Series.

    Examples
    --------
    >>> import anndata, numpy as np, pandas as pd
    >>> obs = pd.DataFrame({"region": ["cells"]}, index=["a"])
    >>> check_target_region_column_symmetry(anndata.AnnData(np.ones((1, 1)), obs=obs), "region", "cells")
    """
    regions = _as_regions(target if isinstance(target, str) else list(np.unique(np.asarray(target, dtype=object))))
    raise_faults("The regions of the table do not fit:", _region_faults(table.obs[region_key], regions, region_key))
