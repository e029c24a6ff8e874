from tests.project import Project


def test_second_repro_has_nothing_to_do(finished_project: Project) -> None:
    assert "Data and pipelines are up to date." in finished_project.run("dvc", "repro")
