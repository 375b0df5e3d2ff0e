"""The objects to try things on."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import ndimage

from spatialdata.datasets import blobs, blobs_annotating_element
from spatialdata.models import get_channel_names, get_model


def test_blobs_have_every_kind_and_are_always_the_same() -> None:
    first, second = blobs(length=64), blobs(length=64)
    names = [name for _, name, _ in first.gen_elements()]
    assert sorted(names) == [
        "blobs_circles",
        "blobs_image",
        "blobs_labels",
        "blobs_multipolygons",
        "blobs_multiscale_image",
        "blobs_multiscale_labels",
        "blobs_points",
        "blobs_polygons",
        "table",
    ]
    for name in names:
        get_model(first[name])
    np.testing.assert_array_equal(first["blobs_image"].to_numpy(), second["blobs_image"].to_numpy())
    assert first["blobs_points"].compute().equals(second["blobs_points"].compute())
    assert first["blobs_multipolygons"].geometry.geom_type.eq("MultiPolygon").all()


def test_the_table_has_the_sums_over_the_labels() -> None:
    sdata = blobs(length=64)
    labels = sdata["blobs_labels"].to_numpy()
    table = sdata["table"]
    ids = table.obs["instance_id"].to_numpy()
    np.testing.assert_array_equal(ids, np.unique(labels[labels > 0]))
    for channel, plane in enumerate(sdata["blobs_image"].to_numpy()):
        np.testing.assert_allclose(table.X.toarray()[:, channel], ndimage.sum(plane, labels, ids))


def test_parameters() -> None:
    sdata = blobs(length=32, n_points=7, n_shapes=3, extra_coord_system="um", c_coords=["a", "b"])
    assert get_channel_names(sdata["blobs_multiscale_image"]) == ["a", "b"]
    assert sdata.coordinate_systems == ["global", "um"]
    assert len(sdata["blobs_points"]) == 7
    assert len(sdata["blobs_polygons"]) == 3


@pytest.mark.parametrize("name", ["blobs_labels", "blobs_multiscale_labels", "blobs_circles", "blobs_polygons"])
def test_tables_may_annotate_other_elements(name: str) -> None:
    table = blobs_annotating_element(name)["table"]
    assert table.uns["spatialdata_attrs"]["region"] == name
    assert table.n_obs > 0


def test_what_a_table_cannot_annotate() -> None:
    with pytest.raises(ValueError, match="no labels or shapes 'blobs_image'"):
        blobs_annotating_element("blobs_image")
