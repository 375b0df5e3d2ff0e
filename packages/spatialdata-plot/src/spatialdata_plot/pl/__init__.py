"""The accessor under the name by which other packages import it."""

from __future__ import annotations

from spatialdata_plot.accessor import PlotAccessor

__all__ = ["PlotAccessor"]
