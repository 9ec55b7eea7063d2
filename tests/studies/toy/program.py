"""The commands `run` and `sweep` on the toy's gin files, in a process of their own.

python -m tests.studies.toy.program run --gin FILE --dataset toy ... --out DIR
python -m tests.studies.toy.program run --planned FILE
python -m tests.studies.toy.program sweep STUDY.gin --out DIR
"""

import argparse
import os
import pathlib
import sys

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")

from compare_ssgan import config
from compare_ssgan.config import files, parsing
from compare_ssgan.errors import CommandError
from tests.studies.toy import components


def use_toy_configs(replace=setattr):
    """Puts the toy's gin files in the place of the suite's."""
    for module in (config, files, parsing):
        replace(module, "shipped_directory", lambda: components.CONFIGS)
    toy = components.CONFIGS.parent
    replace(files, "search_path", lambda: [pathlib.Path.cwd(), toy])


def request(arguments):
    from compare_ssgan.studies.spec import RunRequest

    parser = argparse.ArgumentParser()
    parser.add_argument("command")
    parser.add_argument("--gin", action="append", default=[])
    parser.add_argument("--planned", type=pathlib.Path)
    parser.add_argument("--set", action="append", default=[])
    parser.add_argument("--dataset", default="toy")
    parser.add_argument("--budget", default="short")
    parser.add_argument("--seed", type=int)
    parser.add_argument("--out", type=pathlib.Path)
    parser.add_argument("--threads", type=int)
    given = parser.parse_args(arguments)
    return RunRequest(
        gin_files=tuple(given.gin),
        dataset=given.dataset,
        budget=given.budget,
        seed=given.seed,
        settings=tuple(given.set),
        out=given.out,
        threads=given.threads,
        planned=given.planned,
    )


def sweep(arguments):
    from compare_ssgan.studies.executors.base import Options
    from compare_ssgan.studies.plan import Overrides
    from compare_ssgan.studies.sweep import sweep

    parser = argparse.ArgumentParser()
    parser.add_argument("command")
    parser.add_argument("study")
    parser.add_argument("--set", action="append", default=[])
    parser.add_argument("--jobs", type=int)
    parser.add_argument("--out", type=pathlib.Path)
    given = parser.parse_args(arguments)
    program = (sys.executable, "-m", "tests.studies.toy.program")
    summary = sweep(
        given.study,
        given.out,
        options=Options(jobs=given.jobs, program=program),
        overrides=Overrides(settings=tuple(given.set)),
    )
    print(summary)
    return summary.exit_code


def main(arguments):
    from compare_ssgan.studies import planned, run, spec

    use_toy_configs()
    try:
        if arguments[0] == "sweep":
            return sweep(arguments)
        given = request(arguments)
        load = planned.load if given.planned else spec.load
        run.execute(load(given))
    except CommandError as error:
        print(error, file=sys.stderr)
        return error.exit_code
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
