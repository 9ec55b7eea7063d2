"""A stand-in for torchvision, which has no build for the tested PyTorch on CPU.

torch-fidelity, pytorch-fid and clean-fid import it for datasets and networks that no
test of ours touches; some derive from its classes. `install` must be called before
any of them is imported.
"""

import importlib.machinery
import sys
import types

_NAME = "torchvision"


class _Finder:
    """Finds torchvision and every submodule of it."""

    def find_spec(self, name, path=None, target=None):
        del path, target
        if name == _NAME or name.startswith(f"{_NAME}."):
            return importlib.machinery.ModuleSpec(name, self, is_package=True)
        return None

    def create_module(self, spec):
        return _Module(spec.name)

    def exec_module(self, module):
        module.__path__ = []


class _Module(types.ModuleType):
    """A module whose attributes are empty classes."""

    __version__ = "0.0.0"

    def __getattr__(self, name):
        if name.startswith("__"):
            raise AttributeError(name)
        made = type(name, (), {"__init__": lambda self, *args, **kwargs: None})
        setattr(self, name, made)
        return made


def install():
    """Puts the stand-in in place of torchvision, once."""
    if not any(isinstance(finder, _Finder) for finder in sys.meta_path):
        sys.meta_path.insert(0, _Finder())
