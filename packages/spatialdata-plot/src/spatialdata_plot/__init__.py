"""Figures of SpatialData objects.

Importing this package adds ``sdata.pl`` to every SpatialData object. Nothing heavy is imported before the first figure.

Examples
--------
>>> import spatialdata_plot
>>> sdata.pl.render_images("he").pl.render_shapes("cells", color="cell_type").pl.show()  # doctest: +SKIP
"""

from __future__ import annotations

from importlib import import_module, metadata
from typing import TYPE_CHECKING, Any

from spatialdata_plot._logging import Verbosity, set_verbosity
from spatialdata_plot.accessor import PlotAccessor

if TYPE_CHECKING:
    from spatialdata_plot import pl
    from spatialdata_plot.resolve.norm import PercentileNormalize

__all__ = ["PercentileNormalize", "PlotAccessor", "Verbosity", "pl", "set_verbosity"]

__version__ = metadata.version("spatialdata-plot")


def __getattr__(name: str) -> Any:
    if name == "pl":
        return import_module("spatialdata_plot.pl")
    if name == "PercentileNormalize":
        return import_module("spatialdata_plot.resolve.norm").PercentileNormalize
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


def __dir__() -> list[str]:
    return [*__all__, "__version__"]
