"""The thin-plate spline: the smoothest map that takes landmarks to landmarks."""

from __future__ import annotations

from functools import cached_property
from typing import TYPE_CHECKING, Any

import numpy as np

from spatialdata.errors import TransformationError
from spatialdata.transformations.algebra import FloatArray, as_axes
from spatialdata.transformations.nonlinear import NonLinear

if TYPE_CHECKING:
    from collections.abc import Sequence as SequenceABC

    from numpy.typing import ArrayLike
    from scipy.interpolate import RBFInterpolator

__all__ = ["ThinPlateSpline"]

_DEGENERATE = 1e-9


class ThinPlateSpline(NonLinear):
    """The map of least bending that takes source landmarks to target landmarks.

    An affine map plus a weighted kernel ``r² log r`` about every landmark. Far away from the landmarks it goes on like
    the affine map, bent ever less; do not trust it there.

    Parameters
    ----------
    source, target
        Landmarks, arrays of shape ``(n, len(axes))``; row i of both is the same place. At least one more than there
        are axes, no two sources the same, and not all on one line (or plane).
    axes
        The axes of the columns, two or three.
    smoothing
        0 goes through the landmarks exactly; larger values bend less and leave residuals.

    Raises
    ------
    TransformationError
        The landmarks do not determine a spline.

    References
    ----------
    F. L. Bookstein, Principal warps: thin-plate splines and the decomposition of deformations, IEEE TPAMI 11 (1989).

    Examples
    --------
    >>> source = np.array([[0.0, 0.0], [10.0, 0.0], [0.0, 10.0], [10.0, 10.0]])
    >>> warp = ThinPlateSpline(source, source + [[0, 0], [0, 0], [0, 0], [1, 2]], axes=("x", "y"))
    >>> warp.transform_coordinates(source, ("x", "y"))[3].round(9)
    array([11., 12.])
    """

    def __init__(self, source: ArrayLike, target: ArrayLike, axes: SequenceABC[str], smoothing: float = 0.0) -> None:
        self.axes = as_axes(axes)
        self.source = self._landmarks(source, "source")
        self.target = self._landmarks(target, "target")
        if not (np.isfinite(smoothing) and smoothing >= 0):
            raise TransformationError(f"The smoothing of a ThinPlateSpline must be 0 or more. Found {smoothing}.")
        self.smoothing = float(smoothing)
        self._check()

    def _landmarks(self, values: ArrayLike, what: str) -> FloatArray:
        landmarks = np.array(values, dtype=np.float64)
        if landmarks.ndim != 2 or landmarks.shape[1] != len(self.axes):
            raise TransformationError(
                f"The {what} landmarks of a ThinPlateSpline over {self.axes} must have the shape "
                f"(n, {len(self.axes)}). Found {landmarks.shape}."
            )
        if not np.isfinite(landmarks).all():
            raise TransformationError(f"The {what} landmarks have coordinates that are not finite.")
        landmarks.flags.writeable = False
        return landmarks

    def _check(self) -> None:
        needed = len(self.axes) + 1
        if len(self.source) != len(self.target):
            raise TransformationError(
                f"Landmarks must pair up: found {len(self.source)} source and {len(self.target)} target landmarks."
            )
        if len(self.source) < needed:
            raise TransformationError(
                f"A ThinPlateSpline over {self.axes} needs at least {needed} landmarks. Found {len(self.source)}."
            )
        if len(np.unique(self.source, axis=0)) < len(self.source):
            raise TransformationError("Two source landmarks of a ThinPlateSpline are at the same place.")
        spread = np.linalg.svd(self.source - self.source.mean(axis=0), compute_uv=False)
        if spread[-1] <= _DEGENERATE * spread[0]:
            raise TransformationError(
                f"The source landmarks lie on one line or plane. A ThinPlateSpline over {self.axes} needs landmarks "
                "that span all of these axes."
            )

    @cached_property
    def _spline(self) -> RBFInterpolator:
        from scipy.interpolate import RBFInterpolator

        return RBFInterpolator(self.source, self.target, kernel="thin_plate_spline", degree=1, smoothing=self.smoothing)

    @cached_property
    def _backward_affine(self) -> FloatArray:
        """The affine map that fits the way back best, as rows of shape ``(k, k + 1)``."""
        known = np.column_stack([self.target, np.ones(len(self.target))])
        return np.asarray(np.linalg.lstsq(known, self.source, rcond=None)[0].T, dtype=np.float64)

    def evaluate(self, points: FloatArray) -> FloatArray:
        """See :meth:`NonLinear.evaluate`."""
        mapped = np.full(points.shape, np.nan)
        finite = np.isfinite(points).all(axis=1)
        if finite.any():
            mapped[finite] = self._spline(points[finite])
        return mapped

    def guess(self, targets: FloatArray) -> FloatArray:
        """See :meth:`NonLinear.guess`."""
        rows = self._backward_affine
        return targets @ rows[:, :-1].T + rows[:, -1]

    def __getstate__(self) -> dict[str, Any]:
        return {key: value for key, value in self.__dict__.items() if key not in ("_spline", "_backward_affine")}

    def _parameters(self) -> tuple[Any, ...]:
        return (self.axes, self.source, self.target, self.smoothing)

    def _describe(self) -> list[str]:
        bent = np.linalg.norm(self.target - self.source, axis=1)
        lines = [
            f"ThinPlateSpline ({', '.join(self.axes)})",
            f"    {len(self.source)} landmarks, moved by {bent.min():g} to {bent.max():g}",
        ]
        return [*lines, f"    smoothing {self.smoothing:g}"] if self.smoothing else lines
