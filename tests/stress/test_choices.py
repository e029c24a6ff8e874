"""Networks × tokens × targets, each through the whole pipeline: many minutes, so in `make stress`."""

import pytest

from tests.support.choices import CHOICES, assert_runs
from tests.support.project import Project


@pytest.mark.parametrize(("network", "tokens", "targets"), CHOICES)
def test_the_pipeline_runs_with_every_choice(network: str, tokens: str, targets: str, project: Project) -> None:
    assert_runs(project, network, tokens, targets)
