"""Whole analyses, from the folders of instruments to a report."""

from __future__ import annotations
