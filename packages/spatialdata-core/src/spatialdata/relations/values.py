"""Values of the instances of an element, from its own columns or from the table that annotates it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, cast

import numpy as np

from spatialdata._core.container import require_container
from spatialdata._core.elements import is_points, is_shapes, is_table
from spatialdata._core.matrices import dense_part, in_memory
from spatialdata._core.sources import ColumnedTable
from spatialdata.errors import ElementNotFoundError, listing, unknown_name
from spatialdata.models.table import ElementNotFoundValueError, get_table_keys
from spatialdata.relations.filter import annotates
from spatialdata.relations.ids import as_ids
from spatialdata.relations.link import link

if TYPE_CHECKING:
    from collections.abc import Sequence

    import pandas as pd
    from anndata import AnnData
    from numpy.typing import NDArray

    from spatialdata.sdata import SpatialData

__all__ = ["MatrixOfValues", "get_values", "matrix_of_values", "places_of", "table_with"]


def get_values(
    value_key: str | list[str],
    element: Any = None,
    sdata: SpatialData | None = None,
    element_name: str | None = None,
    table_name: str | None = None,
    table_layer: str | None = None,
    return_obsm_as_is: bool = False,
) -> pd.DataFrame | Any:
    """Values of the instances of an element.

    Parameters
    ----------
    value_key
        One or several names, all in the same place: columns of the element, or columns of ``obs``, names of
        ``var`` or keys of ``obsm`` of the table.
    element
        The element, or a table; or
    sdata, element_name
        the object that holds it, and its name there.
    table_name
        The table in ``sdata`` to search besides the element.
    table_layer
        The layer that values of ``var`` are taken from, instead of ``X``.
    return_obsm_as_is
        Return the array in ``obsm`` itself, for the rows that annotate the element.

    Returns
    -------
    One row for each instance that has values, in the order of the element and indexed by id; one column for each
    value. The columns of an array in ``obsm`` are named ``key_0``, ``key_1``, ….

    Raises
    ------
    ValueError
        A name is found nowhere or in several places, names are found in different places, categories are mixed
        with numbers, or the table does not annotate the element.

    Examples
    --------
    >>> import numpy as np
    >>> from spatialdata.models import ShapesModel
    >>> cells = ShapesModel.parse(np.zeros((2, 2)), geometry=0, radius=[1.0, 2.0])
    >>> get_values("radius", element=cells).radius.tolist()
    [1.0, 2.0]
    """
    keys = [value_key] if isinstance(value_key, str) else list(value_key)
    if not keys:
        raise ValueError("value_key is empty. Name at least one value.")
    found, table = _sources(element, sdata, element_name, table_name, keys)
    place = _place(keys, found, table)
    if place == "element":
        frame = found[keys].compute() if is_points(found) else _plain(found[keys])
        return _checked(frame, keys)
    table = cast("AnnData", table)
    rows, ids = _rows(found, element_name, table)
    if place == "obsm" and return_obsm_as_is:
        if len(keys) > 1:
            raise ValueError(f"return_obsm_as_is=True returns one array. Found {listing(keys)}.")
        return _part(table.obsm[keys[0]], rows)
    return _checked(_frame_of_table(table, place, keys, rows, table_layer).set_axis(ids, axis=0), keys)


@dataclass(frozen=True, slots=True)
class MatrixOfValues:
    """Where values of ``var`` are in the matrix of a table: some rows with the ids of instances, and columns."""

    matrix: Any
    rows: NDArray[np.intp]
    columns: NDArray[np.intp]
    ids: pd.Index


def matrix_of_values(keys: list[str], sdata: SpatialData, element_name: str, table_name: str) -> MatrixOfValues | None:
    """Where the values are that :func:`get_values` would give as a frame; None if they are not in ``X``.

    Raises
    ------
    ValueError
        As :func:`get_values`.
    """
    found, table = _sources(None, sdata, element_name, table_name, keys)
    if table is None or _place(keys, found, table) != "var":
        return None
    rows, ids = _rows(found, element_name, table)
    return MatrixOfValues(table.X, rows, table.var_names.get_indexer(keys), ids)


def _sources(
    element: Any, sdata: SpatialData | None, element_name: str | None, table_name: str | None, keys: Sequence[str]
) -> tuple[Any, AnnData | None]:
    """The element (None for a bare table) and the table to search."""
    if (element is None) == (sdata is None):
        raise ValueError("Give either element, or sdata with element_name, and not both.")
    if element is not None:
        return (None, element) if is_table(element) else (element, None)
    if element_name is None or sdata is None:
        raise ValueError("Give element_name, the name of the element in sdata.")
    require_container(sdata, "get_values")
    if element_name not in sdata:
        raise ElementNotFoundError(unknown_name("element", element_name, [name for _, name, _ in sdata.gen_elements()]))
    found = sdata[element_name]
    if is_table(found):
        return None, found
    if table_name is not None and table_name not in sdata.tables:
        raise ElementNotFoundError(unknown_name("table", table_name, sdata.tables))
    return found, None if table_name is None else table_with(sdata, table_name, keys)


def table_with(sdata: SpatialData, name: str, keys: Sequence[str]) -> AnnData:
    """A table of the object; of one that is not loaded only its columns of such names, if they are in ``obs``."""
    source = None if sdata.tables.is_loaded(name) else sdata.tables.source(name)
    if isinstance(source, ColumnedTable):
        table: AnnData = source.with_columns(keys)
        if set(keys) <= set(table.obs.columns):
            return table
    return sdata.tables[name]


def places_of(key: str, element: Any, table: AnnData | None) -> list[str]:
    """Where a name is found: some of ``element``, ``obs``, ``var``, ``obsm``."""
    places = []
    if (is_points(element) or is_shapes(element)) and key in element.columns:
        places.append("element")
    if table is not None:
        places += [
            place
            for place, names in (("obs", table.obs.columns), ("var", table.var_names), ("obsm", table.obsm))
            if key in names
        ]
    return places


def _place(keys: list[str], element: Any, table: AnnData | None) -> str:
    found = {key: places_of(key, element, table) for key in keys}
    missing = [key for key, places in found.items() if not places]
    if missing:
        raise ValueError(f"{listing(missing)} not found. {_searched(element, table)}")
    double = [f"{key!r} in {' and '.join(places)}" for key, places in found.items() if len(places) > 1]
    if double:
        raise ValueError(f"Found in several places: {'; '.join(double)}. Rename one, or leave table_name out.")
    places = {found[key][0] for key in keys}
    if len(places) > 1:
        where = ", ".join(f"{key!r} in {found[key][0]}" for key in keys)
        raise ValueError(f"The values come from different places: {where}. Ask for those of each place by themselves.")
    return places.pop()


def _searched(element: Any, table: AnnData | None) -> str:
    searched = []
    if is_points(element) or is_shapes(element):
        searched.append(f"columns of the element ({listing(element.columns, limit=10)})")
    if table is not None:
        searched.append(f"obs ({listing(table.obs.columns, limit=10)})")
        searched.append(f"var ({listing(table.var_names, limit=10)})")
        searched.append(f"obsm ({listing(table.obsm, limit=10)})")
    hint = "" if table is not None else " Give sdata, element_name and table_name to search a table too."
    return f"Searched: {', '.join(searched) or 'nothing, since labels and images have no columns'}.{hint}"


def _plain(frame: Any) -> pd.DataFrame:
    import pandas as pd

    return pd.DataFrame(frame)


def _rows(element: Any, name: str | None, table: AnnData) -> tuple[NDArray[np.intp], Any]:
    """The rows of the table to take, and the ids that they get."""
    if element is None:
        if not annotates(table):
            return np.arange(table.n_obs), table.obs_names
        key = get_table_keys(table)[2]
        return np.arange(table.n_obs), as_ids(table.obs[key]).rename(key)
    region, _, key = get_table_keys(table)
    annotated = [region] if isinstance(region, str) else region
    if name not in annotated:
        raise ValueError(f"The table does not annotate {name!r}. It annotates {listing(annotated)}.")
    rows, _ = link(element, str(name), table).matched(element_order=True)
    return rows, as_ids(table.obs[key].iloc[rows]).rename(key)


def _part(values: Any, rows: NDArray[np.intp]) -> Any:
    return values.iloc[rows] if hasattr(values, "iloc") else values[rows]


def _frame_of_table(
    table: AnnData, place: str, keys: list[str], rows: NDArray[np.intp], layer: str | None
) -> pd.DataFrame:
    import pandas as pd

    if place == "obs":
        return pd.DataFrame(table.obs[keys].iloc[rows])
    if place == "obsm":
        return pd.concat([_obsm_frame(key, table.obsm[key], rows) for key in keys], axis=1)
    if layer is not None and layer not in table.layers:
        layers = [name for name in table.layers if name is not None]
        raise ElementNotFoundValueError(unknown_name("layer", layer, layers))
    matrix = table.X if layer is None else table.layers[layer]
    return pd.DataFrame(dense_part(matrix, rows, table.var_names.get_indexer(keys)), columns=keys)


def _obsm_frame(key: str, values: Any, rows: NDArray[np.intp]) -> pd.DataFrame:
    import pandas as pd

    part = _part(values, rows)
    if isinstance(part, pd.DataFrame):
        return part.add_prefix(f"{key}_").reset_index(drop=True)
    part = in_memory(part)
    dense = part.toarray() if hasattr(part, "toarray") else np.asarray(part)
    dense = dense.reshape(len(rows), -1)
    return pd.DataFrame(dense, columns=[f"{key}_{number}" for number in range(dense.shape[1])])


def _checked(frame: pd.DataFrame, keys: list[str]) -> pd.DataFrame:
    import pandas as pd

    numeric = [bool(pd.api.types.is_numeric_dtype(dtype)) for dtype in frame.dtypes]
    if any(numeric) and not all(numeric):
        raise ValueError(f"{listing(keys)} mix numbers with categories. Ask for the ones and the others by themselves.")
    frame.attrs = {}
    return frame
