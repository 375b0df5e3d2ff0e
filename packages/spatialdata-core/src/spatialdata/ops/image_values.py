"""The channels of an image that are aggregated, and others that weigh them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from spatialdata._core.elements import levels_of
from spatialdata.errors import listing, unknown_name
from spatialdata.models.channels import get_channel_names
from spatialdata.models.shallow import with_transformations
from spatialdata.ops.aggregate_funcs import AggFunc
from spatialdata.ops.aggregate_plan import check_weighted, table_of, weighted_means
from spatialdata.transformations.attach import transformations_of

if TYPE_CHECKING:
    from scipy.sparse import csr_matrix
    from xarray import DataArray

__all__ = ["ImageValues"]


@dataclass(frozen=True, slots=True)
class ImageValues:
    """What is aggregated of an image.

    Attributes
    ----------
    image
        The image, or its finest level with the channels that are wanted. With weights, each is multiplied by them, and
        the weights of each follow, nan where it has no value.
    channels
        The names of the channels.
    funcs
        What the channels of ``image`` are aggregated by.
    asked
        What was asked for, if there are weights.
    """

    image: Any
    channels: tuple[Any, ...]
    funcs: tuple[AggFunc, ...]
    asked: tuple[AggFunc, ...] | None = None

    @classmethod
    def of(
        cls, image: Any, value_key: Sequence[Any] | str | None, weights: str | None, funcs: tuple[AggFunc, ...]
    ) -> ImageValues:
        """Choose channels of an image.

        Parameters
        ----------
        image
            The image.
        value_key
            The names of channels, or one; all but that of the weights if None.
        weights
            The name of the channel with weights, if there is one.
        funcs
            The functions.

        Raises
        ------
        ValueError
            The image has no such channel, a channel is asked for twice, or the functions take no weights.
        """
        level, names = levels_of(image)[0], get_channel_names(image)
        if value_key is None and weights is None:
            return cls(image, tuple(names), funcs)
        given = [value_key] if isinstance(value_key, str) else value_key
        wanted = [name for name in names if name != weights] if given is None else list(given)
        for name in wanted if weights is None else [*wanted, weights]:
            if name not in names:
                raise ValueError(unknown_name("channel", name, names))
        if len(set(wanted)) != len(wanted):
            raise ValueError(f"value_key names a channel twice: {listing(wanted)}.")
        chosen = level.isel(c=[names.index(name) for name in wanted])
        if weights is None:
            return cls(with_transformations(chosen, transformations_of(image)), tuple(wanted), funcs)
        check_weighted(funcs)
        weighed = _weighed(chosen, level.isel(c=names.index(weights)))
        return cls(with_transformations(weighed, transformations_of(image)), tuple(wanted), (AggFunc("sum"),), funcs)

    def finished(self, matrix: csr_matrix, names: list[str]) -> tuple[csr_matrix, list[str]]:
        """What was asked for, from the statistics of the channels of ``image``."""
        if self.asked is None:
            return matrix, names
        both = matrix.toarray()
        size = len(self.channels)
        found = [
            both[:, :size] if func.name == "sum" else weighted_means(both[:, :size], both[:, size:])
            for func in self.asked
        ]
        return table_of(found, self.asked, [f"channel_{name}" for name in self.channels], always_named=True)


def _weighed(values: DataArray, weights: DataArray) -> DataArray:
    """The products of channels and weights, and then the weights where there are such products."""
    import dask.array as da
    from xarray import DataArray

    factor = weights.data[None].astype(np.float64)
    products = values.data.astype(np.float64) * factor
    shares = da.where(da.isnan(products), np.nan, factor)
    size = values.sizes["c"]
    coords = {str(name): values.coords[name] for name in values.coords if name != "c"}
    return DataArray(da.concatenate([products, shares]), dims=values.dims, coords={**coords, "c": np.arange(2 * size)})
