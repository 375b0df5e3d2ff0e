"""Layers of images."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, ClassVar

from spatialdata_plot import check
from spatialdata_plot.spec.base import LayerSpec

__all__ = ["ImagesSpec"]


def _one_or_list(single: check.Check) -> check.Check:
    def run(name: str, value: Any) -> None:
        for item in value if isinstance(value, (list, tuple)) else [value]:
            single(name, item)

    return run


def _channel(name: str, value: Any) -> None:
    items = list(value) if isinstance(value, (list, tuple)) else [value]
    if not items:
        raise ValueError(f"{name!r} is empty. Give a channel, a list of channels, or None for all.")
    if not all(isinstance(item, str) or check.is_number(item) for item in items):
        raise TypeError(f"{name!r} is {value!r}. Give the name or number of a channel, or a list of them.")
    if len({isinstance(item, str) for item in items}) > 1:
        raise TypeError(f"{name!r} mixes names and numbers: {value!r}. Give one or the other.")


@dataclass(frozen=True, kw_only=True)
class ImagesSpec(LayerSpec):
    """How one image is drawn; the parameters are those of ``render_images``."""

    channel: Any = None
    cmap: Any = None
    norm: Any = None
    palette: Any = None
    alpha: float = 1.0
    scale: str | None = None
    grayscale: bool = False
    transfunc: Any = None
    colorbar: bool | str | None = "auto"
    colorbar_params: Mapping[str, Any] | None = None
    channels_as_legend: bool = False
    method: str | None = None
    datashader_reduction: str | None = None

    container: ClassVar[str] = "images"
    verb: ClassVar[str] = "render_images"
    checks: ClassVar[Mapping[str, check.Check]] = {
        "channel": check.optional(_channel),
        "cmap": check.optional(_one_or_list(check.cmap)),
        "norm": check.optional(_one_or_list(check.norm)),
        "palette": check.optional(_one_or_list(check.color)),
        "alpha": check.fraction,
        "scale": check.optional(check.text),
        "grayscale": check.boolean,
        "transfunc": check.optional(_one_or_list(check.transfunc)),
        "colorbar": check.colorbar,
        "colorbar_params": check.optional(check.mapping),
        "channels_as_legend": check.boolean,
        "method": check.method,
        "datashader_reduction": check.reduction,
    }

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.palette is not None and self.cmap is not None:
            raise ValueError(
                "Both `palette` and `cmap` are given. Use `palette` for one color per channel, or `cmap` for colormaps."
            )
        if self.grayscale and self.palette is not None:
            raise ValueError("`grayscale=True` makes one gray channel, to which `palette` cannot apply. Use `cmap`.")
