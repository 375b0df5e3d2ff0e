"""Outlines of labels along the edges of pixels."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from spatialdata.kernels.compiled import compiled

if TYPE_CHECKING:
    from numpy.typing import NDArray

__all__ = ["padded_labels", "trace"]


_ROOM = 4096


@compiled
def trace(padded: NDArray[Any]) -> tuple[NDArray[np.int32], NDArray[np.int64], NDArray[Any], NDArray[np.bool_]]:
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
    height, width = padded.shape
    corners = np.empty((_ROOM, 2), np.int32)
    offsets, labels = np.empty(_ROOM + 1, np.int64), np.empty(_ROOM, padded.dtype)
    touches = np.zeros(_ROOM, np.bool_)
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
            if padded[first_y - 1, first_x] == label or label == 0 or seen[first_y, first_x]:
                continue
            if ring == len(labels):
                offsets, labels = np.append(offsets, offsets[:-1]), np.append(labels, labels)
                touches = np.append(touches, np.zeros(ring, np.bool_))
            offsets[ring], labels[ring] = end, label
            corners[end, 0], corners[end, 1] = first_x - 1, first_y - 1
            end += 1
            x, y, direction = first_x, first_y, 0
            while True:
                # Room for the corner of this step, and for the first one once more.
                if end + 2 > len(corners):
                    corners = np.concatenate((corners, np.empty_like(corners)))
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
    return corners[:end].copy(), offsets[: ring + 1].copy(), labels[:ring].copy(), touches[:ring].copy()


def padded_labels(block: NDArray[Any]) -> NDArray[Any]:
    """Labels with a border of zeros, as :func:`trace` takes them."""
    padded = np.zeros((block.shape[0] + 2, block.shape[1] + 2), dtype=block.dtype)
    padded[1:-1, 1:-1] = block
    return padded
