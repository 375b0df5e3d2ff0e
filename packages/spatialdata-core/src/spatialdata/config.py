"""Settings that a session can change."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Literal

__all__ = ["LARGE_CHUNK_THRESHOLD_BYTES", "Settings", "disable_dask_tune_optimization", "settings"]

LARGE_CHUNK_THRESHOLD_BYTES = 2147483647


@dataclass
class Settings:
    """Settings of the running session; they are not stored.

    Attributes
    ----------
    shapes_geometry_encoding
        How geometries are encoded in GeoParquet: ``"WKB"`` or ``"geoarrow"``.
    large_chunk_threshold_bytes
        Rasters with a chunk of more bytes than this are reported with a warning.

    Examples
    --------
    >>> from spatialdata.config import settings
    >>> settings.shapes_geometry_encoding
    'WKB'
    """

    shapes_geometry_encoding: Literal["WKB", "geoarrow"] = "WKB"
    large_chunk_threshold_bytes: int = LARGE_CHUNK_THRESHOLD_BYTES


settings = Settings()


@contextmanager
def disable_dask_tune_optimization() -> Iterator[None]:
    """Let dask read Parquet files in their own partitions inside a ``with`` block, and not merge small ones.

    Examples
    --------
    >>> import dask
    >>> with disable_dask_tune_optimization():
    ...     dask.config.get("optimization.tune.active")
    False
    """
    import dask

    with dask.config.set({"optimization.tune.active": False}):
        yield
