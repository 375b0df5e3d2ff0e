"""10x Genomics Xenium: in situ transcripts, cells and images.

All generations of the output bundle are read, from the CSV layout of the first analyser to the multi-channel one of
the fourth.  What is there decides how it is read, never the version that the manifest states.
"""

from __future__ import annotations

from spatialdata_io.readers.xenium.aligned import xenium_aligned_image, xenium_explorer_selection
from spatialdata_io.readers.xenium.ids import (
    cell_id_str_from_prefix_suffix_uint32,
    prefix_suffix_uint32_from_cell_id_str,
)
from spatialdata_io.readers.xenium.read import xenium

__all__ = [
    "cell_id_str_from_prefix_suffix_uint32",
    "prefix_suffix_uint32_from_cell_id_str",
    "xenium",
    "xenium_aligned_image",
    "xenium_explorer_selection",
]
