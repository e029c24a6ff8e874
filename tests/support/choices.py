"""Every network, on every kind of token, with every kind of target: what each must do in the whole pipeline."""

import csv
import io
import itertools
import json

from stages.core.networks.table import NETWORKS
from stages.core.text.table import TOKENIZERS
from tests.support.project import Project

TARGETS = ("last", "every")
CHOICES = list(itertools.product(NETWORKS, TOKENIZERS, TARGETS))


def assert_runs(project: Project, network: str, tokens: str, targets: str) -> None:
    """Run the pipeline with the choice; look at what each stage made of it."""
    carry = targets == "every" and NETWORKS[network].receptive_field is None
    project.set_params("vectorize", tokens=tokens, **({"stride": 10} if carry else {}))
    project.set_params("train", network=network, targets=targets, carry_state=carry, batch_size=8)
    project.run("dvc", "repro")
    described = json.loads(project.read("models/network.json"))
    assert (described["kind"], described["tokenizer"]["tokens"]) == (network, tokens)
    assert (described["targets"], described["carries_state"]) == (targets, carry)
    samples = list(csv.DictReader(io.StringIO(project.read("reports/samples.csv"))))
    assert {(row["epoch"], row["temperature"]) for row in samples} >= {("1", "0.2"), ("2", "1.0")}
    assert all(row["text"] for row in samples)
    assert 0 < json.loads(project.read("reports/metrics.json"))["held_out_bits"] < 8
    assert f"NETWORKS.{network} = class" in project.read("reports/index.html")
    generate = ("zarathustra", "generate", "--seed", "1", "--length", "20")
    assert project.run(*generate) == project.run(*generate) != ""
    assert "Running stage" not in project.run("dvc", "repro")
