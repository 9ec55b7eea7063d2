"""Images as the bytes of files, for tests that write folders of them."""

import io
import os
import time

import numpy as np
import PIL.Image

RNG = np.random.default_rng(0)


def smooth(height=12, width=12, channels=3):
    """A random image without sharp edges, which JPEG keeps."""
    x = np.cumsum(np.cumsum(RNG.normal(size=[height, width, channels]), 0), 1)
    return (255 * (x - x.min()) / np.ptp(x)).astype(np.uint8)


def png(image, **options):
    file = io.BytesIO()
    if isinstance(image, np.ndarray):
        image = PIL.Image.fromarray(image.squeeze())
    image.save(file, "PNG", **options)
    return file.getvalue()


def jpeg(image, mode=None):
    file = io.BytesIO()
    image = PIL.Image.fromarray(image.squeeze())
    (image.convert(mode) if mode else image).save(file, "JPEG", quality=95)
    return file.getvalue()


def write(folder, files):
    """Writes files that look as if they had been there for an hour."""
    for name, data in files.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(data)
        os.utime(path, (time.time() - 3600,) * 2)
    return folder
