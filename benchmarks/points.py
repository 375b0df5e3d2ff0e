"""Every operation on the molecules of a store, at several sizes: ``python -m benchmarks.points --help``.

A side writes the store of a size once; each operation is then run in processes of its own. Of their first calls, and
of the later ones, the one with the least CPU time counts.
"""

from __future__ import annotations

import argparse
import json
import sys
import tempfile
from pathlib import Path
from typing import Any

from benchmarks.__main__ import CASES, CaseError, Measurement, agree, best_of, call, numbers_of

OPERATIONS = {
    "bounding_box_points": "molecules in a box of 1 % of the area",
    "polygon_points": "molecules in a polygon of 7 % of the area",
    "aggregate_points": "genes of molecules by cells, counted",
    "aggregate_means": "a number of molecules by cells, averaged",
    "point_extent": "extent of molecules",
    "transform_points": "molecules moved through an affine map",
    "rasterize_points": "molecules counted on 2000 by 2000 pixels",
}
SIZES = {"medium": "1 million", "4M": "4 million", "large": "10 million", "16M": "16 million"}


def measured(python: str, size: str, names: list[str], repeat: int, calls: int) -> dict[str, Any]:
    """What each operation needs on one side: its best first call, and the best of the later ones."""
    from benchmarks.tissue import SIZES as TISSUES

    found: dict[str, Any] = {}
    with tempfile.TemporaryDirectory(prefix="points-") as folder:
        call(python, CASES["aggregate_points"], "setup", size, folder)
        (Path(folder) / "edge").write_text(str(TISSUES[size].edge))
        for name in names:
            best: Measurement | None = None
            try:
                for _ in range(repeat):
                    told = json.loads(call(python, CASES[name], "run", size, folder, str(calls)))
                    best = best_of(best, Measurement(**told))
            except CaseError as error:
                found[name] = str(error)
            else:
                found[name] = best and numbers_of(best)
    return found


def line(name: str, peer: Any, here: Any) -> str:
    """A row of the table. Where a side made no later call, its first one is compared with those of the other."""
    cells = [OPERATIONS[name]]
    for side in (peer, here):
        cells += [_number(side, key) for key in ("cpu_s", "later_cpu_s", "wall_s")]
        cells += [f"{side['peak_mb']:.0f}" if isinstance(side, dict) else "—"]
    if isinstance(peer, dict) and isinstance(here, dict):
        later = [side.get("later_cpu_s", side["cpu_s"]) for side in (peer, here)]
        cells += [f"{peer['cpu_s'] / max(here['cpu_s'], 1e-6):.2g}", f"{later[0] / max(later[1], 1e-6):.2g}"]
        cells += [f"{peer['peak_mb'] / here['peak_mb']:.2g}"]
        if not agree(peer["result"], here["result"]):
            cells.append(f"DIFFER: {peer['result']} / {here['result']}")
    return "| " + " | ".join(cells) + " |"


def _number(side: Any, key: str) -> str:
    return f"{side[key]:.3g}" if isinstance(side, dict) and key in side else "—"


def main() -> int:
    """Parse the command line, measure, and print a table for each size."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.points", description=__doc__)
    parser.add_argument("--peer", metavar="PYTHON", help="interpreter that has the published wheels")
    parser.add_argument("--sizes", nargs="+", choices=SIZES, default=["medium", "4M", "16M"])
    parser.add_argument("--operations", nargs="+", choices=OPERATIONS, default=list(OPERATIONS))
    parser.add_argument("--repeat", type=int, default=3, metavar="N", help="runs here (the best counts)")
    parser.add_argument("--peer-repeat", type=int, default=1, metavar="N", help="runs of the other side")
    parser.add_argument("--calls", type=int, default=1, metavar="N", help="calls in each run here")
    parser.add_argument("--peer-calls", type=int, default=1, metavar="N", help="calls in each run of the other side")
    parser.add_argument(
        "--json", type=Path, default=Path("points.json"), metavar="FILE", help="numbers, kept and added to"
    )
    options = parser.parse_args()
    numbers: dict[str, dict[str, Any]] = json.loads(options.json.read_text()) if options.json.exists() else {}
    sides = {
        "peer": (options.peer, options.peer_repeat, options.peer_calls),
        "here": (sys.executable, options.repeat, options.calls),
    }
    for size in options.sizes:
        known = numbers.setdefault(size, {"peer": {}, "here": {}})
        for side, (python, repeat, calls) in sides.items():
            if python:
                known[side].update(measured(python, size, options.operations, repeat, calls))
                options.json.write_text(json.dumps(numbers, indent=1) + "\n")
        print(
            f"\n{SIZES[size]} molecules\n\n| operation |"
            + " CPU s | later | wall s | MB |" * 2
            + " ratio | later | MB |"
        )
        print("| --- |" + " ---: |" * 11)
        for name in OPERATIONS:
            if name in known["here"] or name in known["peer"]:
                print(line(name, known["peer"].get(name), known["here"].get(name)))
        sys.stdout.flush()
    return 0


if __name__ == "__main__":
    sys.exit(main())
