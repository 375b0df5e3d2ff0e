"""The eight figures of the study."""

from __future__ import annotations

from spatialdata.studies.breast_cancer.figures.draw import FIGURES, Drawn, draw_figures

__all__ = ["FIGURES", "Drawn", "draw_figures"]
