"""The command `run` on the toy's gin files, in a process of its own.

python -m tests.studies.toy.program run --gin FILE --dataset toy ... --out DIR
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
    parser.add_argument("--gin", action="append", required=True)
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
    )


def main(arguments):
    from compare_ssgan.studies import run, spec

    use_toy_configs()
    try:
        run.execute(spec.load(request(arguments)))
    except CommandError as error:
        print(error, file=sys.stderr)
        return error.exit_code
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
