import numpy as np

from compare_ssgan.datasets.digit_outlines import digit_outlines, outlines
from compare_ssgan.datasets.digits import digits


def everything(split):
    num = split.num_examples
    return next(split.evaluation_batches(num, num))


def where(some, images):
    """Returns the positions of images that are among some."""
    rows = {image.tobytes() for image in some}
    return [i for i, image in enumerate(images) if image.tobytes() in rows]


def test_targets_are_the_digits_and_sources_their_outlines():
    pairs, single = digit_outlines(), digits()
    assert pairs.source_shape == pairs.target_shape == single.image_shape
    for split, expected in ((pairs.train, single.train), (pairs.test, single.test)):
        source, target = everything(split)
        np.testing.assert_array_equal(target.images, everything(expected).images)
        np.testing.assert_array_equal(source.ids, everything(expected).ids)
        drawn = outlines(np.rint(target.images.numpy() * 255).astype(np.uint8))
        np.testing.assert_array_equal(source.images, drawn / np.float32(255))
        # Lines, and in every image some.
        assert source.images.numpy().any(axis=(1, 2, 3)).all()
        assert source.images.numpy().mean() < 0.7 * target.images.numpy().mean()


def test_an_outline_is_ink_beside_what_is_none():
    image = np.zeros((1, 6, 7, 1), np.uint8)
    image[0, 1:, 1:6, 0] = 128  # It goes on to the lower border.
    image[0, 0, 0, 0] = 127
    expected = [
        "       ",
        " ##### ",
        " #   # ",
        " #   # ",
        " #   # ",
        " ##### ",
    ]
    drawn = [["#" if pixel else " " for pixel in row] for row in outlines(image)[0]]
    assert ["".join(row) for row in drawn] == expected
    assert set(np.unique(outlines(image))) == {0, 255}


def test_unaligned_domains_have_no_digit_in_common_and_all_classes():
    pairs, single = digit_outlines(aligned=False), digits()
    assert pairs.name == "digit_outlines_unaligned"
    # The examples of either domain are among the 600, each where it was.
    known = everything(single.test)
    images, labels = known.images.numpy(), known.labels.numpy().argmax(axis=1)
    outlined = outlines(np.rint(images * 255).astype(np.uint8)) / np.float32(255)
    sources, targets = (samples.images.numpy() for samples in everything(pairs.test))
    ours, theirs = where(sources, outlined), where(targets, images)
    assert len(ours) == len(theirs) == pairs.test.num_examples == 300
    assert not set(ours) & set(theirs)
    assert set(labels[ours]) == set(labels[theirs]) == set(range(10))
