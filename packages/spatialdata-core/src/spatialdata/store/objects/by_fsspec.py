"""Objects behind an address by fsspec, which knows every kind of address, also archives and memory."""

from __future__ import annotations

import os
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from spatialdata.errors import StoreError
from spatialdata.store.objects.objects import Child, Objects, Tail
from spatialdata.store.objects.spans import cut, merged_spans

if TYPE_CHECKING:
    from spatialdata.store.objects.objects import Span, Stamp

__all__ = ["FsspecObjects"]

# The file systems of paths are of no use in a process that was forked from this one.
_PROCESS = os.getpid()
# How file systems call the time or the version of a file, the most telling first.
_VERSIONS = ("ETag", "etag", "LastModified", "last_modified", "mtime", "created", "CRC")


class FsspecObjects(Objects):
    """See :class:`~spatialdata.store.objects.objects.Objects`."""

    def read(self, path: Any) -> bytes:  # noqa: D102
        found: bytes = _system(path).cat_file(path.path)
        return found

    def read_stamped(self, path: Any) -> tuple[bytes, Stamp | None]:  # noqa: D102
        # The stamp first: an object that is replaced in between then looks replaced.
        stamp = self.stamp(path)
        return self.read(path), stamp

    def stamp(self, path: Any) -> Stamp | None:  # noqa: D102
        try:
            return _stamp(_fresh_info(path))
        except FileNotFoundError:
            return None

    def exists(self, path: Any) -> bool:  # noqa: D102
        return bool(_system(path).isfile(path.path))

    def tail(self, path: Any, size: int) -> Tail:  # noqa: D102
        info = _fresh_info(path)
        whole = info.get("size")
        if not isinstance(whole, int) or info.get("partial") is False:
            data = self.read(path)
            return Tail(data, len(data), _stamp(info))
        start = max(0, whole - size)
        return Tail(_part(path, (start, whole)), whole, _stamp(info))

    def parts(self, path: Any, spans: Sequence[Span], stamp: Stamp | None) -> list[bytes]:  # noqa: D102
        if stamp is not None and self.stamp(path) != stamp:
            raise StoreError(f"{path} was rewritten after it had been opened. Read the store again.")
        merged = merged_spans(spans)
        starts, stops = [start for start, _ in merged], [stop for _, stop in merged]
        found = _system(path).cat_ranges([path.path] * len(merged), starts, stops, on_error="raise")
        fetched = [
            (start, data if len(data) == stop - start else _part(path, (start, stop)))
            for (start, stop), data in zip(merged, found, strict=True)
        ]
        return [cut(fetched, span) for span in spans]

    def children(self, path: Any) -> list[Child]:  # noqa: D102
        try:
            found = _system(path).ls(path.path, detail=True)
        except (FileNotFoundError, NotADirectoryError):
            return []
        own = path.path.strip("/")
        listed = {
            name.rpartition("/")[2]: entry["type"] == "directory"
            for entry in found
            if (name := str(entry["name"]).strip("/")) != own
        }
        return [Child(name, listed[name]) for name in sorted(listed)]

    def below(self, path: Any) -> dict[str, int]:  # noqa: D102
        _system(path).invalidate_cache()
        prefix = path.path.strip("/") + "/"
        found = _system(path).find(path.path, detail=True) if _system(path).isdir(path.path) else {}
        return {str(name).lstrip("/").removeprefix(prefix): int(entry["size"] or 0) for name, entry in found.items()}

    def put(self, files: Mapping[str, Path], path: Any) -> None:  # noqa: D102
        _system(path).put([str(file) for file in files.values()], [_address(path, name) for name in files])
        _system(path).invalidate_cache()

    def copy(self, source: Any, target: Any, sizes: Mapping[str, int]) -> None:  # noqa: D102
        for name in sizes:
            _system(target).makedirs(_address(target, name).rpartition("/")[0], exist_ok=True)
            _system(target).cp_file(_address(source, name), _address(target, name))
        _system(target).invalidate_cache()

    def remove(self, path: Any, names: Iterable[str]) -> None:  # noqa: D102
        found = [_address(path, name) for name in names]
        if found:
            _system(path).rm(found)
            _system(path).invalidate_cache()

    def remove_folder(self, path: Any) -> None:  # noqa: D102
        if _system(path).isdir(path.path):
            _system(path).rm(path.path, recursive=True)
            _system(path).invalidate_cache()

    def zarr_store(self, path: Any, *, lists: bool = True) -> Any:  # noqa: ARG002, D102
        from zarr.storage import FsspecStore

        system = _system(path)
        if system.async_impl:
            system = type(system)(*system.storage_args, **{**system.storage_options, "asynchronous": True})
        else:
            from fsspec.implementations.asyn_wrapper import AsyncFileSystemWrapper

            system = AsyncFileSystemWrapper(system, asynchronous=True)
        return FsspecStore(fs=system, path=path.path.rstrip("/"), read_only=True)


def _system(path: Any) -> Any:
    if os.getpid() == _PROCESS:
        return path.fs
    import fsspec

    return fsspec.filesystem(path.protocol, **path.storage_options)


def _address(path: Any, name: str) -> str:
    return f"{path.path.rstrip('/')}/{name}"


def _fresh_info(path: Any) -> dict[str, Any]:
    """What the server says of an object now; listings that were kept may be older."""
    _system(path).invalidate_cache(path.path)
    info: dict[str, Any] = _system(path).info(path.path)
    if info.get("type") == "directory":
        raise FileNotFoundError(path.path)
    return info


def _stamp(info: Mapping[str, Any]) -> Stamp | None:
    size = info.get("size")
    version = next((str(info[key]) for key in _VERSIONS if info.get(key) is not None), None)
    return None if version is None or not isinstance(size, int) else (version, size)


def _part(path: Any, span: Span) -> bytes:
    """A part of an object, also where the server sends the whole."""
    start, stop = span
    data: bytes = _system(path).cat_file(path.path, start=start, end=stop)
    return data if len(data) == stop - start else _system(path).cat_file(path.path)[start:stop]
