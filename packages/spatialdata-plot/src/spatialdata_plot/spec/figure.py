"""The figure: its panels, guides and file."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, fields
from os import PathLike
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar

from spatialdata_plot import check

if TYPE_CHECKING:
    from spatialdata_plot.spec.legend import LegendSpec

__all__ = ["FigureSpec"]


def _crop(name: str, value: Any) -> None:
    if not isinstance(value, (tuple, list)):
        raise TypeError(f"{name!r} must be (xmin, xmax, ymin, ymax), not {value!r}.")
    check.numbers(4)(name, value)
    xmin, xmax, ymin, ymax = value
    if xmin >= xmax or ymin >= ymax:
        raise ValueError(
            f"{name!r} is {value!r}. It must be (xmin, xmax, ymin, ymax) with each minimum below its maximum."
        )


def _path(name: str, value: Any) -> None:
    if not isinstance(value, (str, PathLike)):
        raise TypeError(f"{name!r} must be the path of a file, not {value!r} of type {type(value).__name__}.")


def _scalebar_dx(name: str, value: Any) -> None:
    for item in value if isinstance(value, (list, tuple)) else [value]:
        check.number(0, above=True)(name, item)


@dataclass(frozen=True, kw_only=True)
class FigureSpec:
    """How the panels are laid out; the parameters are those of ``show``."""

    coordinate_systems: Any = None
    legend: LegendSpec
    colorbar: bool = True
    colorbar_params: Mapping[str, Any] | None = None
    wspace: float | None = None
    hspace: float = 0.25
    ncols: int = 4
    frameon: bool | None = None
    figsize: Any = None
    dpi: float | None = None
    title: Any = None
    xlabel: str | None = None
    ylabel: str | None = None
    pad_extent: float = 0
    crop_coord: Any = None
    save: Any = None
    scalebar_dx: Any = None
    scalebar_units: Any = "um"
    scalebar_params: Mapping[str, Any] | None = None

    checks: ClassVar[Mapping[str, check.Check]] = {
        "coordinate_systems": check.optional(check.texts),
        "colorbar": check.boolean,
        "colorbar_params": check.optional(check.mapping),
        "wspace": check.optional(check.number(0)),
        "hspace": check.number(0),
        "ncols": check.integer(1),
        "frameon": check.optional(check.boolean),
        "figsize": check.optional(check.numbers(2, 0, above=True)),
        "dpi": check.optional(check.number(0, above=True)),
        "title": check.optional(check.texts),
        "xlabel": check.optional(check.text),
        "ylabel": check.optional(check.text),
        "pad_extent": check.number(0),
        "save": check.optional(_path),
        "crop_coord": check.optional(_crop),
        "scalebar_dx": check.optional(_scalebar_dx),
        "scalebar_units": check.texts,
        "scalebar_params": check.optional(check.mapping),
    }

    def __post_init__(self) -> None:
        values = {field.name: getattr(self, field.name) for field in fields(self)}
        check.apply_checks(values, self.checks)
        if self.save is not None:
            _check_file(self.file)

    @property
    def file(self) -> Path:
        """Where the figure is saved."""
        path = Path(self.save)
        return path if path.suffix else path.with_suffix(".png")


def _check_file(path: Path) -> None:
    from matplotlib.backend_bases import FigureCanvasBase

    if not path.parent.is_dir():
        raise FileNotFoundError(f"The figure cannot be saved as {path}: there is no folder {path.parent}.")
    formats = FigureCanvasBase.get_supported_filetypes()
    if path.suffix.lower().removeprefix(".") not in formats:
        raise ValueError(
            f"The figure cannot be saved as {path}: {path.suffix!r} is no format of figures. "
            f"Valid: {', '.join(f'.{name}' for name in sorted(formats))}."
        )
