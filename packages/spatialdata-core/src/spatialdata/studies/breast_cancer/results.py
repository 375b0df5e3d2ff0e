"""The numbers of the study, as text and as JSON."""

from __future__ import annotations

import json
import math
from dataclasses import dataclass
from typing import Any

__all__ = ["Promise", "Results", "Row", "Section"]

Value = float | int | str

_LABEL_WIDTH = 54
_VALUE_WIDTH = 14
_UNIT_WIDTH = 6


@dataclass(frozen=True, slots=True, kw_only=True)
class Promise:
    """What a number must be."""

    text: str
    kept: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """One number, or one short answer.

    Examples
    --------
    >>> Row(key="error", label="Largest error", value=0.2134, unit="um").shown
    '0.2134'
    """

    key: str
    label: str
    value: Value | None
    """None if it could not be determined."""
    unit: str = ""
    promise: Promise | None = None

    @property
    def shown(self) -> str:
        """The value as people read it."""
        if self.value is None or (isinstance(self.value, float) and math.isnan(self.value)):
            return "-"
        if isinstance(self.value, int):
            return f"{self.value:,}"
        return f"{self.value:#.4g}" if isinstance(self.value, float) else self.value


@dataclass(frozen=True, slots=True, kw_only=True)
class Section:
    """Numbers that belong together."""

    key: str
    title: str
    rows: tuple[Row, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Results:
    """Everything that the study found, and how it was run."""

    sections: tuple[Section, ...]
    parameters: dict[str, Value | None]
    versions: dict[str, str]

    @property
    def promises_kept(self) -> bool:
        """Whether every number that had to be in some range is in it."""
        return all(row.promise.kept for section in self.sections for row in section.rows if row.promise)

    def __getitem__(self, key: str) -> dict[str, Value | None]:
        """The values of a section, by their keys."""
        for section in self.sections:
            if section.key == key:
                return {row.key: row.value for row in section.rows}
        raise KeyError(key)

    def to_text(self) -> str:
        """Write the numbers as a table of at most 90 columns."""
        width = _LABEL_WIDTH + _VALUE_WIDTH + _UNIT_WIDTH + 2
        lines = ["Breast-cancer study", "=" * width]
        for section in self.sections:
            lines += ["", section.title, "-" * width]
            lines += [_line(row) for row in section.rows]
        return "\n".join(lines)

    def to_json(self) -> str:
        """Write the numbers, parameters and versions as JSON."""
        sections: dict[str, Any] = {
            section.key: {row.key: _plain(row.value) for row in section.rows} for section in self.sections
        }
        promises = {
            f"{section.key}.{row.key}": {"promise": row.promise.text, "kept": row.promise.kept}
            for section in self.sections
            for row in section.rows
            if row.promise
        }
        document = {
            "parameters": self.parameters,
            "results": sections,
            "promises": promises,
            "versions": self.versions,
        }
        return json.dumps(document, indent=2, allow_nan=False) + "\n"


def _line(row: Row) -> str:
    promise = f"  {row.promise.text} {'ok' if row.promise.kept else 'NOT KEPT'}" if row.promise else ""
    return f"{row.label:<{_LABEL_WIDTH}}{row.shown:>{_VALUE_WIDTH}} {row.unit:<{_UNIT_WIDTH}}{promise}".rstrip()


def _plain(value: Value | None) -> Value | None:
    return None if isinstance(value, float) and not math.isfinite(value) else value
