"""Objects behind an address by obstore: object stores and web servers, without Python in the way of the bytes."""

from __future__ import annotations

import json
import os
import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from spatialdata.errors import StoreError
from spatialdata.store.objects.by_fsspec import FsspecObjects
from spatialdata.store.objects.objects import Child, Objects, Tail
from spatialdata.store.objects.spans import cut, merged_spans

if TYPE_CHECKING:
    from spatialdata.store.objects.objects import Span, Stamp

__all__ = ["Bucket", "bucket_of"]

_THREADS = 16
_WEB = ("http", "https")
_CLASSES = {
    "s3": "S3Store",
    "s3a": "S3Store",
    "gs": "GCSStore",
    "gcs": "GCSStore",
    "az": "AzureStore",
    "abfs": "AzureStore",
    "abfss": "AzureStore",
    "http": "HTTPStore",
    "https": "HTTPStore",
}
# One request copies so much at most.
_LARGEST_COPY = 5 * 2**30


def bucket_of(path: Any) -> Bucket:
    """The bucket, or the web server, in which a path lies.

    Raises
    ------
    ImportError
        obstore is not installed.
    NotTranslatedError
        obstore does not know the kind of address or one of its options.
    """
    import fsspec.config
    import obstore  # noqa: F401

    from spatialdata.store.objects.credentials import NotTranslatedError

    protocol = str(path.protocol)
    if protocol not in _CLASSES:
        raise NotTranslatedError("obstore does not know such addresses")
    if os.getpid() != _first_process():
        raise NotTranslatedError("the threads of obstore do not outlive a fork")
    server = _split(path)[0]
    configured = fsspec.config.conf.get(protocol, {})
    return _made(protocol, server, json.dumps({**configured, **path.storage_options}, sort_keys=True, default=_token))


@lru_cache(maxsize=1)
def _first_process() -> int:
    """The process that used obstore first; one that was forked from it would wait for its threads for ever."""
    return os.getpid()


def _token(value: Any) -> Any:
    from spatialdata.store.objects.credentials import NotTranslatedError

    raise NotTranslatedError(f"an option is a {type(value).__name__}")


def _split(path: Any) -> tuple[str, str]:
    """The bucket or server of a path, and the rest."""
    from spatialdata.store.objects.credentials import NotTranslatedError

    whole = str(path.path)
    if str(path.protocol) not in _WEB:
        bucket, _, key = whole.strip("/").partition("/")
        return bucket, key.rstrip("/")
    parts = urlsplit(whole)
    key = parts.path.strip("/")
    if parts.query or parts.fragment or "@" in parts.netloc or "%" in key or "//" in key:
        raise NotTranslatedError("the address is more than a server and a path")
    return f"{parts.scheme}://{parts.netloc}", key


@lru_cache(maxsize=64)
def _made(protocol: str, server: str, options: str) -> Bucket:
    from obstore import store as stores
    from obstore.exceptions import BaseError

    from spatialdata.store.objects.credentials import NotTranslatedError, options_for

    found = options_for(protocol, server, json.loads(options))
    try:
        known: Any = getattr(stores, _CLASSES[protocol])
        made = known.from_url(found.pop("url"), **found) if "url" in found else known(**found)
    except BaseError as error:
        # What obstore says may repeat the options.
        raise NotTranslatedError(f"obstore refuses the options ({type(error).__name__})") from None
    return Bucket(made)


class Bucket(Objects):
    """One bucket or web server; see :class:`~spatialdata.store.objects.objects.Objects`.

    What lies in a folder of a web server, fsspec finds out by the links that the server shows.

    Parameters
    ----------
    store
        The store of obstore, with its credentials.
    """

    def __init__(self, store: Any) -> None:
        self._store = store

    def _get(self, path: Any, span: Span | None = None, **options: Any) -> Any:
        import obstore

        asked: Any = options if span is None else {**options, "range": span}
        with _named(path):
            return obstore.get(self._store, _split(path)[1], options=asked)

    def read(self, path: Any) -> bytes:  # noqa: D102
        return self.read_stamped(path)[0]

    def read_stamped(self, path: Any) -> tuple[bytes, Stamp | None]:  # noqa: D102
        found = self._get(path)
        with _named(path):
            return bytes(found.bytes()), _stamp(found.meta)

    def stamp(self, path: Any) -> Stamp | None:  # noqa: D102
        meta = self._head(path)
        return None if meta is None else _stamp(meta)

    def exists(self, path: Any) -> bool:  # noqa: D102
        return self._head(path) is not None

    def _head(self, path: Any) -> Any:
        import obstore

        try:
            with _named(path):
                return obstore.head(self._store, _split(path)[1])
        except FileNotFoundError:
            return None

    def tail(self, path: Any, size: int) -> Tail:  # noqa: D102
        from obstore.exceptions import NotSupportedError

        try:
            found = self._get(path, range={"suffix": size})
            with _named(path):
                return Tail(bytes(found.bytes()), int(found.meta["size"]), _stamp(found.meta))
        except NotSupportedError:
            return self._tail_by_size(path, size)

    def _tail_by_size(self, path: Any, size: int) -> Tail:
        """The last bytes, where a server sends none by their number."""
        from obstore.exceptions import NotSupportedError

        meta = self._head(path)
        if meta is not None and meta["size"]:
            whole = int(meta["size"])
            span = (max(0, whole - size), whole)
            try:
                found = self._get(path, span)
                with _named(path):
                    return Tail(bytes(found.bytes()), whole, _stamp(found.meta))
            except NotSupportedError:
                pass
        data, stamp = self.read_stamped(path)
        return Tail(data, len(data), stamp)

    def parts(self, path: Any, spans: Sequence[Span], stamp: Stamp | None) -> list[bytes]:  # noqa: D102
        merged = merged_spans(spans)
        fetched = _at_once(lambda span: (span[0], self._part(path, span, stamp)), merged)
        return [cut(fetched, span) for span in spans]

    def _part(self, path: Any, span: Span, stamp: Stamp | None) -> bytes:
        from obstore.exceptions import NotSupportedError, PreconditionError

        # Neither a time nor a weak tag (W/"…") is a condition that a server can hold.
        is_tag = stamp is not None and str(stamp[0]).startswith('"')
        condition = {"if_match": stamp[0]} if stamp is not None and is_tag else {}
        try:
            found = self._get(path, span, **condition)
            with _named(path):
                return bytes(found.bytes())
        except NotSupportedError:
            return self.read(path)[span[0] : span[1]]
        except PreconditionError as error:
            raise StoreError(f"{path} was rewritten after it had been opened. Read the store again.") from error

    def children(self, path: Any) -> list[Child]:  # noqa: D102
        import obstore

        if str(path.protocol) in _WEB:
            return FsspecObjects().children(path)
        key = _split(path)[1]
        with _named(path):
            found = obstore.list_with_delimiter(self._store, key or None)
        folders = {Path(name).name: True for name in found["common_prefixes"]}
        files = {Path(entry["path"]).name: False for entry in found["objects"]}
        listed = {**files, **folders}
        return [Child(name, listed[name]) for name in sorted(listed)]

    def below(self, path: Any) -> dict[str, int]:  # noqa: D102
        import obstore

        key = _split(path)[1]
        with _named(path):
            found = obstore.list(self._store, key or None).collect()
        return {entry["path"].removeprefix(f"{key}/"): int(entry["size"]) for entry in found}

    def put(self, files: Mapping[str, Path], path: Any) -> None:  # noqa: D102
        import obstore

        def bring(item: tuple[str, Path]) -> None:
            with _named(path / item[0]):
                obstore.put(self._store, _split(path / item[0])[1], item[1])

        _at_once(bring, list(files.items()))

    def copy(self, source: Any, target: Any, sizes: Mapping[str, int]) -> None:  # noqa: D102
        import obstore

        def bring(name: str) -> None:
            start, end = source / name, target / name
            if sizes[name] > _LARGEST_COPY:
                end.fs.cp_file(start.path, end.path)
                return
            with _named(end):
                obstore.copy(self._store, _split(start)[1], _split(end)[1])

        _at_once(bring, list(sizes))

    def remove(self, path: Any, names: Iterable[str]) -> None:  # noqa: D102
        import obstore

        keys = [_split(path / name)[1] for name in names]
        if keys:
            with _named(path):
                obstore.delete(self._store, keys)

    def zarr_store(self, path: Any, *, lists: bool = True) -> Any:  # noqa: D102
        from zarr.storage import ObjectStore, StorePath

        if lists and str(path.protocol) in _WEB:
            return FsspecObjects().zarr_store(path)

        return StorePath(ObjectStore(self._store, read_only=True), _split(path)[1])


def _at_once(call: Callable[[Any], Any], items: Sequence[Any]) -> list[Any]:
    if len(items) < 2:
        return [call(item) for item in items]
    with ThreadPoolExecutor(min(_THREADS, len(items))) as pool:
        return list(pool.map(call, items))


def _stamp(meta: Mapping[str, Any]) -> Stamp:
    return str(meta["e_tag"] or meta["last_modified"]), int(meta["size"])


@contextmanager
def _named(path: Any) -> Iterator[None]:
    """Say in a few words what went wrong, by the errors of Python where it has one.

    Those of obstore are not passed on: they may hold the secret part of an address.
    """
    from obstore import exceptions

    try:
        yield
    except (exceptions.PermissionDeniedError, exceptions.UnauthenticatedError) as error:
        raise PermissionError(f"access to {path} is denied: {_short(error)}") from None
    except exceptions.GenericError as error:
        text = _short(error)
        if "NoSuchBucket" in text:
            raise FileNotFoundError(f"{path}: the bucket does not exist") from None
        raise ConnectionError(f"{path}: {text}") from None


def _short(error: Exception) -> str:
    """What the server answered; no addresses, whose queries may hold a secret."""
    text = " ".join(str(error).partition("\n\nDebug source")[0].split())
    answer = text.partition("Error performing ")[2].partition(" - ")[2] or text
    return re.sub(r"https?://\S+", "…", answer)[:300]
