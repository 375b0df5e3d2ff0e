"""Run each case here and with the published wheels, and print both with their ratio."""

from __future__ import annotations

import argparse
import json
import math
import os
import subprocess
import sys
import tempfile
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

HERE = Path(__file__).parent
CASES = {path.stem: path for path in sorted((HERE / "cases").glob("[a-z]*.py"))}
SIDES = ("peer", "here")


@dataclass(frozen=True)
class Measurement:
    """What one process needed for one case, and for the best of further calls in it, if there were any."""

    cpu_s: float
    wall_s: float
    peak_mb: float
    result: Any
    later_cpu_s: float = math.inf
    later_wall_s: float = math.inf


class CaseError(Exception):
    """A case did not run on one side."""


def call(python: str, case: Path, *arguments: str) -> str:
    """Run the worker on one side and return the last line that it printed."""
    environment = {name: value for name, value in os.environ.items() if not name.startswith("PYTHON")}
    command = [python, "-W", "ignore", str(HERE / "worker.py"), str(case), *arguments]
    done = subprocess.run(command, capture_output=True, text=True, env=environment, check=False)
    if done.returncode:
        raise CaseError(done.stderr.strip().splitlines()[-1] if done.stderr.strip() else f"exit {done.returncode}")
    return done.stdout.splitlines()[-1] if done.stdout else ""


def numbers_of(one: Measurement | CaseError) -> dict[str, Any] | str:
    """The numbers of a measurement, without those of later calls if there were none; or why there is none."""
    if isinstance(one, CaseError):
        return str(one)
    return {key: value for key, value in vars(one).items() if value != math.inf}


def best_of(known: Measurement | None, found: Measurement) -> Measurement:
    """The better one of two processes, and the best of the later calls in both."""
    if known is None:
        return found
    later = min((one.later_cpu_s, one.later_wall_s) for one in (known, found))
    return replace(min(known, found, key=lambda one: one.cpu_s), later_cpu_s=later[0], later_wall_s=later[1])


def measure(
    pythons: dict[str, str], case: Path, size: str, repeat: int, calls: int = 1
) -> dict[str, Measurement | CaseError]:
    """Measure one case on all sides, taking turns so that a change of load meets both.

    Of the repetitions the one with the least CPU time counts: whatever else ran can only have added to it.
    """
    best: dict[str, Measurement | CaseError] = {}
    with tempfile.TemporaryDirectory(prefix="benchmark-") as folder:
        for side, python in pythons.items():
            try:
                (Path(folder) / side).mkdir()
                call(python, case, "setup", size, str(Path(folder) / side))
            except CaseError as error:
                best[side] = error
        for _ in range(repeat):
            for side, python in pythons.items():
                known = best.get(side)
                if isinstance(known, CaseError):
                    continue
                try:
                    told = call(python, case, "run", size, str(Path(folder) / side), str(calls))
                except CaseError as error:
                    best[side] = error
                    continue
                best[side] = best_of(known, Measurement(**json.loads(told)))
    return best


def agree(first: Any, second: Any) -> bool:
    """Compare what two sides returned: mappings and lists of numbers and text, numbers to a millionth."""
    if isinstance(first, dict) and isinstance(second, dict):
        return first.keys() == second.keys() and all(agree(first[key], second[key]) for key in first)
    if isinstance(first, list) and isinstance(second, list):
        return len(first) == len(second) and all(map(agree, first, second))
    if isinstance(first, int | float) and isinstance(second, int | float):
        return math.isclose(first, second, rel_tol=1e-6, abs_tol=1e-9)
    return bool(first == second)


def compared(result: Any) -> Any:
    """The part of a result that both sides should agree on."""
    return {key: value for key, value in result.items() if key != "facts"} if isinstance(result, dict) else result


def facts_of(result: Any) -> dict[str, Any]:
    """The part of a result that is only told, such as numbers of files."""
    return dict(result.get("facts", {})) if isinstance(result, dict) else {}


def row(name: str, found: dict[str, Measurement | CaseError]) -> str:
    """Format one line of the table."""
    peer, here = found["peer"], found["here"]
    cells = [f"{name:<20}"]
    for side in (peer, here):
        if isinstance(side, CaseError):
            cells.append(f"{'failed':>10} {'':>8}")
        else:
            cells.append(f"{side.cpu_s:>10.3f} {side.peak_mb:>8.0f}")
    if isinstance(peer, Measurement) and isinstance(here, Measurement):
        cells.append(f"{peer.cpu_s / max(here.cpu_s, 1e-6):>8.1f} {peer.peak_mb / here.peak_mb:>8.2f}")
        first, second = compared(peer.result), compared(here.result)
        if math.isfinite(here.later_cpu_s):
            cells.append(f"later {peer.later_cpu_s:.3f} / {here.later_cpu_s:.4f}")
            cells.append(f"= {peer.later_cpu_s / max(here.later_cpu_s, 1e-6):.1f}")
        cells.append("same" if agree(first, second) else f"DIFFER: {first} / {second}")
        told = [facts_of(side.result) for side in (peer, here)]
        cells.extend(f"{fact} {told[0][fact]} / {told[1].get(fact)}" for fact in told[0])
    else:
        cells.append(f"{'':>8} {'':>8}")
        cells.append("; ".join(f"{name}: {side}" for name, side in found.items() if isinstance(side, CaseError)))
    return "  ".join(cells)


def main() -> int:
    """Parse the command line, run the cases, print the table."""
    parser = argparse.ArgumentParser(prog="./dev bench", description=__doc__)
    parser.add_argument("cases", nargs="*", metavar="CASE", help=f"of {', '.join(CASES)}; all when none is named")
    parser.add_argument("--peer", required=True, metavar="PYTHON", help="interpreter that has the published wheels")
    parser.add_argument("--size", choices=("small", "medium", "large"), default="small")
    parser.add_argument("--repeat", type=int, default=3, metavar="N", help="runs of each case (the best counts)")
    parser.add_argument(
        "--calls", type=int, default=1, metavar="N", help="calls in each run; the best later one is told"
    )
    parser.add_argument("--json", type=Path, metavar="FILE", help="keep the numbers")
    options = parser.parse_args()
    unknown = sorted(set(options.cases) - CASES.keys())
    if unknown:
        parser.error(f"there is no case {', '.join(unknown)}; the cases are {', '.join(CASES)}")
    pythons = dict(zip(SIDES, (options.peer, sys.executable), strict=True))
    print(f"{'':<20}  {'peer':>10} {'':>8}  {'here':>10} {'':>8}  {'peer / here':>17}")
    side = f"{'CPU s':>10} {'MB':>8}"
    print(f"{'size ' + options.size:<20}  {side}  {side}  {'CPU':>8} {'MB':>8}  results")
    numbers: dict[str, dict[str, dict[str, Any] | str]] = {}
    for name in options.cases or CASES:
        found = measure(pythons, CASES[name], options.size, options.repeat, options.calls)
        print(row(name, found), flush=True)
        numbers[name] = {
            side: str(one) if isinstance(one, CaseError) else numbers_of(one) for side, one in found.items()
        }
    if options.json:
        options.json.write_text(json.dumps({"size": options.size, "cases": numbers}, indent=1) + "\n")
    return int(any(isinstance(one, str) for sides in numbers.values() for one in sides.values()))


if __name__ == "__main__":
    sys.exit(main())
