"""Folders that the tests of the readers share."""

from __future__ import annotations

import json
import shutil

import pytest


@pytest.fixture(scope="session")
def simulated_study(tmp_path_factory):
    """Two Xenium bundles (the third and the first generation) and a Visium slide, with everything in them."""
    from spatialdata_io.simulate import simulate_study

    return simulate_study(tmp_path_factory.mktemp("readers") / "study", size="tiny", seed=3)


@pytest.fixture
def ileum(sample_data):
    """A real Xenium bundle of 23 cells."""
    return sample_data / "xenium" / "Xenium_Prime_Mouse_Ileum_tiny_outs"


@pytest.fixture
def copied(tmp_path):
    """Copy files of a folder into a writable one: ``copied(folder, "a.h5", "spatial/b.csv")``."""

    def copy(folder, *names):
        target = tmp_path / folder.name
        for name in names:
            (target / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(folder / name, target / name)
        return target

    return copy


@pytest.fixture
def bundle(tmp_path):
    """A Xenium folder that holds nothing but a manifest."""
    folder = tmp_path / "bundle"
    folder.mkdir()
    (folder / "experiment.xenium").write_text(json.dumps({"pixel_size": 0.2125, "analysis_sw_version": "R&D"}))
    return folder


@pytest.fixture
def nothing():
    """Options that switch every part of a Xenium bundle off."""
    return dict.fromkeys(
        [
            "cells_boundaries",
            "nucleus_boundaries",
            "cells_as_circles",
            "cells_labels",
            "nucleus_labels",
            "transcripts",
            "morphology_mip",
            "morphology_focus",
            "aligned_images",
            "cells_table",
        ],
        False,
    )
