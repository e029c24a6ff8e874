"""`zarathustra study`: what studies.yaml may hold, and the pages; end_to_end/test_study.py runs one."""

import dataclasses
import re
import subprocess
import tempfile
from pathlib import Path
from typing import Any

import pytest
from dvc.utils.cli_parse import to_path_overrides
from dvc.utils.hydra import apply_overrides
from hypothesis import assume, given
from hypothesis import strategies as st
from ruamel.yaml import YAML

from stages.cli import study, study_collapse, study_results
from stages.cli.study_list import _as_value, experiments_of
from stages.core.pipeline.errors import UserError
from stages.core.tables.history import HistoryRow
from tests.support.project import ROOT, Project

ROW = HistoryRow(
    epoch=1, loss_nats_per_char=1.0, val_loss_nats_per_char=1.5, val_bits_per_char=2.0, learning_rate=0.01,
    num_rollbacks=0,
)  # fmt: skip


def test_every_experiment_of_the_project_could_run(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(ROOT)
    studies = YAML(typ="safe").load(ROOT / "studies.yaml")["studies"]
    assert {name: list(experiments_of(name)) for name in studies} == studies
    assert experiments_of("best")["best"] == experiments_of("networks")["best"]
    free, clipped = list(experiments_of("collapse").values())[0::4]
    assert set(clipped) - set(free) == {"train.clip_norm=1.0"}


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ([], "studies.yaml: it must be a mapping with the keys studies and experiments. Received: []. Correct it."),
        ({"studies": [], "experiments": {}}, "studies.yaml: studies must be a mapping. Received: []. Correct it."),
        ({"studies": {"b": ["a"]}, "experiments": {}}, "studies.yaml: no study 'a'. There are: b."),
        (
            {"studies": {"a": []}, "experiments": {}},
            "studies.yaml: studies.a must be a list of experiments, not empty. Received: []. Correct it.",
        ),
        (
            {"studies": {"a": ["x", "x"]}, "experiments": {"x": {}}},
            "studies.yaml: studies.a must be a list of experiments, each once. Received: 'x'. Correct it.",
        ),
        (
            {"studies": {"a": ["x"]}, "experiments": {}},
            "studies.yaml: studies.a must be names of experiments in this file. Received: 'x'. Correct it.",
        ),
        (
            {"studies": {"a": ["../x"]}, "experiments": {"../x": {}}},
            "studies.yaml: experiments must be names of small letters, digits and -, a letter first, 60 at most. "
            "Received: '../x'. Correct it.",
        ),
        (
            {"studies": {"../a": ["x"]}, "experiments": {"x": {}}},
            "studies.yaml: studies must be names of small letters, digits and -, a letter first, 60 at most. "
            "Received: '../a'. Correct it.",
        ),
        (
            {"studies": {"a": ["x"]}, "experiments": {"x": ["train.epochs=3"]}},
            "studies.yaml: experiments.x must be a mapping of settings, such as train.epochs: 3. "
            "Received: ['train.epochs=3']. Correct it.",
        ),
        (
            {"studies": {"a": ["x"]}, "experiments": {"x": {"train.epochs": 0}}},
            "studies.yaml: experiments.x.train.epochs must be an integer from 1 to 999. Received: 0. Correct it.",
        ),
        (
            {"studies": {"a": ["x"]}, "experiments": {"x": {"report.prompt": "one\x85two"}}},
            "studies.yaml: experiments.x.report.prompt must be without ${, NUL and Unicode's line separators. "
            "Received: 'one\\x85two'. Correct it.",
        ),
        (
            {"studies": {"a": ["x"]}, "experiments": {"x": {"report.prompt": "${oc.env:HOME}"}}},
            "studies.yaml: experiments.x.report.prompt must be without ${, NUL and Unicode's line separators. "
            "Received: '${oc.env:HOME}'. Correct it.",
        ),
        (
            {"studies": {"a": ["x"]}, "experiments": {"x": {"train.weight_decay": 0.02}}},
            "params.yaml: train.weight_decay: 0.02 needs train.optimizer: adamw. Received: rmsprop. "
            "Change one of them.",
        ),
        *(
            (
                {"studies": {"a": ["x"]}, "experiments": {"x": {key: 1}}},
                "studies.yaml: experiments.x must be settings of params.yaml, such as train.epochs: 3. "
                f"Received: {key!r}. Correct it.",
            )
            for key in ("train.epoch", "train", "train.epochs.x", "+train.new", "sample.temperatures.0", "", "=", 1)
        ),
    ],
)
def test_a_mistake_is_named_before_anything_runs(
    content: Any, message: str, project: Project, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(project.path)
    YAML(typ="safe").dump(content, Path("studies.yaml"))
    with pytest.raises(UserError) as refused:
        experiments_of("a")
    assert str(refused.value) == message


@pytest.mark.parametrize("name", ["metrics", "index", "scores", "benchmarks", "published"])
def test_a_page_replaces_no_other_file(name: str, project: Project, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(project.path)
    YAML(typ="safe").dump({"studies": {name: ["x"]}, "experiments": {"x": {}}}, Path("studies.yaml"))
    message = f"studies.yaml: studies must be names that no other file in reports/ has. Received: {name!r}. Correct it."
    with pytest.raises(UserError, match=f"^{re.escape(message)}$"):
        experiments_of(name)


def test_a_short_file_that_stands_for_a_huge_list(project: Project, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(project.path)
    lists = "".join(f"  x{i}: &x{i} [{', '.join([f'*x{i - 1}'] * 9)}]\n" for i in range(1, 12))
    for studies, settings in (("[*x11]", "{}"), ("[x]", "{report.prompt_epochs: *x11}")):
        text = f"experiments:\n  x0: &x0 [1]\n{lists}  x: {settings}\nstudies: {{a: {studies}}}\n"
        Path("studies.yaml").write_text(text, encoding="utf-8")
        with pytest.raises(UserError, match=r"^studies\.yaml: ") as refused:
            experiments_of("a")
        assert len(str(refused.value)) < 700


def test_a_page_needs_the_store_or_none(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MLFLOW_TRACKING_URI", "http://127.0.0.1:9")
    monkeypatch.setenv("MLFLOW_HTTP_REQUEST_MAX_RETRIES", "0")
    monkeypatch.delenv("ZARATHUSTRA_TRACKING", raising=False)
    with pytest.raises(UserError, match=r"^MLflow: http://127\.0\.0\.1:9 does not answer"):
        study_results._seconds("ab", 1)
    monkeypatch.setenv("ZARATHUSTRA_TRACKING", "off")
    assert study_results._seconds("ab", 1) is None


TEXTS = st.text(
    st.characters(exclude_characters="\0\x85\u2028\u2029", exclude_categories=["Cs"])
    | st.sampled_from("\\\"'$ ,=:[]{}")
)
VALUES = (
    TEXTS | st.integers() | st.floats(allow_nan=False) | st.booleans() | st.none() | st.sampled_from(["null", "TRUE"])
)


@given(VALUES | st.lists(VALUES) | st.lists(st.fixed_dictionaries({"name": TEXTS, "sources": st.lists(TEXTS)})))
def test_an_experiment_has_the_very_value(value: Any) -> None:
    override = f"a={_as_value(value)}"
    assume("${" not in override)
    assert to_path_overrides([override]) == {"params.yaml": [override]}
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, "params.yaml")
        path.write_text("a: 1\n", encoding="utf-8")
        apply_overrides(path, [override])
        assert YAML(typ="safe").load(path)["a"] == value


def history(*losses: float) -> list[HistoryRow]:
    return [dataclasses.replace(ROW, epoch=i, val_loss_nats_per_char=loss) for i, loss in enumerate(losses, 1)]


def test_the_collapse_is_counted_from_the_best_loss_so_far(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    nan = float("nan")
    calm = study_collapse.collapse(history(1.6, 1.5, 1.74))
    assert (calm["first_epoch_beyond"], calm["num_epochs_beyond"], calm["worst"]) == (None, 0, 1.74)
    gone = study_collapse.collapse(history(1.6, 1.5, 1.76, nan, 1.4))
    assert (gone["first_epoch_beyond"], gone["num_epochs_beyond"], gone["best_epoch"]) == (3, 2, 5)
    lost = study_collapse.collapse(history(nan, nan))
    assert (lost["first_epoch_beyond"], lost["best_epoch"], lost["best"]) == (1, None, float("inf"))
    monkeypatch.setattr(study_collapse, "REPORTS", tmp_path)
    rows = [{"experiment": str(i), "settings": ["a=1"]} | each for i, each in enumerate((calm, gone))]
    page = study_collapse.markdown("collapse", rows)
    assert "See also" not in page
    assert (
        "The guard against divergence is off. In 1 of 2 trainings the validation loss rises more than 0.25 nats above "
        "the best so far, first at epoch 3, at the latest at epoch 3. 1 of these end within that margin again."
    ) in page
    assert "| 0 | `a=1` | 1.500 | 2 | none | 0 | 1.740 | 1.740 |" in page
    assert "| 1 | `a=1` | 1.400 | 5 | 3 | 2 | nan | 1.400 |" in page

    for name in ("collapse.md", "collapse-old.md", "collapse-old.patch"):
        (tmp_path / name).touch()
    page = study_collapse.markdown("collapse-old", rows)
    assert "divergence is off, and the code is changed by [a patch](collapse-old.patch). In 1 of 2" in page
    assert page.endswith(" `zarathustra study collapse-old` makes this page. See also [collapse.md](collapse.md).\n")


def test_the_page_of_results_has_the_best_first_and_shows_no_text_as_markup() -> None:
    worse = {
        "experiment": "book", "settings": [], "bits": 2.18, "bits_with_ngrams": 2.1, "weights": 103_000,
        "seconds": 3000.4, "best_epoch": 10, "last_epoch": 60, "words": None, "fingerprint": "ab" * 32,
        "sample": "a <b>|*c*",
    }  # fmt: skip
    better = worse | {"experiment": "every", "settings": ["train.targets=every"], "bits": 2.0, "seconds": None}
    better |= {"words": 0.5}
    content = {"prompt": "once\nupon", "characters": 60_030, "baselines": {"5-gram": 2.069}}
    page = study_results.markdown("networks", content | {"experiments": [worse, better]})
    assert "\nBits per held-out character, on the 60,030 characters that all of these hold out" in page
    rows = [line for line in page.splitlines() if line.startswith("| **")]
    assert rows == [
        "| **every** | **2.000** | 2.100 | 103,000 | – | 10 of 60 | 50.0% | `abababab` |",
        "| **book** | **2.180** | 2.100 | 103,000 | 3,000 | 10 of 60 | – | `abababab` |",
    ]
    assert "| 5-gram | 2.069 | | | | | | |" in page
    assert "- **book**: `params.yaml as it is`" in page
    assert "<td>once<br>upon</td>" in page
    assert "a &#60;b&#62;&#124;&#42;c&#42;…" in page


@pytest.mark.parametrize("folder", ["", "sub/project"])
def test_a_study_with_a_patch_runs_only_the_code_that_has_it(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, folder: str
) -> None:
    subprocess.run(["git", "init", "-q", tmp_path], check=True)
    (tmp_path / folder / "reports").mkdir(parents=True)
    monkeypatch.chdir(tmp_path / folder)
    study._require_patch("other")
    Path("reports", "old.patch").write_text("Why.\n\n--- a/code.py\n+++ b/code.py\n@@ -1 +1 @@\n-new\n+old\n")
    for code in ("new\n", "neither\n"):
        Path("code.py").write_text(code)
        with pytest.raises(UserError) as raised:
            study._require_patch("old")
        assert str(raised.value) == (
            "old runs the code with reports/old.patch. Run `git apply reports/old.patch`, then commit."
        )
    Path("code.py").write_text("old\n")
    study._require_patch("old")
    assert Path("code.py").read_text() == "old\n"
