"""An overview of a SpatialData object as a frame."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from spatialdata._sdata.links import annotated_by, regions_of
from spatialdata._sdata.repr import natural_key, text_of
from spatialdata.models.kind import Kind

if TYPE_CHECKING:
    import pandas as pd

    from spatialdata._sdata.holder import ElementHolder

__all__ = ["overview"]


def overview(sdata: ElementHolder) -> pd.DataFrame:
    """One row for each element and table; nothing is loaded for it."""
    import pandas as pd

    links = annotated_by(sdata)
    rows: list[dict[str, Any]] = []
    for elements in sdata.shelf:
        is_table = elements.kind is Kind.TABLE
        for name in sorted(elements, key=natural_key):
            systems = [] if is_table else sorted(elements.transformations(name), key=natural_key)
            related = regions_of(sdata, name) if is_table else links.get(name, [])
            rows.append(
                {
                    "kind": elements.kind.container,
                    "name": name,
                    "what": text_of(elements, name),
                    "coordinate_systems": systems,
                    "annotates" if is_table else "annotated_by": related,
                    "loaded": elements.is_loaded(name),
                    "location": elements.source(name).location,
                }
            )
    columns = ["kind", "what", "coordinate_systems", "annotated_by", "annotates", "loaded", "location"]
    frame = pd.DataFrame(rows, columns=["name", *columns])
    for column in ("annotated_by", "annotates"):
        frame[column] = [value if isinstance(value, list) else [] for value in frame[column]]
    return frame.set_index("name")
