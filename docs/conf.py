"""Configuration of the documentation site."""

from __future__ import annotations

import sys
import tomllib
from pathlib import Path

HERE = Path(__file__).parent
sys.path.insert(0, str(HERE / "_ext"))

from format_files import write_format_files  # noqa: E402
from public_names import PUBLIC_MODULES, write_pages  # noqa: E402

project = "SpatialData"
author = "The SpatialData developers"
copyright = author
release = tomllib.loads((HERE.parent / "pyproject.toml").read_text())["project"]["version"]
version = release

extensions = [
    "myst_parser",
    "numpydoc",
    "sphinx.ext.autodoc",
    "sphinx.ext.autosummary",
    "sphinx.ext.viewcode",
]
exclude_patterns = ["_build", "_ext", "_format"]
templates_path = ["_templates"]
html_theme = "furo"
html_title = f"SpatialData {release}"
myst_enable_extensions = ["colon_fence", "deflist"]
myst_heading_anchors = 3

autosummary_generate = True
# Two names that differ in case only would share a file where the file system does not see case.
autosummary_filename_map = {"spatialdata.config.settings": "spatialdata.config.settings-value"}
autodoc_member_order = "bysource"
# The types stand in the docstrings, in words that say shape and axes.
autodoc_typehints = "none"
numpydoc_show_class_members = False
numpydoc_xref_param_type = False

nitpicky = True
nitpick_ignore_regex = [
    # Inventories of other projects are not fetched, so that the site builds without a network.
    (r"py:.*", r"(?!spatialdata|spatialdata_io|spatialdata_plot|napari_spatialdata)[\w.]+"),
]

write_pages(HERE / "api" / "generated", PUBLIC_MODULES)
write_format_files(HERE / "_format")
