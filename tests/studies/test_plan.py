import pytest

from compare_ssgan import config
from compare_ssgan.datasets import base
from compare_ssgan.errors import InputError
from compare_ssgan.studies import experiment
from compare_ssgan.studies.plan import Overrides, plan

BOTH = "gin_configs/studies/both.gin"


@pytest.fixture
def write(toy_configs, tmp_path):
    """Writes a study file of lines below `study:`."""

    def write(*lines, more=""):
        values = {"datasets": "['toy']", "methods": "['plain']", "seeds": "1"}
        values |= dict(line.split(" = ", 1) for line in lines)
        body = "".join(f"study.{name} = {value}\n" for name, value in values.items())
        path = tmp_path / "mine.gin"
        path.write_text(body + more)
        return str(path)

    return write


def settings(planned):
    return [request.settings for request in planned.requests]


def test_seeds_are_outermost(toy_configs, tmp_path):
    planned = plan(BOTH, tmp_path)
    assert planned.study == "both"
    assert [(request.seed, request.method) for request in planned.requests] == [
        (0, "plain"),
        (0, "other"),
        (1, "plain"),
        (1, "other"),
    ]
    first = planned.requests[0]
    assert first.gin_files == ("gin_configs/plain.gin",)
    assert first.study == "both"
    assert first.run_directory.parent == tmp_path / "runs"
    assert first.family == "unconditional"


def test_without_out_runs_are_in_results_of_the_study(toy_configs):
    assert str(plan(BOTH).directory) == "results/both"


def test_more_seeds_keep_the_ids_of_the_others(write):
    few = {request.run_id for request in plan(write("seeds = 2")).requests}
    many = {request.run_id for request in plan(write("seeds = [2, 1, 0]")).requests}
    assert few < many


def test_a_grid_takes_all_combinations_and_a_zip_goes_along(write):
    planned = plan(
        write(
            "grid = {'STEPS': [1, 2], 'run.log_every': [3, 4]}",
            "zip = {'toys.Game.width': [5, 6], 'run.batch_size': [7, 8]}",
        )
    )
    lines = settings(planned)
    assert len(lines) == 8
    assert lines[:2] == [
        ("STEPS = 1", "run.log_every = 3", "toys.Game.width = 5", "run.batch_size = 7"),
        ("STEPS = 1", "run.log_every = 3", "toys.Game.width = 6", "run.batch_size = 8"),
    ]


def test_components_in_a_grid_stay_references(write):
    planned = plan(write("grid = {'evaluate.metrics': [[@metrics.fid()], [@kid()]]}"))
    assert settings(planned) == [
        ("evaluate.metrics = [@metrics.fid()]",),
        ("evaluate.metrics = [@kid()]",),
    ]
    assert config.query("evaluate.metrics") == ["@kid()"]


@pytest.mark.parametrize(
    ("strategy", "nodes", "setting", "message"),
    [
        ("mirrored", 1, "run.jit_compile = True", "plain on toy.* is for one replica"),
        ("mirrored", 1, "run.accumulation = 2", "there are several .--strategy"),
        ("multiworker", 2, "run.jit_compile = True", "is for one replica"),
        ("multiworker", 3, "STEPS = 2", "--nodes 3 cannot share a batch of 8 equally"),
    ],
)
def test_what_cannot_be_distributed_is_refused(
    write, strategy, nodes, setting, message
):
    overrides = Overrides(settings=(setting,), strategy=strategy)
    with pytest.raises(InputError, match=message):
        plan(write(), overrides=overrides, nodes=nodes)


@pytest.mark.parametrize(
    ("strategy", "nodes", "setting"),
    [
        # How many there are is known on their machine only.
        ("mirrored", 1, "run.batch_size = 7"),
        ("multiworker", 4, "STEPS = 2"),
        ("none", 1, "run.jit_compile = True"),
        ("tpu", 1, "run.jit_compile = True"),
    ],
)
def test_how_a_run_is_distributed_does_not_change_its_id(
    write, strategy, nodes, setting
):
    settings = Overrides(settings=(setting,))
    (expected,) = plan(write(), overrides=settings).requests
    distributed = settings._replace(strategy=strategy)
    (request,) = plan(write(), overrides=distributed, nodes=nodes).requests
    assert request.strategy == strategy
    assert request.run_id == expected.run_id


def test_a_value_that_holds_anyway_makes_no_second_run(write):
    planned = plan(write("grid = {'run.ema_start_step': [0, 0]}"))
    assert len(planned.requests) == 1


def test_the_command_line_overrides_all_runs(write):
    overrides = Overrides(budget="paper", settings=("STEPS = 3",), threads=1)
    (request,) = plan(write(), overrides=overrides).requests
    assert (request.budget, request.settings) == ("paper", ("STEPS = 3",))
    assert request.threads == 1
    assert config.query("run.steps") == 3


@pytest.mark.parametrize(
    ("lines", "message"),
    [
        (["methods = ['plian']"], r"no method 'plian'.*mean 'plain'.*other, plain"),
        (["methods = 'plain'"], "study.methods must be a list of names"),
        (["methods = []"], "study.methods must be a list of names"),
        (["datasets = ['toi']"], "no dataset 'toi'"),
        (["budget = 'shrt'"], "no budget 'shrt'"),
        (["seeds = 0"], "study.seeds must be a positive number"),
        (["seeds = [0, -1]"], "study.seeds must be a positive number"),
        (["grid = {'STEPS': 3}"], "study.grid must map bindings to lists"),
        (["grid = {'STEPS': []}"], "study.grid must map bindings to lists"),
        (["grid = {'SEED': [1]}"], "use study.seeds"),
        (["grid = {'run.log_every': [%SEED]}"], r"mine.gin: .* macro SEED\..* --set '"),
        (
            ["grid = {'toys.Game.widht': [1]}"],
            r"plain on toy with .*: 'toys.Game.widht = 1' of the study: .*'width'",
        ),
        (["zip = {'STEPS': [1], 'run.log_every': [1, 2]}"], "lists of equal length"),
    ],
)
def test_a_mistake_anywhere_is_found_before_anything_runs(write, lines, message):
    with pytest.raises(InputError, match=message):
        plan(write(*lines))


@pytest.mark.parametrize(
    ("lines", "message"),
    [
        (
            ["grid = {'run.batch_size': [8, 51]}"],
            "plain on toy with .*size = 51: ",
        ),
        (
            ["grid = {'evaluate.num_samples': [50, 51]}"],
            "num_samples = 51: .*EVAL_S",
        ),
        (["grid = {'run.log_every': ['x']}"], "log_every must be a whole number"),
        (["grid = {'run.log_every': [2, [3, 4]]}"], r"whole number, not \[3, 4\]"),
        (
            ["grid = {'metrics.inception_score.num_splits': [2]}"],
            r"plain on toy with metrics.*no effect.*num_splits \('metrics",
        ),
        # The macro is set, but what it stands for is set otherwise.
        (
            ["grid = {'STEPS': [1, 2], 'run.steps': [3]}"],
            r"no effect.*STEPS \('STEPS = 1' of the study\)",
        ),
        (["grid = {'run.gan': [@toys.data()]}"], r"write @toys\.data, not"),
        (
            ["grid = {'optimizers.adam.learning_rate': ['x']}"],
            "learning_rate must be a number, not 'x'",
        ),
    ],
)
def test_a_combination_that_cannot_work_is_found_before_anything_runs(
    write, lines, message
):
    with pytest.raises(InputError, match=message):
        plan(write("seeds = 3", *lines))


def test_values_read_by_a_step_only_have_an_effect(write, monkeypatch):
    """Stands for what is traced; as soon as it has been, the value was read."""
    traced, unread = [], config.unread_bindings

    def late():
        return [] if traced else ["x"]

    monkeypatch.setattr(config, "unread_bindings", late)
    monkeypatch.setattr(experiment, "trace", traced.append)
    assert len(plan(write("grid = {'run.log_every': [1, 2]}")).requests) == 2
    assert len(traced) == 1
    monkeypatch.setattr(config, "unread_bindings", unread)


def test_the_command_line_cannot_undo_what_the_study_varies(write):
    path = write("grid = {'STEPS': [1, 2], 'run.log_every': [3]}")
    overrides = Overrides(settings=(" STEPS=3",))
    with pytest.raises(InputError, match=r"--set ' STEPS=3' .*study varies"):
        plan(path, overrides=overrides)
    # What has one value is what all runs have, and may be another.
    overrides = Overrides(settings=("run.log_every = 4",))
    assert len(plan(path, overrides=overrides).requests) == 2
    assert config.query("run.log_every") == 4


def test_a_unit_has_its_configuration_and_steps(write):
    units = plan(write("grid = {'STEPS': [3, 4]}")).units
    assert [unit.steps for unit in units] == [3, 4]
    config.thaw(units[0].frozen)
    assert units[0].request.run_id.endswith(config.digest(config.canonical()))


def test_a_long_plan_tells_how_far_it_is(write, monkeypatch, capsys):
    monkeypatch.setattr("compare_ssgan.studies.plan._SILENT_SECONDS", 0.0)
    plan(write("seeds = 2"))
    assert capsys.readouterr().err.splitlines()[1] == "checked 2 of 2 configurations"


def test_networks_are_built_for_one_seed_only(write, monkeypatch):
    built, build = [], experiment.build

    def counting():
        built.append((config.query("toys.Game.width"), config.query("run.seed")))
        return build()

    monkeypatch.setattr(experiment, "build", counting)
    planned = plan(write("seeds = 3", "grid = {'toys.Game.width': [2, 3]}"))
    assert len(planned.requests) == 6
    assert built == [(2, 0), (3, 0)]


def test_data_are_looked_for_where_the_runs_will(write, monkeypatch, tmp_path):
    seen, build = [], experiment.build

    def looking():
        seen.append(base.data_directory())
        return build()

    monkeypatch.setattr(experiment, "build", looking)
    before = base.data_directory()
    plan(write(), overrides=Overrides(data_dir=str(tmp_path)))
    assert seen == [tmp_path]
    assert base.data_directory() == before


def test_settings_outside_study_are_refused(write):
    with pytest.raises(InputError, match=r"not roots.run.log_every = 7.*study.grid"):
        plan(write(more="run.log_every = 7\n"))
    with pytest.raises(InputError, match=r"not STEPS\."):
        plan(write(more="STEPS = 7\n"))


def test_a_study_without_methods_is_refused(toy_configs, tmp_path):
    path = tmp_path / "empty.gin"
    path.write_text("study.seeds = 1\n")
    with pytest.raises(InputError, match=r"Nothing sets study\.methods"):
        plan(str(path))


def test_a_missing_study_file_is_refused(toy_configs):
    with pytest.raises(InputError, match=r"no gin file 'gin_configs/studies/bith.gin'"):
        plan("gin_configs/studies/bith.gin")
