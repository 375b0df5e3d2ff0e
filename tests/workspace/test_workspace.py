"""Promises of the repository as a whole."""

from __future__ import annotations

import re
import shutil
import subprocess
import tomllib
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
MEMBERS = sorted(path.parent for path in (ROOT / "packages").glob("*/pyproject.toml"))
PROJECTS = {path.name: tomllib.loads((path / "pyproject.toml").read_text())["project"] for path in MEMBERS}


def tracked_files() -> list[Path]:
    git = shutil.which("git")
    if git is None or not (ROOT / ".git").exists():
        pytest.skip("not a git checkout")
    listing = subprocess.run([git, "-C", str(ROOT), "ls-files", "-z"], capture_output=True, check=True).stdout
    files = [ROOT / name for name in listing.decode().split("\0") if name]
    return [path for path in files if path.is_file()]


def test_four_members() -> None:
    names = {project["name"] for project in PROJECTS.values()}
    assert names == {"spatialdata", "spatialdata-io", "spatialdata-plot", "napari-spatialdata"}


def test_versions_agree() -> None:
    workspace = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    versions = {project["version"] for project in PROJECTS.values()} | {workspace["version"]}
    assert len(versions) == 1


def test_satellites_pin_the_core_of_their_own_version() -> None:
    for name, project in PROJECTS.items():
        if name != "spatialdata-core":
            assert f"spatialdata=={project['version']}" in project["dependencies"], name


def test_changelog_names_the_version() -> None:
    version = PROJECTS["spatialdata-core"]["version"]
    assert re.search(rf"^## {re.escape(version)}\b", (ROOT / "CHANGELOG.md").read_text(), flags=re.MULTILINE)


def test_members_carry_license_and_type_marker() -> None:
    for folder in MEMBERS:
        assert (folder / "LICENSE").read_bytes() == (ROOT / "LICENSE").read_bytes(), folder.name
        (package,) = (path for path in (folder / "src").iterdir() if (path / "__init__.py").exists())
        assert (package / "py.typed").exists(), folder.name


def test_tool_versions_of_hooks_and_lock_agree() -> None:
    lock = tomllib.loads((ROOT / "uv.lock").read_text())
    (ruff,) = (package["version"] for package in lock["package"] if package["name"] == "ruff")
    hooks = (ROOT / ".pre-commit-config.yaml").read_text()
    assert re.search(rf"ruff-pre-commit\n\s+rev: v{re.escape(ruff)}\n", hooks)


def test_no_machine_paths_in_tracked_files() -> None:
    # Spelled in parts, so that this file does not match itself.
    folders = [b"wor" + b"k", b"roo" + b"t", b"op" + b"t/envs", b"hom" + rb"e/\w+", b"User" + rb"s/\w+"]
    pattern = re.compile(rb"(?<![\w.~-])/(?:%s)/[\w.]" % b"|".join(folders))
    offenders = [str(path.relative_to(ROOT)) for path in tracked_files() if pattern.search(path.read_bytes())]
    assert offenders == []


def test_no_conflict_markers_in_tracked_files() -> None:
    suffixes = {".py", ".toml", ".md", ".yaml", ".yml", ".lock"}
    text = [path for path in tracked_files() if path.suffix in suffixes]
    marker = re.compile(rb"^(<{7} |>{7} )", flags=re.MULTILINE)
    assert [str(path) for path in text if marker.search(path.read_bytes())] == []


@pytest.mark.parametrize("script", ["dev", ".ci/run"])
def test_scripts_parse_and_are_executable(script: str) -> None:
    path = ROOT / script
    shell = path.read_text().splitlines()[0].split("/")[-1].split()[-1]
    if shutil.which(shell) is None:
        pytest.skip(f"{shell} is not on this machine")
    assert path.stat().st_mode & 0o111
    subprocess.run([shell, "-n", str(path)], check=True)


def test_help_names_the_commands_that_exist() -> None:
    script = (ROOT / "dev").read_text()
    offered = set(re.findall(r"^  (\w+) {2,}|^  (\w+)  ?\[", script, flags=re.MULTILINE))
    names = {first or second for first, second in offered}
    assert names == {"demo", "test", "lint", "docs", "bench", "nox", "shell"}
    for name in names:
        assert re.search(rf"^{name}\)", script, flags=re.MULTILINE), name
