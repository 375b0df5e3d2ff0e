"""Which tables annotate an element."""

from __future__ import annotations

from typing import TYPE_CHECKING

from spatialdata.errors import ElementNotFoundError, unknown_name
from spatialdata.models.table import get_table_keys
from spatialdata.relations.filter import annotates

if TYPE_CHECKING:
    from spatialdata.sdata import SpatialData

__all__ = ["get_element_annotators"]


def get_element_annotators(sdata: SpatialData, element_name: str) -> set[str]:
    """The names of the tables that annotate an element.

    Parameters
    ----------
    sdata
        The object.
    element_name
        The name of an element.

    Returns
    -------
    The names of the tables whose metadata name exactly this element.

    Raises
    ------
    KeyError
        There is no element of that name.

    Examples
    --------
    >>> import numpy as np
    >>> from spatialdata import SpatialData
    >>> from spatialdata.models import Labels2DModel
    >>> labels = Labels2DModel.parse(np.zeros((4, 4), dtype=np.int32))
    >>> get_element_annotators(SpatialData(labels={"cells": labels}), "cells")
    set()
    """
    if element_name not in sdata:
        raise ElementNotFoundError(
            unknown_name("element", element_name, [name for _, name in sdata.gen_spatial_names()])
        )
    found = set()
    for name, table in sdata.tables.items():
        if annotates(table):
            region, _, _ = get_table_keys(table)
            if element_name in ([region] if isinstance(region, str) else region):
                found.add(name)
    return found
