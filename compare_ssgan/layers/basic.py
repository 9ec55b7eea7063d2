"""Affine maps: dense layers, convolutions and transposed convolutions."""

from collections.abc import Sequence

import tensorflow as tf

from compare_ssgan.layers import resample as resampling
from compare_ssgan.layers import winograd
from compare_ssgan.layers.resample import Resample, Upsampling
from compare_ssgan.layers.spectral_norm import SpectralNorm
from compare_ssgan.layers.weights import Weights


class Kernel(tf.Module):
    """A trainable kernel, normalized before every use if asked for.

    Attributes:
        raw: The trainable variable, float32.
        dtype: In which products with it are computed.
    """

    def __init__(
        self, shape: Sequence[int], weights: Weights, *, out_axis: int = -1
    ) -> None:
        """Draws the initial values.

        Args:
            shape: Shape of the kernel.
            weights: How to make it.
            out_axis: Axis of the output channels, -1 or -2.
        """
        super().__init__("kernel")
        self.raw = tf.Variable(weights.initializer(weights.rng, shape), name="raw")
        self.dtype = weights.dtype
        self.out_axis = out_axis
        self.norm: SpectralNorm | None = None
        if weights.spectral_norm:
            self.norm = SpectralNorm(self.raw, weights.rng, out_axis=out_axis)

    def __call__(self) -> tf.Tensor:
        """Returns the kernel to multiply with, of type `dtype`."""
        return tf.cast(self.exact(), self.dtype)

    def exact(self) -> tf.Tensor:
        """Returns the same in float32, to be computed with before it is rounded."""
        return tf.convert_to_tensor(self.raw) if self.norm is None else self.norm()

    def matrix(self) -> tf.Tensor:
        """Returns the raw kernel as [all other dimensions, output channels]."""
        kernel = tf.convert_to_tensor(self.raw)
        if self.out_axis == -2:
            kernel = tf.linalg.matrix_transpose(kernel)
        return tf.reshape(kernel, [-1, kernel.shape[-1]])


def matrices_of(modules: Sequence[tf.Module]) -> list[tf.Tensor]:
    """Returns the kernels of modules as matrices, before spectral norm, each once."""
    found = {
        id(part): part
        for module in modules
        for part in (module, *module.submodules)
        if isinstance(part, Kernel)
    }
    return [part.matrix() for part in found.values()]


def kernels_of(modules: Sequence[tf.Module]) -> list[tf.Variable]:
    """Returns the trainable kernels of modules, before spectral norm, each once."""
    found = {
        id(part): part.raw
        for module in modules
        for part in (module, *module.submodules)
        if isinstance(part, Kernel)
    }
    return list(found.values())


class Dense(tf.Module):
    """Affine map of [batch, in_size] to [batch, out_size]."""

    def __init__(
        self,
        in_size: int,
        out_size: int,
        weights: Weights,
        *,
        use_bias: bool = True,
        bias: float = 0.0,
        name: str = "dense",
    ) -> None:
        """Makes the kernel [in_size, out_size] and the bias.

        Args:
            in_size: Size of the input.
            out_size: Size of the output.
            weights: How to make the kernel.
            use_bias: Whether to add a bias.
            bias: Initial value of the bias.
            name: Name of the module.
        """
        super().__init__(name)
        self.kernel = Kernel([in_size, out_size], weights)
        self.bias = _bias(out_size, use_bias, bias)

    def __call__(self, x: tf.Tensor) -> tf.Tensor:
        kernel = self.kernel()
        return _add(tf.matmul(tf.cast(x, kernel.dtype), kernel), self.bias)


class Conv2d(tf.Module):
    """Convolution with zero padding, possibly merged with a change of resolution.

    Maps [batch, h, w, in] to [batch, ceil(h / stride), ceil(w / stride), out], or to
    twice (`resample="up"`, before the convolution) or half the resolution
    (`resample="down"`, after it).
    """

    def __init__(
        self,
        in_channels: int,
        out_channels: int,
        weights: Weights,
        *,
        size: int = 3,
        stride: int = 1,
        use_bias: bool = True,
        resample: Resample | None = None,
        upsampling: Upsampling = "nearest",
        name: str = "conv",
    ) -> None:
        """Makes the kernel [size, size, in, out] and the bias.

        Args:
            in_channels: Channels of the input.
            out_channels: Channels of the output.
            weights: How to make the kernel.
            size: Height and width of the kernel; 1 or 3 with `resample`.
            stride: Step between output positions; 1 with `resample`.
            use_bias: Whether to add a bias, initially 0.
            resample: "up", "down" or None.
            upsampling: How "up" fills the larger grid.
            name: Name of the module.
        """
        assert resample is None or (size in (1, 3) and stride == 1)
        super().__init__(name)
        self.kernel = Kernel([size, size, in_channels, out_channels], weights)
        self.bias = _bias(out_channels, use_bias)
        self.size, self.stride = size, stride
        self.resample, self.upsampling = resample, upsampling

    def __call__(self, x: tf.Tensor) -> tf.Tensor:
        # The bias comes last: on a grid filled with zeros it does not commute.
        return _add(self._linear(tf.cast(x, self.kernel.dtype)), self.bias)

    def _linear(self, x: tf.Tensor) -> tf.Tensor:
        if self.resample is None:
            if self.stride == 1 and winograd.pays(x, self.kernel.raw):
                return winograd.conv3x3(x, self.kernel.exact())
            return tf.nn.conv2d(x, self.kernel(), self.stride, "SAME")
        if self.resample == "up":
            if self.size == 3:
                kernel = self.kernel.exact()
                return resampling.upsampled_conv(x, kernel, self.upsampling)
            # A 1x1 convolution commutes with both: done on the smaller grid.
            return resampling.upsample(
                tf.nn.conv2d(x, self.kernel(), 1, "SAME"), self.upsampling
            )
        if self.size == 3:
            return resampling.downsampled_conv(x, self.kernel.exact())
        return tf.nn.conv2d(resampling.downsample(x), self.kernel(), 1, "SAME")


class ConvTranspose2d(tf.Module):
    """Transposed convolution to an explicit output size.

    Maps [batch, h, w, in] to [batch, height, width, out]; it is the transpose of the
    zero-padded convolution that maps (height, width) to (h, w).
    """

    def __init__(
        self,
        in_channels: int,
        out_channels: int,
        output_size: tuple[int, int],
        weights: Weights,
        *,
        size: int,
        stride: int,
        use_bias: bool = True,
        name: str = "conv_transpose",
    ) -> None:
        """Makes the kernel [size, size, out, in] and the bias.

        Args:
            in_channels: Channels of the input.
            out_channels: Channels of the output.
            output_size: (height, width) of the output. The input must be
                (ceil(height / stride), ceil(width / stride)).
            weights: How to make the kernel.
            size: Height and width of the kernel.
            stride: Step between the output positions of neighbouring inputs.
            use_bias: Whether to add a bias, initially 0.
            name: Name of the module.
        """
        super().__init__(name)
        shape = [size, size, out_channels, in_channels]
        self.kernel = Kernel(shape, weights, out_axis=-2)
        self.bias = _bias(out_channels, use_bias)
        self.stride, self.output_size = stride, output_size
        self.out_channels = out_channels

    def __call__(self, x: tf.Tensor) -> tf.Tensor:
        shape = [tf.shape(x)[0], *self.output_size, self.out_channels]
        kernel = self.kernel()
        x = tf.cast(x, kernel.dtype)
        y = tf.nn.conv2d_transpose(x, kernel, shape, self.stride, "SAME")
        return _add(y, self.bias)


def _bias(size: int, use_bias: bool, value: float = 0.0) -> tf.Variable | None:
    return tf.Variable(tf.fill([size], float(value)), name="bias") if use_bias else None


def _add(x: tf.Tensor, bias: tf.Variable | None) -> tf.Tensor:
    return x if bias is None else tf.nn.bias_add(x, tf.cast(bias, x.dtype))
