"""The command line, with batch statistics per replica: a control for tests."""

from compare_ssgan import cli
from compare_ssgan.layers import batch_norm

if __name__ == "__main__":
    batch_norm._across_replicas = batch_norm._fused
    cli.main()
