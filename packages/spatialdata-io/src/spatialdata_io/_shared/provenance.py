"""Which reader, of which version, has made an object."""

from __future__ import annotations

from importlib.metadata import version

__all__ = ["provenance"]


def provenance(reader: str) -> dict[str, str]:
    """Return the attributes that every reader leaves on what it returns."""
    return {"spatialdata_io_software_version": version("spatialdata-io"), "spatialdata_io_reader": reader}
