"""What the user asked for: frozen records, checked once, without any data."""

from __future__ import annotations

from spatialdata_plot.spec.base import LayerSpec
from spatialdata_plot.spec.figure import FigureSpec
from spatialdata_plot.spec.images import ImagesSpec
from spatialdata_plot.spec.labels import LabelsSpec
from spatialdata_plot.spec.points import PointsSpec
from spatialdata_plot.spec.shapes import ShapesSpec

__all__ = ["FigureSpec", "ImagesSpec", "LabelsSpec", "LayerSpec", "PointsSpec", "ShapesSpec"]
