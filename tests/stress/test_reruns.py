"""Every row of the README's table of parameters, run in full: many minutes, so in `make stress`."""

import pytest

from tests.support.project import Project
from tests.support.reruns import CHANGES, Change, assert_reruns


@pytest.mark.parametrize("change", CHANGES, ids=lambda change: change.parameter)
def test_changed_parameter_reruns_these_stages_and_no_other(change: Change, project_with_outputs: Project) -> None:
    assert_reruns(change, project_with_outputs)
