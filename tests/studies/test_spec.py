import pytest

from compare_ssgan import config
from compare_ssgan.errors import InputError
from compare_ssgan.studies.spec import RunRequest, load_dataset, study_name
from compare_ssgan.studies.spec import load as load_request


def test_files_are_read_from_general_to_special(load, tmp_path):
    load()
    assert config.query("run.steps") == 40  # The budget's.
    load("STEPS = 7")
    assert config.query("run.steps") == 7


def test_a_loaded_request_knows_method_family_seed_and_place(load, tmp_path):
    request = load(method="other", seed=3)
    assert (request.method, request.family) == ("other", "conditional")
    assert request.run_id.startswith("toy-other-seed3-")
    assert request.run_directory == tmp_path / "out" / "runs" / request.run_id
    assert config.query("run.seed") == 3


def test_without_a_seed_that_of_the_base_file_counts(load):
    assert load().seed == 0
    assert load("SEED = 4").run_id == load(seed=4).run_id


def test_the_id_depends_on_what_is_set_and_not_on_how(load):
    plain = load().run_id
    assert load("run.ema_start_step = 0").run_id == plain
    assert load("STEPS = 40").run_id == plain
    assert load("run.steps = 41").run_id != plain


def test_the_id_does_not_depend_on_place_or_threads(load, tmp_path):
    elsewhere = load(out=tmp_path / "b", threads=1, study="s", data_dir="d")
    assert elsewhere.run_id == load().run_id


def test_without_out_runs_are_in_results_of_the_study(load):
    request = load(out=None)
    assert str(request.run_directory.parent) == "results/single/runs"


def test_the_paper_budget_reads_the_settings_of_the_pair(load):
    load(budget="paper")
    assert config.query("run.steps") == 30
    assert config.query("run.eval_every") == 10


def test_a_pair_without_paper_settings_lists_those_there_are(load):
    with pytest.raises(InputError, match=r"of other on toy.*toy plain"):
        load(budget="paper", method="other")


def test_an_unknown_dataset_names_the_nearest_and_all(load):
    with pytest.raises(InputError, match=r"no dataset 'toi'.*mean 'toy'.*are: toy\."):
        load(dataset="toi")


def test_an_unknown_budget_names_the_nearest_and_all(load):
    with pytest.raises(InputError, match=r"'shrt'.*'short'.*are: paper, short\."):
        load(budget="shrt")


@pytest.mark.parametrize("seed", [-1, True, 1.5, 2**31])
def test_a_wrong_seed_is_refused(load, seed):
    with pytest.raises(InputError, match="--seed must be a whole number"):
        load(seed=seed)


def test_a_wrong_seed_among_the_settings_is_refused(load):
    with pytest.raises(InputError, match=r"run\.seed must be a whole number, not 'a'"):
        load("SEED = 'a'")
    with pytest.raises(InputError, match="SEED must be a whole number from 0 on"):
        load("SEED = -1")


def test_no_gin_file_is_refused_with_the_methods_there_are(toy_configs):
    with pytest.raises(InputError, match="There are: other, plain"):
        load_request(RunRequest(()))


def test_an_unknown_strategy_is_refused(load):
    with pytest.raises(
        InputError, match=r"--strategy must be none or .* or tpu, not 'two'"
    ):
        load(strategy="two")


@pytest.mark.parametrize("name", ["my-gan", "my gan", "größe", "a,b"])
def test_a_method_has_a_name_that_ids_of_runs_can_hold(load, tmp_path, name):
    path = tmp_path / f"{name}.gin"
    path.write_text("")
    with pytest.raises(InputError, match=rf"names the method '{name}'.*Rename the"):
        load_request(RunRequest((str(path),), "toy"))


def test_names_of_shipped_files_are_no_paths(load):
    with pytest.raises(InputError, match=r"no dataset '\.\./datasets/toy'"):
        load(dataset="../datasets/toy")


@pytest.mark.parametrize("option", ["dataset", "budget"])
def test_a_name_too_long_for_a_file_is_told_with_its_option(load, option):
    with pytest.raises(InputError, match=f"--{option} .*'x*'.*(too long|There are)"):
        load(**{option: "x" * 300})


def test_a_gin_file_of_too_long_a_name_is_told_with_its_option(toy_configs):
    with pytest.raises(InputError, match=r"'x+\.gin'.*(too long.*--gin|working dir)"):
        load_request(RunRequest((f"{'x' * 300}.gin",), "toy"))


def test_a_damaged_plan_in_the_directory_is_named(load, tmp_path):
    request = load()
    (tmp_path / "out").mkdir()
    (tmp_path / "out" / "study.json").write_text("{}")
    with pytest.raises(InputError, match=r"study\.json has no study"):
        study_name(request)


def test_a_dataset_is_read_without_a_run():
    settings = ["datasets.synthetic.num_classes = 7"]
    dataset = load_dataset("synthetic", settings)
    assert (dataset.name, dataset.num_classes) == ("synthetic", 7)


def test_transforms_apply_to_a_dataset_without_a_run():
    (line,) = settings = ["run.transforms = [@images.flip()]"]
    dataset = load_dataset("digits", settings)
    assert len(dataset.train.augmentations) == 1
    with pytest.raises(InputError, match=r"no component 'images\.flop'"):
        load_dataset("digits", [line.replace("flip", "flop")])


def test_the_file_of_a_users_own_dataset_may_say_what_runs_need(tmp_path, monkeypatch):
    directory = tmp_path / "gin_configs" / "datasets"
    directory.mkdir(parents=True)
    text = "DATASET = @datasets.synthetic()\nGENERATOR = @dcgan.Generator\n"
    (directory / "mine.gin").write_text(f"{text}dcgan.Generator.channels = 8\n")
    monkeypatch.chdir(tmp_path)
    assert load_dataset("mine").name == "synthetic"
    assert load_dataset("mine", ["DATASET = @datasets.digits()"]).name == "digits"
    with pytest.raises(InputError, match=r"reads dcgan\.Generator\.channels"):
        load_dataset("mine", ["dcgan.Generator.channels = 4"])


def test_transforms_of_single_images_are_refused_for_pairs():
    with pytest.raises(InputError, match=r"digit_outlines has .*transforms = @images"):
        load_dataset("digit_outlines", ["run.transforms = [@images.flip()]"])


def test_a_setting_that_no_dataset_reads_is_refused():
    with pytest.raises(InputError, match=r"No dataset reads optimizers\.adam\.beta_1"):
        load_dataset("synthetic", ["optimizers.adam.beta_1 = 0.5"])
    with pytest.raises(InputError, match="no dataset 'syntetic'"):
        load_dataset("syntetic")
