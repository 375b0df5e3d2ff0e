"""Outlines of labels along the edges of pixels."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from spatialdata.kernels.compiled import compiled

if TYPE_CHECKING:
    from numpy.typing import NDArray

__all__ = ["padded_labels", "trace"]


@compiled
def _count_corners(padded: NDArray[np.int64]) -> int:
    """The number of corners of all outlines: each pixel has those where the outline turns around it or into it."""
    corners = 0
    for y in range(1, padded.shape[0] - 1):
        for x in range(1, padded.shape[1] - 1):
            label = padded[y, x]
            if label == 0:
                continue
            for dy in (-1, 1):
                for dx in (-1, 1):
                    beside, above = padded[y, x + dx] == label, padded[y + dy, x] == label
                    convex, concave = not beside and not above, beside and above and padded[y + dy, x + dx] != label
                    corners += convex or concave
    return corners


@compiled
def trace(
    padded: NDArray[np.int64],
) -> tuple[NDArray[np.int32], NDArray[np.int64], NDArray[np.int64], NDArray[np.bool_]]:
    """Follow the outlines of all labels, the label always on the right hand as seen with y downwards.

    Pixels of a label that share only a corner are apart. Outer outlines have a positive area, those of holes a
    negative one.

    Parameters
    ----------
    padded
        Labels of shape ``(height + 2, width + 2)`` with a border of zeros.

    Returns
    -------
    corners
        Array of shape ``(n, 2)`` of x, y; each outline ends with its first corner. Pixel i covers i to i + 1, the
        border not counted.
    offsets
        Where the outlines start in it, and its end.
    labels
        The label of each outline.
    touches
        Whether an outline may touch itself at a corner.
    """
    total = _count_corners(padded)
    height, width = padded.shape
    corners = np.empty((total + total // 4, 2), np.int32)
    offsets = np.empty(total // 4 + 1, np.int64)
    labels = np.empty(total // 4, np.int64)
    touches = np.zeros(total // 4, np.bool_)
    seen = np.zeros((height, width), np.bool_)
    # Directions: 0 to the right, 1 down, 2 to the left, 3 up. For each, the step of the corner and the pixels ahead
    # of it on the right and on the left hand, seen from the corner.
    step_x, step_y = (1, 0, -1, 0), (0, 1, 0, -1)
    right_x, right_y = (0, -1, -1, 0), (0, 0, -1, -1)
    left_x, left_y = (0, 0, -1, -1), (-1, 0, 0, -1)
    end, ring = 0, 0
    for first_y in range(1, height - 1):
        for first_x in range(1, width - 1):
            label = padded[first_y, first_x]
            if label == 0 or seen[first_y, first_x] or padded[first_y - 1, first_x] == label:
                continue
            offsets[ring], labels[ring] = end, label
            corners[end, 0], corners[end, 1] = first_x - 1, first_y - 1
            end += 1
            x, y, direction = first_x, first_y, 0
            while True:
                if direction == 0:
                    seen[y, x] = True
                x += step_x[direction]
                y += step_y[direction]
                right = padded[y + right_y[direction], x + right_x[direction]] == label
                left = padded[y + left_y[direction], x + left_x[direction]] == label
                turned = direction
                if not right:
                    turned = (direction + 1) % 4
                    touches[ring] = touches[ring] or left
                elif left:
                    turned = (direction + 3) % 4
                if x == first_x and y == first_y and turned == 0:
                    break
                if turned != direction:
                    corners[end, 0], corners[end, 1] = x - 1, y - 1
                    end += 1
                    direction = turned
            corners[end] = corners[offsets[ring]]
            end += 1
            ring += 1
    offsets[ring] = end
    return corners[:end], offsets[: ring + 1], labels[:ring], touches[:ring]


def padded_labels(block: NDArray[Any]) -> NDArray[np.int64]:
    """Labels with a border of zeros, as :func:`trace` takes them."""
    padded = np.zeros((block.shape[0] + 2, block.shape[1] + 2), dtype=np.int64)
    padded[1:-1, 1:-1] = block
    return padded
