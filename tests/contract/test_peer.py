"""The other side of every contract is the pinned release, not this workspace."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

pytestmark = pytest.mark.contract
ROOT = Path(__file__).resolve().parents[2]


def test_peer_is_the_pinned_release(peer: Callable[..., Any]) -> None:
    pins = (ROOT / "benchmarks" / "peer.txt").read_text().splitlines()
    found = peer(Path(__file__).parent / "scripts" / "versions.py")
    assert f"spatialdata=={found['version']}" in pins
    assert not Path(found["file"]).is_relative_to(ROOT / "packages")
