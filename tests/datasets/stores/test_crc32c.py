import numpy as np
import pytest
from tensorboard.compat.tensorflow_stub import pywrap_tensorflow

from compare_ssgan.datasets.stores import crc32c


@pytest.mark.parametrize(
    "content, expected",
    [
        # RFC 3720, B.4, and the check value of the catalogue of CRCs.
        (b"\0" * 32, 0x8A9136AA),
        (b"\xff" * 32, 0x62A8AB43),
        (bytes(range(32)), 0x46DD794E),
        (b"123456789", 0xE3069283),
        (b"", 0),
    ],
)
def test_checksums_are_those_of_the_standard(content, expected):
    assert crc32c.checksums([content]).tolist() == [expected]


def test_masked_checksums_of_all_lengths_are_those_of_tensorboard():
    rng = np.random.default_rng(0)
    contents = [rng.bytes(n) for n in (*range(9), 127, 128, 129, 640, 5000)]
    expected = [pywrap_tensorflow.masked_crc32c(each) for each in contents]
    assert crc32c.masked(contents).tolist() == expected
    assert len(crc32c.masked([])) == 0


def test_checksums_of_rows_are_those_of_their_bytes():
    rows = np.random.default_rng(0).integers(0, 256, (7, 8), np.uint8)
    expected = crc32c.masked([row.tobytes() for row in rows])
    np.testing.assert_array_equal(crc32c.masked_of_rows(rows), expected)
