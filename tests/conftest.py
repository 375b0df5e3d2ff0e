"""Fixtures for all tests."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from hypothesis import settings

# Figures and windows are drawn without a display, in whatever way pytest is started.
os.environ.setdefault("MPLBACKEND", "Agg")
os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")

# A shared machine is no measure of time; and the same commit must give the same verdict.
settings.register_profile("project", deadline=None, max_examples=30, derandomize=True)
settings.load_profile("project")

ROOT = Path(__file__).resolve().parents[1]


@pytest.fixture(scope="session")
def sample_data() -> Path:
    """Folder of real vendor output: SPATIALDATA_TEST_DATA, else shared/data beside the repository."""
    folder = Path(os.environ.get("SPATIALDATA_TEST_DATA", ROOT.parent / "shared" / "data"))
    if not folder.is_dir():
        pytest.skip(f"no sample data: {folder} is not a folder (set SPATIALDATA_TEST_DATA)")
    return folder
