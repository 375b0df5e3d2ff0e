"""Open stores of few and of many elements, and add one to them: ``python -m benchmarks.adding --help``.

Each side writes its own stores. In one process for each store, everything is done several times, and the call with the
least CPU time counts. The object is opened anew for each call, and knows all elements.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

COUNTS = (0, 20, 2_000)
STEPS = {"open": "open", "add": "add labels", "delete": "delete them again"}


def stores(folder: Path, counts: list[int]) -> None:
    """Write the stores."""
    import tissue

    from spatialdata import SpatialData

    for count in counts:
        (folder / str(count)).mkdir()
        if count:
            tissue.many(count, folder / str(count))
        else:
            SpatialData().write(folder / "0" / "many.zarr")


def timed(times: list[float], step: Callable[..., Any], *arguments: object) -> Any:
    """What a step returns, and its CPU milliseconds at the end of a list."""
    start = time.process_time()
    found = step(*arguments)
    times.append(1000 * (time.process_time() - start))
    return found


def measure(store: Path, repeat: int) -> dict[str, float]:
    """The least CPU milliseconds of each step on one store."""
    import numpy as np

    from spatialdata import read_zarr
    from spatialdata.models import Labels2DModel

    times: dict[str, list[float]] = {step: [] for step in STEPS}
    for _ in range(repeat + 1):
        sdata = timed(times["open"], read_zarr, store)
        sdata.labels["added"] = Labels2DModel.parse(np.eye(8, dtype=int))
        timed(times["add"], sdata.write_element, "added")
        timed(times["delete"], sdata.delete_element_from_disk, "added")
    # The first call loads libraries.
    return {step: min(found[1:]) for step, found in times.items()}


def called(python: str, arguments: list[str]) -> dict[str, dict[str, float]]:
    """What this file, run on one side, prints."""
    folder = Path(__file__).parent
    done = subprocess.run(
        [python, "-W", "ignore", str(folder / "adding.py"), *arguments],
        env={"PYTHONPATH": str(folder), "PYTHONHASHSEED": "0"},
        stdout=subprocess.PIPE,
        text=True,
        check=True,
    )
    found: dict[str, dict[str, float]] = json.loads(done.stdout.splitlines()[-1])
    return found


def main() -> int:
    """Parse the command line, measure, and print a table."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.adding", description=__doc__)
    parser.add_argument("--peer", metavar="PYTHON", help="interpreter that has the published wheels")
    parser.add_argument("--counts", type=int, nargs="+", default=list(COUNTS), metavar="N", help="elements in a store")
    parser.add_argument("--repeat", type=int, default=10, metavar="N", help="calls here (the best counts)")
    parser.add_argument("--peer-repeat", type=int, default=3, metavar="N", help="calls of the other side")
    parser.add_argument("--measure", action="store_true", help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.measure:
        with tempfile.TemporaryDirectory(prefix="adding-") as place:
            stores(Path(place), options.counts)
            found = {count: measure(Path(place, str(count), "many.zarr"), options.repeat) for count in options.counts}
        print(json.dumps(found))
        return 0
    counts = [str(count) for count in options.counts]
    sides = {"peer": (options.peer, options.peer_repeat), "here": (sys.executable, options.repeat)}
    numbers = {
        side: called(python, ["--measure", "--repeat", str(repeat), "--counts", *counts])
        for side, (python, repeat) in sides.items()
        if python
    }
    print("| step, CPU ms |" + "".join(f" {side}, {count} elements |" for side in numbers for count in counts))
    print("| --- |" + " ---: |" * (len(numbers) * len(counts)))
    for step, words in STEPS.items():
        cells = [f" {found[count][step]:.3g} |" for found in numbers.values() for count in counts]
        print(f"| {words} |" + "".join(cells))
    return 0


if __name__ == "__main__":
    sys.exit(main())
