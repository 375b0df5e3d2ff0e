"""Maps fitted to landmarks, by least squares or through them, with wrong pairs left out on request."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from itertools import combinations
from math import comb
from typing import TYPE_CHECKING, Literal, TypeAlias

import numpy as np

from spatialdata.errors import LandmarkError, listing
from spatialdata.transformations.algebra import Axes, FloatArray, as_axes
from spatialdata.transformations.linear import Affine
from spatialdata.transformations.thin_plate import ThinPlateSpline

if TYPE_CHECKING:
    from collections.abc import Iterator
    from collections.abc import Sequence as SequenceABC

    from numpy.typing import ArrayLike, NDArray

    from spatialdata.transformations.algebra import BaseTransformation

__all__ = ["LandmarkFit", "Landmarks", "Model", "fit_landmarks", "fit_similarity"]

Model: TypeAlias = Literal["rigid", "similarity", "affine", "thin_plate"]

_DEGENERATE = 1e-9
_MOST_SAMPLES = 2000


@dataclass(frozen=True, slots=True, eq=False)
class Landmarks:
    """Places that are known in two coordinate systems.

    Attributes
    ----------
    moving, reference
        Arrays of shape ``(n, len(axes))``; row i of both is the same landmark.
    axes
        The axes of the columns.

    Raises
    ------
    LandmarkError
        The arrays do not pair up, or have coordinates that are not finite.

    Examples
    --------
    >>> len(Landmarks([[0.0, 0.0], [1.0, 0.0]], [[5.0, 5.0], [6.0, 5.0]]))
    2
    """

    moving: FloatArray
    reference: FloatArray
    axes: Axes = ("x", "y")

    def __init__(self, moving: ArrayLike, reference: ArrayLike, axes: SequenceABC[str] = ("x", "y")) -> None:
        named = as_axes(axes)
        object.__setattr__(self, "axes", named)
        for what, values in (("moving", moving), ("reference", reference)):
            landmarks = np.array(values, dtype=np.float64)
            if landmarks.ndim != 2 or landmarks.shape[1] != len(named):
                raise LandmarkError(
                    f"The {what} landmarks must be an array of shape (n, {len(named)}). Found {landmarks.shape}."
                )
            if not np.isfinite(landmarks).all():
                raise LandmarkError(f"The {what} landmarks have coordinates that are not finite.")
            landmarks.flags.writeable = False
            object.__setattr__(self, what, landmarks)
        if len(self.moving) != len(self.reference):
            raise LandmarkError(
                f"Landmarks must pair up: found {len(self.moving)} moving and {len(self.reference)} reference "
                "landmarks."
            )

    def __len__(self) -> int:
        return len(self.moving)

    def __getitem__(self, chosen: NDArray[np.bool_] | NDArray[np.intp]) -> Landmarks:
        """Some of the pairs."""
        return Landmarks(self.moving[chosen], self.reference[chosen], self.axes)

    def swapped(self) -> Landmarks:
        """The same pairs, with moving and reference exchanged."""
        return Landmarks(self.reference, self.moving, self.axes)


@dataclass(frozen=True, slots=True, eq=False)
class LandmarkFit:
    """A transformation fitted to landmarks.

    Attributes
    ----------
    transformation
        From the moving to the reference coordinates.
    residuals
        Array of shape ``(n,)``: how far each moving landmark lands from its reference, in units of the reference.
    used
        Boolean array of shape ``(n,)``: the pairs that the transformation was fitted to.
    """

    transformation: BaseTransformation
    residuals: FloatArray
    used: NDArray[np.bool_]

    @property
    def rms(self) -> float:
        """The root mean square of the residuals of the pairs that were used."""
        return float(np.sqrt((self.residuals[self.used] ** 2).mean()))


def fit_landmarks(
    landmarks: Landmarks, model: Model = "similarity", threshold: float | None = None, smoothing: float = 0.0
) -> LandmarkFit:
    """Fit the transformation that takes moving to reference landmarks.

    Parameters
    ----------
    landmarks
        The pairs, flat or in space.
    model
        ``"rigid"`` turns and shifts; ``"similarity"`` also scales evenly, and reflects where the landmarks ask for it;
        ``"affine"`` is any linear map with an offset. These are fitted by least squares. ``"thin_plate"`` goes through
        all landmarks and bends in between.
    threshold
        If given, pairs may be wrong: the map that brings most of them closer than this, in units of the reference, is
        searched for (RANSAC, over all small subsets or 2000 random ones of a fixed seed), and fitted to those only.
        For a thin-plate spline the search is for an affine map.
    smoothing
        How much a thin-plate spline may miss the landmarks to bend less.

    Returns
    -------
    The transformation, the residual of every landmark, and which were used.

    Raises
    ------
    LandmarkError
        The landmarks are too few, or on one spot, line or plane; or no map agrees with more pairs than determine it.

    Examples
    --------
    >>> moving = np.array([[0.0, 0.0], [9.0, 0.0], [0.0, 9.0], [9.0, 9.0], [4.0, 5.0]])
    >>> reference = moving + [3.0, -1.0]
    >>> reference[4] = [100.0, 100.0]  # a wrong pair
    >>> fit = fit_landmarks(Landmarks(moving, reference), "rigid", threshold=0.5)
    >>> fit.used
    array([ True,  True,  True,  True, False])
    """
    if model not in _FITS:
        raise LandmarkError(f"There is no model {model!r} for landmarks. Valid: {listing(_FITS)}.")
    if threshold is not None and not threshold > 0:
        raise LandmarkError(f"The threshold must be more than 0. Found {threshold}.")
    _check(landmarks, model)
    used = np.ones(len(landmarks), dtype=bool) if threshold is None else _consensus(landmarks, model, threshold)
    chosen = landmarks[used]
    if threshold is not None:
        _check(chosen, model)
    transformation: BaseTransformation
    if model == "thin_plate":
        transformation = ThinPlateSpline(chosen.moving, chosen.reference, chosen.axes, smoothing)
    else:
        transformation = Affine(_FITS[model](chosen.moving, chosen.reference), landmarks.axes, landmarks.axes)
    mapped = transformation.transform_coordinates(landmarks.moving, landmarks.axes)
    return LandmarkFit(transformation, np.linalg.norm(mapped - landmarks.reference, axis=1), used)


def fit_similarity(moving: FloatArray, reference: FloatArray) -> FloatArray:
    """Fit the similarity that takes moving to reference points, by least squares.

    A similarity rotates or reflects, scales evenly, and shifts.

    Parameters
    ----------
    moving, reference
        Arrays of shape ``(n, k)``; row i of both is the same landmark.

    Returns
    -------
    Homogeneous matrix of shape ``(k + 1, k + 1)``. Whether it reflects is decided by the best affine map.

    Raises
    ------
    LandmarkError
        Fewer than k + 1 pairs, unequal numbers, values that are not finite, or points on one line or plane.

    References
    ----------
    S. Umeyama, Least-squares estimation of transformation parameters between two point patterns, IEEE TPAMI 13 (1991).

    Examples
    --------
    >>> square = np.array([[0.0, 0.0], [1.0, 0.0], [1.0, 1.0], [0.0, 1.0]])
    >>> fit_similarity(square, 2 * square + 5).round(6)
    array([[2., 0., 5.],
           [0., 2., 5.],
           [0., 0., 1.]])
    """
    axes: Axes = ("x", "y", "z")
    _check(Landmarks(moving, reference, axes[: moving.shape[1]] if moving.ndim == 2 else axes[:2]), "similarity")
    return _similarity(moving, reference)


def _similarity(moving: FloatArray, reference: FloatArray) -> FloatArray:
    affine = _affine(moving, reference)[:-1, :-1]
    return _procrustes(moving, reference, -1.0 if np.linalg.det(affine) < 0 else 1.0, scaled=True)


def _rigid(moving: FloatArray, reference: FloatArray) -> FloatArray:
    return _procrustes(moving, reference, 1.0, scaled=False)


def _procrustes(moving: FloatArray, reference: FloatArray, handedness: float, *, scaled: bool) -> FloatArray:
    moving_mean, reference_mean = moving.mean(axis=0), reference.mean(axis=0)
    centred = moving - moving_mean
    u, singular, vt = np.linalg.svd((reference - reference_mean).T @ centred)
    signs = np.ones(len(singular))
    signs[-1] = np.sign(np.linalg.det(u) * np.linalg.det(vt) * handedness)
    scale = float((singular * signs).sum() / (centred**2).sum()) if scaled else 1.0
    return _homogeneous(scale * u @ np.diag(signs) @ vt, moving_mean, reference_mean)


def _affine(moving: FloatArray, reference: FloatArray) -> FloatArray:
    moving_mean, reference_mean = moving.mean(axis=0), reference.mean(axis=0)
    linear = np.linalg.lstsq(moving - moving_mean, reference - reference_mean, rcond=None)[0].T
    return _homogeneous(linear, moving_mean, reference_mean)


def _homogeneous(linear: FloatArray, moving_mean: FloatArray, reference_mean: FloatArray) -> FloatArray:
    matrix = np.eye(len(linear) + 1)
    matrix[:-1, :-1] = linear
    matrix[:-1, -1] = reference_mean - linear @ moving_mean
    return matrix


_FITS: dict[str, Callable[[FloatArray, FloatArray], FloatArray]] = {
    "rigid": _rigid,
    "similarity": _similarity,
    "affine": _affine,
    "thin_plate": _affine,
}


def _needed(model: Model, count: int) -> tuple[int, int]:
    """How many pairs a model needs over so many axes, and how many of the axes they must span."""
    return (count, count - 1) if model == "rigid" else (count + 1, count)


def _check(landmarks: Landmarks, model: Model) -> None:
    pairs, spanned = _needed(model, len(landmarks.axes))
    if len(landmarks) < pairs:
        raise LandmarkError(
            f"At least {pairs} pairs of landmarks are needed for a {model} map over {landmarks.axes}. Found "
            f"{len(landmarks)}."
        )
    for what, values in (("moving", landmarks.moving), ("reference", landmarks.reference)):
        if not _spans(values, spanned):
            raise LandmarkError(
                f"The {what} landmarks lie on one line or on one spot"
                f"{' or on one plane' if len(landmarks.axes) > 2 else ''}. Choose some that span the tissue."
            )


def _spans(values: FloatArray, spanned: int) -> bool:
    spread = np.linalg.svd(values - values.mean(axis=0), compute_uv=False)
    return bool(spread[spanned - 1] > _DEGENERATE * max(spread[0], np.finfo(float).tiny))


def _consensus(landmarks: Landmarks, model: Model, threshold: float) -> NDArray[np.bool_]:
    """The largest set of pairs that one map brings closer than the threshold; the closest of equally large ones."""
    pairs, spanned = _needed(model, len(landmarks.axes))
    best, best_rank = np.zeros(len(landmarks), dtype=bool), (0, 0.0)
    for chosen in _samples(len(landmarks), pairs):
        moving, reference = landmarks.moving[chosen], landmarks.reference[chosen]
        if not (_spans(moving, spanned) and _spans(reference, spanned)):
            continue
        matrix = _FITS[model](moving, reference)
        distance = np.linalg.norm(landmarks.moving @ matrix[:-1, :-1].T + matrix[:-1, -1] - landmarks.reference, axis=1)
        near = distance <= threshold
        rank = (int(near.sum()), -float((distance[near] ** 2).sum()))
        if rank > best_rank:
            best, best_rank = near, rank
    if best_rank[0] <= pairs and len(landmarks) > pairs:
        raise LandmarkError(
            f"No {model} map brings more than {pairs} of {len(landmarks)} pairs of landmarks closer than "
            f"{threshold:g}, and so many can always be brought together. Raise the threshold, or check the pairs."
        )
    return best


def _samples(count: int, pairs: int) -> Iterator[NDArray[np.intp]]:
    if comb(count, pairs) <= _MOST_SAMPLES:
        for chosen in combinations(range(count), pairs):
            yield np.array(chosen, dtype=np.intp)
        return
    rng = np.random.default_rng(0)
    for _ in range(_MOST_SAMPLES):
        yield rng.choice(count, pairs, replace=False)
