"""What a query costs by the size of the data, and by the size of its answer: ``python -m benchmarks.scaling --help``.

Stores of up to 40 million molecules are generated piece by piece. Boxes are cut out of each, and the genes of all
molecules are counted by cells. Numbers go to a JSON file, and boxes into a figure.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

HERE = Path(__file__).parent
MOLECULES_PER_PIECE = 1_000_000
ANSWER = 100_000
ANSWERS = (10_000, 100_000, 1_000_000, 4_000_000)


def edge_of(molecules: int) -> float:
    """The side of a square on which molecules lie as densely as in the other benchmarks."""
    return 16384.0 * (molecules / 10_000_000) ** 0.5


def piece(number: int, rows: int, edge: float):
    """Some molecules at random places."""
    import numpy as np
    import pandas as pd
    import tissue

    rng = np.random.default_rng(number)
    x, y = rng.uniform(0, edge, (2, rows))
    names = [f"gene_{i:03}" for i in range(tissue.GENES)]
    gene = pd.Categorical.from_codes(rng.integers(0, tissue.GENES, rows), names)
    index = pd.RangeIndex(number * MOLECULES_PER_PIECE, number * MOLECULES_PER_PIECE + rows)
    return pd.DataFrame({"x": x, "y": y, "gene": gene, "quality": rng.integers(0, 40, rows)}, index=index)


def setup(size: str, folder: Path) -> None:
    """Write a store with so many molecules, and a fiftieth as many cells."""
    import dask.dataframe as dd
    import tissue

    from spatialdata import SpatialData
    from spatialdata.models import PointsModel, ShapesModel

    molecules = int(size)
    edge = edge_of(molecules)
    numbers = range(-(-molecules // MOLECULES_PER_PIECE))
    rows = [min(MOLECULES_PER_PIECE, molecules - number * MOLECULES_PER_PIECE) for number in numbers]
    frame = dd.from_map(piece, numbers, rows, edge=edge, meta=piece(0, 0, edge))
    cells = tissue.cells(tissue.Size(edge=edge, cells=molecules // 50, spots=0, molecules=molecules))
    SpatialData(
        points={"molecules": PointsModel.parse(frame, feature_key="gene")}, shapes={"cells": ShapesModel.parse(cells)}
    ).write(folder / "tissue.zarr")


def warm() -> None:
    """See ``tissue.warm``."""
    import tissue

    tissue.warm()


def cut(folder: Path, edge: float, side: float) -> dict[str, int]:
    """Cut a square out of the middle."""
    from spatialdata import bounding_box_query, read_zarr

    found = bounding_box_query(
        read_zarr(folder / "tissue.zarr")["molecules"],
        axes=("x", "y"),
        min_coordinate=[(edge - side) / 2] * 2,
        max_coordinate=[(edge + side) / 2] * 2,
        target_coordinate_system="global",
    ).compute()
    return {"rows": len(found)}


def count(folder: Path) -> dict[str, int]:
    """Count the genes of all molecules by cells."""
    from spatialdata import aggregate, read_zarr

    sdata = read_zarr(folder / "tissue.zarr")
    found = aggregate(values=sdata["molecules"], by=sdata["cells"], value_key="gene", agg_func="count")
    return {"molecules": int(found.tables["table"].X.sum())}


def best(repeat: int, work: Callable[[], dict[str, int]]) -> dict[str, float]:
    """CPU seconds and peak memory of the cheapest of several calls."""
    import worker

    found = []
    for _ in range(repeat):
        worker.forget_peak()
        before = worker.cpu_seconds()
        result = work()
        found.append({"cpu_s": worker.cpu_seconds() - before, "peak_mb": worker.peak_megabytes(), **result})
    return min(found, key=lambda one: one["cpu_s"])


def run(folder: Path) -> dict[str, Any]:
    """All measurements of a store; ``plan.json`` beside it says how many."""
    plan = json.loads((folder / "plan.json").read_text())
    molecules, repeat = plan["molecules"], plan["repeat"]
    edge = edge_of(molecules)
    answers = [molecules // 100, *(answer for answer in ANSWERS if answer <= molecules // 2)]
    boxes = [best(repeat, lambda: cut(folder, edge, edge * (answer / molecules) ** 0.5)) for answer in answers]  # noqa: B023
    found = {"molecules": molecules, "hundredth": boxes[0], "boxes": boxes[1:]}
    return {**found, "aggregate": best(1, lambda: count(folder))} if plan["aggregates"] else found


def measure(python: str, molecules: int, repeat: int, *, aggregates: bool) -> dict[str, Any]:
    """Write a store and measure it, each in a process of its own."""
    with tempfile.TemporaryDirectory(prefix="scaling-") as folder:
        plan = {"molecules": molecules, "repeat": repeat, "aggregates": aggregates}
        (Path(folder) / "plan.json").write_text(json.dumps(plan))
        for step in ("setup", "run"):
            command = [python, "-W", "ignore", str(HERE / "worker.py"), __file__, step, str(molecules), folder]
            done = subprocess.run(command, capture_output=True, text=True, check=False)
            if done.returncode:
                raise SystemExit(f"{step} of {molecules} molecules: {done.stderr.strip()[-300:]}")
        found: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])["result"]
        return found


def draw(sides: dict[str, list[dict[str, Any]]], path: Path) -> None:
    """Both curves: a fixed answer out of ever more data, and ever larger answers out of the same data."""
    import matplotlib as mpl

    mpl.use("svg")
    import matplotlib.pyplot as plt

    plt.rcParams.update({"svg.fonttype": "none", "svg.hashsalt": "scaling", "font.size": 9})
    figure, (left, right) = plt.subplots(1, 2, figsize=(8, 3.2), layout="constrained")
    for (side, found), color in zip(sides.items(), ("#2a6f97", "#c1666b"), strict=False):
        places = [one["molecules"] for one in found]
        times = [one["boxes"][ANSWERS.index(ANSWER)]["cpu_s"] for one in found]
        left.loglog(places, times, "o-", color=color, label=side)
        largest = found[-1]
        label = f"{side}, {largest['molecules'] // 1_000_000} million"
        rows, times = zip(*((box["rows"], box["cpu_s"]) for box in largest["boxes"]), strict=True)
        right.loglog(rows, times, "o-", color=color, label=label)
    left.set(xlabel="molecules in the store", ylabel="CPU seconds", title=f"a box with {ANSWER:,} molecules")
    right.set(xlabel="molecules in the box", title="boxes of the same store")
    for axes in (left, right):
        axes.legend(frameon=False)
        axes.spines[["top", "right"]].set_visible(False)
        axes.grid(visible=True, which="major", color="#dddddd", linewidth=0.6)
    figure.savefig(path, metadata={"Date": None})


def main() -> int:
    """Parse the command line, measure, and write what was found."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.scaling", description=__doc__)
    parser.add_argument("--peer", metavar="PYTHON", help="interpreter that has the published wheels")
    parser.add_argument("--sizes", type=int, nargs="+", default=[1, 4, 10, 16, 40], metavar="MILLIONS")
    parser.add_argument("--peer-sizes", type=int, nargs="+", default=[1, 4, 10], metavar="MILLIONS")
    parser.add_argument("--repeat", type=int, default=3, metavar="N", help="runs of each measurement (the best counts)")
    parser.add_argument("--peer-repeat", type=int, default=2, metavar="N", help="runs of the other side")
    parser.add_argument("--json", type=Path, default=Path("scaling.json"), metavar="FILE")
    parser.add_argument("--figure", type=Path, metavar="FILE.svg")
    options = parser.parse_args()
    plans = {"here": (sys.executable, options.sizes, options.repeat)}
    if options.peer:
        plans["spatialdata 0.7.3"] = (options.peer, options.peer_sizes, options.peer_repeat)
    sides: dict[str, list[dict[str, Any]]] = {}
    for side, (python, sizes, repeat) in plans.items():
        sides[side] = []
        for millions in sizes:
            found = measure(python, millions * 1_000_000, repeat, aggregates=side == "here")
            sides[side].append(found)
            for what in ("hundredth", "aggregate"):
                if what in found:
                    one = found[what]
                    print(f"{side:<20} {millions:>4} M {what:<10} {one['cpu_s']:>9.3f} s {one['peak_mb']:>7.0f} MB")
            sys.stdout.flush()
            options.json.write_text(json.dumps(sides, indent=1) + "\n")
    if options.figure:
        draw(sides, options.figure)
    return 0


if __name__ == "__main__":
    sys.exit(main())
