"""The accessor ``msi`` of pyramids, by which published packages change all levels at once.

It is that of the library multiscale-spatial-image, which the published spatialdata brought along. Where that library is
imported, before or after, its own accessor serves.
"""

from __future__ import annotations

from collections.abc import Hashable
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from xarray import DataTree

__all__ = ["AllLevels", "offer_msi"]

_NAME = "msi"


class AllLevels:
    """All levels of a pyramid.

    Parameters
    ----------
    tree
        The pyramid; it is not changed.
    """

    def __init__(self, tree: DataTree) -> None:
        self._tree = tree

    def transpose(self, *dims: Hashable) -> DataTree:
        """Put the axes of each level into another order."""
        return self._mapped(lambda level: level.transpose(*dims))

    def reindex_data_arrays(self, indexers: Any = None, *args: Any, **kwargs: Any) -> DataTree:
        """Reindex each level; see :meth:`xarray.DataArray.reindex`."""
        named = dict(zip(("method", "tolerance", "copy", "fill_value"), args, strict=False))
        return self._mapped(lambda level: level["image"].reindex(indexers, **named, **kwargs).to_dataset(name="image"))

    def assign_coords(self, coords: Any = None, **kwargs: Any) -> DataTree:
        """Give each level coordinates; see :meth:`xarray.Dataset.assign_coords`."""
        return self._mapped(lambda level: level.assign_coords(coords, **kwargs))

    def _mapped(self, function: Any) -> DataTree:
        from xarray import DataTree

        levels = {name: node.to_dataset() for name, node in self._tree.children.items()}
        changed = DataTree.from_dict({name: function(level) for name, level in levels.items()}, name=self._tree.name)
        changed.attrs = dict(self._tree.attrs)
        return changed


class _OnPyramids:
    """An attribute of trees, which their class seems not to have, so that a library may register its own."""

    def __get__(self, tree: DataTree | None, kind: type[DataTree]) -> AllLevels:
        if tree is None:
            raise AttributeError(_NAME)
        return AllLevels(tree)


def offer_msi() -> None:
    """Give trees the accessor, unless they have one."""
    from xarray import DataTree

    if not hasattr(DataTree, _NAME):
        setattr(DataTree, _NAME, _OnPyramids())
