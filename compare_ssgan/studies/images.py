"""Images of a trained run's generator, as files.

They are drawn in batches of one size, so that memory stays bounded and sampling is
compiled once. What is drawn depends on the run and the seed alone: image k is the
same in a grid, a directory and an archive, however many others are drawn.
"""

import os
import pathlib
import zipfile
from collections.abc import Iterator

import numpy as np
import tensorflow as tf

from compare_ssgan.datasets.stores import folder_files
from compare_ssgan.errors import InputError
from compare_ssgan.evaluation.sampling import Sampling
from compare_ssgan.studies import files, grids, restore, spec
from compare_ssgan.studies.restore import Truncation
from compare_ssgan.studies.sampler import Sampler

# Another size would take other random numbers.
_BATCH_SIZE = 100
_PNG = "{:06d}.png"

_Batch = tuple[np.ndarray, np.ndarray | None]


def save_grid(
    run_dir: pathlib.Path,
    num: int,
    out: pathlib.Path,
    seed: int,
    truncation: Truncation = "run",
) -> pathlib.Path:
    """Writes a grid of images that a run's generator draws.

    Args:
        run_dir: The run's directory.
        num: Number of images.
        out: Path of a PNG.
        seed: Seed of latents and labels.
        truncation: Largest magnitude of latents, in standard deviations; None for
            no limit, "run" for that of the run's evaluations.

    Returns:
        The path.

    Raises:
        InputError: If the path does not end in .png or cannot be written, or the
            seed is none, or the latents cannot be truncated.
    """
    if out.suffix.lower() != ".png":
        raise InputError(f"--out must be the path of a .png, not {out}.")
    files.check_parent(out, "--out")
    batches = _batches(run_dir, num, seed, truncation)
    images = np.concatenate([images for images, _ in batches])
    with files.writing(out, "--out"):
        grids.write_png(out, grids.grid(images))
    return out


def save_images(
    run_dir: pathlib.Path,
    num: int,
    to: pathlib.Path,
    seed: int,
    truncation: Truncation = "run",
) -> pathlib.Path:
    """Writes images that a run's generator draws, each for itself.

    Args:
        run_dir: The run's directory.
        num: Number of images.
        to: A path that ends in .npz, or a directory that is empty or does not exist.
            The archive has images [num, height, width, channels] uint8 and, of a
            conditional game, labels [num] int64; the directory gets 000000.png and so
            on, side by side, since not every tool looks into folders, and of a
            conditional game labels.csv with the columns file and label.
        seed: Seed of latents and labels.
        truncation: See `save_grid`.

    Returns:
        The path.

    Raises:
        InputError: If there is something in the directory, the path cannot be
            written, the seed is none, or the latents cannot be truncated.
    """
    archive = to.suffix.lower() == ".npz"
    if archive:
        files.check_parent(to, "--to")
    elif to.is_dir() and any(to.iterdir()):
        raise InputError(
            f"--to: {to} is not empty. Choose another directory, or remove it."
        )
    batches = _batches(run_dir, num, seed, truncation)
    with files.writing(to, "--to"):
        if archive:
            _write_archive(to, num, batches)
        else:
            with files.whole_directory(to, "--to") as directory:
                _write_pngs(directory, batches)
    return to


def _batches(
    run_dir: pathlib.Path, num: int, seed: int, truncation: Truncation
) -> Iterator[_Batch]:
    """Restores a run; the iterator that is returned draws from it.

    Standing statistics are used where the run's evaluations use them.
    """
    if not spec.is_seed(seed):
        raise InputError(
            f"--seed must be a whole number from 0 to {2**31 - 1}, not {seed!r}."
        )
    restored = restore.load_game(run_dir)
    return _draw(restored.sampler, restored.truncated(truncation), num, seed)


def _draw(
    sampler: Sampler, sampling: Sampling, num: int, seed: int
) -> Iterator[_Batch]:
    """Yields images [n, height, width, channels] in [0, 1] and labels [n] or None."""
    rng = tf.random.Generator.from_seed(seed)
    with sampler.drawing(sampling) as draw:
        for first in range(0, num, _BATCH_SIZE):
            # The last batch is drawn whole, too.
            samples = draw(_BATCH_SIZE, rng)
            kept = slice(num - first)
            labels = samples.labels
            if labels is not None:
                labels = np.argmax(labels[kept], axis=1).astype(np.int64)
            yield samples.images[kept].numpy(), labels


def _write_pngs(directory: pathlib.Path, batches: Iterator[_Batch]) -> None:
    index = 0
    lines = [",".join(folder_files.COLUMNS)]
    for images, labels in batches:
        first = index
        for image in grids.to_pixels(images):
            path = directory / _PNG.format(index)
            path.write_bytes(tf.io.encode_png(image).numpy())
            index += 1
        if labels is not None:
            lines += [f"{_PNG.format(first + i)},{k}" for i, k in enumerate(labels)]
    if len(lines) > 1:
        text = "".join(f"{line}\n" for line in lines)
        (directory / folder_files.LABELS).write_text(text, encoding="utf-8")


def _write_archive(path: pathlib.Path, num: int, batches: Iterator[_Batch]) -> None:
    """Writes what `np.savez` would, one batch after the other."""
    temporary = files.temporary(path)
    all_labels = []
    try:
        with zipfile.ZipFile(temporary, "w") as archive:
            with archive.open("images.npy", "w", force_zip64=True) as file:
                for index, (images, labels) in enumerate(batches):
                    pixels = grids.to_pixels(images)
                    if index == 0:
                        header = np.lib.format.header_data_from_array_1_0(pixels)
                        header["shape"] = (num, *pixels.shape[1:])
                        np.lib.format.write_array_header_1_0(file, header)
                    file.write(pixels.tobytes())
                    if labels is not None:
                        all_labels.append(labels)
            if all_labels:
                with archive.open("labels.npy", "w") as file:
                    np.lib.format.write_array(file, np.concatenate(all_labels))
        os.replace(temporary, path)
    finally:
        temporary.unlink(missing_ok=True)
