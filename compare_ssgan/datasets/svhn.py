"""Street View House Numbers as tensorflow-datasets prepares them."""

from compare_ssgan import config
from compare_ssgan.datasets.base import Dataset
from compare_ssgan.datasets.prepared.recipe import Recipe, Source
from compare_ssgan.datasets.prepared.sets import tfds_dataset
from compare_ssgan.datasets.stores.decoding import Preparation


@config.register("datasets")
def svhn(*, extra: bool = False) -> Dataset:
    """SVHN, 32x32x3: digits cut out of photographs, in 10 classes.

    Netzer et al., "Reading Digits in Natural Images with Unsupervised Feature
    Learning", 2011, http://ufldl.stanford.edu/housenumbers: 73,257 images to train on,
    26,032 to test on.

    Read from DIR/svhn_cropped of --data_dir DIR, where `compare_ssgan data get svhn`
    puts it; see `datasets.prepared.sets.tfds_dataset`.

    Args:
        extra: Whether the 531,131 easier images are trained on as well; the dataset is
            then named svhn_extra.

    Raises:
        InputError: If the directory is damaged.
    """
    train = {"train": 73_257}
    if extra:
        train["extra"] = 531_131
    recipe = Recipe(
        name="svhn",
        builder="svhn_cropped",
        train=Source(train),
        test=Source({"test": 26_032}),
        preparation=Preparation(32, 32, 3, crop="none"),
        num_classes=10,
        variant="_extra" if extra else "",
        disk=3 * 10**9,
    )
    return tfds_dataset(recipe)
