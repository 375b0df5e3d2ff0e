"""Tables and geometries in the forms in which other libraries and files hold them."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from spatialdata._core.elements import is_points, is_raster, is_shapes, type_name
from spatialdata.errors import UnsupportedElementError, listing

if TYPE_CHECKING:
    import pandas as pd
    from geopandas import GeoDataFrame

__all__ = ["frame_of", "geometries_of"]

_TABLE_FILES = (".parquet", ".csv", ".csv.gz", ".tsv", ".tsv.gz")
_GEOMETRY_FILES = (".geojson", ".json", ".parquet", ".geoparquet", ".gpkg", ".shp", ".fgb")


def frame_of(data: Any) -> pd.DataFrame | Any:
    """A pandas or a dask frame of any table.

    Parameters
    ----------
    data
        A pandas, dask, polars or geopandas frame (of points), a pyarrow table, anything else that offers its columns
        as an Arrow stream, or the path of a Parquet, CSV or TSV file. Parquet files are not read, but opened.

    Raises
    ------
    UnsupportedElementError
        The object is no table.
    """
    import pandas as pd

    if is_raster(data):
        raise UnsupportedElementError(
            f"Points are made of coordinates, not of the pixels of a raster ({type_name(data)}). Give the array itself "
            "if it holds coordinates."
        )
    if is_shapes(data):
        return _points_of_geometries(data)
    if isinstance(data, pd.DataFrame) or is_points(data):
        return data
    if isinstance(data, str | Path):
        return _table_of_file(Path(data))
    if hasattr(data, "__arrow_c_stream__"):
        import pyarrow as pa

        return pa.table(data).to_pandas()
    raise UnsupportedElementError(
        "PointsModel.parse takes a numpy or dask array, a pandas, dask, polars or geopandas frame, a pyarrow table, or "
        f"the path of a Parquet, CSV or TSV file, not {type_name(data)}."
    )


def _points_of_geometries(frame: GeoDataFrame) -> pd.DataFrame:
    import pandas as pd

    kinds = sorted(set(frame.geom_type.dropna()))
    if kinds not in ([], ["Point"]) or bool(frame.geometry.isna().any()):
        raise UnsupportedElementError(
            f"Points are made of a GeoDataFrame whose geometries are all points; found {', '.join(kinds)} and "
            f"{int(frame.geometry.isna().sum())} missing. ShapesModel.parse takes other shapes, get_centroids their "
            "centers."
        )
    coordinates = {"x": frame.geometry.x, "y": frame.geometry.y}
    if bool(frame.geometry.array.has_z.any()):
        coordinates["z"] = frame.geometry.z
    rest = pd.DataFrame(frame.drop(columns=frame.geometry.name))
    result = pd.concat([pd.DataFrame(coordinates, index=frame.index), rest], axis=1)
    result.attrs = dict(frame.attrs)
    return result


def _table_of_file(path: Path) -> Any:
    import dask.dataframe as dd
    import pandas as pd

    name = path.name.lower()
    if not name.endswith(_TABLE_FILES):
        raise ValueError(f"Points are read of files that end in {listing(_TABLE_FILES)}. Found {path}.")
    if not path.exists():
        raise FileNotFoundError(f"There is no file {path}.")
    if name.endswith(".parquet"):
        return dd.read_parquet(str(path))
    return pd.read_csv(path, sep="\t" if ".tsv" in name else ",")


def geometries_of(data: Any) -> GeoDataFrame:
    """A frame of geometries in any other form than an array of coordinates.

    Parameters
    ----------
    data
        A GeoSeries, an array or a list of shapely geometries, a GeoJSON object as a dict, or the path of a file that
        holds geometries. Properties of features become columns.

    Raises
    ------
    UnsupportedElementError
        The object holds no geometries.
    """
    import geopandas
    import shapely

    if isinstance(data, geopandas.GeoSeries):
        return geopandas.GeoDataFrame(geometry=data)
    if isinstance(data, str | Path):
        return _geometries_of_file(Path(data))
    if isinstance(data, dict):
        return _geometries_of_geojson(data, "The GeoJSON object")
    found = np.asarray(data, dtype=object) if isinstance(data, list | tuple | np.ndarray) else None
    if found is not None and found.ndim == 1 and bool(np.all(shapely.is_geometry(found) | (found == None))):  # noqa: E711
        return geopandas.GeoDataFrame(geometry=found)
    raise UnsupportedElementError(
        "ShapesModel.parse takes a GeoDataFrame or GeoSeries, shapely geometries, an array of coordinates, a GeoJSON "
        f"object, or the path of a file with geometries, not {type_name(data)}."
    )


def _geometries_of_file(path: Path) -> GeoDataFrame:
    import geopandas

    name = path.name.lower()
    if not path.exists():
        raise FileNotFoundError(f"There is no file {path}. ShapesModel.parse reads {listing(_GEOMETRY_FILES)} files.")
    if name.endswith((".parquet", ".geoparquet")):
        return geopandas.read_parquet(path)
    if name.endswith((".gpkg", ".shp", ".fgb")):
        return geopandas.read_file(path)
    try:
        parsed = json.loads(path.read_text(encoding="utf-8"))
    except (json.JSONDecodeError, UnicodeDecodeError) as error:
        raise ValueError(f"{path} is no GeoJSON: {error}.") from error
    return _geometries_of_geojson(parsed, str(path))


def _geometries_of_geojson(parsed: Any, what: str) -> GeoDataFrame:
    import geopandas
    import shapely

    try:
        if isinstance(parsed, dict) and parsed.get("type") == "Feature":
            return geopandas.GeoDataFrame.from_features([parsed])
        if isinstance(parsed, dict) and parsed.get("type") == "FeatureCollection":
            return geopandas.GeoDataFrame.from_features(parsed["features"])
        return geopandas.GeoDataFrame(geometry=shapely.get_parts(shapely.from_geojson(json.dumps(parsed))))
    except (shapely.GEOSException, KeyError, TypeError, ValueError, AttributeError) as error:
        raise ValueError(f"{what} is no GeoJSON: {type(error).__name__}: {error}.") from error
