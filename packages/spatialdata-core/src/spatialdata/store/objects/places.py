"""Where the stores of obstore lie: as paths, with the credentials that they were made with."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

if TYPE_CHECKING:
    from collections.abc import Mapping

__all__ = ["is_of_obstore", "place_of_store"]

_CREDENTIALS = {"access_key_id": "key", "secret_access_key": "secret", "session_token": "token"}
_CLIENT = {"endpoint": "endpoint_url", "region": "region_name"}


def is_of_obstore(store: object) -> bool:
    """Whether it is a store of obstore, such as lies behind an ``ObjectStore`` of zarr."""
    return type(store).__module__.partition(".")[0] == "obstore"


def place_of_store(store: Any) -> Path:
    """The path of a store of obstore.

    Parameters
    ----------
    store
        A store of the classes ``LocalStore``, ``S3Store`` or ``HTTPStore`` of obstore.

    Returns
    -------
    A local path, or an ``UPath`` with the credentials of the store.

    Raises
    ------
    TypeError
        It is of another class, or was made with something that a path cannot carry along.
    """
    from upath import UPath

    name = type(store).__name__
    if name == "LocalStore" and store.prefix is not None:
        return Path(store.prefix)
    if name == "HTTPStore":
        headers = _headers(store.client_options or {})
        sent: dict[str, Any] = {"client_kwargs": {"headers": headers}} if headers else {}
        return cast("Path", UPath(str(store.url), **sent))
    if name == "S3Store":
        address = "/".join([f"s3://{store.config['bucket']}", *_prefix(store)])
        return cast("Path", UPath(address, **_options(store)))
    raise _not_carried(f"a {name}")


def _prefix(store: Any) -> list[str]:
    prefix = str(store.prefix or "").strip("/")
    return [prefix] if prefix else []


def _options(store: Any) -> dict[str, Any]:
    """The options of fsspec for a bucket of S3."""
    left = {key: value for key, value in store.config.items() if key != "bucket"}
    if store.credential_provider is not None:
        raise _not_carried("a S3Store that asks a function for its credentials")
    if _headers(store.client_options or {}):
        raise _not_carried("a S3Store that sends headers of its own")
    options: dict[str, Any] = {_CREDENTIALS[key]: left.pop(key) for key in [*left] if key in _CREDENTIALS}
    client = {_CLIENT[key]: left.pop(key) for key in [*left] if key in _CLIENT}
    if left.pop("skip_signature", "false") == "true":
        options["anon"] = True
    if left.pop("request_payer", "false") == "true":
        options["requester_pays"] = True
    virtual = left.pop("virtual_hosted_style_request", None)
    if virtual is not None:
        style = "virtual" if virtual == "true" else "path"
        options["config_kwargs"] = {"s3": {"addressing_style": style}}
    if left:
        raise _not_carried(f"a S3Store with {', '.join(sorted(left))}")
    return {**options, **({"client_kwargs": client} if client else {})}


def _headers(settings: Mapping[str, Any]) -> dict[str, str]:
    """The headers that a client sends; there is nothing else about it that says where something lies, or for whom."""
    found = settings.get("default_headers") or {}
    return {key: value.decode() if isinstance(value, bytes) else str(value) for key, value in found.items()}


def _not_carried(what: str) -> TypeError:
    return TypeError(
        f"A store is opened by its path, its address, an UPath, or a group or store of zarr. Found {what}, which has "
        "no path that says the same. Give its address with its credentials: UPath('s3://bucket/cells.zarr', key=…)."
    )
