"""A few choices of network, tokens and targets that name each once. `make stress` runs all."""

import pytest

from tests.support.choices import CHOICES, assert_runs
from tests.support.project import Project

SOME = [("lstm", "words", "every"), ("gru", "bytes", "last"), ("conv", "characters", "every")]


def test_each_choice_is_named() -> None:
    for all_of_them, some in zip(zip(*CHOICES, strict=True), zip(*SOME, strict=True), strict=True):
        assert set(all_of_them) == set(some)


@pytest.mark.parametrize(("network", "tokens", "targets"), SOME)
def test_the_pipeline_runs(network: str, tokens: str, targets: str, project: Project) -> None:
    assert_runs(project, network, tokens, targets)
