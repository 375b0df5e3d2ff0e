"""Runs one step of one case in this process: ``worker.py CASE_FILE setup|run SIZE FOLDER [CALLS]``.

It is started by both interpreters, so it knows nothing beyond the standard library.
"""

from __future__ import annotations

import importlib.util
import json
import resource
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any


def cpu_seconds() -> float:
    """CPU time of this process with its threads and finished children."""
    usages = (resource.getrusage(resource.RUSAGE_SELF), resource.getrusage(resource.RUSAGE_CHILDREN))
    return sum(usage.ru_utime + usage.ru_stime for usage in usages)


def peak_megabytes() -> float:
    """Largest resident size since the start, or on Linux since it was last forgotten."""
    status = Path("/proc/self/status")
    if status.exists():
        (line,) = (line for line in status.read_text().splitlines() if line.startswith("VmHWM"))
        return int(line.split()[1]) / 1024
    unit = 1024**2 if sys.platform == "darwin" else 1024
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / unit


def forget_peak() -> None:
    """Start the peak anew, where the system can."""
    clear = Path("/proc/self/clear_refs")
    if clear.exists():
        clear.write_text("5")


def timed(call: Callable[[], Any]) -> tuple[Any, float, float]:
    """What a call returns, its CPU seconds and its wall seconds."""
    cpu, wall = cpu_seconds(), time.perf_counter()
    result = call()
    return result, cpu_seconds() - cpu, time.perf_counter() - wall


def main(case_file: str, step: str, size: str, folder: str, calls: str = "1") -> None:
    """Load the case and run one of its two functions.

    The numbers are those of the first call. Of more calls the best one is told beside it: memory is not new to it, and
    what may be kept between calls is.
    """
    sys.path.insert(0, str(Path(case_file).parents[1]))
    spec = importlib.util.spec_from_file_location("case", case_file)
    if spec is None or spec.loader is None:
        sys.exit(f"{case_file} is no Python file")
    case = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(case)
    if step == "setup":
        case.setup(size, Path(folder))
        return
    if hasattr(case, "warm"):
        case.warm()
    if hasattr(case, "prepare"):
        case.prepare(Path(folder))
    forget_peak()
    result, cpu, wall = timed(lambda: case.run(Path(folder)))
    numbers = {"cpu_s": cpu, "wall_s": wall, "peak_mb": peak_megabytes(), "result": result}
    later = [timed(lambda: case.run(Path(folder)))[1:] for _ in range(int(calls) - 1)]
    if later:
        numbers["later_cpu_s"], numbers["later_wall_s"] = min(later)
    print(json.dumps(numbers))


if __name__ == "__main__":
    main(*sys.argv[1:])
