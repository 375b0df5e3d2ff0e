"""Making many objects without looking for unreachable ones meanwhile."""

from __future__ import annotations

import gc
import threading

import pytest

from spatialdata._core.collecting import making_many


def test_what_was_on_is_on_again_and_what_was_off_stays_off() -> None:
    assert gc.isenabled()
    with making_many():
        with making_many():
            assert not gc.isenabled()
        assert not gc.isenabled()
    assert gc.isenabled()
    gc.disable()
    try:
        with making_many():
            pass
        assert not gc.isenabled()
    finally:
        gc.enable()


def test_it_is_on_again_after_an_error() -> None:
    with pytest.raises(KeyError), making_many():
        raise KeyError
    assert gc.isenabled()


def test_it_is_on_again_whichever_thread_is_the_last() -> None:
    inside, leave = threading.Event(), threading.Event()

    def other() -> None:
        with making_many():
            inside.set()
            leave.wait(10)

    thread = threading.Thread(target=other)
    with making_many():
        thread.start()
        inside.wait(10)
    leave.set()
    thread.join()
    assert gc.isenabled()
