"""Lines of consolidated metadata that are edited in place are those that are put together anew."""

from __future__ import annotations

import json

from hypothesis import given, settings
from hypothesis import strategies as st

from spatialdata.store.document_lines import Lines

CONTAINERS = ("images", "labels", "shapes")
NAMES = st.text(st.sampled_from('ab.-_Üß\\"\n0'), min_size=1, max_size=3).filter(lambda name: not name.startswith("."))
PATHS = st.one_of(st.sampled_from(CONTAINERS), st.builds("{}/{}".format, st.sampled_from(CONTAINERS), NAMES))


def line(path: str, value: int) -> bytes:
    inner = {path: value} if "/" not in path else {path: value, f"{path}/s0": "x\n,\n"}
    return json.dumps(inner, ensure_ascii=False, separators=(",", ":"))[1:-1].encode()


def text_of(pieces: object) -> bytes:
    return b"".join(pieces)  # type: ignore[call-overload,no-any-return]


def in_order(lines: dict[str, bytes]) -> bytes:
    return b",\n".join(lines[path] for path in sorted(lines, key=lambda path: path.split("/")))


@settings(max_examples=200, deadline=None, derandomize=True)
@given(
    known=st.dictionaries(PATHS, st.integers(0, 9), max_size=6),
    fresh=st.dictionaries(PATHS, st.integers(10, 19), max_size=3),
    gone=st.lists(PATHS, max_size=3),
)
def test_an_edit_is_what_is_put_together_anew(known: dict[str, int], fresh: dict[str, int], gone: list[str]) -> None:
    lines = {path: line(path, value) for path, value in known.items()}
    more = {path: line(path, value) for path, value in fresh.items()}
    whole = Lines.of(lines)
    assert text_of(whole.pieces()) == in_order(lines)
    assert list(whole.paths()) == sorted(lines, key=lambda path: path.split("/"))
    left = {path: text for path, text in lines.items() if not any(f"{path}/".startswith(f"{one}/") for one in gone)}
    edited = text_of(whole.edited(gone, more))
    assert edited == in_order({**left, **more})
    assert set(json.loads(b"{" + edited.replace(b",\n", b",") + b"}")) >= {*left, *more}


def test_lines_in_the_middle_of_a_file() -> None:
    text = b"head\n" + in_order({"images": line("images", 1), "images/a": line("images/a", 2)}) + b"\n}}"
    lines = Lines(text, 5, text.rindex(b"\n"))
    assert list(lines.paths()) == ["images", "images/a"]
    assert text_of(lines.edited(["images/a"], {})) == line("images", 1)
    assert text_of(lines.edited(["images"], {})) == b""
    assert text_of(lines.edited([], {"images/b": b'"images/b":3'})) == text[5:-3] + b',\n"images/b":3'
