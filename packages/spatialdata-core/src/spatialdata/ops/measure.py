"""A table of measures of the instances of an element."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from spatialdata._core.container import require_names
from spatialdata._core.elements import is_raster
from spatialdata.models.table import TableModel
from spatialdata.ops.region_properties import get_region_properties
from spatialdata.relations.ids import check_unique

if TYPE_CHECKING:
    import pandas as pd
    from anndata import AnnData

    from spatialdata.sdata import SpatialData

__all__ = ["measure"]


def measure(
    sdata: SpatialData,
    regions: str,
    images: str | Sequence[str] | None = None,
    target_coordinate_system: str = "global",
    statistics: str | Sequence[str] = "mean",
    quantiles: Sequence[float] = (),
    region_key: str = "region",
    instance_key: str = "instance_id",
    outlines: bool = False,
) -> AnnData:
    """Measure the instances of labels or shapes, and images on them, as a table that annotates them.

    See :meth:`spatialdata.SpatialData.measure`.
    """
    import pandas as pd
    from anndata import AnnData

    one = isinstance(images, str) or is_raster(images)
    names: list[Any] = [images] if one else list(images if images is not None else ())
    require_names(sdata, [regions, *names])
    element = sdata[regions]
    shape = get_region_properties(element, None, target_coordinate_system, outlines=outlines)
    check_unique(shape.index, f"The ids of {regions!r}")
    columns = [
        _intensities(element, sdata[name], name, len(names) > 1, target_coordinate_system, statistics, quantiles, shape)
        for name in names
    ]
    values = pd.concat(columns, axis=1) if columns else pd.DataFrame(index=shape.index)
    obs = pd.DataFrame({instance_key: shape.index, region_key: pd.Categorical([regions] * len(shape))})
    obs = pd.concat([obs, shape.reset_index(drop=True)], axis=1)
    obs.index = pd.Index([str(value) for value in shape.index], dtype=object)
    var = pd.DataFrame(index=pd.Index(values.columns, dtype=object))
    if columns:
        var["image"] = pd.Categorical([name for name, part in zip(names, columns, strict=True) for _ in part.columns])
    table = AnnData(values.to_numpy(dtype=np.float64), obs=obs, var=var)
    centre = [f"centroid_{axis}" for axis in ("x", "y", "z") if f"centroid_{axis}" in shape]
    table.obsm["spatial"] = shape[centre].to_numpy()
    return TableModel.parse(table, region=regions, region_key=region_key, instance_key=instance_key)


def _intensities(
    element: Any,
    image: Any,
    name: str,
    named: bool,
    system: str,
    statistics: str | Sequence[str],
    quantiles: Sequence[float],
    shape: pd.DataFrame,
) -> pd.DataFrame:
    found = get_region_properties(element, image, system, statistics, quantiles)
    values = found.drop(columns=list(shape.columns), errors="ignore")
    return values.add_prefix(f"{name}_") if named else values
