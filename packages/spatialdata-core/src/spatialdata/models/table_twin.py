"""Tables of their own that share the matrices of others."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import pandas as pd
    from anndata import AnnData

__all__ = ["table_twin"]


def table_twin(table: AnnData, obs: pd.DataFrame | None = None) -> AnnData:
    """A table of its own whose matrices are shared with another; one that is a view or backed is copied.

    Parameters
    ----------
    table
        The table; it is not changed.
    obs
        Other columns and names for its rows.
    """
    import pandas as pd
    from anndata import AnnData

    if table.is_view or table.isbacked or not isinstance(table.obs, pd.DataFrame):
        twin = table.copy()
        if obs is not None:
            twin.obs = obs
        return twin
    rows = table.obs.copy() if obs is None else obs
    raw = table.raw
    return AnnData(
        X=table.X,
        obs=rows,
        var=table.var.copy(),
        uns=dict(table.uns),
        obsm={key: _named(value, rows.index) for key, value in table.obsm.items()},
        varm=dict(table.varm),
        layers=dict(table.layers),
        raw=None if raw is None else {"X": raw.X, "var": raw.var, "varm": dict(raw.varm)},
        obsp=dict(table.obsp),
        varp=dict(table.varp),
    )


def _named(value: Any, names: pd.Index) -> Any:
    """A frame of several columns for each row, by the names that the rows have now."""
    import pandas as pd

    return value.set_axis(names, axis=0) if isinstance(value, pd.DataFrame) else value
