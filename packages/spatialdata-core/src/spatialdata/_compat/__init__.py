"""Module paths of earlier releases, served from one table.

Packages written for earlier releases import from modules that have another name here, or none. The table in
:mod:`spatialdata._compat.table` says where each of their names lives now; a finder makes a module of a row of the table
when it is imported. A module that exists always comes before the table.
"""

from __future__ import annotations

from spatialdata._compat.finder import install

__all__ = ["install"]
