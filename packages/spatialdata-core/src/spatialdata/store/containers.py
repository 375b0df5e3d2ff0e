"""The groups of a store that hold the elements of a kind."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from spatialdata.models.kind import Kind
from spatialdata.store.dialects.choice import dialect_of
from spatialdata.store.documents import (
    child_names,
    is_node,
    read_node,
    replace_attributes,
    write_group,
    zarr_format_of,
)
from spatialdata.store.versions import CURRENT

if TYPE_CHECKING:
    from spatialdata.store.options import WriteOptions

__all__ = ["list_labels", "write_container"]


def write_container(group: Path, kind: Kind, names: Sequence[str], options: WriteOptions) -> None:
    """Make the group that holds the elements of a kind."""
    attributes: dict[str, Any] = {}
    if kind is Kind.LABELS:
        zarr_format = options.formats.container.zarr_format
        attributes = dialect_of(zarr_format, {"ome": {"version": options.ngff}}).labels_listing(names)
    write_group(group, attributes, options.formats.container.zarr_format)


def list_labels(root: Path, kind: Kind) -> None:
    """Bring the list of labels in the attributes of their group up to date."""
    group = root / kind.container
    if kind is not Kind.LABELS or not is_node(group):
        return
    attributes = read_node(group).attributes
    dialect = dialect_of(zarr_format_of(root) or CURRENT.zarr_format, attributes)
    listed = {**attributes, **dialect.labels_listing(child_names(group))}
    if listed != attributes:
        replace_attributes(group, listed)
