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


CASED = st.text(st.sampled_from("abABsSK\u212a\u017fßé-"), min_size=1, max_size=3)


@settings(max_examples=200, deadline=None, derandomize=True)
@given(
    known=st.dictionaries(st.builds("{}/{}".format, st.sampled_from(CONTAINERS), CASED), st.just(1), max_size=8),
    sought=CASED,
)
def test_namesakes_are_all_elements_whose_name_folds_to_the_same(known: dict[str, int], sought: str) -> None:
    lines = Lines.of({path: line(path, value) for path, value in known.items()})
    expected = sorted(path for path in known if path.split("/", 1)[1].casefold() == sought.casefold())
    assert sorted(lines.namesakes(sought)) == expected


def test_namesakes_are_no_nodes_inside_elements_and_no_values() -> None:
    elements = {
        "images/s0": b'"images/s0":{"a":"images/x"},"images/s0/s0":{},"images/s0/x":{}',
        "images/t": b'"images/t/.zattrs":{"images/s0":1},"images/t/.zgroup":{}',
        "labels/S0": b'"labels/S0/.zgroup":{}',
    }
    lines = Lines.of({**elements, "images": b'"images":{}'})
    assert sorted(lines.namesakes("S0")) == ["images/s0", "labels/S0"]
    assert list(lines.namesakes("T")) == ["images/t"]
    assert list(lines.namesakes("x")) == []
    assert list(lines.namesakes("images")) == []
    for path, text in elements.items():
        assert lines.line(path) == text


@settings(max_examples=200, deadline=None, derandomize=True)
@given(known=st.lists(PATHS, max_size=8, unique=True), sought=PATHS)
def test_a_line_is_found_before_and_after_all_are_indexed(known: list[str], sought: str) -> None:
    lines = Lines.of({path: line(path, number) for number, path in enumerate(known)})
    expected = line(sought, known.index(sought)) if sought in known else None
    assert lines.line(sought) == expected
    assert set(lines.paths()) == set(known)
    assert lines.line(sought) == expected
