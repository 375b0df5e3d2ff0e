"""Settings of dask stay the user's, however many threads describe frames at once."""

from __future__ import annotations

import threading
from concurrent.futures import ThreadPoolExecutor

import dask
import pytest

from spatialdata._core.text_types import text_as_dask_says, text_as_it_is

KEY = "dataframe.convert-string"


@pytest.mark.parametrize("chosen", [None, True, False])
def test_overlapping_threads_leave_the_setting_of_the_user(chosen: bool | None) -> None:
    started, first_is_in = threading.Barrier(2), threading.Event()

    def first() -> None:
        started.wait()
        with text_as_it_is():
            first_is_in.set()
            # Without the lock the second thread would be in and out again meanwhile, and see what this one had set.
            second_tried.wait(0.2)

    def second() -> object:
        started.wait()
        first_is_in.wait()
        with text_as_it_is():
            second_tried.set()
        with text_as_dask_says():
            return dask.config.get(KEY, None)

    second_tried = threading.Event()
    with dask.config.set({KEY: chosen}), ThreadPoolExecutor(2) as pool:
        pool.submit(first)
        seen = pool.submit(second).result()
        assert seen is chosen
        assert dask.config.get(KEY, None) is chosen


def test_the_choice_of_the_user_is_not_seen_changed_by_another_thread() -> None:
    inside, looked = threading.Event(), threading.Event()

    def describe() -> None:
        with text_as_it_is():
            inside.set()
            looked.wait(0.2)

    with dask.config.set({KEY: True}), ThreadPoolExecutor(1) as pool:
        pool.submit(describe)
        inside.wait()
        with text_as_dask_says():
            assert dask.config.get(KEY) is True
        looked.set()
