r"""Tests that a reader, or a kind of element, has to pass: subclass and say what is tested.

>>> from spatialdata.testing.conformance import ReaderConformance
>>> class TestMyReader(ReaderConformance):
...     def make_input(self, folder):
...         (folder / "cells.csv").write_text("x,y\n1,2\n")
...
...     def read(self, folder):
...         from spatialdata import SpatialData
...         from spatialdata.models import PointsModel
...
...         return SpatialData(points={"cells": PointsModel.parse(folder / "cells.csv")})
"""

from __future__ import annotations

import copy
import hashlib
from abc import ABC, abstractmethod
from pathlib import Path
from typing import TYPE_CHECKING, Any

from spatialdata.testing.identical import assert_elements_are_identical, assert_spatial_data_objects_are_identical

if TYPE_CHECKING:
    from spatialdata.sdata import SpatialData

__all__ = ["ElementConformance", "ReaderConformance"]


def _digest(folder: Path) -> dict[str, str]:
    return {
        path.relative_to(folder).as_posix(): hashlib.sha256(path.read_bytes()).hexdigest()
        for path in sorted(folder.rglob("*"))
        if path.is_file()
    }


class ReaderConformance(ABC):
    """What holds of every reader."""

    @abstractmethod
    def make_input(self, folder: Path) -> None:
        """Put a small input into a folder.

        Parameters
        ----------
        folder
            An empty folder.
        """

    @abstractmethod
    def read(self, folder: Path) -> SpatialData:
        """Read the input.

        Parameters
        ----------
        folder
            The folder with the input.
        """

    def _read(self, tmp_path: Path) -> tuple[Path, SpatialData]:
        folder = tmp_path / "input"
        folder.mkdir()
        self.make_input(folder)
        return folder, self.read(folder)

    def test_it_gives_valid_elements(self, tmp_path: Path) -> None:
        """The result is an object with at least one element, and all are valid."""
        from spatialdata.models import validate_element
        from spatialdata.sdata import SpatialData

        returned: object = self._read(tmp_path)[1]
        found = list(returned.gen_elements()) if isinstance(returned, SpatialData) else []
        if not found:
            raise AssertionError(f"The reader returns no SpatialData with elements, but {returned!r}.")
        for _, _, element in found:
            validate_element(element)

    def test_tables_annotate_what_is_there(self, tmp_path: Path) -> None:
        """Each table annotates elements of the object, and at least one row has an instance."""
        from spatialdata.relations.filter import annotates, rows_annotating

        _, sdata = self._read(tmp_path)
        elements = {name: element for _, name, element in sdata.gen_spatial_elements()}
        for name, table in sdata.tables.items():
            if annotates(table) and table.n_obs and not rows_annotating(table, elements, name).any():
                raise AssertionError(f"No row of the table {name!r} has an instance in an element of the object.")

    def test_the_input_is_not_changed(self, tmp_path: Path) -> None:
        """The files are the same before and after."""
        folder = tmp_path / "input"
        folder.mkdir()
        self.make_input(folder)
        before = _digest(folder)
        sdata = self.read(folder)
        for _, _, element in sdata.gen_elements():
            if hasattr(element, "compute"):
                element.compute()
        after = _digest(folder)
        changed = sorted(name for name in before.keys() | after.keys() if before.get(name) != after.get(name))
        if changed:
            raise AssertionError(f"Reading changed the files {', '.join(changed)}.")

    def test_reading_again_gives_the_same(self, tmp_path: Path) -> None:
        """Two readings are identical."""
        folder, first = self._read(tmp_path)
        assert_spatial_data_objects_are_identical(first, self.read(folder))

    def test_it_can_be_stored(self, tmp_path: Path) -> None:
        """What is written and read again is the same."""
        from spatialdata.sdata import read_zarr

        _, sdata = self._read(tmp_path)
        sdata.write(tmp_path / "stored.zarr", update_sdata_path=False)
        assert_spatial_data_objects_are_identical(sdata, read_zarr(tmp_path / "stored.zarr"))


class ElementConformance(ABC):
    """What holds of every element and of the way in which it is stored."""

    @abstractmethod
    def make_element(self) -> Any:
        """Make an element; each call gives an equal one."""

    def test_it_is_valid(self) -> None:
        """The element follows its model."""
        from spatialdata.models import validate_element

        validate_element(self.make_element())

    def test_copies_are_the_same(self) -> None:
        """A shallow and a deep copy are identical to the element."""
        from spatialdata.ops.deepcopy import deepcopy

        element = self.make_element()
        assert_elements_are_identical(element, copy.copy(element))
        assert_elements_are_identical(element, deepcopy(element))

    def test_it_survives_the_store(self, tmp_path: Path) -> None:
        """What is written and read again is the same, and writing changes nothing."""
        from spatialdata.sdata import SpatialData, read_zarr

        element = self.make_element()
        SpatialData.init_from_elements({"element": element}).write(tmp_path / "stored.zarr", update_sdata_path=False)
        assert_elements_are_identical(element, self.make_element())
        assert_elements_are_identical(element, read_zarr(tmp_path / "stored.zarr")["element"])

    def test_the_same_element_gives_the_same_bytes(self, tmp_path: Path) -> None:
        """Two stores of equal elements have equal files."""
        from spatialdata.sdata import SpatialData

        for name in ("a.zarr", "b.zarr"):
            SpatialData.init_from_elements({"element": self.make_element()}).write(tmp_path / name)
        first, second = _digest(tmp_path / "a.zarr"), _digest(tmp_path / "b.zarr")
        changed = sorted(name for name in first.keys() | second.keys() if first.get(name) != second.get(name))
        if changed:
            raise AssertionError(f"The stores differ in {', '.join(changed)}.")
