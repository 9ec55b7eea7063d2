"""The checksum of TFRecord files."""

from collections.abc import Sequence

import google_crc32c
import numpy as np

# What TFRecord files add to a rotated checksum.
_MASK = 0xA282EAD8


def masked(contents: Sequence[bytes]) -> np.ndarray:
    """Returns the masked CRC-32C that TFRecord files keep of each of these contents.

    Args:
        contents: Of any lengths.

    Returns:
        [contents] uint32.
    """
    crc = np.array([google_crc32c.value(each) for each in contents], np.uint32)
    return ((crc >> np.uint32(15)) | (crc << np.uint32(17))) + np.uint32(_MASK)
