"""`zarathustra study`: real experiments, their page, and what an earlier commit has computed."""

import json

from ruamel.yaml import YAML

from tests.support.project import Project

STUDIES = {
    "studies": {"sizes": ["small", "long"], "collapse": ["long"]},
    "experiments": {"small": {}, "long": {"train.divergence_margin_nats": None, "train.epochs": 3}},
}


def study(project: Project, *arguments: str, status: int = 0) -> str:
    return project.run("python", "-m", "stages.cli.main", "study", *arguments, status=status)


def test_a_study_runs_what_is_missing_and_shows_every_experiment(project_with_outputs: Project) -> None:
    project = project_with_outputs
    project.set_params("sample", temperatures=[0.5, 1.0])
    YAML(typ="safe").dump(STUDIES, project.path / "studies.yaml")
    project.run("git", "add", ".")
    project.run("git", "commit", "-q", "-m", "A study")
    assert "Error: No experiment of sizes has run from commit " in study(project, "sizes", "--show", status=1)

    printed = study(project, "sizes")
    assert "2 points, 0 of them done before.\n" in printed
    assert printed.endswith("reports/sizes.md: 2 experiments.\n")
    results = {row["experiment"]: row for row in json.loads(project.read("reports/sizes.json"))["experiments"]}
    trainings = {run.data.tags["fingerprint"]: run for run in project.runs("training")}
    overrides = {"small": [], "long": ["train.divergence_margin_nats=null", "train.epochs=3"]}
    for name, epochs in (("small", 2), ("long", 3)):
        row = results[name]
        run = trainings[row["fingerprint"]]
        assert row["bits"] == run.data.metrics["held_out_bits_per_char"]
        assert (row["last_epoch"], row["settings"]) == (epochs, overrides[name])
        assert row["sample"]
    assert results["long"]["seconds"] > 0
    assert project.read("reports/sizes.md").count("\n| **") == 2

    # another commit: DVC's cache has all of it, nothing is trained again
    project.run("git", "add", ".")
    project.run("git", "commit", "-q", "-m", "Its page")
    before = project.read("reports/sizes.json")
    (started,) = project.runs("sweep")
    printed = study(project, "sizes")
    assert "2 points, 0 of them done before.\n" in printed
    assert len(project.runs("training")) == len(trainings)
    assert json.loads(project.read("reports/sizes.json")) == json.loads(before)
    assert next(run.info.run_id for run in project.runs("sweep")) == started.info.run_id
    project.run("git", "commit", "-q", "--allow-empty", "-am", "Again")

    assert study(project, "collapse").endswith("reports/collapse.md: 1 experiments.\n")
    (row,) = json.loads(project.read("reports/collapse.json"))["experiments"]
    assert len(row["losses"]) == 3
    assert "</svg>" in project.read("reports/collapse.svg")
