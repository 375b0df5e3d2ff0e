"""Which versions of the format exist, and which go together."""

from __future__ import annotations

from dataclasses import dataclass

from spatialdata.errors import StoreError, listing
from spatialdata.models.kind import Kind

__all__ = ["CONTAINERS", "CURRENT", "ContainerVersion", "container_version"]


@dataclass(frozen=True, slots=True, kw_only=True)
class ContainerVersion:
    """One version of the container.

    Attributes
    ----------
    version
        The version string of the container.
    zarr_format
        The version of Zarr that its documents follow.
    elements
        For each kind, the versions of elements that may lie in it; the last is the one written.
    """

    version: str
    zarr_format: int
    elements: dict[Kind, tuple[str, ...]]

    def check_element(self, kind: Kind, version: object, where: str) -> str:
        """Return the version of an element, or raise a StoreError if it may not lie in this container."""
        valid = self.elements[kind]
        if version not in valid:
            raise StoreError(
                f"{where} has the {kind.container} version {version!r}. "
                f"Valid in a container of version {self.version}: {listing(valid)}."
            )
        return str(version)


_V01 = ContainerVersion(
    version="0.1",
    zarr_format=2,
    elements={
        Kind.IMAGE: ("0.1", "0.2"),
        Kind.LABELS: ("0.1", "0.2"),
        Kind.POINTS: ("0.1",),
        Kind.SHAPES: ("0.1", "0.2"),
        Kind.TABLE: ("0.1",),
    },
)
_V02 = ContainerVersion(
    version="0.2",
    zarr_format=3,
    elements={
        Kind.IMAGE: ("0.3",),
        Kind.LABELS: ("0.3",),
        Kind.POINTS: ("0.2",),
        Kind.SHAPES: ("0.3",),
        Kind.TABLE: ("0.2",),
    },
)
CONTAINERS: dict[str, ContainerVersion] = {row.version: row for row in (_V01, _V02)}
CURRENT = _V02


def container_version(version: object, where: str) -> ContainerVersion:
    """The row of a container version.

    Raises
    ------
    StoreError
        The version is unknown.

    Examples
    --------
    >>> container_version("0.2", "cells.zarr").zarr_format
    3
    """
    found = CONTAINERS.get(str(version))
    if found is None:
        raise StoreError(
            f"{where} has the container version {version!r}. Known: {listing(CONTAINERS)}. "
            "A newer version of spatialdata may have written it."
        )
    return found
