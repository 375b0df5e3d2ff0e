from __future__ import annotations

import cmath
import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from spatialdata_io.simulate import Frame

NUMBERS = st.floats(-5e3, 5e3)


@given(
    x_min=NUMBERS,
    y_min=NUMBERS,
    size=st.tuples(st.floats(1, 5e3), st.floats(1, 5e3)),
    pixel_size=st.floats(0.1, 5),
    rotation=st.floats(-360, 360),
    shift=st.tuples(NUMBERS, NUMBERS),
    mirror=st.booleans(),
    point=st.tuples(NUMBERS, NUMBERS),
)
def test_the_way_back_is_exact(x_min, y_min, size, pixel_size, rotation, shift, mirror, point):
    frame = Frame(
        crop=(x_min, y_min, x_min + size[0], y_min + size[1]),
        pixel_size=pixel_size,
        rotation=rotation,
        shift=shift,
        mirror=mirror,
    )
    np.testing.assert_allclose(frame.to_tissue(frame.to_px(point)), point, atol=1e-9)
    np.testing.assert_allclose(frame.px_to_tissue @ frame.tissue_to_px, np.eye(3), atol=1e-9)


@given(rotation=st.floats(-180, 180), x=NUMBERS, y=NUMBERS)
def test_rotation_agrees_with_complex_numbers(rotation, x, y):
    frame = Frame(crop=(0, 0, 100, 60), pixel_size=0.5, rotation=rotation, shift=(3, -4))
    turned = (complex(x, y) - complex(50, 30)) * cmath.exp(1j * math.radians(rotation)) + complex(50, 30) + (3 - 4j)
    np.testing.assert_allclose(frame.to_um((x, y)), [turned.real, turned.imag], atol=1e-9)
    np.testing.assert_allclose(frame.to_px((x, y)), [turned.real / 0.5, turned.imag / 0.5], atol=1e-9)


def test_a_mirror_changes_the_handedness_and_nothing_else():
    plain = Frame(crop=(0, 0, 10, 10), rotation=30)
    mirrored = Frame(crop=(0, 0, 10, 10), rotation=30, mirror=True)
    assert np.linalg.det(plain.tissue_to_um[:2, :2]) == pytest.approx(1)
    assert np.linalg.det(mirrored.tissue_to_um[:2, :2]) == pytest.approx(-1)
    np.testing.assert_allclose(mirrored.to_um((5, 5)), (5, 5))


def test_shape_and_what_lies_on_the_image():
    frame = Frame(crop=(10, 20, 31, 30), pixel_size=0.5)
    assert frame.shape == (20, 42)
    assert frame.holds([[10, 20], [30.99, 29.99], [31, 25], [9.99, 25], [20, 30]]).tolist() == [
        True,
        True,
        False,
        False,
        False,
    ]


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"crop": (0, 0, 0, 10)}, "is empty"),
        ({"crop": (0, 0, 10)}, "four finite numbers"),
        ({"crop": (0, 0, 10, 10), "pixel_size": 0}, "positive"),
        ({"crop": (0, 0, 10, 10), "rotation": math.nan}, "four finite numbers"),
        ({"crop": (0, 0, 10, 10), "shift": (1,)}, "two as shift"),
    ],
)
def test_bad_frames(arguments, message):
    with pytest.raises(ValueError, match=message):
        Frame(**arguments)
