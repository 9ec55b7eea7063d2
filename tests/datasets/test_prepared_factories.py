"""What each set takes of what tensorflow-datasets prepares, and its options."""

import numpy as np
import pytest
import tfds_files

from compare_ssgan.datasets import base
from compare_ssgan.datasets.celeb_a import celeb_a
from compare_ssgan.datasets.celeb_a_hq import celeb_a_hq
from compare_ssgan.datasets.cifar100 import cifar100
from compare_ssgan.datasets.fashion_mnist import fashion_mnist
from compare_ssgan.datasets.imagenet2012 import imagenet2012
from compare_ssgan.datasets.imagenet_resized import imagenet_resized
from compare_ssgan.datasets.lsun import lsun
from compare_ssgan.datasets.mnist import mnist
from compare_ssgan.datasets.stl10 import stl10
from compare_ssgan.datasets.svhn import svhn
from compare_ssgan.errors import InputError


@pytest.fixture
def data(prepared):
    """The directory with all sets as what --data_dir names."""
    base.set_data_directory(prepared)
    yield
    base.set_data_directory(None)


def everything(split):
    return next(split.evaluation_batches(split.num_examples, split.num_examples))


def pixels(split):
    return np.rint(everything(split).images.numpy() * 255).astype(np.uint8)


def test_mnist_keeps_its_one_channel(data):
    np.testing.assert_array_equal(
        pixels(mnist().test), tfds_files.images("mnist", "test")
    )


def test_labels_of_cifar100_are_fine_or_coarse(data):
    fine, coarse = cifar100(), cifar100(labels="coarse")
    assert (fine.name, fine.num_classes) == ("cifar100_subset", 100)
    assert (coarse.name, coarse.num_classes) == ("cifar100_coarse_subset", 20)
    np.testing.assert_array_equal(fine.train.labels, np.arange(30))
    np.testing.assert_array_equal(coarse.train.labels, np.arange(30) % 20)


def test_unlabelled_images_of_stl10_follow_the_labelled_ones(data):
    dataset = stl10()
    assert dataset.name == "stl10_48_subset"
    assert dataset.train.labels.tolist() == [0, 1, 2, 3, 4, 5] + [-1] * 12
    batch = everything(dataset.train)
    np.testing.assert_array_equal(np.sum(batch.labels, 1), [1] * 6 + [0] * 12)
    stored = [tfds_files.images("stl10", split) for split in ("train", "unlabelled")]
    # At 48 pixels each is the mean of four of the 96x96.
    means = np.concatenate(stored).reshape(18, 48, 2, 48, 2, 3).mean((2, 4))
    assert np.abs(batch.images.numpy() * 255 - means).max() <= 0.501


@pytest.mark.parametrize(
    ("train", "num", "name"),
    [("labelled", 6, "stl10_96_labelled"), ("unlabelled", 12, "stl10_96_unlabelled")],
)
def test_a_part_of_stl10_is_named(data, train, num, name):
    dataset = stl10(size=96, train=train)
    assert dataset.name == f"{name}_subset"
    assert dataset.train.num_examples == num
    assert dataset.image_shape == (96, 96, 3)


def test_extra_images_of_svhn_are_asked_for(data):
    assert (svhn().name, svhn().train.num_examples) == ("svhn_subset", 20)
    extra = svhn(extra=True)
    assert (extra.name, extra.train.num_examples) == ("svhn_extra_subset", 28)
    assert extra.train.labels.tolist() == [*range(10), *range(10), *range(8)]


def test_celeb_a_is_the_central_160_pixels_resized(data):
    image = pixels(celeb_a().test)[0].astype(int)
    window = tfds_files.images("celeb_a", "test")[0][29:189, 9:169].astype(int)
    # On the grid of TensorFlow 1 every even pixel of 64 is every fifth of 160.
    assert np.abs(image[::2, ::2] - window[::5, ::5]).max() <= 3
    # Elsewhere pixel 32 of 64 lies between 80 and 81 of 160.
    centred = pixels(celeb_a(antialias=True).test)[0].astype(int)
    expected = window[80:82, 80:82].mean((0, 1))
    assert np.abs(centred[32, 32] - expected).max() <= 3
    assert celeb_a(size=128, antialias=True).name == "celeb_a_128_antialias_subset"
    assert celeb_a().num_classes == 0


def test_the_last_tenth_of_celeb_a_hq_is_tested_on(data):
    dataset = celeb_a_hq()
    assert (dataset.train.num_examples, dataset.test.num_examples) == (27, 3)
    np.testing.assert_array_equal(
        pixels(dataset.test), tfds_files.images("celeb_a_hq/128", "train")[27:]
    )
    base.set_data_directory(None)
    assert celeb_a_hq(size=256).train.num_examples == 27_000


def test_lsun_is_split_as_in_compare_gan():
    base.set_data_directory(None)
    dataset = lsun()
    assert dataset.name == "lsun_bedroom_128"
    assert (dataset.train.num_examples, dataset.test.num_examples) == (
        3_002_712,
        30_330,
    )
    assert lsun(category="tower", size=64, resize=True, antialias=True).name == (
        "lsun_tower_64_resized_antialias"
    )


def test_crops_of_imagenet_that_evaluations_do_not_see_leave_its_name(data):
    for crop in ("distorted", "random", "middle"):
        dataset = imagenet2012(crop=crop)
        assert dataset.name == "imagenet_128_subset"
        assert dataset.train.store.random == (crop != "middle")
    name = imagenet2012(size=256, crop="none", antialias=True).name
    assert name == "imagenet_256_uncropped_antialias_subset"


def test_downsampled_imagenet_is_not_resized_again(data):
    np.testing.assert_array_equal(
        pixels(imagenet_resized(size=64).test),
        tfds_files.images("imagenet_resized/64x64", "validation"),
    )


@pytest.mark.parametrize(
    ("factory", "arguments", "message"),
    [
        (cifar100, {"labels": "finer"}, "'finer'. Change datasets.cifar100.labels"),
        (stl10, {"size": 32}, "not 32. Change datasets.stl10.size"),
        (stl10, {"train": "all"}, "'all'. Change datasets.stl10.train"),
        (celeb_a, {"size": 32}, "not 32. Change datasets.celeb_a.size"),
        (celeb_a_hq, {"size": 1024}, "not 1024. Change datasets.celeb_a_hq.size"),
        (lsun, {"category": "cat"}, "bridge.*not 'cat'. Change datasets.lsun.category"),
        (lsun, {"size": 512}, "not 512. Change datasets.lsun.size"),
        (lsun, {"antialias": True}, "Set datasets.lsun.resize = True"),
        (imagenet2012, {"size": 32}, "not 32. Change datasets.imagenet2012.size"),
        (imagenet2012, {"crop": "mid"}, "datasets.imagenet2012.crop must .* not 'mid'"),
        (imagenet_resized, {"size": 8}, "not 8. Change datasets.imagenet_resized.size"),
    ],
)
def test_other_options_are_refused(factory, arguments, message):
    with pytest.raises(InputError, match=message):
        factory(**arguments)


@pytest.mark.parametrize(
    ("factory", "num_train", "num_test"),
    [
        (mnist, 60_000, 10_000),
        (fashion_mnist, 60_000, 10_000),
        (cifar100, 50_000, 10_000),
        (stl10, 105_000, 8_000),
        (svhn, 73_257, 26_032),
        (celeb_a, 162_770, 19_962),
        (imagenet2012, 1_281_167, 50_000),
        (imagenet_resized, 1_281_167, 50_000),
    ],
)
def test_without_files_there_are_the_published_numbers(factory, num_train, num_test):
    base.set_data_directory(None)
    dataset = factory()
    assert dataset.train.num_examples == num_train
    assert dataset.test.num_examples == num_test
    message = f"`compare_ssgan data get {dataset.name} --data_dir DIR`"
    with pytest.raises(InputError, match=message):
        next(dataset.train.training_batches(8, seed=0))
