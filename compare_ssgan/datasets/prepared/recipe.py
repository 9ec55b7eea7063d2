"""What a dataset takes of a set that tensorflow-datasets (TFDS) prepares."""

from typing import NamedTuple

from compare_ssgan.datasets.stores.decoding import Preparation


class Source(NamedTuple):
    """Examples of TFDS's splits, one split after the other, or a range of them.

    An example's id is its position in all of these splits, in TFDS's order.

    Attributes:
        sizes: The splits, and how many examples each has where it is complete.
        begin: Share of the examples that is left out at the beginning.
        end: Share at which the range ends.
    """

    sizes: dict[str, int]
    begin: float = 0.0
    end: float = 1.0

    @property
    def num_examples(self) -> int:
        """Number of examples where all splits are complete."""
        first, last = self.range(sum(self.sizes.values()))
        return last - first

    def range(self, total: int) -> tuple[int, int]:
        """Returns the first id of the range, and the one after the last."""
        return round(self.begin * total), round(self.end * total)


class Recipe(NamedTuple):
    """How a dataset is made of a set that TFDS prepares.

    Attributes:
        name: Name of the dataset, and of its gin file.
        builder: Name of TFDS's builder, with a configuration where it has several: the
            directory below --data_dir that holds a directory for each version.
        train: What is trained on.
        test: What is never trained on.
        preparation: From a stored image to an example.
        label: TFDS's feature that is the class; None for a set without labels.
        num_classes: Number of classes; 0 for a set without labels.
        variant: What is added to the name: options that change the images of
            evaluations or the examples.
        manual: Files that the user fetches, since TFDS may not.
        manual_source: A sentence that says where they come from.
        disk: Bytes that downloading and preparing take, about, where TFDS does not
            know it.
    """

    name: str
    builder: str
    train: Source
    test: Source
    preparation: Preparation
    label: str | None = "label"
    num_classes: int = 0
    variant: str = ""
    manual: tuple[str, ...] = ()
    manual_source: str = ""
    disk: int = 0
