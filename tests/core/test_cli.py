from __future__ import annotations

import subprocess
import sys
from importlib.metadata import EntryPoint

import click
import numpy as np
import pytest
from click.testing import CliRunner

import spatialdata
from spatialdata import SpatialData
from spatialdata.cli import group, main
from spatialdata.errors import StoreNotFoundError
from spatialdata.models import Image2DModel, PointsModel


@click.command()
def hello():
    """Greet."""
    click.echo("hello")


not_a_command = "text"


@pytest.fixture
def store(tmp_path):
    path = tmp_path / "small.zarr"
    image, points = Image2DModel.parse(np.zeros((1, 4, 4))), PointsModel.parse(np.zeros((3, 2)))
    SpatialData(images={"dapi": image}, points={"molecules": points}).write(path)
    return path


@pytest.fixture
def run():
    runner = CliRunner()
    return lambda *args: runner.invoke(main, [str(arg) for arg in args])


@pytest.fixture
def joined(monkeypatch):
    def join(**commands: str):
        entries = [EntryPoint(name=name, value=value, group=group.ENTRY_POINTS) for name, value in commands.items()]
        monkeypatch.setattr(group, "entry_points", lambda group: entries)

    return join


def test_peek_shows_all_or_some_kinds(run, store):
    everything = run("peek", store)
    assert everything.exit_code == 0
    assert "dapi" in everything.output
    assert "molecules" in everything.output
    images = run("peek", store, "images", "table")
    assert "dapi" in images.output
    assert "molecules" not in images.output


def test_wrong_usage_ends_with_2(run, store):
    for arguments in (["peek"], ["peek", store, "pictures"], ["nonsense"], ["demo", "--size", "huge"]):
        result = run(*arguments)
        assert result.exit_code == 2, arguments
        assert "Usage:" in result.output


def test_wrong_data_end_with_1_and_one_message(run, tmp_path):
    result = run("peek", tmp_path / "absent.zarr")
    assert result.exit_code == 1
    assert result.output.startswith("Error: ")
    assert "absent.zarr" in result.output
    assert "Traceback" not in result.output


@pytest.mark.parametrize("place", ["before", "after"])
def test_the_traceback_is_shown_on_demand(run, tmp_path, place):
    words = ["peek", tmp_path / "absent.zarr"]
    result = run("--traceback", *words) if place == "before" else run(*words, "--traceback")
    assert isinstance(result.exception, StoreNotFoundError)


def test_commands_of_other_packages_join(run, joined):
    joined(greet=f"{__name__}:hello")
    assert "greet" in run("--help").output
    assert run("greet").output == "hello\n"


def test_own_commands_are_not_replaced(run, joined, store):
    joined(peek=f"{__name__}:hello")
    assert "dapi" in run("peek", store).output


def test_a_broken_command_of_another_package_leaves_the_others(run, joined, store):
    joined(gone="nowhere_at_all:command", wrong=f"{__name__}:not_a_command", greet=f"{__name__}:hello")
    help_text = run("--help")
    assert help_text.exit_code == 0
    assert run("greet").exit_code == 0
    for name, reason in {"gone": "nowhere_at_all", "wrong": "no click command"}.items():
        result = run(name)
        assert result.exit_code == 1
        assert reason in result.output


def test_python_m_spatialdata():
    command = [sys.executable, "-m", "spatialdata", "--version"]
    result = subprocess.run(command, capture_output=True, text=True, check=True)
    assert result.stdout.split()[-1] == spatialdata.__version__


def test_help_imports_nothing_heavy():
    code = (
        "import sys; from click.testing import CliRunner; from spatialdata.cli import main;"
        "result = CliRunner().invoke(main, ['--help']); assert result.exit_code == 0, result.output;"
        "print(sorted({'dask', 'pandas', 'xarray', 'geopandas', 'anndata', 'matplotlib'} & set(sys.modules)))"
    )
    result = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert result.stdout.strip() == "[]"


@pytest.mark.parametrize(
    "words",
    [
        ["--xenium", "a", "--visium", "b", "--landmarks", "c"],
        ["--xenium", "a", "--xenium", "b"],
        ["--xenium", "a", "--xenium", "b", "--xenium", "c", "--visium", "d", "--landmarks", "e"],
        ["--regions", "regions.json"],
        ["--seed", "-1"],
    ],
)
def test_demo_refuses_half_a_study(run, tmp_path, words):
    result = run("demo", "-o", tmp_path / "out", *words)
    assert result.exit_code == 2
    assert list(tmp_path.iterdir()) == []
