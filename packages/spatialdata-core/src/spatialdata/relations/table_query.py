"""Tables cut to the rows and variables that expressions choose."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

import numpy as np

from spatialdata._core.matrices import dense_part
from spatialdata.errors import ElementNotFoundError, UnsupportedElementError, listing, unknown_name
from spatialdata.relations.expression import Expression

if TYPE_CHECKING:
    import pandas as pd
    from anndata import AnnData
    from numpy.typing import NDArray

__all__ = ["rows_and_variables"]


def rows_and_variables(
    table: AnnData,
    *,
    obs: Any = None,
    var: Any = None,
    x: Any = None,
    obs_names: Any = None,
    var_names: Any = None,
    layer: str | None = None,
) -> tuple[NDArray[np.bool_], NDArray[np.bool_]]:
    """Which rows and which variables of a table expressions choose.

    An expression is one of :func:`spatialdata.col`, of narwhals or of annsel; a string that
    :meth:`pandas.DataFrame.eval` understands; a function of the frame; or an array of booleans. Of several, all must
    hold.

    Parameters
    ----------
    table
        The table.
    obs, var
        Expressions over the columns of ``obs`` and ``var``.
    x
        Expressions over the values of the variables, each a column.
    obs_names, var_names
        Expressions over the names, as a column ``obs_names`` or ``var_names``.
    layer
        The layer that values are taken from, instead of ``X``.

    Raises
    ------
    ValueError
        A column does not exist, or an expression does not give one boolean for each row.
    """
    if layer is not None and layer not in table.layers:
        raise ElementNotFoundError(unknown_name("layer", layer, [name for name in table.layers if name is not None]))
    by_name = {
        "obs_names": _names(table.obs_names, "obs_names"),
        "var_names": _names(table.var_names, "var_names"),
    }
    rows = _holds(obs, lambda _: table.obs, table.obs.columns, table.n_obs, "obs")
    rows &= _holds(x, lambda names: _values(table, layer, names), table.var_names, table.n_obs, "x")
    rows &= _holds(obs_names, lambda _: by_name["obs_names"], ["obs_names"], table.n_obs, "obs_names")
    variables = _holds(var, lambda _: table.var, table.var.columns, table.n_vars, "var")
    variables &= _holds(var_names, lambda _: by_name["var_names"], ["var_names"], table.n_vars, "var_names")
    return rows, variables


def _names(names: pd.Index, key: str) -> pd.DataFrame:
    import pandas as pd

    return pd.DataFrame({key: names.to_numpy()}, index=names)


def _values(table: AnnData, layer: str | None, names: frozenset[str] | None) -> pd.DataFrame:
    """The values of some variables, or of all, as columns."""
    import pandas as pd

    chosen = table.var_names if names is None else table.var_names[table.var_names.isin(names)]
    matrix = table.X if layer is None else table.layers[layer]
    dense = dense_part(matrix, None, table.var_names.get_indexer(chosen))
    return pd.DataFrame(dense, index=table.obs_names, columns=chosen)


def _holds(given: Any, frame_of: Any, known: Iterable[Any], size: int, what: str) -> NDArray[np.bool_]:
    """Where all expressions hold; ``known`` are the columns that there are."""
    chosen = np.ones(size, dtype=bool)
    for expression in _several(given, size):
        names = None
        if isinstance(expression, Expression):
            names = expression.columns
            _check_columns(expression, known, what)
        chosen &= _checked(_evaluated(expression, frame_of(names), what), expression, size, what)
    return chosen


def _check_columns(expression: Expression, known: Iterable[Any], what: str) -> None:
    missing = sorted(expression.columns - {str(name) for name in known})
    if missing:
        near = unknown_name("column", missing[0], known)
        raise ValueError(f"The expression {expression!r} over {what} cannot be computed. {near}")


def _several(given: Any, size: int) -> list[Any]:
    if given is None:
        return []
    is_mask = hasattr(given, "dtype") or (
        isinstance(given, list | tuple) and len(given) == size and _are_booleans(given)
    )
    if isinstance(given, Iterable) and not isinstance(given, str) and not is_mask and not _is_narwhals(given):
        return list(given)
    return [given]


def _are_booleans(values: Iterable[Any]) -> bool:
    return all(isinstance(value, bool | np.bool_) for value in values)


def _is_narwhals(value: Any) -> bool:
    return type(value).__module__.partition(".")[0] in ("narwhals", "annsel")


def _evaluated(expression: Any, frame: pd.DataFrame, what: str) -> Any:
    if isinstance(expression, Expression):
        return expression(frame)
    if _is_narwhals(expression):
        import narwhals  # type: ignore[import-not-found]  # the expression comes from it, so it is there

        return narwhals.from_native(frame).select(expression).to_native().iloc[:, 0]
    if isinstance(expression, str):
        return _evaluated_text(expression, frame, what)
    if callable(expression):
        return expression(frame)
    if hasattr(expression, "__len__"):
        return expression
    raise UnsupportedElementError(
        f"{expression!r} over {what} is no expression. Give spatialdata.col(…) > …, a string, a function of the frame, "
        "or an array of booleans."
    )


def _evaluated_text(expression: str, frame: pd.DataFrame, what: str) -> Any:
    try:
        return frame.eval(expression)
    except (NameError, SyntaxError, TypeError, NotImplementedError) as error:
        names = [str(name) for name in frame.columns]
        raise ValueError(
            f"The expression {expression!r} over {what} cannot be computed: {error}. pandas.DataFrame.eval says what "
            f"can be written. Columns: {listing(names)}."
        ) from error


def _checked(result: Any, expression: Any, size: int, what: str) -> NDArray[np.bool_]:
    values = _known(result)
    mask = np.asarray(values)
    if mask.shape != (size,) or not (mask.dtype == bool or (mask.dtype == object and _are_booleans(mask))):
        raise ValueError(
            f"The expression {expression!r} over {what} must give one boolean for each of {size} rows. "
            f"It gave {mask.dtype} of shape {mask.shape}."
        )
    return mask.astype(bool)


def _known(result: Any) -> Any:
    """Truth values with False for missing ones; other values, which are no answer, as they are."""
    dtype = getattr(result, "dtype", None)
    if hasattr(result, "where") and (getattr(dtype, "kind", "") == "b" or dtype == np.dtype(object)):
        return result.where(result.notna(), False)
    return result
