"""Values of one element gathered by the regions of another."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any, TypeAlias

import numpy as np

from spatialdata._core.container import new_container
from spatialdata._core.elements import is_raster, is_table
from spatialdata.errors import ElementNotFoundError, unknown_name
from spatialdata.models.pyramid import lazy_raster
from spatialdata.models.table import TableModel
from spatialdata.ops.aggregate_funcs import agg_funcs_of
from spatialdata.ops.aggregate_pairs import Task, gathered
from spatialdata.ops.aggregate_tables import gathered_by_table
from spatialdata.regions.lattice import HexagonGrid, SquareGrid
from spatialdata.relations.ids import check_unique

if TYPE_CHECKING:
    import pandas as pd
    from anndata import AnnData
    from numpy.typing import NDArray
    from scipy.sparse import csr_matrix

    from spatialdata.sdata import SpatialData

__all__ = ["aggregate"]

AggFuncs: TypeAlias = "str | Callable[..., float] | list[str | Callable[..., float]]"


def aggregate(
    values: Any,
    by: Any,
    values_sdata: SpatialData | None = None,
    by_sdata: SpatialData | None = None,
    value_key: list[str] | str | None = None,
    agg_func: AggFuncs = "sum",
    target_coordinate_system: str = "global",
    fractions: bool = False,
    region_key: str = "region",
    instance_key: str = "instance_id",
    deepcopy: bool = True,
    table_name: str | None = None,
    buffer_resolution: int | None = None,
    weights: str | None = None,
) -> SpatialData:
    """Aggregate the values of points, shapes, labels or an image by shapes, labels, the cells of a grid, or a table.

    A value counts for every region that it lies on, so it may count for several. Points and shapes count for the shapes
    whose border they touch. A pixel counts where its centre lies, and on a border that shapes share for one of them;
    the pixels of labels are taken as squares, with an area, or as cubes with a volume. Circles are taken exactly. The
    elements may have different resolutions. What is flat lies at all depths of what is not: flat regions stand for all
    planes, and flat values count once for each region above or below them.

    Parameters
    ----------
    values
        The element with the values, or its name in ``values_sdata``.
    by
        The element with the regions, or its name in ``by_sdata``; a grid of :func:`grid_over`; or a table of
        ``by_sdata``, or its name, whose rows are the regions: instances of one or several shapes or labels.
    values_sdata, by_sdata
        The objects that hold the elements.
    value_key
        What to aggregate: columns of the element, or columns of ``obs`` or names of ``var`` of the table that
        annotates it; any number of columns of numbers, or of categories, each of which becomes a variable (with the
        name of its column before it if there are several columns).
        The feature key of points if not given; without one, values are counted. Of an image, the channels; all if not
        given.
    agg_func
        ``"sum"``, ``"mean"``, ``"count"``, ``"min"``, ``"max"``, ``"std"``, ``"var"``, ``"median"``, ``"mode"``,
        ``"nunique"``, ``"quantile(0.9)"``, or a function from an array of numbers to a number; or a list of these,
        which are then part of the names of the variables. Deviations are those of a sample. Categories are counted
        (``"sum"``, ``"count"``); or ``"mean"`` is the share of each, ``"mode"`` 1 for the most frequent one, the first
        of several, and ``"nunique"`` the number of different ones. For the median, the mode, different values,
        quantiles and functions of numbers, all values on regions are held in memory; of pixels, those of regions that
        lie in several chunks. Whole numbers of 64 bits are summed, compared and counted as they are, as long as no
        other function, weight or fraction is asked for; otherwise they become floating point numbers, which round them
        from 2**53 on.
    target_coordinate_system
        The coordinate system in which the elements are brought together.
    fractions
        Multiply each value by the part of its area, or volume, that lies on the region; of flat ones by labels with a
        depth, by the part of the column through all planes. The pixels of images are squares, or cubes, then, of which
        any part counts. A cube whose place is not linear is taken as six tetrahedra that are moved linearly.
    region_key, instance_key
        The names of the columns of the resulting table that name the region's element and the region.
    deepcopy
        Copy the regions into the result instead of sharing them, where they need no transformation.
    table_name
        The table of ``values_sdata`` that holds the values, if they are in one; also the name of the resulting
        table (``"table"`` if not given).
    buffer_resolution
        Take circles as polygons with that many segments in a quarter of a circle instead of exactly.
    weights
        A column of numbers beside the values, or a channel of the image, that says how often each value counts. The
        number of values is then that of the weights, and samples have as many members; the quantiles are the least
        values at which that share of the weights is reached. Functions of your own get those that are not 0 as
        ``weights``, if they have such a parameter, or as the second of two arrays. Only sums, means and counts take
        weights below 0. With ``fractions=True``, parts of areas are weights, too.

    Returns
    -------
    An object with the regions, in the target coordinate system, and a table that annotates them: one row for each
    region in its order, one variable for each category or value. Regions without values hold 0. ``X`` is a CSR matrix.
    By a table, it has the rows of that table, with their names, and annotates the same elements.

    Raises
    ------
    NotImplementedError
        This pair of elements cannot be aggregated.
    ValueError
        Arguments do not fit together, a value is not found, an element is not in the coordinate system, or ids of
        regions repeat.

    Examples
    --------
    >>> import numpy as np
    >>> from spatialdata.models import PointsModel, ShapesModel
    >>> points = PointsModel.parse(np.array([[0.0, 0.0], [0.5, 0.0], [9.0, 9.0]]))
    >>> circles = ShapesModel.parse(np.array([[0.0, 0.0], [5.0, 5.0]]), geometry=0, radius=1.0)
    >>> aggregate(points, circles)["table"].X.toarray().tolist()
    [[2], [0]]
    """
    value_element, value_name = _element(values, values_sdata, "values")
    is_grid = isinstance(by, SquareGrid | HexagonGrid)
    by_element, by_name = (by, None) if is_grid else _element(by, by_sdata, "by")
    if is_grid and by.target_coordinate_system != target_coordinate_system:
        raise ValueError(
            f"The grid lies in the coordinate system {by.target_coordinate_system!r}, but the values are asked for in "
            f"{target_coordinate_system!r}. Make a grid there, or give target_coordinate_system."
        )
    task = Task(
        value_element, by_element, values_sdata, value_name, value_key, agg_funcs_of(agg_func),
        target_coordinate_system, fractions, weights, table_name, buffer_resolution, deepcopy,
    )  # fmt: skip
    if is_table(by_element):
        elements, table = gathered_by_table(task, by_sdata, region_key, instance_key)
    else:
        name = by_name or "by"
        regions, matrix, names, ids = gathered(task)
        # An object holds lazy pixels only.
        elements = {name: lazy_raster(regions) if is_raster(regions) else regions}
        table = _table(matrix, names, ids, name, region_key, instance_key)
    return new_container({**elements, table_name or "table": table})


def _element(given: Any, sdata: SpatialData | None, what: str) -> tuple[Any, str | None]:
    """An element, and its name if it is known."""
    if isinstance(given, str):
        if sdata is None:
            raise ValueError(f"{what}={given!r} is a name. Give {what}_sdata, the object that holds the element.")
        if given not in sdata:
            raise ElementNotFoundError(unknown_name("element", given, [name for _, name in sdata.gen_spatial_names()]))
        return sdata[given], given
    if sdata is None:
        return given, None
    places = sdata.locate_element(given)
    if not places:
        raise ValueError(
            f"The element given as {what} is not in {what}_sdata. Give its name, or leave {what}_sdata out."
        )
    return given, str(places[0]).split("/", 1)[1]


def _table(matrix: csr_matrix, names: list[str], ids: Any, region: str, region_key: str, instance_key: str) -> AnnData:
    import pandas as pd
    from anndata import AnnData

    index = pd.Index(ids)
    check_unique(index, "The ids of the regions")
    obs = pd.DataFrame(
        {instance_key: index, region_key: pd.Categorical.from_codes(np.zeros(len(index), np.int8), pd.Index([region]))},
        index=pd.Index(_as_text(index), dtype=object),
    )
    var = pd.DataFrame(index=pd.Index([str(name) for name in names], dtype=object))
    annotated = {
        TableModel.REGION_KEY: region,
        TableModel.REGION_KEY_KEY: region_key,
        TableModel.INSTANCE_KEY: instance_key,
    }
    return TableModel.parse(AnnData(matrix, obs=obs, var=var, uns={TableModel.ATTRS_KEY: annotated}))


def _as_text(index: pd.Index) -> NDArray[Any]:
    """Ids as strings, which takes Arrow a third of the time where they are numbers."""
    if index.dtype.kind not in "iu":
        return np.array([str(value) for value in index.tolist()], dtype=object)
    import pyarrow as pa

    return np.asarray(pa.array(index.to_numpy()).cast(pa.string()).to_numpy(zero_copy_only=False), dtype=object)
