"""Runs one step of one case in this process: ``worker.py CASE_FILE setup|run SIZE FOLDER``.

It is started by both interpreters, so it knows nothing beyond the standard library.
"""

from __future__ import annotations

import importlib.util
import json
import resource
import sys
import time
from pathlib import Path


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


def main(case_file: str, step: str, size: str, folder: str) -> None:
    """Load the case and run one of its two functions."""
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
    cpu, wall = cpu_seconds(), time.perf_counter()
    result = case.run(Path(folder))
    numbers = {
        "cpu_s": cpu_seconds() - cpu,
        "wall_s": time.perf_counter() - wall,
        "peak_mb": peak_megabytes(),
    }
    print(json.dumps({**numbers, "result": result}))


if __name__ == "__main__":
    main(*sys.argv[1:])
