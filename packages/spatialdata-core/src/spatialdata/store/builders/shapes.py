"""Shapes that are written batch by batch."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar

from spatialdata.models.kind import Kind
from spatialdata.models.shapes import ShapesModel
from spatialdata.store.builders.builder import Builder, Place
from spatialdata.store.builders.frames import Columns, numbered
from spatialdata.store.builders.journal import to_disk
from spatialdata.store.builders.placing import check_same_place
from spatialdata.store.geoparquet import BBOX
from spatialdata.store.shapes_in_files import ShapesInFiles, takes_files
from spatialdata.store.write import put_element
from spatialdata.transformations.attach import check_transformations, default_transformations

if TYPE_CHECKING:
    from geopandas import GeoDataFrame

    from spatialdata.transformations.algebra import BaseTransformation

__all__ = ["ShapesBuilder"]

# More shapes are not put together in memory.
_ROWS_AT_ONCE = 200_000


def _with_plain_name(shapes: GeoDataFrame) -> GeoDataFrame:
    return shapes if shapes.geometry.name == "geometry" else shapes.rename_geometry("geometry")


class ShapesBuilder(Builder):
    """Write shapes in batches; see :meth:`spatialdata.SpatialData.create_shapes`.

    Parameters
    ----------
    place
        The store and the name.
    transformations
        Transformations by coordinate system; the Identity to ``"global"`` if not given.
    """

    kind: ClassVar[Kind] = Kind.SHAPES

    def __init__(self, place: Place, *, transformations: Mapping[str, BaseTransformation] | None) -> None:
        super().__init__(place, {})
        self._transformations = check_transformations(transformations or {}) or default_transformations()
        self._columns = Columns()

    def append(self, batch: Any, **kwargs: Any) -> None:
        """Put further shapes behind those before.

        Parameters
        ----------
        batch, **kwargs
            What :meth:`spatialdata.models.ShapesModel.parse` takes. All batches have the same columns and types;
            categories may differ. A default index is continued over the batches, any other is kept.

        Raises
        ------
        ValidationError
            The shapes are not valid, or the columns are not those of the batches before.
        ValueError
            The batch has transformations of its own.
        """
        self._check_open()
        shapes = ShapesModel.parse(batch, **kwargs)
        check_same_place(batch, shapes, self._transformations)
        columns = self._columns.copy()
        frame: Any = columns.conform(numbered(_with_plain_name(shapes), self.rows))
        note = columns.note(frame)
        columns.take(note)
        path = self._next_file(".parquet")
        frame.attrs = {}
        frame.to_parquet(path)
        to_disk(path)
        self._record(len(frame), {"file": path.name, "note": note})
        self._columns = columns

    def _go_on(self) -> None:
        for entry in self._journal.entries:
            self._columns.take(entry["note"])

    def _publish(self) -> None:
        options = self._place.options
        if self.rows <= _ROWS_AT_ONCE or BBOX in self._columns.names or not takes_files(options):
            super()._publish()
            return
        shapes = ShapesInFiles(self._files(), self._read, self._transformations)
        overwrite = self._place.overwrite
        put_element(self._place.root, self._entry, shapes.write, overwrite=overwrite, options=options)

    def _files(self) -> list[Path]:
        return [self._folder / entry["file"] for entry in self._journal.entries]

    def _read(self, file: Path) -> GeoDataFrame:
        import geopandas

        return self._columns.complete(geopandas.read_parquet(file))

    def _element(self) -> GeoDataFrame:
        import geopandas
        import pandas as pd

        self._check_started()
        parts = [self._read(file) for file in self._files()]
        return ShapesModel.parse(geopandas.GeoDataFrame(pd.concat(parts)), transformations=self._transformations)
