"""Directories of datasets in --data_dir, written by tensorflow-datasets itself.

They have the features of the real sets, which the real builders declare, and few
random images.
"""

import pathlib

import numpy as np

# Split sizes and image shapes (height, width, channels) of what real builders store.
SETS = {
    "mnist": ({"train": 80, "test": 20}, (28, 28, 1)),
    "fashion_mnist": ({"train": 20, "test": 10}, (28, 28, 1)),
    "cifar10": ({"train": 200, "test": 40}, (32, 32, 3)),
    "cifar100": ({"train": 30, "test": 10}, (32, 32, 3)),
    "stl10": ({"train": 6, "unlabelled": 12, "test": 8}, (96, 96, 3)),
    "svhn_cropped": ({"train": 20, "test": 10, "extra": 8}, (32, 32, 3)),
    "celeb_a": ({"train": 12, "test": 8, "validation": 1}, (218, 178, 3)),
    "celeb_a_hq/128": ({"train": 30}, (128, 128, 3)),
    "lsun/bedroom": ({"train": 100, "validation": 1}, (256, 300, 3)),
    "imagenet2012": ({"train": 12, "validation": 8}, (90, 120, 3)),
    "imagenet_resized/32x32": ({"train": 12, "validation": 8}, (32, 32, 3)),
    "imagenet_resized/64x64": ({"train": 12, "validation": 8}, (64, 64, 3)),
}


def images(builder, split, number=None):
    """Returns the random images of a split: [n, height, width, channels] uint8.

    They are sums of waves: what is smooth, JPEG and its decoders hardly change.
    """
    sizes, (height, width, channels) = SETS[builder]
    rng = np.random.default_rng([ord(letter) for letter in builder + split])
    phases = rng.random((2, number or sizes[split], 1, 1, channels))
    rows = np.sin(2 * np.pi * (np.arange(height)[:, None, None] / height + phases[0]))
    columns = np.sin(2 * np.pi * (np.arange(width)[:, None] / width + phases[1]))
    return np.round(127 + 60 * rows + 60 * columns).astype(np.uint8)


def write(
    directory, builder, *, images_of=None, labels_of=None, sizes=None, shards=1,
    version="3.0.2", file_format=None,
):  # fmt: skip
    """Writes DIR/BUILDER/VERSION, with labels that count through the classes.

    Args:
        directory: What --data_dir will name.
        builder: Name of the real builder, with its configuration.
        images_of: Images by split in place of random ones.
        labels_of: Labels by split in place of those that count.
        sizes: Number of images by split, in place of those in `SETS`.
        shards: Number of files per split.
        version: Name of the directory.
        file_format: "tfrecord" or "array_record".

    Returns:
        The directory of the version.
    """
    import tensorflow_datasets as tfds

    name, _, settings = builder.partition("/")
    features = _features(builder)
    sizes = sizes or SETS[builder][0]
    examples = {}
    for split, number in sizes.items():
        pictures = (images_of or {}).get(split)
        if pictures is None:
            pictures = images(builder, split, number)
        labels = (labels_of or {}).get(split)
        examples[split] = [
            (index, _example(features, index, pixels, split, labels))
            for index, pixels in enumerate(pictures)
        ]
    written = tfds.dataset_builders.store_as_tfds_dataset(
        name=name,
        version=version,
        features=features,
        split_datasets=examples,
        config=settings or None,
        data_dir=directory,
        file_format=file_format,
        download_config=tfds.download.DownloadConfig(num_shards=shards),
        disable_shuffling=True,
    )
    return pathlib.Path(written.data_dir)


def write_all(directory):
    """Writes every set of `SETS`, that of ImageNet in several files."""
    for builder in SETS:
        write(directory, builder, shards=3 if builder == "imagenet2012" else 1)


def _features(builder):
    import tensorflow_datasets as tfds

    return tfds.builder(builder, data_dir="/nonexistent").info.features


def _example(features, index, pixels, split, labels):
    import tensorflow_datasets as tfds

    example = {}
    for key, feature in features.items():
        if key == "image":
            example[key] = pixels
        elif isinstance(feature, tfds.features.ClassLabel):
            label = index % feature.num_classes
            if split == "unlabelled":
                label = -1
            example[key] = label if labels is None else int(labels[index])
        elif isinstance(feature, tfds.features.Text):
            example[key] = f"{split}_{index:05d}"
        else:  # Attributes and landmarks of faces, which nobody reads here.
            example[key] = {name: 0 for name in feature}
    return example
