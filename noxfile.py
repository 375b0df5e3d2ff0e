"""The checks of the repository, called by ``./dev`` and ``.ci/run``; ``./dev nox -l`` lists them."""

from __future__ import annotations

import os
import shutil
from pathlib import Path

import nox

ROOT = Path(__file__).parent
MEMBERS = ("spatialdata-core", "spatialdata-io", "spatialdata-plot", "napari-spatialdata")
SOURCES = ("packages", "tests", "benchmarks", "docs", "noxfile.py")
PYTHONS = ("3.11", "3.12", "3.13")
PEER = ROOT / ".dev" / "peer"
VALIDATORS = ROOT / ".dev" / "validators"
PUBLISHED = ("spatialdata==0.7.3", "spatialdata-io==0.7.1", "spatialdata-plot==0.4.0")
# Each with what it needs beside benchmarks/peer.txt.
SATELLITES = {
    "plot": (),
    "io": (),
    "napari": ("napari-spatialdata==0.7.2", "napari==0.9.2", "PyQt5==5.15.11", "loguru==0.7.3"),
}
DOWNSTREAM = {"squidpy": "squidpy==1.8.2", "sopa": "sopa==2.2.11", "harpy": "harpy-analysis==0.4.2"}

nox.needs_version = ">=2025.2.9"
nox.options.default_venv_backend = "uv"
nox.options.error_on_missing_interpreters = False
nox.options.sessions = ["lock", "lint", "types", "imports", "docs", "wheels"]


def uv(session: nox.Session, *args: str, **env: str) -> str:
    """Run uv on the environment of the session, or on the calling one where the session has none."""
    output = session.run("uv", *args, env=env, external=True, silent=args[0] == "export")
    return output if isinstance(output, str) else ""


@nox.session(python=PYTHONS)
@nox.parametrize("deps", ["locked", "lowest-direct"])
def tests(session: nox.Session, deps: str) -> None:
    """Run the tests with the locked dependencies, or with the oldest ones that the wheels declare."""
    warnings: tuple[str, ...] = ()
    if deps == "locked":
        groups = ("--no-default-groups", "--group", "test", "--group", "qt")
        uv(session, "sync", "--frozen", *groups, UV_PROJECT_ENVIRONMENT=session.virtualenv.location)
    else:
        members = [argument for member in MEMBERS for argument in ("-e", f"packages/{member}")]
        session.install("--resolution", "lowest-direct", *members, "--group", "test", "--group", "qt")
        # Libraries of that time use each other in ways that were deprecated since.
        warnings = ("-W", "default::DeprecationWarning", "-W", "default::FutureWarning")
    session.run("python", "-m", "pytest", "-n", "logical", "--maxprocesses", "4", *warnings, *session.posargs)


@nox.session(python=False)
def lock(session: nox.Session) -> None:
    """Check that uv.lock agrees with the pyproject files."""
    uv(session, "lock", "--check")


@nox.session(python=False)
def lint(session: nox.Session) -> None:
    """Check style and formatting."""
    session.run("ruff", "check", *SOURCES)
    session.run("ruff", "format", "--check", *SOURCES)


@nox.session(python=False)
def types(session: nox.Session) -> None:
    """Check the types of the four packages."""
    session.run("mypy")


@nox.session(python=False)
def imports(session: nox.Session) -> None:
    """Check who may import whom."""
    session.run("lint-imports")


@nox.session(python=False)
def docs(session: nox.Session) -> None:
    """Build the site; a warning or a reference that leads nowhere fails it."""
    # -E, since API pages that came up since the last build are not seen by a kept environment.
    session.run("sphinx-build", "-E", "-n", "-W", "--keep-going", "-q", "-b", "html", "docs", "docs/_build/html")


@nox.session(python=False)
def build(session: nox.Session) -> None:
    """Build the source distributions, and from these the wheels, into dist."""
    shutil.rmtree(ROOT / "dist", ignore_errors=True)
    uv(session, "build", "--quiet", "--all-packages", "--out-dir", "dist")
    built = {path.name.split("-")[0] for path in (ROOT / "dist").glob("*.whl")}
    if len(built) != len(MEMBERS):
        session.error(f"{len(MEMBERS)} wheels were expected in dist, found {sorted(built)}")


@nox.session(python=False, requires=["build"])
def wheels(session: nox.Session) -> None:
    """Install each wheel into an empty environment of its own and import all of it there."""
    constraints = ROOT / "dist" / "constraints.txt"
    options = ("--frozen", "--quiet", "--no-hashes", "--no-emit-workspace", "--all-packages")
    constraints.write_text(uv(session, "export", *options))
    core = next((ROOT / "dist").glob("spatialdata-*.whl"))
    for wheel in sorted((ROOT / "dist").glob("*.whl")):
        environment = Path(session.create_tmp()) / wheel.name.split("-")[0]
        uv(session, "venv", "--quiet", "--clear", str(environment))
        python = str(python_of(environment))
        files = {str(core), str(wheel)}
        uv(session, "pip", "install", "--quiet", "--python", python, "--constraint", str(constraints), *files)
        session.run(python, "-I", "tests/workspace/installed.py", wheel.name.split("-")[0], external=True)


def python_of(environment: Path) -> Path:
    """Return the interpreter of a virtual environment."""
    return environment / ("Scripts/python.exe" if os.name == "nt" else "bin/python")


def python_with(session: nox.Session, environment: Path, requirements: str) -> str:
    """Create an environment where it is missing or out of date, and return its interpreter."""
    python = python_of(environment)
    if not python.exists():
        uv(session, "venv", "--quiet", str(environment))
    uv(session, "pip", "sync", "--quiet", "--python", str(python), requirements)
    return str(python)


def peer_python(session: nox.Session) -> str:
    """Return the interpreter of the published wheels."""
    return python_with(session, PEER, "benchmarks/peer.txt")


def install_node_readers(session: nox.Session) -> None:
    """Install the JavaScript readers where they are missing or out of date."""
    npm = shutil.which("npm")
    if npm is None:
        session.warn("npm was not found: what JavaScript readers see is NOT tested")
        return
    folder = ROOT / "tests" / "contract" / "node"
    installed, wanted = folder / "node_modules" / ".package-lock.json", folder / "package-lock.json"
    if not installed.exists() or installed.stat().st_mtime < wanted.stat().st_mtime:
        with session.chdir(folder):
            session.run(npm, "ci", external=True)


@nox.session(python=False)
def contract(session: nox.Session) -> None:
    """Check what others rely on with the published wheels, validators of OME-Zarr and readers of other projects."""
    env = {
        "SPATIALDATA_PEER_PYTHON": peer_python(session),
        "SPATIALDATA_NGFF_PYTHON": python_with(session, VALIDATORS, "tests/contract/validators.txt"),
    }
    install_node_readers(session)
    session.run("python", "-m", "pytest", "tests/contract", *session.posargs, env=env)


@nox.session(python=False, requires=["build"])
def downstream(session: nox.Session) -> None:
    """Run packages that build on spatialdata with our wheels and with the published ones; both must give the same."""
    wheels_here = [str(path) for path in sorted((ROOT / "dist").glob("*.whl"))]
    folder = Path(session.create_tmp()).resolve()
    for name in session.posargs or DOWNSTREAM:
        pythons = {}
        for side, packages in (("ours", wheels_here), ("published", PUBLISHED)):
            environment = folder / f"{name}-{side}"
            uv(session, "venv", "--quiet", "--clear", str(environment))
            pythons[side] = str(python_of(environment))
            uv(session, "pip", "install", "--quiet", "--python", pythons[side], DOWNSTREAM[name], *packages)
            uv(session, "pip", "check", "--python", pythons[side])
        compare(session, f"{name}_workflow", pythons, folder)


def compare(session: nox.Session, workflow: str, pythons: dict[str, str], folder: Path, **env: str) -> None:
    """Run a workflow of tests/downstream with the interpreters of both sides; both must give the same."""
    display = ("xvfb-run", "-a", "-s", "-screen 0 1280x900x24 +extension GLX") if workflow == "napari_workflow" else ()
    results = []
    for side, python in pythons.items():
        results.append(str(folder / f"{workflow}-{side}.json"))
        session.run(*display, python, "tests/downstream/run.py", workflow, results[-1], external=True, env=env)
    session.run("python", "tests/downstream/compare.py", *results, external=True)


@nox.session(python=False, requires=["build"])
def satellites(session: nox.Session) -> None:
    """Run the published plot, io and napari packages on our core and on theirs; both must give the same."""
    folder = Path(session.create_tmp()).resolve()
    core = next((ROOT / "dist").glob("spatialdata-*.whl"))
    pins = (ROOT / "benchmarks" / "peer.txt").read_text().splitlines(keepends=True)
    others = folder / "others.txt"
    others.write_text("".join(line for line in pins if not line.startswith("spatialdata==")))
    study = folder / "study"
    simulate = (
        "import sys; from spatialdata_io.simulate import simulate_study as s; s(sys.argv[1], 300, overwrite=True)"
    )
    session.run("python", "-W", "ignore", "-c", simulate, str(study))
    for name in session.posargs or SATELLITES:
        if name == "napari" and shutil.which("xvfb-run") is None:
            session.warn("xvfb-run was not found: the published napari-spatialdata is NOT tested")
            continue
        more = SATELLITES[name]
        ours = python_beside(session, folder / f"{name}-ours", "--requirement", str(others), str(core), *more)
        published = peer_python(session)
        if more:
            published = python_beside(
                session, folder / f"{name}-published", "--requirement", "benchmarks/peer.txt", *more
            )
        # Some readers go through sets of names, in an order that differs between runs.
        env = {"SPATIALDATA_STUDY": str(study), "PYTHONHASHSEED": "0", "QT_API": "pyqt5"}
        compare(session, f"{name}_workflow", {"ours": ours, "published": published}, folder, **env)


def python_beside(session: nox.Session, environment: Path, *packages: str) -> str:
    """Create an environment with packages anew, and return its interpreter."""
    uv(session, "venv", "--quiet", "--clear", str(environment))
    python = str(python_of(environment))
    uv(session, "pip", "install", "--quiet", "--python", python, *packages)
    return python


@nox.session(python=False)
def bench(session: nox.Session) -> None:
    """Measure this workspace beside the published wheels."""
    session.run("python", "-m", "benchmarks", "--peer", peer_python(session), *session.posargs)


@nox.session(python=False)
def demo(session: nox.Session) -> None:
    """Run the breast-cancer study."""
    session.run("spatialdata", "demo", *session.posargs)
