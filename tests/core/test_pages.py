"""The pages whose code runs from top to bottom."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import shapely
from skimage.segmentation import expand_labels

PAGES = Path(__file__).resolve().parents[2] / "docs"


def after(name: str) -> dict[str, Any]:
    """What the names of a page stand for, after its code has run."""
    page = PAGES / name
    names: dict[str, Any] = {}
    for block in re.findall(r"```python\n(.*?)```", page.read_text(encoding="utf-8"), flags=re.DOTALL):
        exec(compile(block, str(page), "exec"), names)
    return names


@pytest.mark.parametrize("page", ["queries.md", "rasters-and-vectors.md", "the-object.md"])
def test_the_code_of_a_page_runs(page: str) -> None:
    assert "sdata" in after(page)


def test_the_answers_to_the_questions_are_right() -> None:
    names = after("questions.md")
    cells = names["sdata"]["blobs_labels"].to_numpy()
    ids = np.unique(cells)[1:]
    rows, columns = np.indices(cells.shape) + 0.5
    centres = np.stack([[columns[cells == number].mean(), rows[cells == number].mean()] for number in ids])
    tumour = shapely.box(20, 20, 120, 150)
    near = shapely.distance(shapely.points(centres), tumour.boundary) <= 100
    zones = names["zones"].set_index("instance_id")["zone"].eq("border")
    np.testing.assert_array_equal(zones.loc[ids], near)

    pixels = shapely.box(columns - 0.5, rows - 0.5, columns + 0.5, rows + 0.5)
    reached = np.unique(cells[shapely.distance(pixels, tumour) <= 100])
    assert set(names["near"]["instance"]) == set(reached) - {0}

    image = names["sdata"]["blobs_image"].to_numpy()
    rings = np.where(cells == 0, expand_labels(cells, 4), 0)
    means = np.stack([image[:, rings == number].mean(axis=1) for number in np.unique(rings)[1:]])
    np.testing.assert_allclose(names["rings"].X, means, rtol=1e-6)

    inside = shapely.intersects(tumour, shapely.points(centres))
    tissue = names["inside"].obs.set_index("instance_id")["tissue"].eq("tumour")
    np.testing.assert_array_equal(tissue.loc[ids], inside)
    drawn = names["sdata"]["blobs_points"].compute()
    assert names["bins"]["table"].X.sum() == len(drawn)
    types = names["sdata"]["table"].obs.set_index("instance_id")["cell_type"]
    under = cells[drawn["y"].astype(int), drawn["x"].astype(int)]
    expected = np.array([types.get(number, "none") for number in under], dtype=str)
    found = names["molecules"].compute()["cell_type"].astype(object).fillna("none")
    np.testing.assert_array_equal(found.to_numpy().astype(str), expected)
