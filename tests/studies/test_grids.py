import numpy as np
import tensorflow as tf

from compare_ssgan.studies import grids


def test_images_lie_row_by_row_on_white():
    images = np.stack([np.full([2, 3, 1], value) for value in (0.0, 0.5, 1.0, 0.2)])
    canvas = grids.grid(images[:3], columns=2, border=1)
    assert canvas.shape == (7, 9, 1)
    assert canvas.dtype == np.uint8
    assert (canvas[1:3, 1:4] == 0).all()
    assert (canvas[1:3, 5:8] == 128).all()
    assert (canvas[4:6, 1:4] == 255).all()
    assert (canvas[0] == 255).all()
    assert (canvas[4:6, 5:8] == 255).all()


def test_by_default_a_grid_is_about_square():
    assert grids.grid(np.zeros([5, 4, 4, 3]), border=0).shape == (8, 12, 3)


def test_values_out_of_range_or_missing_do_not_wrap_around():
    images = np.array([-0.5, 1.5, np.nan]).reshape([3, 1, 1, 1])
    canvas = grids.grid(images, columns=3, border=0)
    assert canvas.ravel().tolist() == [0, 255, 0]


def test_a_png_has_the_pixels_of_the_image(tmp_path):
    image = np.random.default_rng(0).integers(0, 256, [5, 4, 3]).astype(np.uint8)
    grids.write_png(tmp_path / "a.png", image)
    decoded = tf.io.decode_png((tmp_path / "a.png").read_bytes())
    np.testing.assert_array_equal(decoded, image)
