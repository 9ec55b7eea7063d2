"""A configuration as plain values is the same configuration."""

import json

import pytest

from compare_ssgan import config
from compare_ssgan.config import Frozen
from compare_ssgan.errors import InputError


@config.register("frozen_test")
def piece(weight: float = 1.0, names=("a", "b"), inner=None):
    return weight, names, inner


@config.register("frozen_test")
class Kind:
    def __init__(self, *, size: int = 2):
        self.size = size


@config.entry_point
def frozen_test_root(*, part=config.REQUIRED, steps: int = 3, kinds=()):
    return part, steps, kinds


FIRST = """
PART = %gin.REQUIRED
UNUSED = %gin.REQUIRED
STEPS = 3
NEVER = 4.0
frozen_test_root:
  part = %PART
  steps = %STEPS
"""
OWN = """
PART = @narrow/piece()
STEPS = 5
frozen_test_root.kinds = [@frozen_test.Kind, {'a': (@Kind(), %STEPS)}]
narrow/piece.weight = 2
piece.names = ['it\\'s', "\\"", 'ß\\n', None, True, -1e-30]
Kind.size = 2
"""


@pytest.fixture
def loaded(tmp_path, monkeypatch):
    """Makes gin files the configuration; those of `suite` are the suite's own."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "suite").mkdir()
    for module in (config.parsing, config.files):
        monkeypatch.setattr(module, "shipped_directory", lambda: tmp_path / "suite")
    (tmp_path / "suite" / "first.gin").write_text(FIRST)

    def loaded(text=OWN, settings=("narrow/Kind.size = 7",)):
        (tmp_path / "own.gin").write_text(text)
        config.load(["suite/first.gin", "own.gin"], settings)

    return loaded


def said():
    """What can be asked of the current configuration."""
    built = frozen_test_root()
    config.check_values()
    return (
        config.canonical(),
        config.operative(),
        config.unread_bindings(),
        config.unread_bindings(include_shipped=True) != [],
        built[:2],
        [config.query(name) for name in ("frozen_test_root.kinds", "%STEPS")],
    )


def test_a_thawed_configuration_says_all_that_the_frozen_one_said(loaded):
    loaded()
    frozen, expected = config.freeze(), said()
    unread = "narrow/frozen_test.Kind.size (--set 'narrow/Kind.size = 7')"
    assert unread in expected[2]
    config.load(["suite/first.gin"], ["PART = 1"])
    plain = json.loads(json.dumps(frozen._asdict()))
    config.thaw(
        Frozen(tuple(plain["shipped"]), tuple(tuple(w) for w in plain["written"]))
    )
    assert said() == expected
    assert config.freeze() == frozen


def test_what_the_user_wrote_keeps_its_place(loaded, tmp_path):
    loaded()
    frozen = config.freeze()
    assert ("STEPS = 5", f"{tmp_path}/own.gin, line 3") in frozen.written
    assert "roots.frozen_test_root.steps = %STEPS" in frozen.shipped
    # A macro of the suite's that the user has set is the user's.
    assert not any(line.startswith("STEPS") for line in frozen.shipped)


def test_a_value_without_a_text_is_refused_with_its_place(loaded):
    loaded(settings=("STEPS = 1e999",))
    with pytest.raises(InputError, match=r"--set 'STEPS = 1e999': inf cannot be kept"):
        config.freeze()


def test_a_component_that_there_is_no_more_is_named_with_the_place(loaded):
    with pytest.raises(InputError, match=r"own\.gin, line 9: .*component 'gone\.Kind'"):
        config.thaw(Frozen((), (("gone.Kind.size = 2", "own.gin, line 9"),)))
