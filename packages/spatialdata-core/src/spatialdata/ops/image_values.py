"""The channels of an image that are aggregated, and others that weigh them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from spatialdata._core.elements import lazy_levels_of
from spatialdata.errors import listing, unknown_name
from spatialdata.models.channels import get_channel_names
from spatialdata.models.shallow import with_transformations
from spatialdata.transformations.attach import transformations_of

__all__ = ["ImageValues"]


@dataclass(frozen=True, slots=True)
class ImageValues:
    """What is aggregated of an image.

    Attributes
    ----------
    image
        The image, or its finest level with the channels that are wanted, and after them that of the weights, if there
        is one: then all of them are in one chunk.
    weighted
        Whether there are weights.
    """

    image: Any
    weighted: bool = False

    @classmethod
    def of(cls, image: Any, value_key: Sequence[Any] | str | None, weights: str | None) -> ImageValues:
        """Choose channels of an image.

        Parameters
        ----------
        image
            The image.
        value_key
            The names of channels, or one; all but that of the weights if None.
        weights
            The name of the channel with weights, if there is one.

        Raises
        ------
        ValueError
            The image has no such channel, or a channel is asked for twice.
        """
        level, names = lazy_levels_of(image)[0], get_channel_names(image)
        if value_key is None and weights is None:
            return cls(image)
        given = [value_key] if isinstance(value_key, str) else value_key
        wanted = [name for name in names if name != weights] if given is None else list(given)
        for name in wanted if weights is None else [*wanted, weights]:
            if name not in names:
                raise ValueError(unknown_name("channel", name, names))
        if len(set(wanted)) != len(wanted):
            raise ValueError(f"value_key names a channel twice: {listing(wanted)}.")
        positions = [names.index(name) for name in (wanted if weights is None else [*wanted, weights])]
        chosen = level.isel(c=positions)
        if weights is not None:
            chosen = chosen.chunk({"c": -1})
        return cls(with_transformations(chosen, transformations_of(image)), weights is not None)
