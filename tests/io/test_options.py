"""Values that are no options are refused, not taken for something else."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

import spatialdata_io
from spatialdata_io.errors import OptionError
from spatialdata_io.simulate import simulate_study, simulate_tissue


@pytest.mark.parametrize("value", ["no", "False", 0, None])
def test_flags_are_true_or_false(bundle: Path, value) -> None:
    for call in (
        lambda: spatialdata_io.xenium(bundle, transcripts=value),
        lambda: spatialdata_io.read(bundle, transcripts=value),
        lambda: spatialdata_io.describe(bundle, transcripts=value),
    ):
        with pytest.raises(OptionError, match=f"transcripts= is True or False, not {value!r}"):
            call()


def test_flags_of_numpy_are_flags(bundle: Path) -> None:
    plan = spatialdata_io.describe(bundle, transcripts=np.False_)
    assert "transcripts" not in {element.name for element in plan.elements}


@pytest.mark.parametrize("seed", [-1, "a", 1.5, None])
def test_seeds_are_whole_numbers(seed, tmp_path) -> None:
    with pytest.raises(ValueError, match=r"No seed .* whole number from 0 on"):
        simulate_tissue("tiny", seed=seed)
    with pytest.raises(ValueError, match=r"No seed .* whole number from 0 on"):
        simulate_study(tmp_path / "study", "tiny", seed=seed)
    assert list(tmp_path.iterdir()) == []
