"""The methods of the SpatialData object about coordinate systems."""

from __future__ import annotations

import warnings
from collections.abc import Iterable
from typing import TYPE_CHECKING, Any, Self

from spatialdata._core.elements import type_name
from spatialdata._sdata import coordinate_systems as _systems
from spatialdata._sdata.coordinate_links import LinkMethods
from spatialdata._sdata.units import UNITS_KEY, UnitMethods, renamed_units
from spatialdata.errors import unknown_name
from spatialdata.models.shallow import with_transformations
from spatialdata.transformations.attach import transformations_of
from spatialdata.transformations.links import LINKS_KEY, renamed_links

if TYPE_CHECKING:
    from collections.abc import Mapping

    from spatialdata.transformations.algebra import BaseTransformation
    from spatialdata.transformations.landmark_fit import LandmarkFit, Model

__all__ = ["PlacingMethods"]


class PlacingMethods(UnitMethods, LinkMethods):
    """Where elements are."""

    def rename_coordinate_systems(self, rename_dict: Mapping[str, str]) -> None:
        """Rename coordinate systems in all elements, in place.

        Parameters
        ----------
        rename_dict
            New names by old names; names may be swapped.

        Raises
        ------
        ValueError
            An old name does not exist, or a new one is taken.
        """
        _systems.rename_coordinate_systems(self, rename_dict)
        if UNITS_KEY in self.attrs:
            self.attrs = renamed_units(self.attrs, rename_dict)
        if LINKS_KEY in self.attrs:
            links = renamed_links(self.attrs[LINKS_KEY], lambda name: rename_dict.get(name, name))
            self.attrs = {**self.attrs, LINKS_KEY: links}

    def filter_by_coordinate_system(
        self, coordinate_system: str | list[str], filter_tables: bool = True, include_orphan_tables: bool = False
    ) -> Self:
        """The elements that have any of the coordinate systems.

        Parameters
        ----------
        coordinate_system
            One or several names. One that no element has gives a warning.
        filter_tables
            Keep only the rows that annotate these elements; otherwise all tables are kept as they are.
        include_orphan_tables
            Keep tables that annotate nothing.

        Returns
        -------
        A new object with the same elements.
        """
        return self.subset(_systems.elements_in(self, coordinate_system), filter_tables, include_orphan_tables)

    def subset(self, element_names: list[str], filter_tables: bool = True, include_orphan_tables: bool = False) -> Self:
        """The elements of the given names.

        Parameters
        ----------
        element_names
            Names of elements and tables; a table that is named is kept whole. Those that do not exist are left out,
            with a warning.
        filter_tables
            Keep, of the other tables, the rows that annotate these elements; otherwise all tables are kept as they are.
        include_orphan_tables
            Keep tables that annotate nothing.

        Returns
        -------
        A new object with the same elements.
        """
        from spatialdata.relations.filter import tables_of

        given: Any = element_names
        if isinstance(given, str) or not isinstance(given, Iterable):
            raise TypeError(f"element_names must be a list of names, not {type_name(given)}.")
        element_names = list(given)
        if not all(isinstance(name, str) for name in element_names):
            raise TypeError("element_names must be a list of the names of elements and tables.")
        known = self.shelf.names()
        for name in element_names:
            if name not in known:
                warnings.warn(f"{unknown_name('element', name, known)} It is left out.", UserWarning, stacklevel=2)
        kept = self._holding(element_names)
        others = {name: self.tables[name] for name in self.tables if name not in element_names}
        spatial = {name: element for _, name, element in kept.gen_spatial_elements()}
        chosen = tables_of(spatial, others, include_orphans=include_orphan_tables) if filter_tables else others
        for name, table in chosen.items():
            kept.tables[name] = table
        return kept

    def align(
        self,
        moving: str,
        reference: str,
        landmarks: Any,
        model: Model = "similarity",
        moving_coordinate_system: str = "global",
        reference_coordinate_system: str = "global",
        new_coordinate_system: str = "aligned",
        threshold: float | None = None,
        smoothing: float = 0.0,
    ) -> LandmarkFit:
        """Align one element to another through landmarks: both get a common coordinate system, in place.

        Parameters
        ----------
        moving, reference
            The names of the two elements.
        landmarks
            The same places in both: :class:`~spatialdata.transformations.Landmarks`, or a pair of arrays, of points or
            circles, or of their names; first the moving, then the reference ones.
        model
            ``"rigid"``, ``"similarity"``, ``"affine"`` or ``"thin_plate"``; see
            :func:`spatialdata.transformations.fit_landmarks`.
        moving_coordinate_system, reference_coordinate_system
            The coordinate systems of the two elements in which the landmarks were placed.
        new_coordinate_system
            The name of the common coordinate system. It has the scale of ``reference_coordinate_system``.
        threshold
            How close the landmarks must come, if some may be wrong.
        smoothing
            How much a thin-plate spline may miss the landmarks to bend less.

        Returns
        -------
        The transformation between the two coordinate systems, the residual of each landmark, and which were used.

        Raises
        ------
        LandmarkError
            The landmarks do not determine the transformation; nothing is changed then.

        Examples
        --------
        >>> import numpy as np
        >>> from spatialdata.datasets import blobs
        >>> sdata = blobs()
        >>> corners = np.array([[0.0, 0.0], [9.0, 0.0], [0.0, 9.0]])
        >>> fit = sdata.align("blobs_labels", "blobs_image", (corners, 2 * corners))
        >>> fit.rms < 1e-9, "aligned" in sdata.coordinate_systems
        (True, True)
        """
        from spatialdata._sdata.aligning import align, landmarks_of

        systems = (moving_coordinate_system, reference_coordinate_system)
        found = landmarks_of(self, landmarks)
        return align(self, moving, reference, found, model, systems, new_coordinate_system, threshold, smoothing)

    def transform_element_to_coordinate_system(
        self, element_name: str, target_coordinate_system: str, maintain_positioning: bool = False, *, order: int = 0
    ) -> Any:
        """An element in a coordinate system, also one that only other elements lead to.

        Parameters
        ----------
        element_name
            The name of the element.
        target_coordinate_system
            The coordinate system.
        maintain_positioning
            Keep the place of the element in its coordinate systems.
        order
            How an image is interpolated; see :func:`spatialdata.transform`.

        Returns
        -------
        A new element whose intrinsic coordinates are those of the coordinate system.
        """
        from spatialdata.ops.transform import transform
        from spatialdata.transformations.graph import get_transformation_between_coordinate_systems

        element = self[element_name]
        direct = self._mapping(element_name).transformations(element_name)
        if target_coordinate_system in direct:
            return transform(
                element,
                to_coordinate_system=target_coordinate_system,
                maintain_positioning=maintain_positioning,
                order=order,
            )
        path = get_transformation_between_coordinate_systems(self, element, target_coordinate_system)
        return self._transform_along(element, path, target_coordinate_system, maintain_positioning, order)

    @staticmethod
    def _transform_along(
        element: Any, path: BaseTransformation, target: str, maintain_positioning: bool, order: int
    ) -> Any:
        from spatialdata.ops.transform import transform

        if maintain_positioning:
            return transform(element, transformation=path, maintain_positioning=True, order=order)
        placed = with_transformations(element, {**transformations_of(element), target: path})
        return transform(placed, to_coordinate_system=target, order=order)

    def transform_to_coordinate_system(
        self, target_coordinate_system: str, maintain_positioning: bool = False, *, order: int = 0
    ) -> Self:
        """All elements that have a coordinate system, or that links lead to it, in it.

        Parameters
        ----------
        target_coordinate_system
            The coordinate system.
        maintain_positioning
            Keep the place of the elements in their coordinate systems.
        order
            How images are interpolated; see :func:`spatialdata.transform`.

        Returns
        -------
        A new object with the transformed elements and the same tables.
        """
        names = _systems.elements_leading_to(self, target_coordinate_system)
        elements = {
            name: self.transform_element_to_coordinate_system(
                name, target_coordinate_system, maintain_positioning, order=order if name in self.images else 0
            )
            for name in names
        }
        result = self._holding(list(self.tables))
        for name, element in elements.items():
            result[name] = element
        return result
