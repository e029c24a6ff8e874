"""Which stages rerun when a parameter changes: what the README shows, and what real DVC is asked about."""

import dataclasses
from typing import Any

from stages.core.networks.table import NETWORKS
from stages.core.pipeline.params import SECTIONS
from tests.support.project import Project, stages_that_ran

ORDER = ["check", *SECTIONS]


@dataclasses.dataclass(frozen=True)
class Change:
    """Another value for a parameter of the small project, and what follows from it."""

    parameter: str
    value: Any
    stages: tuple[str, ...]  # that run, in order; `check` runs after every change, and is left out
    stale: tuple[str, ...]  # those of them that DVC finds changed before anything ran
    needs: tuple["Change", ...] = ()  # changes without which the value makes no sense

    @property
    def section(self) -> str:
        """The section of params.yaml."""
        return self.parameter.split(".")[0]

    @property
    def key(self) -> str:
        """The key in its section."""
        return self.parameter.split(".")[1]


def only(parameter: str, value: Any) -> Change:
    """The stage of the parameter reruns; what it writes stays the same."""
    stage = parameter.split(".")[0]
    return Change(parameter, value, (stage,), (stage,))


def onwards(parameter: str, value: Any, also_stale: tuple[str, ...] = (), needs: tuple[Change, ...] = ()) -> Change:
    """The stage of the parameter reruns, and all after it."""
    stage = parameter.split(".")[0]
    return Change(parameter, value, tuple(ORDER[ORDER.index(stage) :]), (stage, *also_stale), needs)


TWO_FILES = [{"name": f"{name}.txt", "sha256": None, "sources": ["../corpus.txt"]} for name in ("one", "two")]
CHANGES = (
    onwards("download.files", TWO_FILES, also_stale=("lowercase", "report")),
    only("download.timeout_seconds", 7),
    only("download.max_seconds", 60),
    only("download.retries", 1),
    onwards("lowercase.encoding", "cp037"),
    onwards("lowercase.lower_case", False),
    Change("vectorize.tokens", "words", tuple(ORDER[ORDER.index("lowercase") :]), ("lowercase", "vectorize")),
    only("vectorize.max_vocabulary", 20),
    onwards("vectorize.window_length", 11),
    onwards("vectorize.stride", 4),
    onwards("vectorize.validation_fraction", 0.2),
    onwards("train.random_seed", 1),
    onwards("train.epochs", 3),
    *[onwards("train.network", kind) for kind in NETWORKS if kind != "lstm"][:1],
    onwards("train.num_layers", 2),
    onwards("train.units", 4),
    onwards("train.dropout", 0.1),
    onwards("train.weight_dropout", 0.1),
    onwards("train.targets", "every"),
    onwards("train.carry_state", True, needs=(onwards("train.targets", "every"), onwards("vectorize.stride", 10))),
    onwards("train.batch_size", 16),
    onwards("train.shards", 2),
    onwards("train.optimizer", "adamw"),
    onwards("train.learning_rate", 0.001),
    onwards("train.schedule", "one_cycle"),
    onwards("train.weight_decay", 0.01, needs=(onwards("train.optimizer", "adamw"),)),
    onwards("train.ema_decay", 0.9),
    onwards("train.clip_norm", 0.01),
    onwards("train.lstm_backend", "keras"),
    onwards("train.divergence_margin_nats", None),
    onwards("train.rollback_learning_rate_factor", 0.25),
    onwards("train.max_rollbacks", 3),
    onwards("train.early_stopping_epochs", 1),
    onwards("sample.random_seed", 1),
    onwards("sample.temperatures", [0, 0.7]),
    onwards("sample.length", 30, also_stale=("report",)),
    onwards("sample.prompts", ["ada climbs down the foggy hill"]),
    onwards("evaluate.random_seed", 1),
    onwards("evaluate.score_length", 150),
    onwards("evaluate.max_ngram_order", 2),
    onwards("report.random_seed", 1),
    onwards("report.prompt", "ada climbs down"),
    onwards("report.prompt_epochs", [2]),
    onwards("report.distribution_temperatures", [1.0]),
    onwards("report.copied_passage_length", 9),
)


def make(change: Change, project: Project) -> None:
    """Write the changed parameter, and what it needs, into params.yaml."""
    for each in (*change.needs, change):
        project.set_params(each.section, **{each.key: each.value})


def assert_reruns(change: Change, project: Project) -> None:
    """Change the parameter in a finished project and run it."""
    make(change, project)
    ran = stages_that_ran(project.run("dvc", "repro"))
    expected = {"check"}.union(*(each.stages for each in (change, *change.needs)))
    assert [stage for stage in ORDER if stage in ran] == [stage for stage in ORDER if stage in expected]
