"""The methods of the SpatialData object about links between coordinate systems."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from spatialdata._sdata.holder import ElementHolder
from spatialdata.errors import ElementNotFoundError, UnknownCoordinateSystemError, listing, unknown_name
from spatialdata.transformations.attach import set_transformation, transformations_of
from spatialdata.transformations.linear import Identity, Sequence
from spatialdata.transformations.links import LINKS_KEY, CoordinateLink

if TYPE_CHECKING:
    from spatialdata.transformations.algebra import BaseTransformation

__all__ = ["LinkMethods"]


class LinkMethods(ElementHolder):
    """How coordinate systems lie to one another, where no element says it."""

    @property
    def coordinate_links(self) -> list[CoordinateLink]:
        """The links between coordinate systems, in the order in which they were added."""
        if LINKS_KEY not in self.attrs:
            return []
        from spatialdata.store.dialects.links import read_links

        return read_links(self.attrs[LINKS_KEY], "The SpatialData object")

    def link(self, source: Any, target: Any, transformation: BaseTransformation) -> CoordinateLink:
        """Say how one coordinate system or image lies in another, in place.

        Paths from one coordinate system to another go along links as they do along the transformations of elements.

        Parameters
        ----------
        source, target
            Names of coordinate systems, of which one may be new; or elements of the object, which stand for their
            intrinsic coordinates (pixels, for rasters). An element gets the coordinate system ``"<name>/intrinsic"``
            for that, so that the link stays right when it is cropped or transformed.
        transformation
            From the source to the target. It replaces an earlier link between the same two.

        Returns
        -------
        The link. It is kept in ``attrs`` and stored with it.

        Raises
        ------
        UnknownCoordinateSystemError
            Both names are new, or both are the same.
        ElementNotFoundError
            The element is not in the object.
        TransformationError
            The transformation cannot be stored.

        Examples
        --------
        >>> import numpy as np
        >>> from spatialdata import SpatialData
        >>> from spatialdata.models import Labels2DModel
        >>> from spatialdata.transformations import Identity, Scale, get_transformation_between_coordinate_systems
        >>> cells = np.zeros((4, 4), dtype=np.int32)
        >>> detail = Labels2DModel.parse(cells, transformations={"detail": Identity()})
        >>> overview = Labels2DModel.parse(cells, transformations={"section": Identity()})
        >>> sdata = SpatialData(labels={"detail": detail, "overview": overview})
        >>> _ = sdata.link(sdata["detail"], sdata["overview"], Scale([0.1, 0.1], axes=("x", "y")))
        >>> path = get_transformation_between_coordinate_systems(sdata, "detail", "section")
        >>> path.to_affine_matrix(("x",), ("x",))[0, 0]
        np.float64(0.1)
        """
        from spatialdata.store.dialects.links import link_json

        known = self.coordinate_systems
        names = [end if isinstance(end, str) else self._intrinsic(end) for end in (source, target)]
        given = [end for end in (source, target) if isinstance(end, str)]
        if len(given) == 2 and not set(given) & set(known):
            raise UnknownCoordinateSystemError(unknown_name("coordinate system", source, known))
        if names[0] == names[1]:
            raise UnknownCoordinateSystemError(
                f"A link leads to another coordinate system, not to {names[0]!r} itself."
            )
        places = [_place(end, name) for end, name in zip((source, target), names, strict=True)]
        steps = [places[0].inverse(), transformation, places[1]]
        needed = [step for step in steps if step != Identity()] or [transformation]
        link = CoordinateLink(names[0], names[1], needed[0] if len(needed) == 1 else Sequence(needed))
        described = link_json(link)
        for end, name in zip((source, target), names, strict=True):
            if not isinstance(end, str) and name not in transformations_of(end):
                set_transformation(end, Identity(), name)
        others = [each for each in self.attrs.get(LINKS_KEY, []) if [each["input"], each["output"]] != names]
        self.attrs = {**self.attrs, LINKS_KEY: [*others, described]}
        return link

    def unlink(self, source: str, target: str) -> None:
        """Remove a link, in place.

        Parameters
        ----------
        source, target
            The names of its coordinate systems, as they are in :attr:`coordinate_links`.

        Raises
        ------
        UnknownCoordinateSystemError
            There is no such link.
        """
        links = self.attrs.get(LINKS_KEY, [])
        others = [each for each in links if (each["input"], each["output"]) != (source, target)]
        if len(others) == len(links):
            known = listing(f"{each['input']} -> {each['output']}" for each in links)
            raise UnknownCoordinateSystemError(f"There is no link from {source!r} to {target!r}. Links: {known}.")
        rest = {key: value for key, value in self.attrs.items() if key != LINKS_KEY}
        self.attrs = {**rest, LINKS_KEY: others} if others else rest

    def _intrinsic(self, element: Any) -> str:
        """The name of the coordinate system that keeps the intrinsic coordinates of an element."""
        places = self.locate_element(element)
        if not places:
            raise ElementNotFoundError(
                "The element is not in the object. Give one of its elements, or the name of a coordinate system. "
                f"Known: {listing(self.coordinate_systems)}."
            )
        return f"{places[0].split('/', 1)[1]}/intrinsic"


def _place(end: Any, name: str) -> BaseTransformation:
    """From the intrinsic coordinates that an element has now to those that its system keeps."""
    return Identity() if isinstance(end, str) else transformations_of(end).get(name, Identity())
