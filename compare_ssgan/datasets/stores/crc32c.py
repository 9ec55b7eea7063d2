"""The checksum of TFRecord files, of many records at a time.

CRC-32C (Castagnoli), the polynomial 0x1EDC6F41 with bits reflected, RFC 3720,
appendix B.4, https://www.rfc-editor.org/rfc/rfc3720. It is linear over GF(2): records
are cut into blocks, the checksums of all blocks are found side by side, and each is
then moved to its distance from the end of its record.
"""

import functools
from collections.abc import Sequence

import numpy as np

_REFLECTED_POLYNOMIAL = 0x82F63B78
_ALL_ONES = 0xFFFFFFFF
_WORD = 4
# Bytes; of smaller blocks there are more to move, of larger ones fewer side by side.
_BLOCK = 128
# What TFRecord files add to a rotated checksum.
_MASK = 0xA282EAD8


def masked(contents: Sequence[bytes]) -> np.ndarray:
    """Returns the masked checksums that TFRecord files keep of these contents.

    Args:
        contents: Of any lengths.

    Returns:
        [contents] uint32.
    """
    crc = checksums(contents)
    return ((crc >> np.uint32(15)) | (crc << np.uint32(17))) + np.uint32(_MASK)


def masked_of_rows(rows: np.ndarray) -> np.ndarray:
    """Returns the masked checksums of [n, m] uint8, m a multiple of 4: [n] uint32."""
    words = np.ascontiguousarray(rows).view("<u4")
    crc = np.full(len(rows), _ALL_ONES, np.uint32)
    for column in words.T:
        crc = _next(crc ^ column)
    crc = ~crc
    return ((crc >> np.uint32(15)) | (crc << np.uint32(17))) + np.uint32(_MASK)


def checksums(contents: Sequence[bytes]) -> np.ndarray:
    """Returns the CRC-32C of each of these contents: [contents] uint32."""
    lengths = np.array([len(each) for each in contents], np.int64)
    num_blocks = np.maximum(-(-lengths // _BLOCK), 1)
    ends = np.cumsum(num_blocks)
    buffer = np.zeros(int(num_blocks.sum()) * _BLOCK, np.uint8)
    # Zeros in front change nothing where the checksum starts at 0. It starts at ones,
    # which is the same as inverting the first four bytes.
    for each, length, end in zip(contents, lengths, ends, strict=True):
        part = buffer[end * _BLOCK - length : end * _BLOCK]
        part[:] = np.frombuffer(each, np.uint8)
        part[:_WORD] ^= 0xFF
    words = buffer.view("<u4").reshape(-1, _BLOCK // _WORD).T.copy()
    crc = np.zeros(words.shape[1], np.uint32)
    for word in words:
        crc = _next(crc ^ word)
    distances = np.repeat(ends, num_blocks) - np.arange(len(crc)) - 1
    for power in range(int(distances.max(initial=0)).bit_length()):
        chosen = np.flatnonzero(distances >> power & 1)
        crc[chosen] = _moved(crc[chosen], power)
    result = ~np.bitwise_xor.reduceat(crc, ends - num_blocks)
    for index in np.flatnonzero(lengths < _WORD).tolist():
        result[index] = _byte_by_byte(contents[index])
    return result


def _next(words: np.ndarray) -> np.ndarray:
    """Returns checksums after a word, of its sums with the checksums before it."""
    return _mapped(words, *_word_tables())


def _moved(crc: np.ndarray, power: int) -> np.ndarray:
    """Returns checksums after 2**power blocks of zeros."""
    return _mapped(crc, *_block_tables(power))


def _mapped(words: np.ndarray, low: np.ndarray, high: np.ndarray) -> np.ndarray:
    halves = words.astype("<u4", copy=False).view("<u2")
    # No half is outside of a table; not to check that takes half the time.
    return low.take(halves[::2], mode="wrap") ^ high.take(halves[1::2], mode="wrap")


@functools.cache
def _byte_table() -> np.ndarray:
    table = np.arange(256, dtype=np.uint32)
    for _ in range(8):
        odd = (table & 1).astype(bool)
        table = (table >> np.uint32(1)) ^ np.where(
            odd, np.uint32(_REFLECTED_POLYNOMIAL), np.uint32(0)
        )
    return table


@functools.cache
def _word_tables() -> tuple[np.ndarray, np.ndarray]:
    crc = np.left_shift(np.uint32(1), np.arange(32, dtype=np.uint32))
    for _ in range(_WORD):
        crc = (crc >> np.uint32(8)) ^ _byte_table()[crc & np.uint32(0xFF)]
    return _tables(crc)


@functools.cache
def _block_tables(power: int) -> tuple[np.ndarray, np.ndarray]:
    crc = np.left_shift(np.uint32(1), np.arange(32, dtype=np.uint32))
    if power == 0:
        for _ in range(_BLOCK // _WORD):
            crc = _next(crc)
    else:
        crc = _moved(_moved(crc, power - 1), power - 1)
    return _tables(crc)


def _tables(images: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Returns the values of a linear map for all low halves and all high halves.

    Args:
        images: [32] uint32 values for the 32 single bits.
    """
    low, high = np.zeros((2, 1), np.uint32)
    for bit in range(16):
        low = np.concatenate([low, low ^ images[bit]])
        high = np.concatenate([high, high ^ images[16 + bit]])
    return low, high


def _byte_by_byte(content: bytes) -> np.uint32:
    crc = np.uint32(_ALL_ONES)
    for byte in content:
        crc = (crc >> np.uint32(8)) ^ _byte_table()[(int(crc) ^ byte) & 0xFF]
    return ~crc
