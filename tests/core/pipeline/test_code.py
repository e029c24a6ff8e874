"""Which edits make a stage stale, tried on a copy of the code."""

import ast
import importlib.util
import itertools
import json
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from types import ModuleType

import pytest

from stages.core.networks import table
from stages.core.networks.table import NETWORKS, OPTIONS
from stages.core.pipeline.code import NOT_HASHED, deciding_modules, imported_by, module_path
from stages.core.pipeline.params import SECTIONS
from stages.core.text.table import TOKENIZERS
from tests.support.project import ROOT

EXAMPLE = '''"""First."""
import logging

logger = logging.getLogger(__name__)


class Example:
    """Second."""

    def value(self, x: int) -> int:
        """Third."""
        logger.info("working on %d", x)
        if x < 0:
            raise ValueError(f"negative: {x}")
        return x + 1
'''


Edit = Callable[[str], str]


@pytest.fixture(scope="module")
def root(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A copy of the code with one more module, which no stage imports. Each test leaves it as it was."""
    folder = tmp_path_factory.mktemp("code")
    shutil.copytree(ROOT / "stages", folder / "stages", ignore=shutil.ignore_patterns("__pycache__"))
    (folder / "stages" / "example.py").write_text(EXAMPLE, encoding="utf-8")
    return folder


@pytest.fixture(scope="module")
def before(root: Path) -> ModuleType:
    """The module under test, of the copy before any edit. It reads each file once: here, all of them."""
    hashing = hashing_in(root)
    for stage in SECTIONS:
        for network, tokens in itertools.product(NETWORKS, TOKENIZERS):
            hashing.code_hash("stages.example", *modules_of(stage, network, tokens, OPTIONS))
    return hashing


def modules_of(stage: str, network: str = "lstm", tokens: str = "characters", options: Iterable[str] = ()) -> list[str]:
    """What stage `check` hashes for a stage."""
    return table.modules_of(stage, network, tokens, options)


def hashing_in(root: Path) -> ModuleType:
    """The module under test as it stands in a copy of the code: it hashes the code around it."""
    spec = importlib.util.spec_from_file_location("code_of_a_copy", root / "stages/core/pipeline/code.py")
    assert spec is not None and spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@contextmanager
def edited(root: Path, path: str, edit: Edit) -> Iterator[ModuleType]:
    """Edit one file for the length of the block; give what hashes the edited code."""
    file = root / path
    source = file.read_bytes()
    file.write_bytes(edit(source.decode()).encode())
    assert file.read_bytes() != source
    try:
        yield hashing_in(root)
    finally:
        file.write_bytes(source)


def replacing(old: str, new: str) -> Edit:
    return lambda source: source.replace(old, new, 1)


def appending(text: str) -> Edit:
    return lambda source: source + text


FOR_PEOPLE = {
    "comment": appending("# more\n"),
    "blank line": replacing("\n\n", "\n\n\n"),
    "line breaks": replacing("return x + 1", "return (\n            x\n            + 1\n        )"),
    "docstring of the module": replacing("First.", "Other."),
    "docstring of a class": replacing("Second.", "Other."),
    "docstring of a method": replacing("Third.", "Other."),
    "text of an error": replacing("negative: {x}", "must not be negative"),
    "line of the log": replacing("working on %d", "work on %d"),
    "one line of the log less": replacing('logger.info("working on %d", x)', "..."),
}
FOR_THE_MACHINE = {
    "statement": appending("ONE_MORE = 1\n"),
    "number": replacing("x + 1", "x + 2"),
    "default": replacing("x: int)", "x: int = 1)"),
    "condition": replacing("x < 0", "x <= 0"),
    "class of an error": replacing("ValueError", "TypeError"),
    "error": replacing('raise ValueError(f"negative: {x}")', "pass"),
    "order": replacing('raise ValueError(f"negative: {x}")', "return 0"),
    "import": appending("import stages.core.text.characters\n"),
}


@pytest.mark.parametrize("edit", FOR_PEOPLE.values(), ids=FOR_PEOPLE.keys())
def test_what_only_people_read_does_not_count(edit: Edit, root: Path, before: ModuleType) -> None:
    with edited(root, "stages/example.py", edit) as after:
        assert after.code_hash("stages.example") == before.code_hash("stages.example")


@pytest.mark.parametrize("edit", FOR_THE_MACHINE.values(), ids=FOR_THE_MACHINE.keys())
def test_what_the_machine_does_counts(edit: Edit, root: Path, before: ModuleType) -> None:
    with edited(root, "stages/example.py", edit) as after:
        assert after.code_hash("stages.example") != before.code_hash("stages.example")


STATEMENT = appending("\nONE_MORE = 1\n")
# what is edited, how, and the stages of an LSTM that it makes stale
REPORT, WITH_NETWORK = {"report"}, {"train", "sample", "evaluate", "report"}
PLACES: list[tuple[str, Edit, set[str]]] = [
    ("stages/core/report/explorer/scripts/page.js", appending("\n// a comment\n"), REPORT),
    ("stages/core/report/explorer/styles/page.css", appending("\nbody {}\n"), REPORT),
    ("stages/core/report/explorer/page.html", appending("\n"), REPORT),
    ("stages/core/report/figures.py", STATEMENT, REPORT),
    ("stages/core/networks/lstm.py", STATEMENT, {"sample", "evaluate", "report"}),
    ("stages/core/training/keras/lstm.py", STATEMENT, {"train"}),
    ("stages/core/training/trainer.py", STATEMENT, {"train"}),
    ("stages/core/generation/sampling.py", STATEMENT, {"sample", "evaluate", "report"}),
    ("stages/core/evaluation/scores.py", STATEMENT, {"evaluate"}),
    ("stages/core/text/characters.py", STATEMENT, {"vectorize", *WITH_NETWORK}),
    ("stages/core/text/streams/characters.py", STATEMENT, {"vectorize"}),
    ("stages/core/text/words.py", STATEMENT, set()),
    ("stages/core/text/table.py", STATEMENT, set()),
    ("stages/core/networks/table.py", STATEMENT, set()),
    ("stages/download.py", STATEMENT, {"download"}),
    ("stages/core/pipeline/files.py", STATEMENT, set(SECTIONS)),
    ("stages/core/pipeline/errors.py", STATEMENT, set()),
    ("stages/core/tracking/run.py", STATEMENT, set()),
    ("stages/core/serving/registry.py", STATEMENT, set()),
    ("stages/cli/plan.py", STATEMENT, set()),
    ("stages/check.py", STATEMENT, set()),
]


@pytest.mark.parametrize(("path", "edit", "stale"), PLACES, ids=[path for path, *_ in PLACES])
def test_an_edit_makes_stale_exactly_the_stages_that_compute_with_it(
    path: str, edit: Edit, stale: set[str], root: Path, before: ModuleType
) -> None:
    with edited(root, path, edit) as after:
        hashes = {stage: modules_of(stage) for stage in SECTIONS}
        changed = {stage for stage, names in hashes.items() if after.code_hash(*names) != before.code_hash(*names)}
    assert changed == stale


@pytest.mark.parametrize("kind", NETWORKS)
def test_an_edit_of_one_kind_of_network_leaves_the_others_alone(kind: str, root: Path, before: ModuleType) -> None:
    for module, stage in ((NETWORKS[kind].stepper, "sample"), (NETWORKS[kind].builder, "train")):
        with edited(root, module_path(module).relative_to(ROOT).as_posix(), STATEMENT) as after:
            changed = {
                other
                for other in NETWORKS
                if after.code_hash(*modules_of(stage, other)) != before.code_hash(*modules_of(stage, other))
            }
        assert changed == {kind}


@pytest.mark.parametrize("option", OPTIONS)
def test_an_edit_of_an_option_counts_only_where_it_is_used(option: str, root: Path, before: ModuleType) -> None:
    path = module_path(OPTIONS[option][1]).relative_to(ROOT).as_posix()
    with edited(root, path, STATEMENT) as after:
        for options in ([], [option], [other for other in OPTIONS if other != option]):
            names = modules_of("train", options=options)
            assert (after.code_hash(*names) != before.code_hash(*names)) == (option in options)


def test_the_order_in_which_modules_are_named_does_not_count(before: ModuleType) -> None:
    assert before.code_hash("stages.train", "stages.sample") == before.code_hash("stages.sample", "stages.train")


def test_the_name_of_a_module_counts(root: Path) -> None:
    renamed = root / "stages" / "renamed.py"
    shutil.copy(root / "stages" / "example.py", renamed)
    hashing = hashing_in(root)
    assert hashing.code_hash("stages.example") != hashing.code_hash("stages.renamed")
    renamed.unlink()


LOADED = """
import importlib, json, sys
for name in sys.argv[1:]:
    importlib.import_module(name)
print(json.dumps([name for name in sys.modules if name.split(".")[0] == "stages"]))
"""


# what a stage imports only when it needs it
IMPORTED_LATER = {"train": ["stages.core.training.trainer"]}


@pytest.mark.parametrize(("stage", "options"), [*((s, []) for s in SECTIONS), *(("train", [o]) for o in OPTIONS)])
def test_the_hash_covers_exactly_what_python_loads(stage: str, options: list[str]) -> None:
    modules = modules_of(stage, options=options)
    command = [sys.executable, "-c", LOADED, *modules, *IMPORTED_LATER.get(stage, [])]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True)
    loaded, hashed = set(json.loads(done.stdout)), set(deciding_modules(*modules))
    assert hashed <= loaded
    # modules that are left out, and what only they import
    left_out = {name for name in loaded if is_not_hashed(name) or not has_statements(name)}
    others = loaded - hashed - left_out
    while only_theirs := {name for name in others if importers(name, loaded) <= left_out}:
        left_out |= only_theirs
        others -= only_theirs
    assert others == set()


def importers(name: str, loaded: set[str]) -> set[str]:
    return {other for other in loaded if other != name and name in imported_by(other)}


def is_not_hashed(name: str) -> bool:
    return any(f"{name}.".startswith(f"{other}.") for other in NOT_HASHED)


def has_statements(name: str) -> bool:
    _docstring, *statements = ast.parse(module_path(name).read_text(encoding="utf-8")).body
    return statements != []


@pytest.mark.parametrize("name", NOT_HASHED)
def test_what_is_not_hashed_is_imported_by_a_stage(name: str) -> None:
    of_kinds = [module for kind in NETWORKS.values() for module in (kind.stepper, kind.builder)]
    roots = [f"stages.{stage}" for stage in SECTIONS] + of_kinds + [module for _, module in OPTIONS.values()]
    used = {other for root in roots for other in all_imported_by(root)}
    assert any(f"{other}.".startswith(f"{name}.") for other in used)


def all_imported_by(module: str) -> set[str]:
    """Every module that it imports, directly or not."""
    found: set[str] = set()
    waiting = [module]
    while waiting:
        for name in imported_by(waiting.pop()):
            if name not in found:
                found.add(name)
                waiting.append(name)
    return found


def test_only_the_tables_import_a_module_by_its_name() -> None:
    """Such an import is no statement, so the hash would miss it."""
    sources = {
        path.relative_to(ROOT).as_posix(): path.read_text(encoding="utf-8") for path in ROOT.glob("stages/**/*.py")
    }
    by_name = {path for path, source in sources.items() if "import_module(" in source or "__import__(" in source}
    assert by_name == {"stages/cli/main.py", "stages/core/networks/table.py", "stages/core/text/table.py"}
