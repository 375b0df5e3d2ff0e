"""Fixtures for the tests of the core."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest


@pytest.fixture(scope="session")
def study_output(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Output folder of the breast-cancer study at its smallest size, with the simulated slides in ``simulated``."""
    pytest.importorskip("spatialdata_io", reason="the study reads folders of instruments")
    pytest.importorskip("spatialdata_plot", reason="the study draws figures")
    from spatialdata.studies.breast_cancer import run_study

    output = tmp_path_factory.mktemp("study") / "output"
    run_study(output, size="tiny")
    return output


@pytest.fixture
def everything() -> Callable[[], Any]:
    """Makes an object with elements of every kind, always the same."""
    import geopandas
    import numpy as np
    import pandas as pd
    import shapely
    from anndata import AnnData

    from spatialdata import SpatialData
    from spatialdata.models import Image2DModel, Labels2DModel, PointsModel, ShapesModel, TableModel

    def make() -> SpatialData:
        rng = np.random.default_rng(0)
        frame = pd.DataFrame({"x": rng.random(30), "y": rng.random(30), "gene": pd.Categorical(["a", "b", "c"] * 10)})
        obs = pd.DataFrame({"region": pd.Categorical(["cells"] * 4), "id": np.arange(4)}, index=list("abcd"))
        squares = geopandas.GeoDataFrame(geometry=[shapely.box(i, 0, i + 1, 2) for i in range(4)])
        return SpatialData(
            images={
                "photo": Image2DModel.parse(rng.integers(0, 255, (2, 20, 30), dtype=np.uint8), c_coords=["r", "g"]),
                "pyramid": Image2DModel.parse(rng.random((1, 32, 32)), scale_factors=[2]),
            },
            labels={"mask": Labels2DModel.parse(rng.integers(0, 9, (20, 30)))},
            points={"molecules": PointsModel.parse(frame, feature_key="gene")},
            shapes={
                "cells": ShapesModel.parse(squares),
                "spots": ShapesModel.parse(rng.random((3, 2)), geometry=0, radius=2.0),
            },
            tables={"table": TableModel.parse(AnnData(np.eye(4), obs=obs), "cells", "region", "id")},
            attrs={"project": "demo"},
        )

    return make


@pytest.fixture(scope="module")
def client() -> Iterator[Any]:
    """A client of a cluster of two processes, which is nobody's default."""
    distributed = pytest.importorskip("distributed", reason="the cluster of the tests is of dask.distributed")
    # The clusters of other sessions on this machine keep their ports.
    with (
        distributed.LocalCluster(
            n_workers=2, threads_per_worker=1, processes=True, dashboard_address=None, host="127.0.0.1"
        ) as cluster,
        distributed.Client(cluster, set_as_default=False) as client,
    ):
        yield client


@pytest.fixture(params=["obstore", "fsspec"])
def backend(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> str:
    """The library that reads and writes what lies behind addresses."""
    name: str = request.param
    if name == "obstore":
        pytest.importorskip("obstore", reason="the address is read by fsspec where obstore is not installed")
    else:
        monkeypatch.setitem(sys.modules, "obstore", None)
    return name


class Dropping:
    """Lets some changes at an address through, then drops the connection."""

    def __init__(self, allowed: int) -> None:
        self.left = allowed

    def around(self, original: Callable[..., Any]) -> Callable[..., Any]:
        def call(*args: Any, **kwargs: Any) -> Any:
            self.left -= 1
            if self.left < 0:
                raise ConnectionError("dropped")
            return original(*args, **kwargs)

        return call


@pytest.fixture
def dropping() -> type[Dropping]:
    """Makes connections that drop after some changes."""
    return Dropping
