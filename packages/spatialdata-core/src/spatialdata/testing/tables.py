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
    for name in _MAPPINGS:
        if name != "uns" or check_metadata:
            _assert_values_equal(_as_dict(getattr(a, name)), _as_dict(getattr(b, name)), name)


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
    elif issparse(a) or issparse(b):
        if not (issparse(a) and issparse(b) and a.shape == b.shape and abs(a - b).sum() == 0):
            raise AssertionError(f"{path}: the sparse matrices differ.")
    else:
        _assert_plain_equal(a, b, path)


def _assert_plain_equal(a: Any, b: Any, path: str) -> None:
    if isinstance(a, np.ndarray | list | tuple) or isinstance(b, np.ndarray | list | tuple):
        np.testing.assert_array_equal(np.asarray(a), np.asarray(b), err_msg=path)
    elif a is not b and not bool(a == b):
        raise AssertionError(f"{path}: {a!r} and {b!r} differ.")
