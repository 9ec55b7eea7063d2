"""Writes run directories as a study leaves them, without training anything.

`python -m tests.analysis.fabricate` writes the expected tables of golden/ anew.
"""

import json
import math
import pathlib
import tempfile

import numpy as np

FAMILIES = {
    "gan": "unconditional",
    "wgan_gp": "unconditional",
    "sn_gan": "unconditional",
    "sbn_gan": "unconditional",
    "cond_gan": "conditional",
    "acgan": "conditional",
    "ssgan": "self-supervised",
    "ssgan_gp": "self-supervised",
    "sbn_ssgan": "self-supervised",
    "s3gan": "fewer labels",
}
FINAL = {
    "gan": 58.0,
    "wgan_gp": 44.0,
    "sn_gan": 31.0,
    "sbn_gan": 27.0,
    "cond_gan": 17.0,
    "acgan": 19.5,
    "ssgan": 22.0,
    "ssgan_gp": 29.0,
    "sbn_ssgan": 20.5,
    "s3gan": 18.0,
}
FID = "fid600_test_digits_cnn"
KID = "kid600_test_digits_cnn"
INCEPTION = "is600_digits_cnn"
STEPS = tuple(range(0, 6001, 500))


def run_id(method, seed, dataset="digits", digest=0):
    return f"{dataset}-{method}-seed{seed}-{digest:08x}"


def curve(method, seed, steps=STEPS):
    """FID that falls from about 400 to the method's end, differing by seed."""
    rng = np.random.default_rng([seed, *method.encode()])
    final = FINAL.get(method, 40.0) * (1 + 0.06 * rng.standard_normal())
    start = 400 * (1 + 0.03 * rng.standard_normal())
    noise = 1 + 0.04 * rng.standard_normal(len(steps))
    decay = np.exp(-np.array(steps) / 700.0)
    return [round(float(v), 6) for v in (final + (start - final) * decay) * noise]


def measurements(fid, steps=STEPS, metrics=(FID, KID, INCEPTION), eval_seed=0):
    """Lines of metrics.jsonl: FID as given, KID and IS made from it."""
    made = {
        FID: lambda value: value,
        KID: lambda value: value / 3000,
        INCEPTION: lambda value: 1 + 8 * math.exp(-value / 60),
    }
    return [
        {
            "step": step,
            "metric": metric,
            "value": made.get(metric, made[FID])(value),
            "images_seen": step * 128,
            "eval_seed": eval_seed,
        }
        for step, value in zip(steps, fid, strict=True)
        for metric in metrics
    ]


def run(
    study,
    method,
    seed,
    lines=None,
    *,
    dataset="digits",
    status="complete",
    settings=(),
    budget="short",
    done=None,
    diverged=None,
    error=None,
    digest=0,
    steps=6000,
    family=None,
    config=None,
):
    """Writes one run below the study's directory and returns its directory.

    `lines`: of metrics.jsonl; None makes a curve, False writes no file.
    """
    directory = pathlib.Path(study) / "runs" / run_id(method, seed, dataset, digest)
    directory.mkdir(parents=True)
    content = {
        "schema": 1,
        "run_id": directory.name,
        "study": pathlib.Path(study).name,
        "dataset": dataset,
        "method": method,
        "family": FAMILIES.get(method, "") if family is None else family,
        "budget": budget,
        "seed": seed,
        "settings": list(settings),
        "config_digest": f"{digest:08x}",
        "status": status,
        "error": error,
        "diverged": diverged,
        "package_version": "0.1.0",
        "git_commit": None,
        "steps": steps,
        "batch_size": 64,
        "discriminator_steps": 2,
        "wall_seconds": 300.5 + seed,
    }
    (directory / "run.json").write_text(json.dumps(content))
    if config is None:
        config = [f"gans.ModularGAN.loss = '{method}'", *settings]
    text = "\n".join(sorted([*config, f"roots.run.seed = {seed}"]))
    (directory / "config.gin").write_text(text + "\n")
    if lines is None:
        lines = measurements(curve(method, seed))
    if lines is not False:
        write_lines(directory / "metrics.jsonl", *lines)
    if done if done is not None else status in ("complete", "diverged"):
        (directory / "DONE").touch()
    return directory


def evaluations(directory, lines):
    """Adds what was measured after the training of a run."""
    write_lines(directory / "evaluations.jsonl", *lines)


def timings(directory, seconds_by_step):
    """Writes timing.jsonl: seconds of training at each step, 1 s of evaluating it."""
    lines = []
    for step, seconds in seconds_by_step.items():
        lines.append({"step": step, "event": "train", "seconds": seconds})
        lines.append({"step": step, "event": "evaluate", "seconds": 1.0})
    write_lines(directory / "timing.jsonl", *lines)


def write_lines(path, *lines):
    """Writes a file of one JSON object a line."""
    path.write_text("".join(json.dumps(line) + "\n" for line in lines))


def change(directory, **fields):
    """Changes fields of a run's run.json."""
    path = directory / "run.json"
    path.write_text(json.dumps(json.loads(path.read_text()) | fields))


def store(study, num_runs):
    """Writes `num_runs` runs of 99 measurements and 290 timings each."""
    steps = tuple(range(0, 3300, 100))
    lines = measurements([400.123456789 - s / 10.7 for s in steps], steps)
    text = "".join(
        json.dumps({"step": step, "event": event, "seconds": seconds}) + "\n"
        for end in steps
        for step, event, seconds in [
            *((end - 60 + 10 * i, "train", 5.4123) for i in range(7) if end),
            (end, "evaluate", 0.61234),
            (end, "checkpoint", 0.0961),
        ]
    )
    for number in range(num_runs):
        seed, kind = divmod(number, 2 * len(FINAL))
        method, digest = [*FINAL][kind // 2], kind % 2
        settings = [f"optimizers.adam.learning_rate = {1 + digest}e-4"]
        directory = run(study, method, seed, lines, settings=settings, digest=digest)
        (directory / "timing.jsonl").write_text(text)


def constant(study, method, values, **options):
    """Writes a run a value, FID that value at steps 0 and 100."""
    for seed, value in enumerate(values):
        lines = measurements([9 * abs(value) + 1, value], (0, 100))
        run(study, method, seed, lines, steps=100, **options)


def plan(study, cells):
    """Writes study.json; `cells` are (method, seed) or (method, seed, settings)."""
    pathlib.Path(study).mkdir(parents=True, exist_ok=True)
    planned = [
        {
            "run_id": run_id(cell[0], cell[1]),
            "dataset": "digits",
            "method": cell[0],
            "budget": "short",
            "seed": cell[1],
            "settings": list(cell[2]) if len(cell) > 2 else [],
        }
        for cell in cells
    ]
    content = {"study": pathlib.Path(study).name, "planned": planned}
    (pathlib.Path(study) / "study.json").write_text(json.dumps(content))


def small_study(study):
    """A study with every state a run can be in."""
    methods = ["gan", "sn_gan", "sbn_gan", "cond_gan", "ssgan", "sbn_ssgan"]
    plan(study, [(method, seed) for seed in range(3) for method in methods])
    for method in ["sn_gan", "sbn_gan", "cond_gan", "ssgan"]:
        for seed in range(3):
            run(study, method, seed)
    run(study, "gan", 0)
    run(study, "gan", 1)
    diverging = measurements([*curve("gan", 2)[:5], math.nan], STEPS[:6])
    where = {"step": 2412, "term": "generator/adversarial"}
    run(study, "gan", 2, diverging, status="diverged", diverged=where)
    run(study, "sbn_ssgan", 0)
    begun = measurements(curve("sbn_ssgan", 1)[:6], STEPS[:6])
    run(study, "sbn_ssgan", 1, begun, status="running")
    return study


def write_golden():
    from compare_ssgan.analysis import tables

    golden = pathlib.Path(__file__).parent / "golden"
    with tempfile.TemporaryDirectory() as directory:
        study = small_study(pathlib.Path(directory) / "small")
        for name, suffix in GOLDEN.items():
            text = tables.render(study, format=name)
            (golden / f"table.{suffix}").write_text(text + "\n")


GOLDEN = {"md": "md", "latex": "tex"}

if __name__ == "__main__":
    write_golden()
