"""Fixtures for the tests of the core."""

from __future__ import annotations

from pathlib import Path

import pytest


@pytest.fixture(scope="session")
def study_output(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Output folder of the breast-cancer study at its smallest size, with the simulated slides in ``simulated``."""
    pytest.importorskip("spatialdata_io", reason="the study reads folders of instruments")
    pytest.importorskip("spatialdata_plot", reason="the study draws figures")
    from spatialdata.studies.breast_cancer import run_study

    output = tmp_path_factory.mktemp("study") / "output"
    run_study(output, size="tiny")
    return output
