"""The readers that there are, and what each of them looks for.

Everything here is plain data from the standard library, so that recognising a folder, listing the readers and
building the command line cost milliseconds.  A reader's own module is loaded only when it reads.
"""

from __future__ import annotations

import inspect
import re
import warnings
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from enum import IntEnum
from functools import cache
from importlib import import_module
from importlib.metadata import EntryPoint, entry_points
from pathlib import Path
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

from spatialdata.errors import unknown_name
from spatialdata_io.errors import AmbiguousFormatError, ReaderError, UnknownReaderError, missing_file

if TYPE_CHECKING:
    from spatialdata import SpatialData
    from spatialdata_io.plan import ElementPlan

__all__ = ["Confidence", "File", "Match", "Option", "Reader", "get_reader", "list_readers"]

ENTRY_POINT_GROUP = "spatialdata_io.readers"
_BUILT_IN = ("spatialdata_io.readers.visium.files:READER", "spatialdata_io.readers.xenium.files:READER")


class Confidence(IntEnum):
    """How sure it is that a folder is the output of an instrument."""

    LIKELY = 1
    """What identifies the format is there, and some main part is not."""
    CERTAIN = 2
    """What identifies the format is there, and so are its main parts."""


@dataclass(frozen=True, slots=True, kw_only=True)
class File:
    """One part of an output folder, and the names under which instruments have written it.

    Attributes
    ----------
    what
        The part in words, for messages.
    patterns
        Globs relative to the folder, the preferred ones first; the first that matches anything wins.
    anchor
        Whether a folder without this part is not of the format at all.
    main
        Whether a folder with this part is of the format for certain.
    """

    what: str
    patterns: tuple[str, ...]
    anchor: bool = False
    main: bool = False

    def find(self, root: Path) -> tuple[Path, ...]:
        """Return the files of the first pattern that matches any, sorted by name."""
        for pattern in self.patterns:
            found = tuple(sorted(path for path in root.glob(pattern) if not path.name.startswith(".")))
            if found:
                return found
        return ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Option:
    """One option of a reader, as the command line and the listings show it.

    Attributes
    ----------
    name
        Name of the keyword argument.
    annotation
        Its type as written in the signature, for example ``"bool"`` or ``"str | None"``.
    default
        The value it has when it is not given.
    help
        The first sentence of its documentation.
    """

    name: str
    annotation: str
    default: object
    help: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Reader:
    """A reader: what its folders look like, and the function that reads them.

    Attributes
    ----------
    name
        Name under which the reader is asked for.
    vendor
        Who makes the instrument.
    title
        The format in words.
    files
        The parts of an output folder.
    function
        ``"package.module:function"`` that reads: path and keyword options in, ``SpatialData`` out.
    planner
        ``"package.module:function"`` that plans: a :class:`Match` and the options in, element plans out.
    """

    name: str
    vendor: str
    title: str
    files: Mapping[str, File] = field(hash=False)
    function: str
    planner: str

    def match(self, path: Path) -> Match | None:
        """Return what of this format is at ``path`` (or in ``path/outs``), or None if it is not of this format."""
        for root in (path, path / "outs"):
            found = {key: file.find(root) for key, file in self.files.items()}
            if all(found[key] for key, file in self.files.items() if file.anchor):
                return Match(reader=self, root=root, files=MappingProxyType(found))
        return None

    def open(self, path: str | Path) -> Match:
        """Return what of this format is at ``path``.

        Raises
        ------
        MissingFileError
            If a part without which the folder is not of this format is absent; names what was looked for and what
            is there.
        """
        root = Path(path)
        match = self.match(root)
        if match is not None:
            return match
        for file in self.files.values():
            if file.anchor and not file.find(root):
                raise missing_file(self.name, file.what, root, file.patterns)
        raise missing_file(self.name, self.title, root, self.anchors())

    def anchors(self) -> tuple[str, ...]:
        """The patterns of the parts that identify the format."""
        return tuple(" or ".join(file.patterns) for file in self.files.values() if file.anchor)

    def load(self) -> Callable[..., SpatialData]:
        """Import and return the function that reads."""
        function: Callable[..., SpatialData] = _resolve(self.function)
        return function

    def load_planner(self) -> Callable[..., list[ElementPlan]]:
        """Import and return the function that plans."""
        function: Callable[..., list[ElementPlan]] = _resolve(self.planner)
        return function

    def options(self) -> tuple[Option, ...]:
        """The keyword options of the reading function; deprecated ones are left out."""
        function = self.load()
        helps = parameter_help(inspect.getdoc(function) or "")
        parameters = list(inspect.signature(function).parameters.values())[1:]
        return tuple(
            Option(
                name=parameter.name,
                annotation=str(parameter.annotation),
                default=parameter.default,
                help=helps.get(parameter.name, ""),
            )
            for parameter in parameters
            if parameter.kind is not inspect.Parameter.VAR_KEYWORD
            and not helps.get(parameter.name, "").startswith("Deprecated")
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Match:
    """A folder that was recognised as the output of an instrument.

    Attributes
    ----------
    reader
        The reader that recognised it.
    root
        The folder that holds the files; ``outs`` below the path asked for where the vendor writes there.
    files
        The files of every part, empty where the part is absent.
    """

    reader: Reader
    root: Path
    files: Mapping[str, tuple[Path, ...]] = field(hash=False)

    @property
    def confidence(self) -> Confidence:
        """How sure the recognition is."""
        main = [key for key, file in self.reader.files.items() if file.main]
        return Confidence.CERTAIN if all(self.files[key] for key in main) else Confidence.LIKELY

    def get(self, part: str) -> Path | None:
        """Return the one file of a part, or None where it is absent.

        Raises
        ------
        AmbiguousFormatError
            If several files could be it.
        """
        found = self.files[part]
        if len(found) > 1:
            msg = (
                f"{self.reader.name}: more than one file in {self.root} can be the {self.reader.files[part].what}: "
                f"{', '.join(path.name for path in found)}. Keep one of them in the folder, or name it."
            )
            raise AmbiguousFormatError(msg)
        return found[0] if found else None

    def require(self, part: str, hint: str = "") -> Path:
        """Return the one file of a part.

        Raises
        ------
        MissingFileError
            If it is absent; names what was looked for, what is there, and ``hint``.
        """
        found = self.get(part)
        if found is None:
            raise self.missing(part, hint)
        return found

    def missing(self, part: str, hint: str = "") -> ReaderError:
        """Build the error for a part that is absent."""
        file = self.reader.files[part]
        return missing_file(self.reader.name, file.what, self.root, file.patterns, hint)


def _resolve(reference: str) -> Any:
    module, _, name = reference.partition(":")
    return getattr(import_module(module), name)


def parameter_help(doc: str) -> dict[str, str]:
    """Read the first sentence of every parameter from a numpydoc docstring."""
    section = re.search(r"^Parameters\n-+\n(.*?)(?=^\w[^\n]*\n-{3,}|\Z)", doc, flags=re.DOTALL | re.MULTILINE)
    if section is None:
        return {}
    found: dict[str, list[str]] = {}
    names: list[str] = []
    for line in section.group(1).splitlines():
        if line and not line.startswith(" "):
            names = [name.strip() for name in line.partition(":")[0].split(",")]
            found.update({name: [] for name in names})
        elif line.strip():
            for name in names:
                found[name].append(line.strip())
    return {name: re.split(r"(?<=\.)\s", " ".join(lines))[0] for name, lines in found.items()}


def _load_entry_point(point: EntryPoint) -> Reader | None:
    try:
        reader = point.load()
    except (ImportError, AttributeError) as error:
        warnings.warn(f"The reader {point.name!r} ({point.value}) cannot be loaded: {error}", stacklevel=3)
        return None
    if not isinstance(reader, Reader):
        warnings.warn(
            f"The entry point {point.name!r} ({point.value}) is no spatialdata_io.registry.Reader", stacklevel=3
        )
        return None
    return reader


@cache
def _registered() -> Mapping[str, Reader]:
    known: dict[str, Reader] = {}
    for reference in _BUILT_IN:
        reader: Reader = _resolve(reference)
        known[reader.name] = reader
    for point in sorted(entry_points(group=ENTRY_POINT_GROUP), key=lambda point: point.value):
        third_party = _load_entry_point(point)
        if third_party is not None:
            taken = third_party.name in known
            known[f"{point.value.partition('.')[0]}:{third_party.name}" if taken else third_party.name] = third_party
    return MappingProxyType(known)


def list_readers() -> dict[str, Reader]:
    """Return all readers by name: those of this package, then those that other packages add.

    Another package adds a reader through an entry point of the group ``spatialdata_io.readers`` whose value is a
    :class:`Reader`.  A name that is already taken gets the other package's name in front, ``"package:name"``.

    Returns
    -------
    Mapping of name to reader.

    Examples
    --------
    >>> sorted(list_readers())[:2]
    ['visium', 'xenium']
    """
    return dict(_registered())


def get_reader(name: str) -> Reader:
    """Return the reader of a name.

    Parameters
    ----------
    name
        A name from :func:`list_readers`.

    Raises
    ------
    UnknownReaderError
        If there is no such reader; lists those that there are.
    """
    known = _registered()
    if name not in known:
        raise UnknownReaderError(unknown_name("reader", name, known))
    return known[name]
