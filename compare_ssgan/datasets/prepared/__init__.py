"""Datasets that tensorflow-datasets (TFDS) prepares in --data_dir."""
