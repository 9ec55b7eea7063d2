"""Conditional, unconditional and self-supervised GANs, compared on equal terms."""

__version__ = "0.1.0"
