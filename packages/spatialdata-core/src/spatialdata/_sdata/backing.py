"""The methods of the SpatialData object that say what lies in memory, what in its store, and what elsewhere."""

from __future__ import annotations

from pathlib import Path

from spatialdata._sdata.holder import ElementHolder

__all__ = ["BackingMethods"]


class BackingMethods(ElementHolder):
    """Where the elements are."""

    def is_self_contained(self, element_name: str | None = None) -> bool:
        """Whether nothing is read from outside the store of the object.

        Parameters
        ----------
        element_name
            The name of an element; all if not given.

        Returns
        -------
        True if everything that is lazy, or not loaded yet, comes from the element's own place in the store. Also True
        if the object has no store.

        Raises
        ------
        KeyError
            There is no such element.
        """
        names = self._shelf.names() if element_name is None else [element_name]
        return all(self._is_contained(name) for name in names)

    def elements_are_self_contained(self) -> dict[str, bool]:
        """For each element by name, whether it is self-contained; see :meth:`is_self_contained`."""
        return {name: self._is_contained(name) for name in self._shelf.names()}

    def _is_contained(self, name: str) -> bool:
        from spatialdata.store.backing import get_dask_backing_files
        from spatialdata.store.files import is_archive, is_local, path_of

        elements = self._mapping(name)
        if self.path is None:
            return True
        if is_archive(self.path) or not is_local(path_of(self.path)):
            place = str(path_of(self.path) / elements.kind.container / name)
            location = elements.source(name).location
            unloaded = [] if location is None else [location]
            files = get_dask_backing_files(elements[name]) if elements.is_loaded(name) else unloaded
            return all(file.startswith(place) for file in files)
        own = path_of(self.path).resolve() / elements.kind.container / name
        if elements.is_loaded(name):
            found = [Path(file) for file in get_dask_backing_files(elements[name])]
        else:
            location = elements.source(name).location
            found = [] if location is None else [Path(location).resolve()]
        return all(file == own or own in file.parents for file in found)

    def link_element(self, name: str, location: str | Path, element: str | None = None) -> None:
        """Add an element that lies in another store, or in an OME-Zarr image, and stays there.

        The store of the object remembers where; nothing is copied. ``write`` to another place copies the data.

        Parameters
        ----------
        name
            The name that the element gets here.
        location
            The other store or image, as for :func:`spatialdata.read_zarr`. A relative path is remembered relative to
            the store of the object, so that both can be moved together. Credentials are used, but not remembered.
        element
            The name of the element there, or kind and name (``"images/slide"``); may be left out if there is only one.

        Raises
        ------
        ValueError
            The object has no store, or the name is not valid or taken.
        StoreError
            There is no such element.

        Examples
        --------
        >>> import tempfile
        >>> from spatialdata import SpatialData, read_zarr
        >>> from spatialdata.datasets import blobs
        >>> folder = tempfile.mkdtemp()
        >>> blobs().write(f"{folder}/slide.zarr")
        >>> sdata = SpatialData()
        >>> sdata.write(f"{folder}/study.zarr")
        >>> sdata.link_element("slide", f"{folder}/slide.zarr", "blobs_image")
        >>> read_zarr(f"{folder}/study.zarr").elements_are_self_contained()
        {'slide': False}
        """
        from spatialdata._core.names import check_name
        from spatialdata._sdata.io import store_path
        from spatialdata.store.link_changes import set_links
        from spatialdata.store.linked import link_to
        from spatialdata.store.store import Entry

        path = store_path(self)
        check_name(name)
        link, source = link_to(location, element, path)
        if name in self:
            raise ValueError(f"The object has an element {name!r} already. Choose another name.")
        self._shelf.check_free(name, source.kind)
        set_links(path, {Entry(source.kind, name): link})
        self._shelf[source.kind].put_source(name, source)

    def elements_paths_in_memory(self) -> list[str]:
        """The elements of the object, as ``"images/dapi"``."""
        return [f"{elements.kind.container}/{name}" for elements in self._shelf for name in elements]

    def elements_paths_on_disk(self) -> list[str]:
        """The elements in the store of the object, as ``"images/dapi"``.

        Raises
        ------
        ValueError
            The object has no store.
        """
        from spatialdata.store.store import Store

        if self.path is None:
            raise ValueError("The object is not backed by a store. Call write(path) first.")
        return [str(entry) for entry in Store.open(self.path).entries()]

    def rename_element(self, name: str, new_name: str) -> None:
        """Give an element another name, in the object and, if it is there, in its store.

        Tables that annotate the element are made to name it anew, in the object and in the store.

        Parameters
        ----------
        name
            The name of the element or table.
        new_name
            The name that it gets.

        Raises
        ------
        KeyError
            There is no such element.
        ValueError
            The new name is not valid or is taken; nothing was changed.

        Examples
        --------
        >>> import numpy as np
        >>> from spatialdata import SpatialData
        >>> from spatialdata.models import Labels2DModel
        >>> sdata = SpatialData(labels={"mask": Labels2DModel.parse(np.eye(3, dtype=int))})
        >>> sdata.rename_element("mask", "nuclei")
        >>> list(sdata.labels)
        ['nuclei']
        """
        from spatialdata._sdata.renaming import rename

        if name not in self:
            self._mapping(name)
        rename(self, name, new_name)
