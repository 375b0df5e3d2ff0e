from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from spatialdata_io.readers.xenium import (
    cell_id_str_from_prefix_suffix_uint32,
    prefix_suffix_uint32_from_cell_id_str,
)

KNOWN = {(1, 1): "aaaaaaab-1", (1437536272, 1): "ffkpbaba-1", (1437536273, 2): "ffkpbabb-2"}
UINT32 = st.integers(0, 2**32 - 1)


def test_published_pairs():
    prefix, suffix = np.array(list(KNOWN)).T
    assert cell_id_str_from_prefix_suffix_uint32(prefix, suffix).tolist() == list(KNOWN.values())
    back = prefix_suffix_uint32_from_cell_id_str(list(KNOWN.values()))
    assert np.array_equal(back[0], prefix)
    assert np.array_equal(back[1], suffix)


@given(st.lists(st.tuples(UINT32, UINT32), max_size=20))
def test_the_codec_is_the_one_spelled_out_and_inverts(pairs):
    prefix, suffix = np.array(pairs, dtype=np.uint32).reshape(-1, 2).T
    texts = cell_id_str_from_prefix_suffix_uint32(prefix, suffix)
    by_hand = ["".join(chr(ord("a") + int(digit, 16)) for digit in f"{p:08x}") + f"-{s}" for p, s in pairs]
    assert texts.tolist() == by_hand
    back = prefix_suffix_uint32_from_cell_id_str(texts)
    assert np.array_equal(back[0], prefix)
    assert np.array_equal(back[1], suffix)


@pytest.mark.parametrize(
    "text", ["aaaaaaaz-1", "aaaaaaa-1", "aaaaaaaaa-1", "aaaaaaab", "aaaaaaab-", "UNASSIGNED", "", "AAAAAAAA-1"]
)
def test_other_texts_are_refused_by_name(text):
    with pytest.raises(ValueError, match=f"'{text}' is no Xenium cell id"):
        prefix_suffix_uint32_from_cell_id_str(["aaaaaaab-1", text])
