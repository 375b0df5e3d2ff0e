"""Where an element is going to lie that is written batch by batch."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from spatialdata._core.names import check_name
from spatialdata._sdata.elements import DuplicateNameError
from spatialdata._sdata.io import show_stored, store_path
from spatialdata.errors import StoreExistsError
from spatialdata.transformations.units import UNITS_KEY

if TYPE_CHECKING:
    from spatialdata._sdata.holder import ElementHolder
    from spatialdata.models.kind import Kind
    from spatialdata.store.builders.builder import Place

__all__ = ["place_of"]


class _TakenNameError(StoreExistsError, DuplicateNameError):
    """The name is taken by an element of another kind, or by one that differs in upper and lower case only."""


def place_of(
    sdata: ElementHolder, kind: Kind, name: str, overwrite: bool, resume: bool | None, **options: Any
) -> Place:
    """The place of a new element in the store of an object.

    Parameters
    ----------
    sdata
        The object.
    kind, name
        The element.
    overwrite, resume
        As for :meth:`spatialdata.SpatialData.create_points`.
    **options
        What :meth:`spatialdata.store.options.WriteOptions.of` takes.

    Raises
    ------
    ValueError
        The object has no store, or the name is not valid.
    StoreExistsError
        The object has an element of that name.
    """
    from spatialdata.store.builders.builder import Place
    from spatialdata.store.files import is_local
    from spatialdata.store.options import WriteOptions
    from spatialdata.store.store import Store
    from spatialdata.store.transfer import check_writable

    root = store_path(sdata)
    root = root.resolve() if is_local(root) else root
    check_writable(root)
    check_name(name)
    try:
        sdata.shelf.check_free(name, kind)
    except DuplicateNameError as error:
        raise _TakenNameError(str(error)) from error
    if name in sdata.shelf[kind] and not overwrite:
        raise StoreExistsError(f"The object has {name!r} already. Pass overwrite=True, or choose another name.")
    store = Store.open(root)
    units = sdata.attrs.get(UNITS_KEY)
    chosen = WriteOptions.of(container=store.container, ngff=store.ngff, units=units, **options)
    return Place(root, name, chosen, overwrite, resume, lambda: show_stored(sdata, kind, name))
