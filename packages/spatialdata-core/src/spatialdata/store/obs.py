"""The annotation of the rows of a table, read without its matrices."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from spatialdata.store.source import reading

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["read_obs"]


def read_obs(source: Any) -> pd.DataFrame:
    """The frame ``obs`` of a table in a store.

    Parameters
    ----------
    source
        The source of the table.
    """
    import zarr
    from anndata.io import read_elem

    with reading(source.where, source.folder):
        group = zarr.open_group(source.zarr_location(), mode="r", use_consolidated=False)
        frame: pd.DataFrame = read_elem(group["obs"])
    return frame
