"""Trains the small classifier whose features score generated images of a dataset.

    python tools/train_features.py --dataset NAME [--data_dir DIR] [--out FILE.npz]

NAME is a file of gin_configs/datasets, as for `compare_ssgan run`. The classifier is
registered, under a name that carries a hash of its weights, where gin finds it:

    evaluate.features = @features.classifier()
    features.classifier.dataset = 'NAME'

Only the training split is used to train; the accuracy on the test split is measured
once, at the end, printed, and recorded in the file beside the weights.
"""

import argparse
import pathlib
import sys

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent))
import numpy as np

from compare_ssgan.datasets import base
from compare_ssgan.datasets.pairs import refuse_pairs
from compare_ssgan.errors import CommandError, InputError
from compare_ssgan.evaluation.features import domain_classifier, training
from compare_ssgan.studies import spec


def main() -> None:
    """Trains, measures, writes."""
    arguments = _arguments()
    try:
        print(train(arguments))
    except CommandError as error:
        print(f"train_features: {error}", file=sys.stderr)
        sys.exit(error.exit_code)


def train(arguments: argparse.Namespace) -> str:
    """Trains and stores a classifier, and returns what there is to say about it."""
    if arguments.steps < 1:
        raise InputError(f"--steps must be 1 or more, not {arguments.steps}.")
    base.set_data_directory(arguments.data_dir)
    dataset = spec.load_dataset(arguments.dataset, arguments.settings)
    refuse_pairs(dataset, "a classifier")
    if not dataset.num_classes:
        raise InputError(
            f"{dataset.name} has no labels: there is nothing to classify. Use "
            "evaluate.features = @features.random_convolutions()."
        )
    augmentation = training.augmentation_for(dataset.image_shape)
    if arguments.mirror is not None:
        augmentation = augmentation._replace(mirrored=arguments.mirror)
    network = training.network_for(dataset.image_shape)
    fit = training.Training(
        dataset.image_shape,
        dataset.num_classes,
        steps=arguments.steps,
        network=network,
        augmentation=augmentation,
    )

    def report(step: int, loss: float) -> None:
        print(f"step {step} of {arguments.steps}: loss {loss:.4f}", flush=True)

    weights = fit(dataset.train, arguments.seed, report)
    if not all(np.all(np.isfinite(value)) for value in weights.values()):
        raise CommandError("The training diverged. Try another --seed or more --steps.")
    training.rescale(weights, dataset.train)
    accuracy = training.measure(weights, dataset.test)
    about = {
        "dataset": dataset.name,
        "image_shape": dataset.image_shape,
        "train_hash": dataset.train.content_hash,
        "test_hash": dataset.test.content_hash,
        "test_correct": accuracy.correct,
        "test_total": accuracy.total,
        "steps": arguments.steps,
        "seed": arguments.seed,
        "mirrored": augmentation.mirrored,
    }
    name = domain_classifier.file_name(dataset.name, weights)
    out = arguments.out or domain_classifier.directory() / name
    domain_classifier.store(out, weights, about)
    said = (
        f"{out}: test accuracy {accuracy.percent:.2f} % ({accuracy.correct} of "
        f"{accuracy.total}), {out.stat().st_size / 1000:.0f} kB, features of "
        f"{network.feature_size} units"
    )
    if arguments.out:
        where = domain_classifier.directory() / name
        return f"{said}\nCopy it to {where} for gin to find it."
    digest = out.stem.rsplit("-", 1)[1]
    return (
        f"{said}\nevaluate.features = @features.classifier()\n"
        f"features.classifier.dataset = '{dataset.name}'\n"
        f"features.classifier.digest = '{digest}'  # needed if there are several"
    )


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n")[0])
    parser.add_argument(
        "--dataset", default="digits", help="a file of gin_configs/datasets"
    )
    parser.add_argument(
        "--set", action="append", default=[], metavar="'a.b = 1'", dest="settings",
        help="a gin line for the dataset; may be repeated",
    )  # fmt: skip
    parser.add_argument("--data_dir", help="directory of the files of datasets")
    parser.add_argument(
        "--out", type=pathlib.Path,
        help="the .npz file to write (default: registered in the cache directory)",
    )  # fmt: skip
    parser.add_argument("--steps", type=int, default=3000)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument(
        "--mirror", action=argparse.BooleanOptionalAction,
        help="whether a mirrored image is of the same class (default: in colour)",
    )  # fmt: skip
    return parser.parse_args()


if __name__ == "__main__":
    main()
