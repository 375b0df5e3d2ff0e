"""Compares what one workflow gave on two cores: ``python compare.py ours.json published.json``."""

from __future__ import annotations

import json
import math
import sys
from pathlib import Path
from typing import Any

# Results that may differ by more than rounding: name -> (relative tolerance, why).
LOOSER = {"tissue": (1e-3, "coarser levels of images are rounded here and cut off there")}

LENGTH = 2000  # of a result that is printed


def equal(a: Any, b: Any, tolerance: float) -> bool:
    """Whether two results are the same but for rounding."""
    if isinstance(a, dict) and isinstance(b, dict):
        return a.keys() == b.keys() and all(equal(a[key], b[key], tolerance) for key in a)
    if isinstance(a, list) and isinstance(b, list):
        return len(a) == len(b) and all(equal(x, y, tolerance) for x, y in zip(a, b, strict=True))
    if isinstance(a, int | float) and isinstance(b, int | float):
        return math.isclose(a, b, rel_tol=tolerance, abs_tol=1e-9)
    return bool(a == b)


def main(ours: Path, published: Path) -> int:
    """Print a line for each result; the number of those that differ."""
    a, b = json.loads(ours.read_text()), json.loads(published.read_text())
    differing = 0
    for name in sorted(a.keys() | b.keys()):
        tolerance, why = LOOSER.get(name, (1e-6, ""))
        same = name in a and name in b and equal(a[name], b[name], tolerance)
        differing += not same
        print(f"{'same' if same else 'DIFFERENT':10}{name}{f' ({why})' if same and why else ''}")
        if not same:
            print(f"  ours:      {str(a.get(name))[:LENGTH]}\n  published: {str(b.get(name))[:LENGTH]}")
    return differing


if __name__ == "__main__":
    sys.exit(main(Path(sys.argv[1]), Path(sys.argv[2])))
