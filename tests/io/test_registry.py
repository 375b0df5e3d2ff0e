from __future__ import annotations

import importlib.metadata
import subprocess
import sys

import pytest

from spatialdata_io import registry
from spatialdata_io.errors import AmbiguousFormatError, MissingFileError, UnknownReaderError
from spatialdata_io.registry import Confidence, File, Reader, get_reader, list_readers


def test_the_built_in_readers_are_listed():
    assert {"visium", "xenium"} <= set(list_readers())
    assert all(reader.name == name for name, reader in list_readers().items())


def test_an_unknown_reader_is_refused_with_the_known_ones_and_the_nearest():
    with pytest.raises(UnknownReaderError, match=r"'xenum'.*'visium', 'xenium'.*Did you mean 'xenium'"):
        get_reader("xenum")


@pytest.mark.parametrize("name", ["visium", "xenium"])
def test_every_option_has_a_help_text_and_its_default(name):
    import inspect

    reader = get_reader(name)
    signature = inspect.signature(reader.load())
    for option in reader.options():
        assert option.help.endswith(".")
        assert option.default == signature.parameters[option.name].default


def test_deprecated_options_are_not_listed():
    assert "n_jobs" not in {option.name for option in get_reader("xenium").options()}


def test_the_preferred_pattern_wins(tmp_path):
    file = File(what="table", patterns=("a.parquet", "a.csv*"))
    assert file.find(tmp_path) == ()
    (tmp_path / "a.csv.gz").touch()
    (tmp_path / "a.csv").touch()
    (tmp_path / ".a.csv").touch()
    assert [path.name for path in file.find(tmp_path)] == ["a.csv", "a.csv.gz"]
    (tmp_path / "a.parquet").touch()
    assert [path.name for path in file.find(tmp_path)] == ["a.parquet"]


def _toy_reader(name="toy"):
    files = {
        "anchor": File(what="marker", patterns=("toy.json",), anchor=True),
        "main": File(what="data", patterns=("*.toy",), main=True),
    }
    return Reader(name=name, vendor="Toys", title="Toy output", files=files, function="math:sqrt", planner="math:sqrt")


def test_a_match_says_how_sure_it_is_and_refuses_to_choose_among_files(tmp_path):
    reader = _toy_reader()
    assert reader.match(tmp_path) is None
    (tmp_path / "outs").mkdir()
    (tmp_path / "outs" / "toy.json").touch()
    likely = reader.match(tmp_path)
    assert (likely.root, likely.confidence) == (tmp_path / "outs", Confidence.LIKELY)
    with pytest.raises(
        MissingFileError, match=r"toy: no data in .*outs. Looked for: \*\.toy. The folder has: toy\.json"
    ):
        likely.require("main")
    (tmp_path / "outs" / "1.toy").touch()
    certain = reader.match(tmp_path)
    assert certain.confidence is Confidence.CERTAIN
    assert certain.require("main").name == "1.toy"
    (tmp_path / "outs" / "2.toy").touch()
    with pytest.raises(AmbiguousFormatError, match=r"1\.toy, 2\.toy"):
        reader.match(tmp_path).get("main")


class _Point:
    def __init__(self, name, value, result):
        self.name, self.value, self._result = name, value, result

    def load(self):
        if isinstance(self._result, Exception):
            raise self._result
        return self._result


@pytest.fixture
def third_party(monkeypatch):
    def install(*points):
        monkeypatch.setattr(registry, "entry_points", lambda group: points if group == "spatialdata_io.readers" else ())
        registry._registered.cache_clear()

    yield install
    monkeypatch.undo()
    registry._registered.cache_clear()


def test_other_packages_add_readers_and_never_replace_ours(third_party):
    ours = get_reader("xenium")
    third_party(_Point("toy", "toys.io:READER", _toy_reader()), _Point("x", "toys.x:READER", _toy_reader("xenium")))
    assert list_readers()["toy"].vendor == "Toys"
    assert list_readers()["toys:xenium"].vendor == "Toys"
    assert list_readers()["xenium"] is ours


def test_a_broken_plugin_is_named_in_a_warning_and_left_out(third_party):
    third_party(_Point("gone", "gone:READER", ImportError("no module gone")), _Point("odd", "odd:READER", 3))
    with pytest.warns(UserWarning, match="gone|odd") as caught:
        assert set(list_readers()) == {"visium", "xenium"}
    messages = " ".join(str(one.message) for one in caught)
    assert "'gone' (gone:READER) cannot be loaded: no module gone" in messages
    assert "'odd' (odd:READER) is no spatialdata_io.registry.Reader" in messages


def test_the_entry_point_group_is_read_from_installed_packages():
    assert list(importlib.metadata.entry_points(group="spatialdata_io.readers")) == []


def test_recognising_and_listing_load_no_heavy_library():
    code = (
        "import sys, spatialdata_io as s; s.list_readers(); s.xenium; s.visium; s.scan('.');"
        "[r.options() for r in s.list_readers().values()];"
        "print([m for m in ('numpy', 'pandas', 'dask', 'xarray', 'geopandas', 'anndata', 'zarr', 'pyarrow', 'h5py',"
        " 'tifffile', 'shapely') if m in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
