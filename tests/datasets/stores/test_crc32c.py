from tensorboard.compat.tensorflow_stub import pywrap_tensorflow

from compare_ssgan.datasets.stores import crc32c


def test_masked_checksums_are_those_of_tensorboard():
    contents = [b"", b"123456789", bytes(range(256)) * 20]
    expected = [pywrap_tensorflow.masked_crc32c(each) for each in contents]
    assert crc32c.masked(contents).tolist() == expected
    assert len(crc32c.masked([])) == 0
