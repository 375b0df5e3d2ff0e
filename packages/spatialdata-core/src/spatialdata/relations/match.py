"""Elements and tables brought into the same order, or cut to each other."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from spatialdata._core.container import new_container, require_container
from spatialdata.models.table import get_table_keys
from spatialdata.relations.join import How, join_spatialelement_table

if TYPE_CHECKING:
    from anndata import AnnData

    from spatialdata.sdata import SpatialData

__all__ = ["match_element_to_table", "match_sdata_to_table", "match_table_to_element"]


def match_table_to_element(sdata: SpatialData, element_name: str, table_name: str = "table") -> AnnData | None:
    """The rows of a table that annotate an element, in the order of its instances.

    Parameters
    ----------
    sdata
        The object.
    element_name
        The name of the element.
    table_name
        The name of the table.

    Returns
    -------
    A new table, or None if no row annotates an instance of the element.

    Examples
    --------
    >>> import anndata, numpy as np, pandas as pd
    >>> from spatialdata import SpatialData
    >>> from spatialdata.models import ShapesModel, TableModel
    >>> cells = ShapesModel.parse(np.zeros((2, 2)), geometry=0, radius=1.0)
    >>> obs = pd.DataFrame({"region": pd.Categorical(["cells"] * 2), "id": [1, 0]}, index=["a", "b"])
    >>> table = TableModel.parse(anndata.AnnData(np.ones((2, 1)), obs=obs), "cells", "region", "id")
    >>> sdata = SpatialData(shapes={"cells": cells}, tables={"table": table})
    >>> match_table_to_element(sdata, "cells").obs_names.tolist()
    ['b', 'a']
    """
    _, table = join_spatialelement_table(
        sdata=sdata, spatial_element_names=element_name, table_name=table_name, how="left", match_rows="left"
    )
    return table


def match_element_to_table(
    sdata: SpatialData, element_name: str | list[str], table_name: str
) -> tuple[dict[str, Any], AnnData | None]:
    """The instances of elements that a table annotates, in the order of its rows.

    Parameters
    ----------
    sdata
        The object.
    element_name
        The name of the element, or several.
    table_name
        The name of the table.

    Returns
    -------
    The elements by name, and the table as it is. Labels are returned whole, with a warning.

    Examples
    --------
    >>> import anndata, numpy as np, pandas as pd
    >>> from spatialdata import SpatialData
    >>> from spatialdata.models import ShapesModel, TableModel
    >>> cells = ShapesModel.parse(np.zeros((3, 2)), geometry=0, radius=1.0)
    >>> obs = pd.DataFrame({"region": pd.Categorical(["cells"] * 2), "id": [2, 0]}, index=["a", "b"])
    >>> table = TableModel.parse(anndata.AnnData(np.ones((2, 1)), obs=obs), "cells", "region", "id")
    >>> sdata = SpatialData(shapes={"cells": cells}, tables={"table": table})
    >>> match_element_to_table(sdata, "cells", "table")[0]["cells"].index.tolist()
    [2, 0]
    """
    return join_spatialelement_table(
        sdata=sdata, spatial_element_names=element_name, table_name=table_name, how="right", match_rows="right"
    )


def match_sdata_to_table(
    sdata: SpatialData,
    table_name: str,
    table: AnnData | None = None,
    how: How = "right",
    filter_label_pixels: bool | None = None,
) -> SpatialData:
    """The elements that a table annotates, joined with it.

    Parameters
    ----------
    sdata
        The object.
    table_name
        The name of the table, also in the result.
    table
        Another table to take instead of the one of that name, for example a part of it.
    how, filter_label_pixels
        The join, and what becomes of labels; see :func:`join_spatialelement_table`.

    Returns
    -------
    A new object with the elements that the table annotates and this table, as far as the join leaves them, and the
    same attributes.

    Examples
    --------
    >>> import anndata, numpy as np, pandas as pd
    >>> from spatialdata import SpatialData
    >>> from spatialdata.models import ShapesModel, TableModel
    >>> cells = ShapesModel.parse(np.zeros((3, 2)), geometry=0, radius=1.0)
    >>> obs = pd.DataFrame({"region": pd.Categorical(["cells"] * 2), "id": [2, 0]}, index=["a", "b"])
    >>> table = TableModel.parse(anndata.AnnData(np.ones((2, 1)), obs=obs), "cells", "region", "id")
    >>> matched = match_sdata_to_table(SpatialData(shapes={"cells": cells}, tables={"table": table}), "table")
    >>> len(matched["cells"])
    2
    """
    require_container(sdata, "match_sdata_to_table")
    source = table if table is not None else sdata.tables[table_name]
    region, _, _ = get_table_keys(source)
    names = [region] if isinstance(region, str) else list(region)
    present = [name for name in names if name in sdata]
    elements, joined = join_spatialelement_table(
        sdata=sdata,
        spatial_element_names=present,
        table=source,
        how=how,
        match_rows="right",
        filter_label_pixels=filter_label_pixels,
    )
    kept = {name: element for name, element in elements.items() if element is not None}
    tables = {table_name: joined} if joined is not None else {}
    return new_container({**kept, **tables}, sdata.attrs)
