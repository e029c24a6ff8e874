"""`plan` and `compare` when files or names are not what they should be."""

from pathlib import Path

import pytest

from stages.cli import estimate
from stages.cli.compare import in_columns
from stages.cli.planning import plan
from stages.core.pipeline import params
from stages.core.pipeline.errors import UserError


@pytest.mark.parametrize("text", ["", "x", "[1]", "stages: 3", "stages:"])
def test_a_dvc_yaml_without_stages_is_damaged(text: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "dvc.yaml").write_text(text, encoding="utf-8")
    with pytest.raises(UserError, match=r"^dvc\.yaml: damaged \(no stages\)\. Run `git checkout dvc\.yaml`\.$"):
        plan()


@pytest.mark.parametrize(
    "text",
    ["[" * 200_000, "x", '{"window_length": 1, "stride": 1, "num_characters": 1%s, "num_validation_characters": 1}'],
)
def test_a_damaged_plan_gives_no_estimate(text: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "plan.json").write_text(text.replace("%s", "0" * 400), encoding="utf-8")
    monkeypatch.setattr(estimate, "WINDOWS", tmp_path)
    monkeypatch.setattr(params, "load_all", lambda: {"vectorize": None})
    assert estimate.characters_per_epoch(()) is None


def test_the_name_of_a_file_in_a_table_sends_the_terminal_nothing() -> None:
    assert (
        in_columns([["", "a", "b"], ["uncommitted/\x1b[31mX", "+1", "+2"]], 80)
        .splitlines()[1]
        .startswith(r"uncommitted/\x1b[31mX")
    )
