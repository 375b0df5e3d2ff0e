"""The page about coordinate systems runs."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any


def test_the_code_of_the_page_runs_from_top_to_bottom() -> None:
    page = Path(__file__).resolve().parents[2] / "docs" / "coordinate-systems.md"
    blocks = re.findall(r"```python\n(.*?)```", page.read_text(encoding="utf-8"), flags=re.DOTALL)
    assert len(blocks) > 6
    names: dict[str, Any] = {}
    for block in blocks:
        exec(compile(block, str(page), "exec"), names)
    assert names["sdata"].pixel_size("slide", "microns", "nanometer") == {"y": 500.0, "x": 500.0}
    assert names["bent_image"].values.max() > 0
    assert len(names["bent_points"].compute()) == 50
