"""The command `score`: from paths and names to values and text."""

import inspect
import json
import math
import pathlib
from collections.abc import Sequence

from compare_ssgan import config
from compare_ssgan.errors import InputError
from compare_ssgan.evaluation import image_arrays, image_files, score
from compare_ssgan.evaluation.image_source import ImageSource
from compare_ssgan.evaluation.score import Judge, Score, Source
from compare_ssgan.studies import catalogue, spec

NO_FEATURES = "none"
# Where nothing is chosen: those of them that there are, and that the features allow.
_DEFAULT = ("fid", "kid", "inception_score", "precision_recall", "density_coverage")
_SHORT = {"is": "inception_score", "cas": "classification_accuracy_score"}
# As they are published: with their spread, the score over ten parts.
_SETTINGS: dict[str, dict[str, object]] = {
    "kid": {"spread": True},
    "inception_score": {"num_splits": 10, "spread": True},
}


def score_paths(
    real: pathlib.Path,
    fake: pathlib.Path,
    *,
    metrics: str | None = None,
    features: str = "inception",
    logits: pathlib.Path | None = None,
    settings: Sequence[str] = (),
) -> list[Score]:
    """Measures one folder or file against another.

    Args:
        real: Folder of images, .npz or .npy file.
        fake: The same.
        metrics: Names of metrics, separated by commas; None for FID, KID, precision
            and recall, density and coverage, and the Inception score where there are
            logits.
        features: Name of a feature network, or "none": the files hold features.
        logits: File of the class logits of `fake`, where they hold features.
        settings: gin lines, e.g. 'metrics.kid.num_subsets = 50'.

    Raises:
        InputError: If something cannot be read or measured, or a setting has no
            effect.
    """
    spec.import_roots()
    given = features == NO_FEATURES
    if logits is not None and not given:
        raise InputError(
            "--logits goes with --features none: otherwise the feature network has "
            "logits of its own."
        )
    names = _names(metrics)
    judge = _judge(names or _default_names(), features, settings)
    if names is None and not _classifies(judge) and logits is None:
        names = [name for name in _default_names() if name != "inception_score"]
        judge = _judge(names, features, settings)
    if logits is not None and not any("logits" in m.needs for m in judge.metrics):
        raise InputError(
            "--logits has no effect: no metric that is measured reads them. Add one, "
            "e.g. is, to --metrics, or leave --logits out."
        )
    unread = config.unread_bindings()
    if unread:
        raise InputError(f"These settings have no effect: {', '.join(unread)}.")
    sources = [_open(path, given, judge) for path in (real, fake)]
    of_fake = None if logits is None else image_arrays.open_features(logits, "logits")
    return score.measure(sources[0], sources[1], judge, of_fake)


def render(scores: Sequence[Score], as_json: bool) -> str:
    """Returns scores as one JSON object or as a table.

    The object has a value per short name, and under "protocols" the same values by
    their full names; null where there is none, since JSON has no NaN.
    """
    if as_json:
        values = [e.value if math.isfinite(e.value) else None for e in scores]
        kinds, names = ([each[i] for each in scores] for i in range(2))
        content = dict(zip(kinds, values, strict=True))
        protocols = dict(zip(names, values, strict=True))
        return json.dumps(content | {"protocols": protocols}, indent=1, allow_nan=False)
    rows = [("metric", "value", "protocol")]
    rows += [(each.kind, f"{each.value:.6g}", each.metric) for each in scores]
    widths = [max(len(row[column]) for row in rows) for column in range(3)]
    return "\n".join(
        f"{kind:<{widths[0]}}  {value:>{widths[1]}}  {name}"
        for kind, value, name in rows
    )


def _names(metrics: str | None) -> list[str] | None:
    if metrics is None:
        return None
    known = _registered("metrics")
    names = [_SHORT.get(name.strip(), name.strip()) for name in metrics.split(",")]
    for name in names:
        if name not in known:
            raise InputError(
                f"--metrics: there is no metric '{name}'."
                f"{catalogue.metric_hint(name, [*known, *_SHORT])} There are: "
                f"{', '.join(sorted(known))}."
            )
    twice = sorted({name for name in names if names.count(name) > 1})
    if twice:
        raise InputError(f"--metrics names {' and '.join(twice)} twice.")
    return names


def _default_names() -> list[str]:
    known = _registered("metrics")
    return [name for name in _DEFAULT if name in known]


def _judge(names: Sequence[str], features: str, settings: Sequence[str]) -> Judge:
    known = _registered("features")
    if features != NO_FEATURES and features not in known:
        raise InputError(
            f"--features: there are no features '{features}'."
            f"{config.nearest(features, known)} There are: {', '.join(sorted(known))}, "
            f"or '{NO_FEATURES}' for files of features."
        )
    references = ", ".join(f"@metrics.{name}()" for name in names)
    lines = [f"score.metrics = [{references}]"]
    for name in names:
        parameters = inspect.signature(
            config.registered()[f"metrics.{name}"]
        ).parameters
        lines += [
            f"metrics.{name}.{parameter} = {value}"
            for parameter, value in _SETTINGS.get(name, {}).items()
            if parameter in parameters
        ]
    judge = _build([*lines, "score.features = None", *settings])
    # Without a metric that needs it, no feature network has to be there.
    if features != NO_FEATURES and any(m.needs_features for m in judge.metrics):
        line = f"score.features = @features.{features}()"
        judge = _build([*lines, line, *settings])
    return judge


def _build(lines: Sequence[str]) -> Judge:
    config.load([], lines)
    config.check_values()
    with config.construction():
        return score.score()


def _registered(group: str) -> list[str]:
    prefix = f"{group}."
    return [
        name.removeprefix(prefix)
        for name in config.registered()
        if name.startswith(prefix)
    ]


def _classifies(judge: Judge) -> bool:
    return judge.features is not None and judge.features.num_logits > 0


def _open(path: pathlib.Path, given: bool, judge: Judge) -> Source:
    if given:
        if path.suffix.lower() not in (".npz", ".npy"):
            raise InputError(
                f"{path}: with --features none, features are read from .npz and .npy "
                "files."
            )
        return image_arrays.open_features(path)
    if path.is_dir():
        return _prepared(image_files.open_folder(path), judge)
    if path.suffix.lower() in (".npz", ".npy"):
        return image_arrays.open_images(path)
    if path.exists():
        raise InputError(f"{path} is neither a folder nor an .npz or .npy file.")
    raise InputError(f"There is no {path}.")


def _prepared(source: ImageSource, judge: Judge) -> ImageSource:
    """Has images of several sizes resized one by one, where features resize."""
    if source.image_shape is None and judge.features is not None:
        return source._replace(prepare=judge.features.prepare)
    return source
