"""The versions of the Xenium analysis software whose layouts we write."""

from __future__ import annotations

import re
from dataclasses import dataclass

_KNOWN = "1.0.2, 1.4.0, 2.0.0 or 3.0.0.15"


@dataclass(frozen=True, slots=True, order=True)
class XoaVersion:
    """A version of the Xenium Onboard Analysis, and what its files look like."""

    major: int
    minor: int
    text: str = ""

    @classmethod
    def parse(cls, text: str) -> XoaVersion:
        """Read ``"3.0.0.15"``; a ValueError says which versions can be written."""
        found = re.fullmatch(r"(\d+)\.(\d+)(\.\d+){0,2}", text)
        if found is None or not 1 <= int(found[1]) <= 3:
            raise ValueError(f"No Xenium layout of version {text!r}; versions 1, 2 and 3 can be written, as {_KNOWN}.")
        return cls(int(found[1]), int(found[2]), text)

    @property
    def number(self) -> tuple[int, int]:
        """Major and minor version."""
        return self.major, self.minor

    @property
    def integer_ids(self) -> bool:
        """Whether cells are numbered 1, 2, ... and -1 stands for no cell; text such as ``aaaabcde-1`` came later."""
        return self.number < (1, 3)

    @property
    def bytes_columns(self) -> bool:
        """Whether text columns of the parquet files are binary."""
        return self.number < (1, 5)

    @property
    def nucleus_distance(self) -> bool:
        """Whether transcripts tell the field of view and the distance to the nucleus."""
        return self.number >= (1, 2)

    @property
    def unassigned_codewords(self) -> bool:
        """Whether unused codewords are called that; the first releases call them blank and do not count them."""
        return self.number >= (1, 3)

    @property
    def polygon_sets(self) -> bool:
        """Whether polygons carry labels of their own, and focus images a folder of their own."""
        return self.major >= 2

    @property
    def gene_flag(self) -> bool:
        """Whether transcripts carry their codeword and whether it is a gene."""
        return self.major >= 3
