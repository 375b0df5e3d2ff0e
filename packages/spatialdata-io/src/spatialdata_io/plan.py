"""What a reader would read, known from the headers of the files alone."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from spatialdata_io.registry import Match

__all__ = ["ElementPlan", "Plan"]


@dataclass(frozen=True, slots=True, kw_only=True)
class ElementPlan:
    """One element that a reader would build.

    Attributes
    ----------
    name
        Name of the element.
    kind
        ``"image"``, ``"labels"``, ``"points"``, ``"shapes"`` or ``"table"``.
    shape
        ``(c, y, x)`` of an image, ``(y, x)`` of labels, ``(rows, columns)`` of the others; None where only reading
        the whole file would tell.
    dtype
        Type of the pixels or of the matrix; empty for points and shapes.
    file
        The file it comes from, relative to the folder.
    problem
        Why it cannot be read; empty if it can.
    """

    name: str
    kind: str
    shape: tuple[int | None, ...] = ()
    dtype: str = ""
    file: str = ""
    problem: str = ""

    def __str__(self) -> str:
        if self.problem:
            return f"{self.kind:<7} {self.name:<24} cannot be read: {self.problem}"
        shape = " x ".join("?" if size is None else f"{size:,}" for size in self.shape)
        return f"{self.kind:<7} {self.name:<24} {shape:<24} {self.dtype:<8} {self.file}".rstrip()


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """What reading a folder would give.

    Attributes
    ----------
    match
        The folder and the reader that recognised it.
    elements
        The elements, images first, the table last.
    """

    match: Match
    elements: tuple[ElementPlan, ...]

    @property
    def problems(self) -> tuple[str, ...]:
        """Everything that would make reading fail."""
        return tuple(element.problem for element in self.elements if element.problem)

    def __getitem__(self, name: str) -> ElementPlan:
        for element in self.elements:
            if element.name == name:
                return element
        raise KeyError(f"No element {name!r} is planned. Planned: {[element.name for element in self.elements]}")

    def __str__(self) -> str:
        head = f"{self.match.root}: {self.match.reader.title} (reader {self.match.reader.name!r})"
        return "\n".join([head, *(f"  {element}" for element in self.elements)])
