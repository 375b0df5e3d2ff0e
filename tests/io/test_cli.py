from __future__ import annotations

import json
import subprocess
import sys

import pytest
from click.testing import CliRunner

import spatialdata
from spatialdata_io.cli import cli, main


@pytest.fixture
def run(capsys):
    """Run the command; return its exit code, output and messages."""

    def command(*arguments):
        with pytest.raises(SystemExit) as left:
            main([str(argument) for argument in arguments])
        captured = capsys.readouterr()
        return left.value.code or 0, captured.out, captured.err

    return command


def test_detect(run, simulated_study):
    code, out, _ = run("detect", simulated_study.root / "visium")
    assert (code, out) == (0, f"visium\tcertain\t{simulated_study.root / 'visium'}\n")
    code, out, _ = run("detect", "--json", simulated_study.root / "xenium_rep1")
    facts = json.loads(out)
    assert facts["reader"] == "xenium"
    assert facts["files"]["focus"] == ["morphology_focus/morphology_focus_0000.ome.tif"]


def test_scan(run, simulated_study):
    code, out, _ = run("scan", simulated_study.root)
    assert code == 0
    assert [line.split("\t")[0] for line in out.splitlines()] == ["visium", "xenium", "xenium"]


def test_describe(run, simulated_study, bundle):
    code, out, _ = run("describe", simulated_study.root / "xenium_rep1", "--set", "transcripts=false")
    assert code == 0
    assert "morphology_focus" in out
    assert "transcripts" not in out
    code, out, _ = run("describe", "--json", simulated_study.root / "visium")
    assert {element["kind"] for element in json.loads(out)["elements"]} == {"image", "shapes", "table"}
    code, out, _ = run("describe", bundle)
    assert code == 4
    assert "cannot be read" in out


def test_readers(run):
    code, out, _ = run("readers")
    assert code == 0
    assert "xenium" in out
    code, out, _ = run("readers", "visium")
    assert "spatial/scalefactors_json.json  (needed)" in out
    assert "--set gex_only=True" in out
    code, _, err = run("readers", "xenum")
    assert code == 2
    assert "Did you mean 'xenium'" in err


@pytest.mark.parametrize("verb", ["read", "convert"])
def test_convert_by_detection(run, simulated_study, tmp_path, verb):
    store = tmp_path / "slide.zarr"
    code, out, err = run(
        verb, simulated_study.root / "visium", "-o", store, "--set", "dataset_id=s", "--set", "gex-only=no"
    )
    assert (code, err) == (0, "")
    assert out.startswith(f"{store}: s_hires_image, ")
    assert list(spatialdata.read_zarr(store).shapes) == ["s"]
    code, _, err = run(verb, simulated_study.root / "visium", "-o", store)
    assert code == 2
    assert "exists already. Pass --overwrite" in err
    code, _, _ = run(verb, simulated_study.root / "visium", "-o", store, "--overwrite", "--set", "dataset_id=t")
    assert code == 0
    assert list(spatialdata.read_zarr(store).shapes) == ["t"]


def test_a_command_per_reader_takes_switches_in_both_spellings(run, simulated_study, tmp_path):
    off = ["--cells-labels", "False", "--no-nucleus-labels", "--no-morphology-focus", "--morphology-mip", "false"]
    folder = simulated_study.root / "xenium_rep2"
    code, _, err = run("xenium", "-i", folder, "-o", tmp_path / "x.zarr", *off, "--cells-as-circles")
    assert (code, err) == (0, "")
    sdata = spatialdata.read_zarr(tmp_path / "x.zarr")
    assert list(sdata.images) == list(sdata.labels) == []
    assert "cell_circles" in sdata.shapes


def test_mappings_are_given_as_json(run, simulated_study, tmp_path):
    where = ["-i", simulated_study.root / "visium", "-o", tmp_path / "v.zarr"]
    code, _, _ = run("visium", *where, "--image-models-kwargs", '{"chunks": [3, 100, 100]}', "--dataset-id", "s")
    assert code == 0
    assert spatialdata.read_zarr(tmp_path / "v.zarr")["s_hires_image"].data.chunksize == (3, 100, 100)
    for text in ("{", "[1]"):
        code, _, err = run("visium", *where, "--overwrite", "--image-models-kwargs", text)
        assert code == 2
        assert "Invalid JSON" in err


def test_exit_codes_and_nothing_left_behind(run, tmp_path, bundle):
    store = tmp_path / "out.zarr"
    (tmp_path / "empty").mkdir()
    code, _, err = run("read", tmp_path / "empty", "-o", store)
    assert code == 3
    assert err.startswith("Error: ")
    assert "is no output folder that a reader knows" in err
    assert run("read", bundle, "-o", store)[0] == 4
    assert run("read", tmp_path / "gone", "-o", store)[0] == 4
    assert run("read", bundle, "-o", store, "--reader", "nano")[0] == 2
    assert run("read", bundle, "-o", store, "--set", "transcript=no")[0] == 2
    assert run("read", bundle, "-o", store, "--set", "transcripts=perhaps")[0] == 2
    assert run("read", bundle, "-o", store, "--set", "transcripts")[0] == 2
    assert run("read", bundle)[0] == 2
    assert run("nothing")[0] == 2
    assert not store.exists()


def test_help_names_every_command_and_loads_no_heavy_library():
    code = (
        "import sys\nfrom click.testing import CliRunner\nfrom spatialdata_io.cli import cli\n"
        "r = CliRunner()\nprint(r.invoke(cli, ['--help']).output, r.invoke(cli, ['xenium', '--help']).output)\n"
        "print([m for m in ('numpy', 'pandas', 'dask', 'zarr', 'tifffile') if m in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    for name in ("convert", "describe", "detect", "read", "readers", "scan", "visium", "xenium", "--no-transcripts"):
        assert name in done.stdout
    assert done.stdout.strip().endswith("[]")


def test_it_runs_as_a_module_and_states_its_version():
    done = subprocess.run(
        [sys.executable, "-m", "spatialdata_io", "--version"], capture_output=True, text=True, check=True
    )
    assert "0.9.0" in done.stdout
    assert CliRunner().invoke(cli, ["--version"]).exit_code == 0
