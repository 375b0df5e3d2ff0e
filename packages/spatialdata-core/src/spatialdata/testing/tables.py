"""Whether two tables are the same."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from spatialdata._core.matrices import in_memory
from spatialdata.testing.strings import with_plain_strings

if TYPE_CHECKING:
    from anndata import AnnData

__all__ = ["assert_tables_equal"]

_FRAMES = ("obs", "var")
_MAPPINGS = ("layers", "obsm", "varm", "obsp", "varp", "uns")


def assert_tables_equal(a: AnnData, b: AnnData, *, check_metadata: bool = True) -> None:
    """Raise an AssertionError that names the first part in which two tables differ."""
    from pandas.testing import assert_frame_equal

    for name in _FRAMES:
        first, second = (with_plain_strings(getattr(table, name)) for table in (a, b))
        assert_frame_equal(first, second, check_names=False, obj=name)
    _assert_values_equal(a.X, b.X, "X")
    _assert_values_equal(_raw_parts(a), _raw_parts(b), "raw")
    for name in _MAPPINGS:
        if name != "uns" or check_metadata:
            _assert_values_equal(_as_dict(getattr(a, name)), _as_dict(getattr(b, name)), name)


def _raw_parts(table: AnnData) -> dict[str, Any]:
    return {} if table.raw is None else {"X": table.raw.X, "var": table.raw.var, "varm": _as_dict(table.raw.varm)}


def _as_dict(mapping: Any) -> dict[Any, Any]:
    return {key: mapping[key] for key in mapping if key is not None}


def _assert_values_equal(a: Any, b: Any, path: str) -> None:
    import pandas as pd
    from pandas.testing import assert_frame_equal
    from scipy.sparse import issparse

    a, b = in_memory(a), in_memory(b)
    if isinstance(a, dict) and isinstance(b, dict):
        if set(a) != set(b):
            raise AssertionError(f"{path}: the keys {sorted(map(str, a))} and {sorted(map(str, b))} differ.")
        for key in a:
            _assert_values_equal(a[key], b[key], f"{path}/{key}")
    elif isinstance(a, pd.DataFrame) and isinstance(b, pd.DataFrame):
        assert_frame_equal(with_plain_strings(a), with_plain_strings(b), obj=path)
    elif isinstance(a, pd.Series) and isinstance(b, pd.Series):
        assert_frame_equal(with_plain_strings(a.to_frame()), with_plain_strings(b.to_frame()), obj=path)
    elif isinstance(a, pd.api.extensions.ExtensionArray) and isinstance(b, pd.api.extensions.ExtensionArray):
        _assert_values_equal(pd.Series(a), pd.Series(b), path)
    elif issparse(a) or issparse(b):
        _assert_sparse_equal(a, b, path)
    else:
        _assert_plain_equal(a, b, path)


def _assert_sparse_equal(a: Any, b: Any, path: str) -> None:
    from scipy.sparse import issparse

    if not (issparse(a) and issparse(b) and a.shape == b.shape):
        raise AssertionError(f"{path}: {_described(a)} and {_described(b)} differ.")
    first, second = _canonical(a), _canonical(b)
    for part in ("indptr", "indices", "data"):
        np.testing.assert_array_equal(getattr(first, part), getattr(second, part), err_msg=f"{path} ({part})")


def _canonical(matrix: Any) -> Any:
    """The same matrix by rows, each in order, and without zeros that are stored."""
    rows = matrix.tocsr(copy=True)
    rows.sum_duplicates()
    rows.eliminate_zeros()
    return rows


def _described(value: Any) -> str:
    return f"{type(value).__name__} {getattr(value, 'shape', '')}".strip()


def _assert_plain_equal(a: Any, b: Any, path: str) -> None:
    if isinstance(a, np.ndarray | list | tuple) or isinstance(b, np.ndarray | list | tuple):
        np.testing.assert_array_equal(_without_fixed_text(a), _without_fixed_text(b), err_msg=path)
    elif not (a is b or _are_missing(a, b) or bool(a == b)):
        raise AssertionError(f"{path}: {a!r} and {b!r} differ.")


def _without_fixed_text(values: Any) -> Any:
    """Values as an array; the text of records as objects, since stores do not keep its length."""
    array = np.asarray(values)
    if not array.dtype.names:
        return array
    kinds = [(name, array.dtype[name]) for name in array.dtype.names]
    return array.astype([(name, "O" if kind.kind in "US" else kind) for name, kind in kinds])


def _are_missing(a: Any, b: Any) -> bool:
    import pandas as pd

    return bool(pd.api.types.is_scalar(a) and pd.api.types.is_scalar(b) and pd.isna(a) and pd.isna(b))
