"""Channels of an image: which are drawn, over which range, in which colors."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from spatialdata_plot._logging import logger
from spatialdata_plot.resolve.color import get_cmap
from spatialdata_plot.resolve.norm import PercentileNormalize, fitted
from spatialdata_plot.resolve.palette import default_palette

if TYPE_CHECKING:
    from matplotlib.colors import Colormap, Normalize
    from numpy.typing import NDArray

    from spatialdata_plot.spec import ImagesSpec

__all__ = ["Composite", "Scalar", "TrueColor", "resolve_channels", "select_channels", "transformed"]

LUMINANCE = np.array([0.2989, 0.5870, 0.1140])
LIMIT_PIXELS = 2**24


@dataclass(frozen=True, slots=True, kw_only=True)
class TrueColor:
    """Red, green, blue and maybe alpha, scaled by one range unless there is a norm.

    Attributes
    ----------
    order
        The positions of red, green, blue (and alpha).
    low, high
        The numbers that become 0 and 1.
    norms
        A norm per color that is used instead, or None.
    """

    order: tuple[int, ...]
    low: float
    high: float
    norms: tuple[Normalize, ...] | None
    alpha: float

    def paint(self, pixels: NDArray[Any]) -> NDArray[np.uint8]:
        """RGBA of shape (y, x, 4) from pixels of shape (c, y, x)."""
        result = np.ones((*pixels.shape[1:], 4), dtype=np.float32)
        for target, position in enumerate(self.order):
            if self.norms is None or target == 3:
                scaled = (pixels[position].astype(np.float32) - self.low) / (self.high - self.low)
            else:
                scaled = np.ma.filled(self.norms[target](pixels[position]), 0)
            result[..., target] = scaled
        result[..., 3] *= self.alpha
        return to_bytes(result)


@dataclass(frozen=True, slots=True, kw_only=True)
class Scalar:
    """One channel through a colormap."""

    name: str
    norm: Normalize
    cmap: Colormap
    weights: NDArray[np.float64] | None = None

    def paint(self, pixels: NDArray[Any]) -> NDArray[Any]:
        """Numbers of shape (y, x) from pixels of shape (c, y, x)."""
        if self.weights is not None:
            gray: NDArray[Any] = np.tensordot(self.weights, pixels.astype(np.float64), axes=1)
            return gray
        return np.asarray(pixels[0], dtype=np.float64 if pixels.dtype.kind in "iub" else None)


@dataclass(frozen=True, slots=True, kw_only=True)
class Composite:
    """Several channels, each through its colormap, added up.

    Attributes
    ----------
    names, norms, cmaps
        One per channel.
    divisor
        What the sum is divided by.
    """

    names: tuple[str, ...]
    norms: tuple[Normalize, ...]
    cmaps: tuple[Colormap, ...]
    divisor: int
    alpha: float

    def paint(self, pixels: NDArray[Any]) -> NDArray[np.uint8]:
        """RGBA of shape (y, x, 4) from pixels of shape (c, y, x)."""
        result = np.zeros((*pixels.shape[1:], 4), dtype=np.float32)
        for channel, norm, cmap in zip(pixels, self.norms, self.cmaps, strict=True):
            scaled = np.clip(np.ma.filled(norm(channel.astype(np.float64)), 0), 0, 1)
            result[..., :3] += cmap(scaled)[..., :3]
        result /= self.divisor
        result[..., 3] = self.alpha
        return to_bytes(result)

    @property
    def entries(self) -> list[tuple[str, tuple[float, ...]]]:
        """The channels and the colors of their largest values."""
        return [(name, cmap(1.0)) for name, cmap in zip(self.names, self.cmaps, strict=True)]


def to_bytes(rgba: NDArray[np.float32]) -> NDArray[np.uint8]:
    """Colors from 0 to 1 as bytes."""
    return np.rint(np.clip(rgba, 0, 1) * 255).astype(np.uint8)


def select_channels(names: Sequence[Any], channel: Any, element: str) -> list[int]:
    """The positions of the channels asked for.

    Raises
    ------
    ValueError
        There is no such channel.
    """
    from spatialdata.errors import unknown_name

    if channel is None:
        return list(range(len(names)))
    positions = []
    known = list(names)
    for item in list(channel) if isinstance(channel, (list, tuple)) else [channel]:
        if item not in known:
            raise ValueError(unknown_name(f"channel of {element!r} named", item, known))
        positions.append(known.index(item))
    return positions


def transformed(pixels: NDArray[Any], transfunc: Any) -> NDArray[Any]:
    """Apply ``transfunc`` to all channels at once, or a list of functions to one channel each."""
    if transfunc is None:
        return pixels
    if not isinstance(transfunc, (list, tuple)):
        result = np.asarray(transfunc(pixels))
    elif len(transfunc) == len(pixels):
        result = np.stack([np.asarray(function(channel)) for function, channel in zip(transfunc, pixels, strict=True)])
    else:
        raise ValueError(f"`transfunc` holds {len(transfunc)} functions for {len(pixels)} channels. Give one for each.")
    if result.ndim != 3 or result.shape[1:] != pixels.shape[1:]:
        raise ValueError(
            f"`transfunc` makes pixels of shape {result.shape} of those of shape {pixels.shape}. "
            "It must keep the axes (c, y, x), and their lengths along y and x."
        )
    return result


def limits_sample(arrays: Sequence[Any], spec: ImagesSpec) -> NDArray[Any]:
    """Pixels that determine the range of every channel, shape (c, y, x).

    All pixels of the finest level that is not too large. Where all are, the smallest and largest value of every
    channel if these decide, else every so many pixels.
    """
    import dask.array as da

    small = [array for array in arrays if array.shape[-2] * array.shape[-1] <= LIMIT_PIXELS]
    if small:
        return np.asarray(small[0].compute())
    array = arrays[-1]
    norms = spec.norm if isinstance(spec.norm, (list, tuple)) else [spec.norm]
    if spec.transfunc is None and not any(isinstance(norm, PercentileNormalize) for norm in norms):
        low, high = da.compute(array.min(axis=(-2, -1)), array.max(axis=(-2, -1)))
        return np.stack([low, high], axis=-1)[:, None, :]
    step = int(np.ceil(np.sqrt(array.shape[-2] * array.shape[-1] / LIMIT_PIXELS)))
    return np.asarray(array[..., ::step, ::step].compute())


def resolve_channels(sample: NDArray[Any], names: Sequence[Any], spec: ImagesSpec) -> TrueColor | Scalar | Composite:
    """Decide how the channels become colors.

    Parameters
    ----------
    sample
        Pixels from which ranges are taken, after ``transfunc``, shape (c, y, x).
    names
        The names of the channels.
    spec
        The layer.
    """
    if sample.dtype.kind == "f" and np.isnan(sample).any():
        raise ValueError(
            f"The image {spec.element!r} holds NaN, which has no color. Replace it first, for example with `fillna(0)`."
        )
    if spec.grayscale:
        return _grayscale(sample, spec)
    order = _rgb_order(names, spec)
    if order is not None:
        return _true_color(sample, order, spec)
    if len(sample) == 1 and not isinstance(spec.cmap, (list, tuple)):
        return _scalar(sample, str(names[0]), spec)
    return _composite(sample, names, spec)


def _grayscale(sample: NDArray[Any], spec: ImagesSpec) -> Scalar:
    if len(sample) != 3:
        raise ValueError(
            f"`grayscale=True` needs exactly 3 channels, but {len(sample)} of {spec.element!r} are selected. "
            "Select three with `channel`."
        )
    gray = np.tensordot(LUMINANCE, sample.astype(np.float64), axes=1)
    cmap = get_cmap("gray" if spec.cmap is None else _single(spec.cmap))
    norm = fitted(_single(spec.norm), gray)
    return Scalar(name="", norm=norm, cmap=translucent(cmap, spec.alpha), weights=LUMINANCE)


def _single(value: Any) -> Any:
    return value[0] if isinstance(value, (list, tuple)) else value


def translucent(cmap: Colormap, alpha: float) -> Colormap:
    """The same colormap with its alpha multiplied."""
    if alpha == 1:
        return cmap
    from matplotlib.colors import ListedColormap

    steps = cmap(np.arange(cmap.N))
    steps[:, 3] *= alpha
    return ListedColormap(steps, name=cmap.name)


def _rgb_order(names: Sequence[Any], spec: ImagesSpec) -> tuple[int, ...] | None:
    lower = [str(name).lower() for name in names]
    if (
        spec.palette is not None
        or spec.cmap is not None
        or sorted(lower) not in (["b", "g", "r"], ["a", "b", "g", "r"])
    ):
        return None
    return tuple(lower.index(letter) for letter in "rgba" if letter in lower)


def _true_color(sample: NDArray[Any], order: tuple[int, ...], spec: ImagesSpec) -> TrueColor:
    low, high = color_range(sample)
    norms = None
    given = spec.norm if isinstance(spec.norm, (list, tuple)) else [spec.norm] * 3
    if any(norm is not None for norm in given):
        given = _per_channel(spec.norm, 3, "norm")
        norms = tuple(fitted(norm, sample[position]) for norm, position in zip(given, order[:3], strict=True))
    return TrueColor(order=order, low=low, high=high, norms=norms, alpha=spec.alpha)


def color_range(sample: NDArray[Any]) -> tuple[float, float]:
    """The range of all colors: that of the type for whole numbers, 0 to 1 for fractions, else that of the values."""
    if sample.dtype.kind == "b":
        return 0.0, 1.0
    if sample.dtype.kind in "iu":
        return 0.0, float(np.iinfo(sample.dtype).max)
    low, high = float(sample.min()), float(sample.max())
    if low >= 0 and high <= 1:
        return 0.0, 1.0
    logger.info("Colors from %g to %g are scaled to the range from 0 to 1.", low, high)
    return low, high if high > low else low + 1


def _per_channel(value: Any, count: int, name: str) -> list[Any]:
    if not isinstance(value, (list, tuple)):
        return [value] * count
    if len(value) == 1:
        return list(value) * count
    if len(value) != count:
        raise ValueError(
            f"`{name}` holds {len(value)} values for {count} channels. Give one for each, or a single one."
        )
    return list(value)


def _scalar(sample: NDArray[Any], name: str, spec: ImagesSpec) -> Scalar:
    palette = _single(spec.palette)
    cmap = get_cmap(spec.cmap) if palette is None else from_black(palette)
    norm = fitted(_single(spec.norm), sample[0])
    return Scalar(name=name, norm=norm, cmap=translucent(cmap, spec.alpha))


def from_black(color: Any) -> Colormap:
    """A colormap from black to a color."""
    from matplotlib.colors import LinearSegmentedColormap

    return LinearSegmentedColormap.from_list("from_black", ["black", color])


def _composite(sample: NDArray[Any], names: Sequence[Any], spec: ImagesSpec) -> Composite:
    count = len(sample)
    given = _per_channel(spec.norm, count, "norm")
    norms = tuple(_channel_norm(norm, channel, name) for norm, channel, name in zip(given, sample, names, strict=True))
    divisor = 1
    if spec.cmap is not None:
        cmaps = [get_cmap(cmap) for cmap in _per_channel(spec.cmap, count, "cmap")]
        divisor = count
        if count > 1:
            logger.warning("%d channels of %r are blended by averaging their colormaps.", count, spec.element)
    elif spec.palette is not None:
        cmaps = [from_black(color) for color in _per_channel(spec.palette, count, "palette")]
    else:
        cmaps = [from_black(color) for color in channel_colors(count)]
    return Composite(names=tuple(map(str, names)), norms=norms, cmaps=tuple(cmaps), divisor=divisor, alpha=spec.alpha)


def channel_colors(count: int) -> list[Any]:
    """Default colors of channels that are added up."""
    primaries = ["#ff0000", "#00ff00", "#0000ff"]
    return primaries[:count] if count <= 3 else default_palette(count)


def _channel_norm(norm: Normalize | None, values: NDArray[Any], name: Any) -> Normalize:
    flat = values.size > 0 and values.min() == values.max()
    if flat and (norm is None or (norm.vmin is None and norm.vmax is None)):
        from matplotlib.colors import Normalize

        value = float(values.flat[0])
        logger.warning("Channel %r is %g everywhere and is drawn half bright.", name, value)
        return Normalize(value - 1, value + 1)
    return fitted(norm, values)
