"""Imports every module that registers components.

gin files can refer to a component only after its module was imported. A new file
in one of these packages is found without being listed anywhere.
"""

import importlib
import pkgutil

from compare_ssgan import architectures, datasets, evaluation, gans, layers, training


def import_all() -> list[str]:
    """Imports the modules of all component packages and returns their names."""
    packages = (layers, datasets, architectures, gans, training, evaluation)
    names = [
        module.name
        for package in packages
        for module in pkgutil.walk_packages(package.__path__, f"{package.__name__}.")
    ]
    for name in names:
        importlib.import_module(name)
    return names
