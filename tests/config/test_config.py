"""What gin files may say, what they mean, and what is said about a wrong one."""

from collections.abc import Callable, Sequence
from typing import Any, Literal

import pytest

from compare_ssgan import config
from compare_ssgan.config import parsing
from compare_ssgan.errors import InputError


@config.register("config_test")
def ingredient(weight: float = 1.0, count: int = 2, names=("a", "b")):
    return weight, count, tuple(names)


@config.register("config_test")
def other_ingredient(weight: float = 1.0):
    return weight


@config.entry_point
def config_test_root(given=None, *, part=config.REQUIRED, steps: int = 3, more=None):
    return part, steps


@pytest.fixture
def write(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)

    def write_file(name, text):
        (tmp_path / name).write_text(text)
        return name

    write_file(
        "first.gin",
        "PART = %gin.REQUIRED\nSTEPS = 3\n"
        "config_test_root:\n  part = %PART\n  steps = %STEPS\n",
    )
    return write_file


def load(write, text="", settings=()):
    config.load(["first.gin", write("second.gin", text)], settings)


def test_identity_resolves_macros_and_leaves_defaults_out(write):
    load(write, "PART = @ingredient()\ningredient.weight = 2\ningredient.count = 2\n")
    assert config.canonical() == [
        "config_test.ingredient.weight = 2.0",
        "roots.config_test_root.part = @config_test.ingredient()",
    ]


@pytest.mark.parametrize(
    "text",
    [
        "PART = @ingredient()  # comment\n\ningredient.weight = 2.00\n",
        "ingredient:\n  weight = 2e0\n  names = ['a', 'b']\nPART = @ingredient()\n",
        "include 'first.gin'\nPART = @config_test.ingredient()\n"
        "ingredient.weight = 5\ningredient.weight = 2\n",
    ],
)
def test_identity_does_not_depend_on_how_the_config_is_written(write, text):
    load(write, "PART = @ingredient()\ningredient.weight = 2.0\n")
    expected = config.digest(config.canonical())
    load(write, text)
    assert config.digest(config.canonical()) == expected


def test_identity_depends_on_every_value(write):
    load(write, "PART = @ingredient()\n")
    before = config.digest(config.canonical())
    load(write, "PART = @ingredient()\n", ["STEPS = 4"])
    assert config.digest(config.canonical()) != before


def test_a_scoped_value_equal_to_the_default_is_kept(write):
    load(write, "PART = @s/ingredient()\ningredient.weight = 2.0\n")
    config.load(["first.gin", "second.gin"], ["s/ingredient.weight = 1.0"])
    assert "s/config_test.ingredient.weight = 1.0" in config.canonical()


def test_canonical_lines_are_a_config_of_the_same_identity(write):
    load(
        write,
        "PART = @s/ingredient()\ns/ingredient.weight = 2.0\n"
        "config_test_root.more = {'k': (1,), 'l': @ingredient}\n",
    )
    lines = config.canonical()
    config.load([write("frozen.gin", "\n".join(lines))])
    assert config.canonical() == lines
    assert config_test_root()[0] == (2.0, 2, ("a", "b"))


def test_a_file_included_again_does_not_bring_its_values_back(write):
    write("data.gin", "STEPS = 7\n")
    write("method.gin", "include 'first.gin'\nPART = @ingredient()\n")
    config.load(["first.gin", "data.gin", "method.gin"])
    assert config_test_root()[1] == 7


def test_query_returns_values_and_references_as_text(write):
    load(write, "PART = @ingredient()\n")
    assert config.query("%STEPS") == 3
    assert config.query("config_test_root.part") == "@ingredient()"
    assert config.query("config_test_root.more", default=None) is None
    with pytest.raises(InputError, match="Nothing sets"):
        config.query("config_test_root.more")


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("PART = @ingredint()", r"second.gin, line 1: .*Did you mean '.*ingredient'"),
        (
            "\ningredint.weight = 1",
            r"second.gin, line 2: .*Did you mean 'config_test.ingredient'",
        ),
        ("ingredient.wieght = 1", r"line 1: .*no parameter 'wieght'. .*'weight'"),
        ("ingredient:\n  wieght = 1", r"line 2: .*no parameter 'wieght'"),
        ("STEPZ = 1", r"declares no macro STEPZ. Did you mean 'STEPS'"),
        ("STEPS = 3\nSTEPS = (3,\n", r"second.gin, line \d: not valid gin"),
        ("PART = ingredient", r"line 1: not valid gin: .*'ingredient'"),
        ("PART ingredient", r"line 1: not valid gin: .*expected ':' or '='"),
        ("include 'third.gin'", r"second.gin, line 1: .*no gin file 'third.gin'"),
        ("import os", r"line 1: gin files of the suite import nothing"),
    ],
)
def test_a_wrong_line_is_named_with_file_line_and_nearest_name(write, text, message):
    with pytest.raises(InputError, match=message):
        load(write, text)


@pytest.mark.parametrize(
    ("setting", "message"),
    [
        ("STEPS 4", r"--set 'STEPS 4': not valid gin"),
        ("ingredient.wieght = 4", r"--set 'ingredient.wieght = 4': .*'weight'"),
        ("PART = %STEPZ", r"macro STEPZ. Did you mean 'STEPS'"),
        ("include 'first.gin'", r"--set cannot include"),
    ],
)
def test_a_wrong_setting_is_named(write, setting, message):
    def identify():
        load(write, "PART = @ingredient()\n", [setting])
        return config.canonical()

    with pytest.raises(InputError, match=message):
        identify()


def test_a_required_macro_without_value_is_named_with_its_user(write):
    load(write, "STEPS = 4\n")
    with pytest.raises(InputError, match=r"No file sets %PART, which .*part needs"):
        config.canonical()


def test_a_missing_file_is_reported_with_the_nearest_name(write):
    with pytest.raises(InputError, match=r"no gin file 'frist.gin'.*'first.gin'"):
        config.load(["frist.gin"])


@pytest.mark.parametrize("name", ["ssgan", "ssgan.gin", "my/ssgan.gin"])
def test_the_file_of_a_shipped_method_is_suggested(write, name):
    with pytest.raises(InputError, match=r"mean 'gin_configs/ssgan.gin'"):
        config.find_file(name)


def test_a_directory_is_no_gin_file(write, tmp_path):
    with pytest.raises(InputError, match="is a directory, not a gin file"):
        config.load([str(tmp_path)])


def test_an_include_is_looked_for_beside_the_file_that_includes_it(write, tmp_path):
    (tmp_path / "own").mkdir()
    (tmp_path / "own" / "part.gin").write_text("STEPS = 8\n")
    (tmp_path / "own" / "mine.gin").write_text("include 'part.gin'\n")
    config.load(["first.gin", "own/mine.gin"])
    assert config.query("%STEPS") == 8


@pytest.mark.parametrize(
    ("text", "unread"),
    [
        ("", []),
        ("ingredient.weight = 3.0", []),
        ("other_ingredient.weight = 3.0", ["config_test.other_ingredient.weight"]),
        # A narrower scope serves the only call.
        (
            "ingredient.weight = 3.0\n"
            "PART = @s/ingredient()\ns/ingredient.weight = 4.0",
            ["config_test.ingredient.weight"],
        ),
        ("t/ingredient.weight = 3.0", ["t/config_test.ingredient.weight"]),
        ("config_test_root.given = 1", ["config_test_root.given"]),
        ("config_test_root.steps = 5\nSTEPS = 6", ["STEPS"]),
    ],
)
def test_a_binding_without_effect_is_found(write, text, unread):
    load(write, "PART = @ingredient()\n" + text)
    config_test_root("given by the caller")
    found = config.unread_bindings()
    assert [line.split(" (")[0] for line in found] == unread
    if unread:
        assert "second.gin, line" in found[0]


def test_what_is_settled_can_be_changed_where_that_is_allowed(write):
    name = write("settled.gin", "ingredient.count = 5\nother_ingredient.weight = 3.0")
    settable = ("roots.config_test_root", "config_test.ingredient")
    config.load([name], ["s/ingredient.weight = 4.0"], settable)
    assert config.query("s/ingredient.weight") == 4.0
    # Only what is set in addition must be read.
    (unread,) = config.unread_bindings()
    assert unread.startswith("s/config_test.ingredient.weight (--set ")
    for setting, refused in {
        "other_ingredient.weight = 1.0": "config_test.other_ingredient",
        "STEPS = 4": "STEPS",
        "ingredient.count = 1\nother_ingredient.weight = 1.0": "config_test.other_ingr",
    }.items():
        message = f"{refused}.* cannot be changed. Only parameters of config_test_root,"
        with pytest.raises(InputError, match=message):
            config.load([name], [setting], settable)
    with pytest.raises(InputError, match="cannot include"):
        config.load([name], ["include 'first.gin'"], settable)


def test_a_binding_is_taken_and_what_it_refers_to_made(write):
    text = "PART = @s/ingredient()\ns/ingredient.weight = 4.0\ningredient.count = 1"
    load(write, text + "\nconfig_test_root.more = [@s/ingredient(), @ingredient()]")
    scoped, plain = config.take("config_test_root.more")
    assert config.make(scoped) == (4.0, 1, ("a", "b"))
    assert config.make(plain) == (1.0, 1, ("a", "b"))
    with pytest.raises(InputError, match=r"Nothing sets config_test_root.more"):
        config.take("config_test_root.more")


def test_construction_keeps_only_what_the_component_said(write):
    @config.register("config_test")
    def refusing():
        raise ValueError("Wrong. Set a.b = 1.")

    load(write, "PART = @refusing()\n")
    with (
        pytest.raises(InputError, match=r"^Wrong. Set a.b = 1.$"),
        config.construction(),
    ):
        config_test_root()


@config.register("config_test")
def typed(
    count: int = 1,
    rate: float = 1.0,
    flag: bool = False,
    kind: Literal["a", "b"] = "a",
    optional: int | None = None,
    shape: tuple[int, int, int] = (1, 1, 1),
    factory: Callable[..., int] | None = None,
    product: Callable[[int], int] | None = None,
    parts: Sequence[Callable[..., int]] = (),
    anything: Any = None,
) -> int:
    return count


@pytest.mark.parametrize(
    "binding",
    [
        "count = 2",
        "rate = 2",
        "rate = 2.5",
        "flag = True",
        "kind = 'b'",
        "optional = None",
        "optional = 3",
        "shape = (1, 2, 3)",
        "shape = [1, 2, 3]",
        "factory = @ingredient",
        "factory = None",
        "product = @ingredient()",
        "parts = [@ingredient, @other_ingredient]",
        "anything = @ingredient",
        "anything = {'a': 1}",
        "count = %STEPS",
    ],
)
def test_a_value_of_the_right_type_is_accepted(write, binding):
    load(write, f"PART = @typed()\ntyped.{binding}")
    config.check_values()
    assert any("config_test.typed" in line for line in config.canonical())


@pytest.mark.parametrize(
    ("binding", "message"),
    [
        ("count = 2.5", "typed.count must be a whole number, not 2.5"),
        ("count = True", "must be a whole number, not True"),
        ("count = None", "must be a whole number, not None"),
        ("rate = 'x'", "must be a number, not 'x'"),
        ("flag = 'no'", "must be True or False, not 'no'"),
        ("flag = 1", "must be True or False, not 1"),
        ("kind = 'c'", "must be 'a' or 'b', not 'c'"),
        ("optional = 'x'", "must be a whole number or None, not 'x'"),
        ("shape = (1, 'x', 3)", "one of its elements.* must be a whole number"),
        ("shape = 3", "must be a list, each element a whole number, not 3"),
        ("count = @ingredient()", "must be a whole number, not the component"),
        ("factory = @ingredient()", r"write @ingredient, not @ingredient\(\)"),
        ("factory = 'x'", "must be a component, @name or None"),
        ("product = @ingredient", r"write @ingredient\(\), not @ingredient\."),
        ("parts = @ingredient", "must be a list, each element a component"),
        ("parts = [@ingredient()]", r"write @ingredient, not @ingredient\(\)"),
        ("count = %COUNT", r"second.gin, line 2: .*a whole number, not 'many'"),
    ],
)
def test_a_value_of_the_wrong_type_is_named_with_what_to_write(write, binding, message):
    write("first.gin", "COUNT = 1\nPART = @typed()\nconfig_test_root.part = %PART\n")
    load(write, f"PART = @typed()\nCOUNT = 'many'\ntyped.{binding}")
    with pytest.raises(InputError, match=message):
        config.check_values()


def test_a_macro_that_refers_to_itself_is_refused(write):
    load(write, "STEPS = %STEPS\nPART = @ingredient()\n")
    with pytest.raises(InputError, match="macro STEPS refers to itself"):
        config.canonical()


def test_a_file_of_the_suite_does_not_silently_undo_what_the_user_wrote(
    write, tmp_path, monkeypatch
):
    shipped = tmp_path / "shipped"
    shipped.mkdir()
    monkeypatch.setattr(parsing, "shipped_directory", lambda: shipped)
    (shipped / "base.gin").write_text((tmp_path / "first.gin").read_text())
    (shipped / "budget.gin").write_text("STEPS = 9\n")
    write("second.gin", "PART = @ingredient()\nSTEPS = 5\n")
    files = ["shipped/base.gin", "second.gin", "shipped/budget.gin"]
    message = r"second.gin, line 2 has no effect: .*budget.gin, line 1.*Use --set"
    with pytest.raises(InputError, match=message):
        config.load(files)
    write("second.gin", "PART = @ingredient()\n")
    config.load(files, ["STEPS = 7"])
    assert config.query("%STEPS") == 7


def test_an_option_and_a_setting_that_disagree_are_refused(write):
    load(write, "PART = @ingredient()\n", ["STEPS = 5"])
    config.bind_macro("STEPS", 5, "--steps 5")
    load(write, "PART = @ingredient()\n", ["STEPS = 5"])
    with pytest.raises(InputError, match="set twice: --set 'STEPS = 5', and --steps 6"):
        config.bind_macro("STEPS", 6, "--steps 6")
