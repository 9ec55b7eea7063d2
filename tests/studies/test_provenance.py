import re

from compare_ssgan.studies import provenance
from compare_ssgan.types import Problem
from tests.studies.toy import components


def test_a_checkout_is_known_by_its_commit():
    commit = provenance.git_commit()
    assert commit is None or re.fullmatch("[0-9a-f]{40}(-dirty)?", commit)


def test_an_installed_package_has_no_commit(monkeypatch, tmp_path):
    monkeypatch.setattr(provenance, "_PACKAGE", tmp_path)
    assert provenance.git_commit() is None


def test_heads_of_tasks_are_counted_apart():
    game = components.Game(Problem((8, 8, 1), 0, 4), 0)
    head = components.Discriminator()
    head.name_of_task = "rotation"
    task = type("Task", (components.Discriminator,), {"name": "rotation"})()
    game.tasks = [task]
    game.discriminator_modules = [game.discriminator, task]
    assert provenance.networks(game) == {
        "generator": {"name": "components.Generator", "parameters": 128},
        "discriminator": {"name": "components.Discriminator", "parameters": 64},
        "tasks": {"rotation": {"parameters": 64}},
    }
