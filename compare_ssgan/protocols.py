"""The names of measurements: frozen protocols, written and read here alone.

    fid10k_test_inception_legacy_truncation0.5

is kind (fid), examples (10k generated, as many real), split of the real ones (test),
features (inception_legacy), options that are not the default, and how the images are
drawn (truncation0.5). What a metric does not have is left out: is10k_inception_legacy
compares with nothing, ms_ssim10k sees no features. Where the number of real images is
another one, it follows the split: fid10k_train50k_inception_legacy. A kind that ends
in a digit is followed by an underscore: prd_f8_10k_test_inception_legacy.
"""

import re
from typing import NamedTuple

GENERATED = "generated images"
_SPLITS = "train|test|validation|all|real"


class Kind(NamedTuple):
    """A family of measurements that are read the same way.

    Attributes:
        label: Short name for axes.
        title: What it computes, for captions.
        lower_is_better: Its direction; None where neither is better.
        examples: What the number in its name counts.
    """

    label: str
    title: str
    lower_is_better: bool | None
    examples: str = GENERATED


KINDS = {
    "fid": Kind("FID", "Frechet distance of features", True),
    "fid_standard_error": Kind(
        "standard error of FID", "Bootstrap standard error of the FID", None
    ),
    "fid_infinity": Kind(
        "FID (infinity)", "Frechet distance extrapolated to infinite samples", True
    ),
    "kid": Kind("KID", "Kernel distance of features", True),
    "kid_standard_deviation": Kind(
        "deviation of KID", "Standard deviation of KID over subsets", None
    ),
    "is": Kind("IS", "Inception-score formula", False),
    "is_standard_deviation": Kind(
        "deviation of IS", "Standard deviation of the score over splits", None
    ),
    "precision": Kind("precision", "Improved precision of features", False),
    "recall": Kind("recall", "Improved recall of features", False),
    "density": Kind("density", "Density of features", False),
    "coverage": Kind("coverage", "Coverage of features", False),
    "prd_f8": Kind("PRD F8", "Recall of distributions (PRD, F8)", False),
    "prd_f1_8": Kind("PRD F1/8", "Precision of distributions (PRD, F1/8)", False),
    "ms_ssim": Kind("MS-SSIM", "Structural similarity between samples", True),
    "swd": Kind("SWD", "Sliced Wasserstein distance of patches", True),
    "intra_fid": Kind("intra-class FID", "Mean Frechet distance within classes", True),
    "label_accuracy": Kind(
        "label accuracy", "Share of samples of the class asked for", False
    ),
    "cas": Kind("CAS", "Accuracy on real images of a classifier of the samples", False),
    "log_condition_number": Kind(
        "log condition number",
        "Mean log condition number of the generator",
        True,
        "latent vectors",
    ),
    "log_condition_number_deviation": Kind(
        "deviation of log condition number",
        "Deviation of the generator's log condition number over latents",
        None,
        "latent vectors",
    ),
    "gilbo": Kind("GILBO", "Lower bound of the generative information, nats", False),
    "fractal_dimension": Kind(
        "fractal dimension", "Fractal dimension of the set of samples", False
    ),
    "captured_modes": Kind(
        "captured modes", "Number of modes that samples belong to", False
    ),
    "mode_kl": Kind(
        "KL of modes",
        "Divergence of the samples' modes from equal frequencies, nats",
        True,
    ),
    "high_quality": Kind("high quality", "Share of samples that have a mode", False),
    "probe": Kind(
        "probe", "Accuracy of a linear probe of D's features", False, "training images"
    ),
    "discriminator_accuracy": Kind(
        "accuracy of D", "Share of images that D judges rightly", None, "images"
    ),
    "rotation_accuracy": Kind(
        "rotation accuracy", "Share of rotations that D recognizes", None, "images"
    ),
}

# Longest first: kid_standard_deviation10k is no kid.
_BY_LENGTH = sorted(KINDS, key=len, reverse=True)
_REST = re.compile(
    rf"_?(?P<num>\d+k?)(?:_(?P<split>{_SPLITS})(?P<num_real>\d+k?)?)?(?:_(?P<rest>.+))?"
)
_DRAWN = re.compile(r"(.*?)(?:_?truncation([^_]+))?(?:_?standing(\d+k?))?")


class Name(NamedTuple):
    """What the name of a measurement says.

    Attributes:
        kind: See `KINDS`.
        num: Number of generated images.
        split: Split of the real images; None if there are none.
        num_real: Their number; None if there are none.
        rest: Features and options, e.g. "inception_legacy"; may be empty.
        truncation: Largest magnitude of latents, as text; None for no limit.
        standing: Number of samples of standing statistics; None for no such.
    """

    kind: str
    num: int
    split: str | None
    num_real: int | None
    rest: str
    truncation: str | None
    standing: int | None


def write(
    kind: str,
    num: int,
    *,
    split: str | None = None,
    num_real: int | None = None,
    rest: str = "",
) -> str:
    """Returns the name of a measurement.

    Args:
        kind: One of `KINDS`.
        num: Number of generated images.
        split: Split of the real images it compares with, None for none.
        num_real: Number of those; None for as many.
        rest: Features, options and how images are drawn, joined by underscores.
    """
    name = kind + "_" * kind[-1].isdigit() + abbreviate(num)
    if split is not None:
        name += f"_{split}"
        if num_real not in (None, num):
            assert num_real is not None
            name += abbreviate(num_real)
    return f"{name}_{rest}" if rest else name


def read(name: str) -> Name | None:
    """Returns what a name says, None if it is none that `write` returns."""
    kind = kind_of(name)
    match = _REST.fullmatch(name[len(kind) :])
    if not match:
        return None
    drawn = _DRAWN.fullmatch(match["rest"] or "")
    assert drawn is not None
    num = _count(match["num"])
    num_real = None
    if match["split"]:
        num_real = _count(match["num_real"]) if match["num_real"] else num
    standing = _count(drawn[3]) if drawn[3] else None
    return Name(kind, num, match["split"], num_real, drawn[1], drawn[2], standing)


def kind_of(name: str) -> str:
    """Returns the kind of a name: a known one, or what comes before its number."""
    for kind in _BY_LENGTH:
        if re.match(rf"{kind}(?![a-z])(?!_[a-z])", name):
            return kind
    match = re.match("[a-z]+(?:_[a-z]+)*", name)
    return match.group() if match else name


def abbreviate(number: int) -> str:
    """Returns a number of examples as names of metrics have it: 10k for 10,000."""
    return f"{number // 1000}k" if number % 1000 == 0 else str(number)


def _count(text: str) -> int:
    return int(text[:-1]) * 1000 if text.endswith("k") else int(text)
