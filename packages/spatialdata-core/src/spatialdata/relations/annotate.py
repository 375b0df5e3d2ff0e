"""Which tables annotate an element."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from spatialdata._core.container import require_container
from spatialdata.errors import ElementNotFoundError, unknown_name
from spatialdata.models.base import ATTRS_KEY
from spatialdata.models.table import TableModel

if TYPE_CHECKING:
    from spatialdata.sdata import SpatialData

__all__ = ["get_element_annotators"]


def get_element_annotators(sdata: SpatialData, element_name: str) -> set[str]:
    """The names of the tables that annotate an element; tables that are not loaded yet stay so.

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
    require_container(sdata, "get_element_annotators")
    if element_name not in sdata:
        raise ElementNotFoundError(
            unknown_name("element", element_name, [name for _, name in sdata.gen_spatial_names()])
        )
    return {name for name in sdata.tables if element_name in _regions(sdata.tables.metadata(name))}


def _regions(metadata: Mapping[str, Any]) -> list[str]:
    region = metadata.get(ATTRS_KEY, {}).get(TableModel.REGION_KEY)
    return [region] if isinstance(region, str) else list(() if region is None else region)
