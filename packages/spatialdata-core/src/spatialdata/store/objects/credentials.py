"""The options of fsspec, by which addresses are opened, as obstore spells them."""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

__all__ = ["NotTranslatedError", "options_for"]

# Options that say how fast fsspec works, not where or as whom.
_MEANINGLESS = {
    "asynchronous",
    "cache_regions",
    "cache_timeout",
    "cache_type",
    "consistency",
    "default_block_size",
    "default_cache_type",
    "default_fill_cache",
    "fill_cache",
    "listings_expiry_time",
    "loop",
    "max_concurrency",
    "max_paths",
    "skip_instance_cache",
    "use_listings_cache",
    "simple_links",
    "block_size",
}
_RETRIES = 4


class NotTranslatedError(Exception):
    """There is no word for an option; fsspec has to do it."""


class _Options:
    """Options that are taken one by one, so that nothing is passed over."""

    def __init__(self, given: Mapping[str, Any], where: str = "") -> None:
        self._left = {key: value for key, value in given.items() if value is not None and key not in _MEANINGLESS}
        self._where = where

    def take(self, name: str) -> Any:
        return self._left.pop(name, None)

    def inner(self, name: str) -> _Options:
        found = self.take(name) or {}
        if not isinstance(found, Mapping):
            raise NotTranslatedError(f"{self._where}{name} is no mapping")
        return _Options(found, f"{self._where}{name}.")

    def check(self) -> None:
        if self._left:
            raise NotTranslatedError(", ".join(f"{self._where}{key}" for key in sorted(self._left)) + " is not known")


def options_for(protocol: str, bucket: str, options: Mapping[str, Any]) -> dict[str, Any]:
    """What the class of obstore takes for a bucket.

    Parameters
    ----------
    protocol
        ``"s3"``, ``"gs"``, ``"az"`` or ``"http"``, or another name of one of these.
    bucket
        The bucket or container; the scheme and the host of a web server.
    options
        The storage options, as fsspec takes them.

    Raises
    ------
    NotTranslatedError
        An option has no counterpart, or it is not certain that obstore would find the same credentials.
    """
    return _BY_PROTOCOL[protocol](bucket, _Options(options))


def _client(endpoint: str | None) -> dict[str, Any]:
    return {"allow_http": True} if endpoint is not None and endpoint.startswith("http://") else {}


def _retries(attempts: Any = None) -> dict[str, Any]:
    from datetime import timedelta

    given = _RETRIES if attempts is None else max(0, int(attempts) - 1)
    return {"max_retries": given, "retry_timeout": timedelta(seconds=60)}


def _s3(bucket: str, options: _Options) -> dict[str, Any]:
    client, config = options.inner("client_kwargs"), options.inner("config_kwargs")
    key = _either(options, client, "key", "username", "aws_access_key_id")
    secret = _either(options, client, "secret", "password", "aws_secret_access_key")
    token = _either(options, client, "token", "aws_session_token")
    endpoint = _either(options, client, "endpoint_url") or os.environ.get("AWS_ENDPOINT_URL_S3")
    endpoint = endpoint or os.environ.get("AWS_ENDPOINT_URL")
    region = client.take("region_name") or config.take("region_name")
    region = region or os.environ.get("AWS_REGION") or os.environ.get("AWS_DEFAULT_REGION")
    style = config.inner("s3").take("addressing_style")
    retries = config.inner("retries").take("max_attempts")
    anonymous = bool(options.take("anon"))
    made: dict[str, Any] = {"bucket": bucket, "retry_config": _retries(retries), "client_options": _client(endpoint)}
    if options.take("requester_pays"):
        made["request_payer"] = True
    for each in (options, client, config):
        each.check()
    if endpoint is None and region is None:
        raise NotTranslatedError("the region is not known, which fsspec asks for")
    if endpoint is None and "." in bucket:
        raise NotTranslatedError("a bucket with a dot in its name is found by its path")
    if anonymous:
        made["skip_signature"] = True
    elif key and secret:
        made |= {"access_key_id": key, "secret_access_key": secret} | ({"session_token": token} if token else {})
    elif "AWS_ACCESS_KEY_ID" not in os.environ or "AWS_PROFILE" in os.environ:
        raise NotTranslatedError("there are no credentials in the options or the environment, so that botocore looks")
    made["region"] = region or "us-east-1"
    if endpoint is not None:
        made["endpoint"] = endpoint
    made["virtual_hosted_style_request"] = style == "virtual" or (endpoint is None and style != "path")
    return made


def _either(options: _Options, client: _Options, name: str, *others: str) -> Any:
    found = [options.take(name), *(each.take(other) for other in (name, *others) for each in (options, client))]
    return next((value for value in found if value), None)


def _gs(bucket: str, options: _Options) -> dict[str, Any]:
    token = options.take("token")
    options.take("project")
    options.take("access")
    options.check()
    made: dict[str, Any] = {"bucket": bucket, "retry_config": _retries()}
    if token == "anon":  # noqa: S105  # the word by which gcsfs knows it
        return {**made, "skip_signature": True}
    if isinstance(token, Mapping) and token.get("type") == "service_account":
        import json

        return {**made, "service_account_key": json.dumps(dict(token))}
    if isinstance(token, str) and Path(token).is_file():
        return {**made, "service_account": token}
    raise NotTranslatedError("gcsfs looks for credentials by itself")


def _az(bucket: str, options: _Options) -> dict[str, Any]:
    if "@" in bucket:
        raise NotTranslatedError("the account is part of the address")
    names = {
        "account_name": "account_name",
        "account_key": "account_key",
        "sas_token": "sas_key",
        "tenant_id": "tenant_id",
        "client_id": "client_id",
        "client_secret": "client_secret",
    }
    found = {known: value for name, known in names.items() if (value := options.take(name))}
    anonymous = options.take("anon")
    options.check()
    made: dict[str, Any] = {"container_name": bucket, "retry_config": _retries(), **found}
    secrets = {"account_key", "sas_key", "client_secret"} & set(found)
    if "account_name" not in found or (not secrets and not anonymous):
        raise NotTranslatedError("adlfs looks for credentials by itself")
    return made if secrets else {**made, "skip_signature": True}


def _http(server: str, options: _Options) -> dict[str, Any]:
    client = options.inner("client_kwargs")
    headers = {**(options.take("headers") or {}), **(client.take("headers") or {})}
    for each in (options, client):
        each.check()
    settings = _client(server) | ({"default_headers": headers} if headers else {})
    return {"url": server, "retry_config": _retries(), "client_options": settings}


_BY_PROTOCOL = {
    "s3": _s3,
    "s3a": _s3,
    "gs": _gs,
    "gcs": _gs,
    "az": _az,
    "abfs": _az,
    "abfss": _az,
    "http": _http,
    "https": _http,
}
