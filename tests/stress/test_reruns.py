"""Every row of the README's table of parameters, run in full: minutes, so not a part of `make test`."""

import pytest

from tests.project import Project
from tests.reruns import CHANGES, Change
from tests.test_reruns import assert_reruns


@pytest.mark.parametrize("change", CHANGES, ids=lambda change: change.parameter)
def test_changed_parameter_reruns_these_stages_and_no_other(change: Change, project_with_outputs: Project) -> None:
    assert_reruns(change, project_with_outputs)
