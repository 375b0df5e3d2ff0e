"""The model of points."""

from __future__ import annotations

import logging
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, ClassVar

import numpy as np

from spatialdata._core.axes import SPATIAL_AXES, T
from spatialdata._core.elements import is_dask_array, is_points, type_name
from spatialdata.errors import ElementNotFoundError, Fault, UnsupportedElementError, listing, unknown_name
from spatialdata.models.base import ATTRS_KEY, raise_faults, resolved_transformations, transform_faults
from spatialdata.models.categories import with_known_categories
from spatialdata.models.inputs import frame_of
from spatialdata.transformations.attach import TRANSFORM_KEY

if TYPE_CHECKING:
    import pandas as pd
    from dask.dataframe import DataFrame as DaskDataFrame

    from spatialdata.models.points_frame import PointsFrame
    from spatialdata.transformations.algebra import BaseTransformation

__all__ = ["PointsModel"]

logger = logging.getLogger("spatialdata")

_COORDINATE_DTYPES = ("int32", "int64", "float32", "float64")
_ROWS_PER_PARTITION = 2_000_000


class PointsModel:
    """Points: a lazy frame with the columns x, y and maybe z, and any others."""

    ATTRS_KEY: ClassVar[str] = ATTRS_KEY
    FEATURE_KEY: ClassVar[str] = "feature_key"
    INSTANCE_KEY: ClassVar[str] = "instance_key"
    TRANSFORM_KEY: ClassVar[str] = TRANSFORM_KEY
    NPARTITIONS: ClassVar[int] = 1

    @classmethod
    def parse(
        cls,
        data: Any,
        annotation: Any = None,
        coordinates: Mapping[str, str] | None = None,
        feature_key: str | None = None,
        instance_key: str | None = None,
        transformations: Mapping[str, BaseTransformation] | None = None,
        **kwargs: Any,
    ) -> PointsFrame:
        """Make a points element.

        Parameters
        ----------
        data
            A numpy or dask array of shape ``(n, 2)`` or ``(n, 3)`` with the columns x, y(, z); a pandas, dask or polars
            frame or a pyarrow table; a GeoDataFrame of points; or the path of a Parquet, CSV or TSV file.
        annotation
            Further columns for an array: a frame of n rows, whose index the points get. It may repeat the coordinates.
        coordinates
            For frames, the columns that hold the coordinates: ``{"x": "x_location", "y": "y_location"}``. They are
            renamed to the axes. Columns already named x, y(, z) if not given. A column of times may be named as ``t``.
            Other columns with the names of axes are left out, and the logger ``spatialdata`` says so.
        feature_key
            The column that says what each point is, for example its gene; it becomes categorical.
        instance_key
            The column that says which instance each point belongs to, for example its cell.
        transformations
            Transformations by coordinate system; the Identity to ``"global"`` if not given.
        **kwargs
            For numpy arrays and pandas frames: ``npartitions``, ``chunksize`` or ``sort`` of
            :func:`dask.dataframe.from_pandas`. For dask frames, ``npartitions``; they are never sorted.

        Returns
        -------
        A dask frame that keeps its attributes. The order of rows and columns, and the index, are those of the input.

        Raises
        ------
        KeyError
            A column that was named does not exist.
        ValueError
            The coordinates are missing or are no numbers, or the element carries transformations already.

        Examples
        --------
        >>> import numpy as np
        >>> from spatialdata.models import PointsModel
        >>> points = PointsModel.parse(np.array([[1.0, 2.0], [3.0, 4.0]]))
        >>> points.compute().x.tolist()
        [1.0, 3.0]
        """
        attrs = dict(getattr(data, "attrs", {}) or {})
        resolved = resolved_transformations(transformations, attrs)
        frame = cls._frame(data, annotation, coordinates)
        _check_columns(frame, feature_key, instance_key)
        dask_frame = cls._dask_frame(frame, feature_key, kwargs)
        attrs[TRANSFORM_KEY] = resolved
        keys = {cls.FEATURE_KEY: feature_key, cls.INSTANCE_KEY: instance_key}
        given = {name: key for name, key in keys.items() if key is not None}
        if given:
            attrs[ATTRS_KEY] = {**attrs.get(ATTRS_KEY, {}), **given}
        points = cls._with_attrs(dask_frame, attrs)
        cls.validate(points)
        return points

    @classmethod
    def _frame(cls, data: Any, annotation: Any, coordinates: Mapping[str, str] | None) -> Any:
        if isinstance(data, np.ndarray) or is_dask_array(data):
            if coordinates is not None:
                raise ValueError("coordinates is for frames; the columns of an array are x, y and maybe z.")
            return _frame_of_array(np.asarray(data), annotation)
        if annotation is not None:
            raise ValueError("annotation is for arrays; a frame brings its own columns.")
        return _renamed(frame_of(data), coordinates)

    @classmethod
    def _dask_frame(cls, frame: Any, feature_key: str | None, kwargs: dict[str, Any]) -> DaskDataFrame:
        import dask.dataframe as dd

        if is_points(frame):
            return with_known_categories(_partitioned(frame, **kwargs), [] if feature_key is None else [feature_key])
        if feature_key is not None and frame[feature_key].dtype != "category":
            frame = frame.assign(**{feature_key: frame[feature_key].astype("category")})
        if "chunksize" not in kwargs:
            kwargs.setdefault("npartitions", max(cls.NPARTITIONS, -(-len(frame) // _ROWS_PER_PARTITION)))
        kwargs.setdefault("sort", bool(frame.index.is_monotonic_increasing))
        return dd.from_pandas(frame, **kwargs)

    @classmethod
    def _with_attrs(cls, frame: DaskDataFrame, attrs: dict[str, Any]) -> PointsFrame:
        from spatialdata.models.points_frame import PointsFrame

        return PointsFrame(frame, attrs)

    @classmethod
    def validate(cls, data: Any) -> None:
        """Raise unless ``data`` is a valid points element.

        Parameters
        ----------
        data
            The element. Its rows are not read.

        Raises
        ------
        ValidationError
            With everything that is wrong with it.

        Examples
        --------
        >>> import numpy as np
        >>> from spatialdata.models import PointsModel
        >>> PointsModel.validate(PointsModel.parse(np.zeros((4, 2))))
        """
        if not is_points(data):
            raise UnsupportedElementError(f"PointsModel needs a dask.dataframe.DataFrame, not {type_name(data)}.")
        columns = list(data.columns)
        faults: list[Fault] = []
        for axis in SPATIAL_AXES:
            if axis not in columns:
                if axis != "z":
                    faults.append(Fault((), f"the column {axis!r} is missing; the frame has {listing(columns)}"))
            elif str(data.dtypes[axis]) not in _COORDINATE_DTYPES:
                faults.append(Fault((axis,), f"must be of {', '.join(_COORDINATE_DTYPES)}, not {data.dtypes[axis]}"))
        attrs = getattr(data, "attrs", None)
        faults.extend(transform_faults(attrs if isinstance(attrs, Mapping) else {}))
        raise_faults("This is no valid points element:", faults)


def _frame_of_array(data: np.ndarray[Any, Any], annotation: Any) -> pd.DataFrame:
    import pandas as pd

    if data.ndim != 2 or data.shape[1] not in (2, 3):
        raise ValueError(f"An array of points has the shape (n, 2) or (n, 3). Found {data.shape}.")
    axes = SPATIAL_AXES[: data.shape[1]]
    frame = pd.DataFrame(np.ascontiguousarray(data), columns=list(axes))
    if annotation is None:
        return frame
    annotation = frame_of(annotation)
    if is_points(annotation):
        annotation = annotation.compute()
    if len(annotation) != len(frame):
        raise ValueError(f"There are {len(frame)} points, but annotation has {len(annotation)} rows.")
    repeated = [axis for axis in axes if axis in annotation.columns]
    differing = [axis for axis in repeated if not _same_numbers(annotation[axis], frame[axis])]
    if differing:
        raise ValueError(
            f"annotation has the columns {listing(differing)}, which are not the coordinates of the array. Leave them "
            "out, or give them other names."
        )
    columns = {str(name): annotation[name].array for name in annotation.columns if name not in repeated}
    return frame.set_axis(annotation.index, axis=0).assign(**columns)


def _same_numbers(given: pd.Series, numbers: pd.Series) -> bool:
    import pandas as pd

    return np.array_equal(pd.to_numeric(given, errors="coerce"), numbers, equal_nan=True)


def _renamed(frame: Any, coordinates: Mapping[str, str] | None) -> Any:
    columns = [str(column) for column in frame.columns]
    if coordinates is None:
        missing = [axis for axis in ("x", "y") if axis not in columns]
        if missing:
            raise ValueError(
                f"The frame has no column {listing(missing)}. It has {listing(columns)}. "
                "Say which columns hold the coordinates: coordinates={'x': …, 'y': …}."
            )
        return frame
    unknown = [axis for axis in coordinates if axis not in (*SPATIAL_AXES, T)]
    if unknown or not {"x", "y"} <= set(coordinates):
        raise ValueError(f"coordinates must name columns for x, y and maybe z and t. Found {dict(coordinates)}.")
    for column in coordinates.values():
        if column not in columns:
            raise ElementNotFoundError(unknown_name("column", column, columns))
    replaced = [axis for axis in (*SPATIAL_AXES, *coordinates) if axis in columns and axis not in coordinates.values()]
    if replaced:
        left_out = list(dict.fromkeys(replaced))
        logger.info(
            "The coordinates of the points are %s: the columns %s are left out.", dict(coordinates), listing(left_out)
        )
        frame = frame.drop(columns=left_out)
    return frame.rename(columns={column: axis for axis, column in coordinates.items()})


def _check_columns(frame: Any, feature_key: str | None, instance_key: str | None) -> None:
    columns = [str(column) for column in frame.columns]
    for what, key in (("feature_key", feature_key), ("instance_key", instance_key)):
        if key is not None and key not in columns:
            raise ElementNotFoundError(f"{what}: {unknown_name('column', key, columns)}")


def _partitioned(
    frame: DaskDataFrame,
    npartitions: int | None = None,
    sort: bool | None = None,  # noqa: ARG001  # for callers that say whether the rows are sorted; they stay as they are
    **others: Any,
) -> DaskDataFrame:
    if others:
        raise ValueError(f"A dask frame has its partitions; {', '.join(sorted(others))} must not be given.")
    return frame if npartitions is None else frame.repartition(npartitions=npartitions)
