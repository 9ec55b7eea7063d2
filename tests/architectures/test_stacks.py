import numpy as np
import pytest
import tensorflow as tf

from compare_ssgan.architectures.stacks import ImageHead, Stack, attended_blocks
from compare_ssgan.errors import InputError
from compare_ssgan.layers import normalization as norms
from compare_ssgan.layers.resnet import ResidualBlock

SIZES = [8, 16, 16, 32]


def place(attention, first=True):
    return attended_blocks("some.Network", attention, SIZES, (32,), first=first)


@pytest.mark.parametrize(
    "attention, found",
    [
        ("default", [3]),
        (None, []),
        ((), []),
        (8, [0]),
        ("B2", [1]),
        ([32, "B1"], [3, 0]),
    ],
)
def test_attention_follows_blocks_by_name_or_size(attention, found):
    assert place(attention) == found


def test_a_size_is_the_first_or_the_last_block_of_it():
    assert place(16) == [1]
    assert place(16, first=False) == [2]


@pytest.mark.parametrize("attention", [64, "B5", "B0", "block1", [8, 4]])
def test_a_place_that_does_not_exist_is_refused(attention):
    message = (
        r"some\.Network\.attention is to follow .*'B1' to 'B4', with maps of 8, 16, "
        r"16, 32 pixels\. Set some\.Network\.attention to such a block"
    )
    with pytest.raises(InputError, match=message):
        place(attention)


def test_a_block_named_twice_is_refused():
    with pytest.raises(InputError, match=r"names a block twice: \[8, 'B1'\]"):
        place([8, "B1"])


def test_outputs_of_blocks_are_after_their_attention(weights):
    blocks = [ResidualBlock(8, 8, weights, shortcut_kernel_size=1) for _ in range(2)]
    stack = Stack(blocks, [8, 8], [4, 4], [0], weights)
    stack.attentions[0].sigma.assign(1.0)
    x = tf.random.stateless_normal([2, 4, 4, 8], seed=[0, 1])
    last, outputs = stack.unconditional(x, training=True)
    attended = stack.attentions[0](blocks[0](x, None, True))
    np.testing.assert_allclose(outputs["block0"], attended, rtol=1e-5)
    np.testing.assert_allclose(last, blocks[1](attended, None, True), rtol=1e-5)
    assert last is outputs["block1"]
    assert stack.attentions[1] is None


def test_the_last_norm_is_batch_norm_or_what_is_asked_for(weights):
    def norm_of(norm, final_norm):
        return type(ImageHead(4, 3, weights, norm, final_norm).norm)

    assert norm_of(None, None) is type(None)
    assert norm_of(norms.ConditionalBatchNorm, None) is norms.BatchNorm
    assert norm_of(norms.ConditionalBatchNorm, norms.InstanceNorm) is norms.InstanceNorm
    for conditional in (norms.ConditionalBatchNorm, norms.SelfModulatedBatchNorm):
        message = (
            rf"neither labels nor latents, which {conditional.__name__} needs\. Set"
        )
        with pytest.raises(InputError, match=message):
            norm_of(norms.BatchNorm, conditional)
