"""What compressed buffers say of themselves.

Blosc compresses a buffer in blocks, each by itself, and says in front where each begins. A buffer of some of the blocks
is as good as one of all; any library decompresses it.
"""

from __future__ import annotations

import struct

__all__ = ["blocks_between", "plain_size"]

# Version, version of the codec, flags, size of a value; the sizes of all, of a block and of what is stored.
_HEADER = struct.Struct("<4B3I")
_IS_PLAIN = 2
_WORTH_IT = 0.9
_ZSTD_MAGIC = b"\x28\xb5\x2f\xfd"


def plain_size(codec: str, stored: bytes) -> int | None:
    """How many bytes a buffer holds when it is decompressed, if that is in front of it.

    Parameters
    ----------
    codec
        The name that numcodecs has for the compression.
    stored
        The buffer.

    Raises
    ------
    ValueError
        The buffer ends before it should. Blosc itself would read on.
    """
    if codec == "blosc" and len(stored) >= _HEADER.size:
        *_, size, _, length = _HEADER.unpack_from(stored)
        if length > len(stored):
            raise ValueError(f"it has {len(stored)} bytes, but says that it has {length}")
        return int(size)
    return _size_of_frame(stored) if codec == "zstd" and stored[:4] == _ZSTD_MAGIC else None


def _size_of_frame(stored: bytes) -> int | None:
    """The size that a frame of zstd names, which it need not."""
    described = stored[4] if len(stored) > 4 else 0
    is_one_segment = described >> 5 & 1
    width = (is_one_segment, 2, 4, 8)[described >> 6]
    place = 5 + (1 - is_one_segment) + (0, 1, 2, 4)[described & 3]
    if not width or len(stored) < place + width:
        return None
    return int.from_bytes(stored[place : place + width], "little") + (256 if width == 2 else 0)


def blocks_between(stored: bytes, start: int, stop: int, whole: int) -> tuple[bytes, int, int] | None:
    """The buffer of the blocks that hold some bytes.

    Parameters
    ----------
    stored
        A buffer that blosc has made.
    start, stop
        The bytes that are wanted, counted without compression.
    whole
        The number of all bytes, without compression.

    Returns
    -------
    The buffer, the number of the byte with which its contents begin, and how many they are; None where nearly all
    blocks would be in it, or where it is no such buffer.
    """
    if len(stored) < _HEADER.size:
        return None
    version, inner, flags, item, total, block, length = _HEADER.unpack_from(stored)
    if (
        flags & _IS_PLAIN
        or total != whole
        or not 0 < block < total
        or length != len(stored)
        or not 0 <= start < stop <= total
    ):
        return None
    count = -(-total // block)
    first, last = start // block, -(-stop // block)
    if first == count - 1:
        first -= 1  # the last block may be a shorter one, which a buffer cannot consist of
    if last - first > _WORTH_IT * count or _HEADER.size + 4 * count > length:
        return None
    begins = struct.unpack_from(f"<{count}I", stored, _HEADER.size)
    # Threads may have put the blocks in any order.
    ends = dict(zip(order := sorted(begins), [*order[1:], length], strict=True))
    pieces = [stored[begins[number] : ends[begins[number]]] for number in range(first, last)]
    places = [_HEADER.size + 4 * len(pieces)]
    for piece in pieces:
        places.append(places[-1] + len(piece))
    size = min(last * block, total) - first * block
    header = _HEADER.pack(version, inner, flags, item, size, block, places[-1])
    return b"".join([header, struct.pack(f"<{len(pieces)}I", *places[:-1]), *pieces]), first * block, size
