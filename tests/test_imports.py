"""Dependencies between the packages point one way."""

import ast
import pathlib
import re
import subprocess
import sys

import pytest

import compare_ssgan
from compare_ssgan import analysis

PACKAGE = pathlib.Path(compare_ssgan.__file__).parent
FOUNDATION = {"errors", "types", "config", "tfgan", "protocols"}
# What each package may import, besides itself and the foundation.
ALLOWED = {
    "errors": set(),
    "types": set(),
    "protocols": set(),
    "config": {"errors"},
    "tfgan": set(),
    "layers": FOUNDATION,
    "datasets": FOUNDATION,
    "architectures": FOUNDATION | {"layers"},
    "gans": FOUNDATION | {"layers", "architectures"},
    "training": FOUNDATION | {"layers", "gans"},
    "evaluation": FOUNDATION | {"layers", "datasets", "training"},
    "components": FOUNDATION
    | {"layers", "datasets", "architectures", "gans", "training", "evaluation"},
    # Figures of a run, imported when it ends.
    "studies": FOUNDATION
    | {
        "layers",
        "datasets",
        "gans",
        "training",
        "evaluation",
        "components",
        "analysis",
    },
    "analysis": {"errors", "protocols"},
    "commands": {"errors", "datasets", "evaluation", "studies", "analysis"},
    "cli": {"errors", "studies", "commands"},
    "__main__": {"cli"},
    "__init__": set(),
}
MODULES = sorted(path.relative_to(PACKAGE) for path in PACKAGE.rglob("*.py"))
IN_ANALYSIS = [
    path
    for path in MODULES
    if path.parts[0] == "analysis" and path.parts[1] != "__init__.py"
]


def imported(path):
    """Yields the full names of the modules a file imports."""
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            for alias in node.names:
                yield alias.name
        elif isinstance(node, ast.ImportFrom):
            for alias in node.names:
                yield f"{node.module}.{alias.name}"


@pytest.mark.parametrize("module", MODULES, ids=str)
def test_a_module_imports_only_what_lies_below_it(module):
    part = module.parts[0].removesuffix(".py")
    for name in imported(PACKAGE / module):
        if name.startswith("compare_ssgan."):
            below = name.split(".")[1]
            known = below in ALLOWED
            assert not known or below == part or below in ALLOWED[part], name


def ranks_in_analysis():
    """Returns how far to the right each part stands in the order of its docstring."""
    (order,) = (line for line in analysis.__doc__.splitlines() if "<-" in line)
    levels = [level.split(",") for level in order.split("<-")]
    return {part.strip(): rank for rank, own in enumerate(levels) for part in own}


def test_the_order_of_analysis_names_all_of_its_parts():
    parts = {path.parts[1].removesuffix(".py") for path in IN_ANALYSIS}
    assert set(ranks_in_analysis()) == parts


@pytest.mark.parametrize("module", IN_ANALYSIS, ids=str)
def test_a_part_of_analysis_imports_only_what_stands_before_it(module):
    ranks = ranks_in_analysis()
    part = module.parts[1].removesuffix(".py")
    for name in imported(PACKAGE / module):
        if name.startswith("compare_ssgan.analysis."):
            below = name.split(".")[2]
            assert below == part or ranks[below] < ranks[part], name


@pytest.mark.parametrize(
    ("library", "owner"), [("gin", "config"), ("tensorflow_gan", "tfgan")]
)
def test_a_library_behind_an_adapter_is_imported_there_only(library, owner):
    # Also as text: an import may be written as a call.
    mention = re.compile(rf"(import |from |import_module\(.){library}\b")
    importers = {
        module.parts[0].removesuffix(".py")
        for module in MODULES
        if mention.search((PACKAGE / module).read_text(encoding="utf-8"))
    }
    assert importers == {owner}


def test_no_module_is_longer_than_400_lines():
    lengths = {str(m): len((PACKAGE / m).read_text().splitlines()) for m in MODULES}
    assert {name: n for name, n in lengths.items() if n > 400} == {}


@pytest.mark.parametrize("command", ["table", "status", "plot", "report"])
def test_reading_records_needs_no_tensorflow(command, tmp_path):
    program = (
        "import sys; from compare_ssgan import cli\n"
        f"arguments = cli._parser().parse_args(['{command}', '{tmp_path}'])\n"
        "cli._dispatch(arguments)\n"
        "assert 'tensorflow' not in sys.modules"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True)
    assert done.returncode == 0, done.stderr.decode()
