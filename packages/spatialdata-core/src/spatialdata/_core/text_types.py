"""What dask makes of text."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager

__all__ = ["text_as_dask_says", "text_as_it_is"]

_one_at_a_time = threading.RLock()


@contextmanager
def text_as_it_is() -> Iterator[None]:
    """While frames of dask are described, their text keeps the type that it has.

    The settings of dask are those of the whole process: of two threads that changed them at once, the one that ends
    last would leave behind what the other had set.

    Examples
    --------
    >>> import dask
    >>> with text_as_it_is():
    ...     dask.config.get("dataframe.convert-string")
    False
    """
    import dask

    with _one_at_a_time, dask.config.set({"dataframe.convert-string": False}):
        yield


@contextmanager
def text_as_dask_says() -> Iterator[None]:
    """While frames of dask are described, their text gets the type that the user chose, whatever other threads do.

    Examples
    --------
    >>> with text_as_dask_says():
    ...     pass
    """
    with _one_at_a_time:
        yield
