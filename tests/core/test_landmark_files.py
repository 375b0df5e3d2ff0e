"""Landmarks and alignments of other programs, in files as these write them."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

from spatialdata.errors import LandmarkError, TransformationError
from spatialdata.transformations import ThinPlateSpline, read_alignment, read_landmarks

XY = ("x", "y")
BIGWARP = """"Pt-0","true","10.5","20.0","1.0","2.0"
"Pt-1","true","30.0","40.0","3.0","4.0"
"Pt-2","false","50.0","60.0","5.0","6.0"
"Pt-3","true","70.0","80.0","Infinity","Infinity"
"""


def test_bigwarp_tables(tmp_path: Path) -> None:
    path = tmp_path / "landmarks.csv"
    path.write_text(BIGWARP)
    with pytest.warns(UserWarning, match="2 of 4 landmarks"):
        found = read_landmarks(path)
    assert found.moving.tolist() == [[10.5, 20], [30, 40]]
    assert found.reference.tolist() == [[1, 2], [3, 4]]
    path.write_text('"Pt-0","true","1","2","3","4","5","6"')
    found = read_landmarks(path)
    assert found.axes == ("x", "y", "z")
    assert found.reference.tolist() == [[4, 5, 6]]


@pytest.mark.parametrize("in_project", [False, True])
def test_bigwarp_json(tmp_path: Path, in_project: bool) -> None:
    document = {
        "type": "BigWarpLandmarks",
        "numDimensions": 2,
        "movingPoints": [[1, 2], [3, 4]],
        "fixedPoints": [[5, 6], [7, 8]],
        "active": [True, True],
        "names": ["Pt-0", "Pt-1"],
    }
    path = tmp_path / "landmarks.json"
    path.write_text(json.dumps({"Sources": [], "Transform": {"landmarks": document}} if in_project else document))
    found = read_landmarks(path)
    assert found.moving.tolist() == [[1, 2], [3, 4]]
    assert found.reference.tolist() == [[5, 6], [7, 8]]


def test_xenium_explorer_keypoints(tmp_path: Path) -> None:
    path = tmp_path / "he_keypoints.csv"
    path.write_text("fixedX,fixedY,alignmentX,alignmentY\n1,2,10,20\n3,4,30,40\n")
    found = read_landmarks(path)
    assert found.moving.tolist() == [[10, 20], [30, 40]]
    assert found.reference.tolist() == [[1, 2], [3, 4]]


@pytest.mark.parametrize("text", ["", "a,b\n1,2", '{"type": "Other"}', "{", '"Pt-0","true","x","2","3","4"'])
def test_what_holds_no_landmarks_is_refused(tmp_path: Path, text: str) -> None:
    path = tmp_path / "landmarks.csv"
    path.write_text(text)
    with pytest.raises(LandmarkError, match="cannot be read as landmarks"):
        read_landmarks(path)


@pytest.mark.parametrize("text", ["1,2,3\n4,5,6\n0,0,1\n", "1 2 3\n4 5 6\n", "1.0, 2.0, 3.0,\n4.0, 5.0, 6.0\n"])
def test_matrices(tmp_path: Path, text: str) -> None:
    path = tmp_path / "matrix.csv"
    path.write_text(text)
    np.testing.assert_array_equal(read_alignment(path).to_affine_matrix(XY, XY)[:2], [[1, 2, 3], [4, 5, 6]])


def test_warpy(tmp_path: Path) -> None:
    source = np.array([[0.0, 0], [10, 0], [0, 10], [10, 10]])
    target = source + np.array([[0, 0], [1, 0], [0, 1], [2, 2]])
    spline = {"type": "ThinplateSplineTransform", "srcPts": source.T.tolist(), "tgtPts": target.T.tolist()}
    inverted = {"type": "WrappedIterativeInvertibleRealTransform", "wrappedTransform": spline}
    bounded = {
        "type": "BoundedRealTransform",
        "realTransform": {"type": "Wrapped2DTransformAs3D", "wrappedTransform": inverted},
        "interval_min": [0, 0, 0],
        "interval_max": [1, 1, 1],
    }
    document = {
        "type": "InvertibleRealTransformSequence",
        "size": 2,
        "realTransform_0": {"affinetransform3d": [2, 0, 0, 1, 0, 2, 0, 1, 0, 0, 1, 0]},
        "realTransform_1": bounded,
    }
    path = tmp_path / "transform_0_1.json"
    path.write_text(json.dumps(document))
    found = read_alignment(path)
    points = np.array([[1.0, 2.0], [3.0, 3.5]])
    expected = ThinPlateSpline(source, target, XY).transform_coordinates(points * 2 + 1, XY)
    np.testing.assert_allclose(found.transform_coordinates(points, XY), expected, atol=1e-12)
    np.testing.assert_allclose(found.inverse().transform_coordinates(expected, XY), points, atol=1e-5)


@pytest.mark.parametrize("text", ["", "1,2\n3,4", "a", '{"type": "Secret"}', '{"type": "ThinplateSplineTransform"}'])
def test_what_holds_no_alignment_is_refused(tmp_path: Path, text: str) -> None:
    path = tmp_path / "alignment"
    path.write_text(text)
    with pytest.raises(TransformationError, match="cannot be read as an alignment"):
        read_alignment(path)
