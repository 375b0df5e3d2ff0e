"""Transformations that the dialects have no words for, written out in full.

An edge of a non-linear transformation says the affine map that comes closest, which is what other programs see, and
beside it, under a key that they pass over, the transformation itself.
"""

from __future__ import annotations

import base64
import zlib
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any, TypeAlias

import numpy as np

from spatialdata.errors import StoreError, TransformationError, listing
from spatialdata.transformations.fields import Coordinates, Displacements
from spatialdata.transformations.linear import Affine, Identity, MapAxis, Scale, Translation
from spatialdata.transformations.linear import Sequence as SequenceOf
from spatialdata.transformations.nonlinear import Bijection, Inverse
from spatialdata.transformations.thin_plate import ThinPlateSpline

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from spatialdata._core.axes import ValidAxis
    from spatialdata.transformations.algebra import BaseTransformation, FloatArray

__all__ = ["EXACT", "agreeing", "closest_affine", "exact_json", "read_exact"]

Json: TypeAlias = dict[str, Any]

EXACT = "spatialdata:transformation"
_LARGEST_FIELD = 32 * 2**20
_PROBES_PER_AXIS = 7
_NOISE = 1e-13


def _packed(array: NDArray[np.float64]) -> Json:
    if array.nbytes > _LARGEST_FIELD:
        raise TransformationError(
            f"A field of {array.nbytes / 2**20:.0f} MiB is too large to be stored with the transformations; at most "
            f"{_LARGEST_FIELD / 2**20:.0f} MiB can be. Sample it onto fewer nodes."
        )
    packed = base64.b64encode(zlib.compress(np.ascontiguousarray(array, dtype="<f8").tobytes(), 6))
    return {"shape": list(array.shape), "zlib": packed.decode("ascii")}


def _unpacked(found: Mapping[str, Any]) -> FloatArray:
    data = zlib.decompress(base64.b64decode(found["zlib"], validate=True))
    return np.frombuffer(data, dtype="<f8").astype(np.float64).reshape(found["shape"])


def _field_json(field: Any) -> Json:
    return {
        "axes": list(field.axes),
        "field": _packed(field.field),
        "spacing": field.spacing.tolist(),
        "origin": field.origin.tolist(),
        "interpolation": field.interpolation,
    }


def _spline_json(spline: Any) -> Json:
    return {
        "axes": list(spline.axes),
        "source": spline.source.tolist(),
        "target": spline.target.tolist(),
        "smoothing": spline.smoothing,
    }


def _affine_json(affine: Any) -> Json:
    return {
        "matrix": affine.matrix.tolist(),
        "inputAxes": list(affine.input_axes),
        "outputAxes": list(affine.output_axes),
    }


_WRITERS: dict[type, tuple[str, Callable[[Any], Json]]] = {
    Identity: ("identity", lambda _t: {}),
    Translation: ("translation", lambda t: {"axes": list(t.axes), "translation": t.translation.tolist()}),
    Scale: ("scale", lambda t: {"axes": list(t.axes), "scale": t.scale.tolist()}),
    MapAxis: ("mapAxis", lambda t: {"mapAxis": dict(t.map_axis)}),
    Affine: ("affine", _affine_json),
    SequenceOf: ("sequence", lambda t: {"transformations": [exact_json(member) for member in t.transformations]}),
    Bijection: ("bijection", lambda t: {"forward": exact_json(t.forward), "inverse": exact_json(t.backward)}),
    Inverse: ("inverseOf", lambda t: {"forward": exact_json(t.forward), "tolerance": t.tolerance}),
    ThinPlateSpline: ("thinPlateSpline", _spline_json),
    Displacements: ("displacements", _field_json),
    Coordinates: ("coordinates", _field_json),
}


def exact_json(transformation: BaseTransformation) -> Json:
    """Write any transformation, with all its numbers.

    Raises
    ------
    TransformationError
        It is of a class of your own, or a field is too large.
    """
    known = _WRITERS.get(type(transformation))
    if known is None:
        raise TransformationError(
            f"A transformation of the class {type(transformation).__name__} cannot be stored. Known: "
            f"{listing(cls.__name__ for cls in _WRITERS)}."
        )
    kind, writer = known
    return {"type": kind, **writer(transformation)}


def _read_field(cls: Callable[..., BaseTransformation], found: Json) -> BaseTransformation:
    return cls(_unpacked(found["field"]), found["axes"], found["spacing"], found["origin"], found["interpolation"])


def _read_inverse(found: Json, where: str) -> BaseTransformation:
    forward: Any = read_exact(found["forward"], where)
    return Inverse(forward, found["tolerance"])


_READERS: dict[str, Callable[[Json, str], BaseTransformation]] = {
    "identity": lambda _found, _where: Identity(),
    "translation": lambda found, _where: Translation(found["translation"], found["axes"]),
    "scale": lambda found, _where: Scale(found["scale"], found["axes"]),
    "mapAxis": lambda found, _where: MapAxis(found["mapAxis"]),
    "affine": lambda found, _where: Affine(found["matrix"], found["inputAxes"], found["outputAxes"]),
    "sequence": lambda found, where: SequenceOf([read_exact(member, where) for member in found["transformations"]]),
    "bijection": lambda found, where: Bijection(
        read_exact(found["forward"], where), read_exact(found["inverse"], where)
    ),
    "inverseOf": _read_inverse,
    "thinPlateSpline": lambda found, _where: ThinPlateSpline(
        found["source"], found["target"], found["axes"], found["smoothing"]
    ),
    "displacements": lambda found, _where: _read_field(Displacements, found),
    "coordinates": lambda found, _where: _read_field(Coordinates, found),
}


def read_exact(found: Any, where: str) -> BaseTransformation:
    """Read a transformation that was written in full.

    Parameters
    ----------
    found
        The JSON object.
    where
        What it belongs to, for error messages.

    Raises
    ------
    StoreError
        The object is malformed, or of a type that is not known.
    """
    kind = found.get("type") if isinstance(found, Mapping) else None
    reader = _READERS.get(str(kind))
    if reader is None:
        raise StoreError(f"{where} has the type {kind!r}, which cannot be read. Known: {listing(_READERS)}.")
    try:
        return reader(dict(found), where)
    except (KeyError, TypeError, ValueError, zlib.error) as error:
        raise StoreError(f"{where} is malformed ({kind}): {error}.") from error


def agreeing(exact: BaseTransformation, spelled: BaseTransformation, axes: tuple[ValidAxis, ...]) -> BaseTransformation:
    """What is written in full, unless another program has changed what is said beside it.

    Parameters
    ----------
    exact
        The transformation that is written in full.
    spelled
        The one beside it; of a non-linear one it says only what comes close.
    axes
        The axes of its input.
    """
    if not exact.is_linear:
        return exact
    (first, rows), (second, others) = exact.linear_map(axes), spelled.linear_map(axes)
    order = [second.index(axis) for axis in first if axis in second]
    return exact if len(order) == len(first) == len(second) and np.array_equal(rows, others[order]) else spelled


def closest_affine(transformation: BaseTransformation, axes: tuple[ValidAxis, ...]) -> tuple[list[ValidAxis], Any]:
    """The affine map that comes closest to a non-linear transformation where this was determined.

    Parameters
    ----------
    transformation
        The transformation.
    axes
        The axes of its input.

    Returns
    -------
    output_axes
        The axes of its output.
    rows
        Array of shape ``(len(output_axes), len(axes) + 1)``, by least squares over places where the transformation was
        determined: landmarks, or nodes of a field.
    """
    own, probes = _probes(transformation)
    points = np.zeros((len(probes), len(axes)))
    for axis, column in zip(own, probes.T, strict=True):
        if axis in axes:
            points[:, axes.index(axis)] = column
    others = [index for index, axis in enumerate(axes) if axis not in own]
    steps = np.vstack([points, *(points + np.eye(len(axes))[index] for index in others)])
    output, mapped = transformation.map_points(steps, axes)
    known = np.column_stack([steps, np.ones(len(steps))])
    rows = np.linalg.lstsq(known, mapped, rcond=None)[0].T
    return list(output), np.where(np.abs(rows) < _NOISE * np.abs(rows).max(), 0.0, rows)


def _probes(transformation: BaseTransformation) -> tuple[tuple[ValidAxis, ...], FloatArray]:
    """Places in the input of a non-linear transformation where it was determined, and their axes."""
    if isinstance(transformation, SequenceOf):
        first = next(i for i, member in enumerate(transformation.transformations) if not member.is_linear)
        axes, probes = _probes(transformation.transformations[first])
        before = SequenceOf(transformation.transformations[:first]).inverse()
        produced, mapped = before.map_points(probes, axes)
        return produced, mapped
    if isinstance(transformation, Bijection):
        return _probes(transformation.forward)
    if isinstance(transformation, Inverse):
        axes, probes = _probes(transformation.forward)
        return axes, transformation.forward.transform_coordinates(probes, axes)
    if isinstance(transformation, ThinPlateSpline):
        return transformation.axes, transformation.source
    nodes = transformation.nodes()  # type: ignore[attr-defined]
    steps = tuple(slice(None, None, max(size // _PROBES_PER_AXIS, 1)) for size in nodes.shape[:-1])
    return transformation.axes, nodes[steps].reshape(-1, nodes.shape[-1])  # type: ignore[attr-defined]
