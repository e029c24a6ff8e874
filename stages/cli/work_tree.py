"""The project as a logged run had it, in a folder of its own: its commit, its uncommitted changes, its parameters.

The user's repository is only read: no branch, no index and no worktree of it changes.
"""

import json
import os
import re
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ruamel.yaml import YAML
from ruamel.yaml.error import YAMLError

from stages.cli.runs import Logged, fetch
from stages.core.pipeline.errors import UserError
from stages.core.pipeline.files import project_root
from stages.core.pipeline.params import SECTIONS
from stages.core.pipeline.rules import PARAMS_FILE, read_yaml, shown
from stages.core.pipeline.secrets import MASK
from stages.core.tracking import git
from stages.core.tracking.run import MAX_PARAM_LENGTH

COMMIT = re.compile(r"[0-9a-f]{40}|[0-9a-f]{64}")  # a name that begins with `-` would be an option of git
LONGEST_CHECKOUT = 600.0  # seconds


@dataclass(frozen=True)
class Code:
    """Which code a run was made with."""

    commit: str
    patch: bytes  # uncommitted changes, from the store
    is_certain: bool  # false if git could not tell the changes when the run began


def code_of(found: Logged) -> Code:
    """Return which code a run was made with.

    Raises:
        UserError: the run does not say so.
    """
    tags = found.latest.data.tags
    commit = tags.get("mlflow.source.git.commit", "none")
    if not COMMIT.fullmatch(commit):
        raise UserError(f"{found.name}: the run names no commit ({shown(commit)}), so it cannot be run again.")
    patch = b""
    if tags.get("git.dirty") == "true":
        with tempfile.TemporaryDirectory() as folder:
            patch = fetch(found.latest, "uncommitted.diff", Path(folder)).read_bytes()
    return Code(commit, patch, tags.get("git.dirty") in ("true", "false"))


@contextmanager
def work_tree(found: Logged, code: Code) -> Iterator[Path]:
    """Yield a folder with the code of a run, removed afterwards. It is beside the project, as relative paths count."""
    root = project_root()
    with tempfile.TemporaryDirectory(prefix=".reproduced-", dir=root.parent) as folder:
        tree = Path(folder)
        _check_out(root, found, code, tree)
        # DVC must not take the repository around this folder for its own, nor advise to commit to it
        settings = tree / ".dvc" / "config.local"
        for path, kind in ((settings.parent, "folder"), (settings, "file")):
            if path.is_symlink() or (path.exists() and path.is_dir() != (kind == "folder")):  # a link may lead anywhere
                raise UserError(f"{found.name}: its {path.relative_to(tree)} is no {kind}, so it cannot be run again.")
        settings.parent.mkdir(exist_ok=True)
        with settings.open("a", encoding="utf-8") as file:
            file.write("[core]\n    no_scm = true\n")
        yield tree


def _check_out(root: Path, found: Logged, code: Code, tree: Path) -> None:
    """Write the files of a run to `tree`, by way of an index and of objects of our own."""
    folder = found.latest.data.tags.get("git.folder", git.folder())
    with tempfile.TemporaryDirectory() as temporary:

        def call(*command: str, given: bytes = b"") -> None:
            git.run("-C", str(tree), *command, given=given, timeout=LONGEST_CHECKOUT, variables=variables)

        try:
            variables = git.own_objects(Path(temporary), root) | {
                "GIT_DIR": os.fsdecode(git.run("-C", str(root), "rev-parse", "--absolute-git-dir").rstrip(b"\n")),
                "GIT_WORK_TREE": str(tree),
                "GIT_NO_LAZY_FETCH": "0",  # a clone without all files (`--filter`) fetches those of the commit
            }
            call("read-tree", f"{code.commit}:{folder}")
        except git.GitError as error:
            raise UserError(f"{found.name}: commit {code.commit} is unavailable ({error}).") from None
        if code.patch:
            try:  # in the index, as the files may have other line ends than the patch
                call("apply", "--cached", "--whitespace=nowarn", "-", given=code.patch)
            except git.GitError as error:
                raise UserError(f"{found.name}: its uncommitted.diff does not apply ({error}).") from None
        try:
            call("checkout-index", "--all")
        except git.GitError as error:
            raise UserError(f"{found.name}: its files cannot be checked out ({error}).") from None


def restore_parameters(tree: Path, found: Logged) -> list[str]:
    """Write the parameters that the runs have logged into params.yaml; the others stay as committed.

    Returns:
        What was logged as a parameter and is not one of params.yaml.
    """
    params = tree / PARAMS_FILE
    if not params.is_file():
        raise UserError(f"{found.name}: its code has no {PARAMS_FILE}, so it cannot be run again.")
    values = read_yaml(params)
    if not isinstance(values, dict):
        raise UserError(f"{found.name}: its {PARAMS_FILE} is no mapping, so it cannot be run again.")
    ignored = []
    for run in filter(None, (found.training, found.sampling)):
        for key, text in run.data.params.items():
            section, _, name = key.partition(".")
            if not isinstance(values.get(section), dict) or name not in values[section]:
                ignored.append(key)
            # else its end is missing, or a password in it; the uncommitted changes have it
            elif len(text) < MAX_PARAM_LENGTH and MASK not in text:
                values[section][name] = parameter(found.name, key, text, values[section][name])
    params.unlink()  # it may be a link, which leads out of the tree
    with params.open("w", encoding="utf-8") as file:
        YAML(typ="safe").dump(values, file)
    return ignored


def parameter(run: str, key: str, text: str, committed: Any) -> Any:
    """Return the value of a parameter that was logged as a text: the first reading of it that follows its rule.

    Args:
        run: name of the run, for the message.
        key: name of the parameter, such as train.epochs.
        text: its value as MLflow keeps it.
        committed: its value in params.yaml: what is a text there is read as a text first.
    """
    parsed: list[Any] = []
    with suppress(ValueError, YAMLError, RecursionError):
        parsed.append(json.loads(text) if text.startswith(("[", "{")) else YAML(typ="safe").load(text))
    readings = [text, *parsed] if isinstance(committed, str) else [*parsed, text]
    section, _, name = key.partition(".")
    field = getattr(SECTIONS.get(section), "__dataclass_fields__", {}).get(name)
    for reading in [None, *readings] if text == "None" else readings:
        if field is None or field.metadata["rule"].accepts(reading):
            return reading
    raise UserError(f"{run}: its parameter {key} is damaged: {shown(text)}.")
