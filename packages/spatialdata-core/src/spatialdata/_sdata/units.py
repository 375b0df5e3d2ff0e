"""The methods of the SpatialData object about units."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import numpy as np

from spatialdata._core.axes import get_spatial_axes
from spatialdata._core.elements import axes_of, is_raster, type_name
from spatialdata._sdata.holder import ElementHolder
from spatialdata.errors import (
    UnitError,
    UnknownCoordinateSystemError,
    UnsupportedElementError,
    listing,
    unknown_name,
)
from spatialdata.transformations.attach import get_transformation
from spatialdata.transformations.units import UNITS_KEY, check_unit, unit_factor

if TYPE_CHECKING:
    from spatialdata._core.axes import ValidAxis

__all__ = ["UNITS_KEY", "UnitMethods", "renamed_units"]

_SPACE: tuple[ValidAxis, ...] = ("x", "y", "z")


class UnitMethods(ElementHolder):
    """How long things are."""

    def set_units(self, coordinate_system: str, units: str | Mapping[str, str]) -> None:
        """Say in which units the axes of a coordinate system are, in place.

        Parameters
        ----------
        coordinate_system
            The name of the coordinate system.
        units
            One unit for x, y and z, or one for each axis: a length such as ``"micrometer"`` (or ``"um"``), or
            ``"pixel"``. They are kept in ``attrs`` and stored with it.

        Raises
        ------
        UnknownCoordinateSystemError
            No element is in that coordinate system.
        UnitError
            A unit is not known.

        Examples
        --------
        >>> from spatialdata.datasets import blobs
        >>> sdata = blobs()
        >>> sdata.set_units("global", "um")
        >>> sdata.units("global")["x"]
        'micrometer'
        """
        self._check_system(coordinate_system)
        if not isinstance(units, str | Mapping):
            raise UnitError(f"Give the name of a unit, or a dict from axes to units, not {type_name(units)}.")
        given = units if isinstance(units, Mapping) else dict.fromkeys(_SPACE, units)
        for axis in given:
            if axis not in _SPACE:
                raise UnitError(f"{axis!r} is no spatial axis and has no unit of length. Valid: {listing(_SPACE)}.")
        checked = {axis: check_unit(unit) for axis, unit in given.items()}
        self.attrs = {**self.attrs, UNITS_KEY: {**self.attrs.get(UNITS_KEY, {}), coordinate_system: checked}}

    def units(self, coordinate_system: str) -> dict[str, str]:
        """The units of the axes of a coordinate system, by axis; empty if nobody said.

        Parameters
        ----------
        coordinate_system
            The name of the coordinate system.
        """
        self._check_system(coordinate_system)
        return dict(self.attrs.get(UNITS_KEY, {}).get(coordinate_system, {}))

    def pixel_size(
        self, element_name: str, coordinate_system: str = "global", unit: str | None = None
    ) -> dict[str, float]:
        """How large the pixels of an image or labels are in a coordinate system.

        Parameters
        ----------
        element_name
            The name of an image or labels; of several scales, the finest counts.
        coordinate_system
            The coordinate system in which is measured.
        unit
            The unit of the result; that of the coordinate system if not given.

        Returns
        -------
        By axis of the raster, the length of the side of a pixel along it, also where the raster is turned.

        Raises
        ------
        UnsupportedElementError
            The element has no pixels.
        UnknownCoordinateSystemError
            The element is not in that coordinate system.
        UnitError
            A unit is asked for, but the coordinate system has none; see :meth:`set_units`.
        TransformationError
            The transformation is not linear, so that pixels differ in size.

        Examples
        --------
        >>> from spatialdata.datasets import blobs
        >>> sdata = blobs()
        >>> sdata.set_units("global", "micrometer")
        >>> sdata.pixel_size("blobs_image", unit="nanometer")
        {'y': 1000.0, 'x': 1000.0}
        """
        element = self[element_name]
        if not is_raster(element):
            raise UnsupportedElementError(
                f"{element_name!r} is a {type_name(element)}, which has no pixels. Images and labels have."
            )
        columns = get_spatial_axes(axes_of(element))
        produced, rows = get_transformation(element, coordinate_system).linear_map(axes_of(element))
        space = [axis for axis in produced if axis in _SPACE]
        factors = self._factors(coordinate_system, space, unit)
        linear = factors[:, None] * rows[[produced.index(axis) for axis in space]]
        sides = np.linalg.norm(linear[:, [axes_of(element).index(axis) for axis in columns]], axis=0)
        return dict(zip(columns, sides.tolist(), strict=True))

    def _factors(self, system: str, axes: list[ValidAxis], unit: str | None) -> Any:
        units = self.units(system)
        known = {units.get(axis) for axis in axes}
        if unit is None:
            if len(known) > 1:
                raise UnitError(f"The axes of {system!r} have different units: {units}. Give the unit of the result.")
            return np.ones(len(axes))
        missing = [axis for axis in axes if axis not in units]
        if missing:
            raise UnitError(
                f"The coordinate system {system!r} has no unit along {listing(missing)}, so that sizes in {unit!r} are "
                f"not known. Say which it is with set_units({system!r}, …)."
            )
        return np.array([unit_factor(units[axis], unit) for axis in axes])

    def _check_system(self, name: str) -> None:
        if name not in self.coordinate_systems:
            raise UnknownCoordinateSystemError(unknown_name("coordinate system", name, self.coordinate_systems))


def renamed_units(attrs: Mapping[Any, Any], names: Mapping[str, str]) -> dict[Any, Any]:
    """The attributes with the units under the new names of the coordinate systems."""
    units = {names.get(system, system): found for system, found in attrs[UNITS_KEY].items()}
    return {**attrs, UNITS_KEY: units}
