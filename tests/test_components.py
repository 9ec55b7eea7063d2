"""Conformance: every registered component, found in the registry."""

import inspect
import re

import pytest

from compare_ssgan import config, protocols
from compare_ssgan.studies import catalogue, spec

spec.import_roots()
# Components of tests (config_test, toy) are registered too.
COMPONENTS = {
    name: component
    for name, component in config.registered().items()
    if component.__module__.startswith("compare_ssgan.")
}
REFERENCE = re.compile(r"arxiv|https?://|\(?no\s+reference", re.IGNORECASE)


def test_every_package_of_components_is_found():
    groups = {name.split(".")[0] for name in COMPONENTS}
    assert groups >= {
        "augmentations", "conditioning", "datasets", "dcgan", "features", "gans",
        "initializers", "latents", "losses", "metrics", "norms", "optimizers",
        "penalties", "regularizers", "resnet_cifar", "roots", "sndcgan", "tasks",
    }  # fmt: skip


@pytest.mark.parametrize("name", COMPONENTS)
def test_a_component_says_what_it_is_and_where_it_comes_from(name):
    component = COMPONENTS[name]
    text = inspect.getdoc(component) or ""
    summary = text.split("\n")[0]
    assert 10 <= len(summary) <= 88, summary
    if not name.startswith("roots."):
        assert REFERENCE.search(text), f"{name} names no source"


@pytest.mark.parametrize("name", COMPONENTS)
def test_hyperparameters_are_documented(name):
    component = COMPONENTS[name]
    text = inspect.getdoc(component) or ""
    if inspect.isclass(component):
        text += inspect.getdoc(component.__init__) or ""
    parameters = inspect.signature(component).parameters
    missing = [p for p in parameters if not re.search(rf"\b{p}\b", text)]
    assert not missing


METRICS = [name for name in COMPONENTS if name.startswith("metrics.")]


@pytest.mark.parametrize("name", METRICS)
def test_what_a_metric_measures_has_a_protocol(name):
    metric = COMPONENTS[name]()
    assert metric.kinds
    assert set(metric.kinds) <= set(protocols.KINDS)
    # Options that are the default ones are in no name.
    assert metric.suffix == ""


def test_no_kind_is_measured_by_two_metrics():
    kinds = [kind for name in METRICS for kind in COMPONENTS[name]().kinds]
    assert len(kinds) == len(set(kinds))


def test_list_shows_every_component_with_its_first_line():
    shown = catalogue.render()
    for name, component in COMPONENTS.items():
        assert name.removeprefix("roots.") in shown
        assert (inspect.getdoc(component) or "").split("\n")[0] in shown
    assert "losses.hinge" in catalogue.render("losses")
    assert "norms" not in catalogue.render("losses")
