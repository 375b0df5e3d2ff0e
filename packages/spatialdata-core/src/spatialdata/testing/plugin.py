"""Fixtures for tests with SpatialData objects: ``pytest_plugins = ["spatialdata.testing.plugin"]``."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

from spatialdata._core.optional import require
from spatialdata.testing.identical import assert_elements_are_identical, assert_spatial_data_objects_are_identical

if TYPE_CHECKING:
    from spatialdata.sdata import SpatialData

pytest = require("pytest", "offer fixtures for tests")

__all__ = ["round_trip", "unchanged"]


@pytest.fixture  # type: ignore[untyped-decorator]
def round_trip(tmp_path: Path) -> Callable[[SpatialData], SpatialData]:
    """A function that writes an object into a store of its own, and opens that."""
    from spatialdata.sdata import read_zarr

    made: list[Path] = []

    def write_and_read(sdata: SpatialData) -> SpatialData:
        made.append(tmp_path / f"round_trip_{len(made)}.zarr")
        sdata.write(made[-1], update_sdata_path=False)
        return read_zarr(made[-1])

    return write_and_read


@pytest.fixture  # type: ignore[untyped-decorator]
def unchanged() -> Callable[..., AbstractContextManager[None]]:
    """A context manager that fails if elements or objects are other at the end of a block than they were before."""
    from spatialdata.ops.deepcopy import deepcopy
    from spatialdata.sdata import SpatialData

    @contextmanager
    def watching(*values: Any) -> Iterator[None]:
        before = [deepcopy(value) for value in values]
        yield
        for old, new in zip(before, values, strict=True):
            if isinstance(new, SpatialData):
                assert_spatial_data_objects_are_identical(old, new)
            else:
                assert_elements_are_identical(old, new)

    return watching
