"""`zarathustra plan` against what DVC then does."""

import json
import os
import shutil
from collections.abc import Iterator

import pytest

from tests.support.project import Project, Zarathustra

ONLY_CHECK = (
    "No other stage is affected: only comments, messages, log lines, or code that decides no output changed in stages/."
)


@pytest.fixture
def plan(finished: Project, zarathustra: Zarathustra) -> Iterator[Zarathustra]:
    """Run `plan` in the finished project; the edits of the test are undone."""
    before = finished.path.with_name("before")
    shutil.copytree(finished.path, before, symlinks=True)
    yield lambda *arguments, **options: zarathustra("plan", *arguments, **options)
    shutil.rmtree(finished.path)
    before.rename(finished.path)


def planned(printed: str) -> dict[str, list[str]]:
    """Return the causes of each stage that runs for certain."""
    causes: dict[str, list[str]] = {}
    for line in printed.splitlines()[:-1]:
        if line[0] != " ":
            name, word = line.split()[:2]
            if word == "runs":
                causes[name] = []
        elif name in causes:
            causes[name].append(line.strip())
    return causes


def edit(project: Project, path: str, old: str, new: str) -> None:
    text = project.read(path)
    assert old in text
    (project.path / path).write_text(text.replace(old, new, 1), encoding="utf-8")


def stale_after_check(project: Project) -> set[str]:
    """Return the stages that DVC finds changed once stage check has run."""
    project.run("python", "-m", "stages.check", "data/code")
    return project.stale_stages() - {"check"}


def test_nothing_to_do(plan: Zarathustra) -> None:
    assert plan() == "Nothing to do: all stages are up to date.\n"


def test_comments_and_messages_rerun_only_check(plan: Zarathustra, finished: Project) -> None:
    edit(finished, "stages/train.py", "\nimport ", "\n# another comment\nimport ")
    edit(finished, "stages/core/pipeline/errors.py", "Interrupted", "Stopped")
    lines = plan().splitlines()
    assert lines[0].startswith("check  runs (")
    assert [line.strip() for line in lines[1:3]] == [
        "stages/core/pipeline/errors.py: modified", "stages/train.py: modified",
    ]  # fmt: skip
    assert lines[3] == ONLY_CHECK
    assert lines[4].startswith("1 of 8 stages; about ")
    assert stale_after_check(finished) == set()


def test_code_that_decides_outputs_is_named_where_it_decides_them(plan: Zarathustra, finished: Project) -> None:
    edit(finished, "stages/core/report/figures.py", "\nSTYLE", "\nONE_MORE = 1\nSTYLE")
    printed = plan()
    assert planned(printed) == {
        "check": ["stages/core/report/figures.py: modified"],
        "report": ["stages/core/report/figures.py: modified"],
    }
    assert ONLY_CHECK not in printed
    assert stale_after_check(finished) == {"report"}


def test_code_is_named_also_if_it_was_committed_or_its_hashes_are_gone(plan: Zarathustra, finished: Project) -> None:
    edit(finished, "stages/lowercase.py", "def main", "ONE_MORE = 1\n\n\ndef main")
    shutil.rmtree(finished.path / "data" / "code")
    assert planned(plan())["lowercase"] == ["stages/lowercase.py: modified"]  # git knows
    finished.run("git", "commit", "-q", "-a", "-m", "One more")
    assert planned(plan())["lowercase"] == ["stages: its code is not that of its last run"]
    finished.run("dvc", "checkout", "data/code")
    printed = plan()
    assert planned(printed)["lowercase"] == ["stages/lowercase.py: modified"]  # the hashes know
    assert set(planned(printed)) == {"check", "lowercase"} == {"check", *stale_after_check(finished)}


def test_settings_are_named_and_what_follows_may_run(plan: Zarathustra, finished: Project) -> None:
    finished.set_params("train", units=9)
    finished.set_params("sample", length=22)
    printed = plan()
    assert planned(printed) == {
        "check": ["params.yaml: modified"], "train": ["train.units: 8 -> 9"], "sample": ["sample.length: 20 -> 22"],
        "report": ["sample.length: 20 -> 22"],
    }  # fmt: skip
    lines = printed.splitlines()
    assert "train     runs (0 of 2 epochs are kept; no speed of this network known)" in lines
    (condition,) = (i for i, line in enumerate(lines) if line.strip() == "if train or sample changes what it reads")
    assert lines[condition - 1].startswith("evaluate  may run (")
    assert lines[-1].startswith("5 of 8 stages; about ")
    assert lines[-1].endswith(", and an unknown time for train, if all of them run.")


def test_training_is_estimated_by_the_epochs_that_are_left(plan: Zarathustra, finished: Project) -> None:
    speeds = finished.path / "models" / ".resume" / "seconds"
    for speed in speeds.glob("train-*"):
        speed.write_text("10.0\n", encoding="utf-8")  # characters per second
    finished.set_params("train", epochs=5, learning_rate=0.02)
    assert "train     runs (0 of 5 epochs are kept; about " in plan()
    finished.set_params("train", learning_rate=0.01)
    windows = json.loads(finished.read("data/windows/plan.json"))
    training = windows["num_characters"] - windows["num_validation_characters"]
    num_windows = -(-(training - windows["window_length"]) // windows["stride"])
    minutes = round(3 * num_windows * windows["window_length"] / 10 / 60)
    assert f"train     runs (2 of 5 epochs are kept; about {minutes} min)" in plan()
    finished.set_params("train", epochs=1)
    assert "train     runs (1 of 1 epochs are kept; about 0 s)" in plan()


def test_where_no_time_is_known_none_is_said(plan: Zarathustra, finished: Project) -> None:
    shutil.rmtree(finished.path / "models" / ".resume")
    finished.set_params("report", random_seed=1)
    lines = plan().splitlines()
    assert lines[-3].startswith("report  runs (no time known)")
    assert lines[-1] == "2 of 8 stages; no time known."


@pytest.mark.parametrize(
    ("key", "value", "message"),
    [
        ("epoch", 3, "train.epoch is not a known key. Remove or correct it. Known: "),
        ("epochs", 0, "train.epochs must be an integer from 1 to 999. Received: 0 (of type int)."),
    ],
)
def test_a_wrong_setting_is_reported_before_anything_runs(
    key: str, value: int, message: str, plan: Zarathustra, finished: Project
) -> None:
    finished.set_params("train", **{key: value})
    printed = plan(status=1)
    assert printed.startswith(f"Error: params.yaml: {message}")
    assert printed.count("\n") == 1


def test_names_with_umlauts_are_readable_also_where_the_terminal_lacks_them(
    plan: Zarathustra, finished: Project
) -> None:
    (finished.path / "stages" / "übung\x1b.py").write_text("", encoding="utf-8")
    assert "             stages/übung\\x1b.py: new\n".lstrip() in plan()
    assert "stages/\\xfcbung\\x1b.py: new\n" in plan(PYTHONIOENCODING="ascii")


def test_broken_yaml_is_named_with_its_line(plan: Zarathustra, finished: Project) -> None:
    lines = finished.read("dvc.yaml").splitlines().index("stages:") + 1
    edit(finished, "dvc.yaml", "\nstages:\n", "\nstages:\n  - [\n")
    printed = plan(status=1)
    assert printed.startswith("Error: dvc.yaml: not valid YAML (line ")
    assert abs(int(printed.split("(line ")[1].split(")")[0]) - lines) <= 3


def test_without_git_it_says_what_helps(plan: Zarathustra, finished: Project) -> None:
    shutil.rmtree(finished.path / ".git")
    printed = plan(status=1)
    assert printed.endswith("This folder is no git repository: run `dvc config --local core.no_scm true` once.\n")
    finished.run("dvc", "config", "--local", "core.no_scm", "true")
    assert plan() == "Nothing to do: all stages are up to date.\n"


def test_outside_a_project(plan: Zarathustra, finished: Project) -> None:
    (finished.path / "dvc.yaml").unlink()
    assert plan(status=1) == (f"Error: dvc.yaml does not exist in {finished.path}. Run this in the project's folder.\n")


def test_while_dvc_is_at_work(plan: Zarathustra, finished: Project) -> None:
    busy, locks = finished.path / "reports" / "history.csv", finished.path / ".dvc" / "tmp" / "rwlock"
    writing = {str(busy): {"pid": os.getpid(), "cmd": "dvc repro"}}
    locks.write_text(json.dumps({"write": writing}), encoding="utf-8")
    assert plan(status=1) == f"Error: DVC: '{busy}' is busy, it is being blocked by: (PID {os.getpid()}): dvc repro\n"
