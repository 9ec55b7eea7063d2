"""Installation of compare_ssgan; see README.md."""

import pathlib
import re

from setuptools import find_packages, setup

HERE = pathlib.Path(__file__).parent
VERSION = re.search(
    r'__version__ = "(.+)"', (HERE / "compare_ssgan" / "__init__.py").read_text()
)
assert VERSION is not None

CONFIGS = HERE / "gin_configs"
CONFIG_PACKAGES = [
    ".".join(["compare_ssgan", "gin_configs", *path.relative_to(CONFIGS).parts])
    for path in [CONFIGS, *sorted(CONFIGS.rglob("*"))]
    if path.is_dir()
]

setup(
    name="compare_ssgan",
    version=VERSION[1],
    description="Conditional, unconditional and self-supervised GANs on equal terms",
    long_description=(HERE / "README.md").read_text(encoding="utf-8"),
    long_description_content_type="text/markdown",
    license="Apache-2.0",
    python_requires=">=3.11",
    packages=[*find_packages(include=["compare_ssgan*"]), *CONFIG_PACKAGES],
    # The gin files lie beside the package and are installed inside it. (Editable
    # installations find them beside it, see compare_ssgan.config.files.)
    package_dir={"compare_ssgan.gin_configs": "gin_configs"},
    package_data={
        "compare_ssgan.analysis.report": ["assets/*"],
        "compare_ssgan.evaluation": ["weights/*.npz"],
        "compare_ssgan.analysis.comparison": ["published.json"],
        **{name: ["*.gin"] for name in CONFIG_PACKAGES},
    },
    install_requires=[
        "absl-py>=2.0",
        "gin-config>=0.5",
        "google-crc32c>=1.5",
        # TFDS imports it to prepare a set, and does not ask for it.
        "importlib_resources",
        "matplotlib>=3.8",
        "numpy>=1.26",
        "pandas>=2.1",
        "scikit-learn>=1.4",
        "scipy>=1.11",
        # TF-Hub imports pkg_resources, TF-GAN distutils.
        "setuptools<82",
        "tensorboard>=2.18",
        "tensorflow>=2.18",
        "tensorflow-datasets>=4.9",
        "tensorflow-gan==2.1.0",
        "tensorflow-hub>=0.16",
        # TF-GAN imports both.
        "tensorflow-probability>=0.25",
        "tf-keras>=2.18",
        "tqdm>=4.66",
    ],
    extras_require={
        # Second tier of the tests. The last three ask for torchvision, which the
        # tests replace by a stand-in (tests/torchvision_stand_in.py): install them
        # without their dependencies, as .ci/run does.
        "conformance": [
            "torch==2.13.0",
            "scikit-image",
            "torch-fidelity==0.4.0",
            "pytorch-fid",
            "clean-fid",
        ],
        # Executors of sweeps.
        "slurm": ["submitit>=1.5,<2"],
        "ray": ["ray>=2.50"],
        # Clicks through report pages in the second tier of the tests.
        "browser": ["selenium>=4.20"],
        "test": [
            "mypy>=1.11",
            "pandas-stubs",
            "pytest>=8",
            "pytest-xdist>=3.2",
            "ruff>=0.6",
            # Small; the executor is tested against stand-ins for Slurm.
            "submitit>=1.5,<2",
        ],
        "gpu": ["tensorflow[and-cuda]>=2.18"],
    },
    entry_points={"console_scripts": ["compare_ssgan = compare_ssgan.cli:main"]},
)
