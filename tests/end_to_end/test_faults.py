"""What can go wrong around a run: no store, a store that dies, no room, two at once, a signal."""

import ast
import re
import shutil
import signal
import subprocess
from pathlib import Path

import mlflow
import pytest

from stages.core.serving import server
from tests.support.killing import read_until, started
from tests.support.project import ROOT, Project
from tests.support.servers import free_port, serving
from tests.support.syncing import logged, sync

LONGER = {"epochs": 30, "units": 32}


def lost(output: str) -> int:
    """How often a lost store was mentioned."""
    return output.count("does not answer")


def test_without_a_store_the_work_goes_on_and_is_logged_afterwards(project: Project) -> None:
    nowhere = f"http://127.0.0.1:{free_port()}"
    output = project.run("dvc", "repro", MLFLOW_TRACKING_URI=nowhere)
    by_stage = output.split("Running stage '")[1:]
    assert {part.split("'")[0]: lost(part) for part in by_stage} == {
        "check": 0, "download": 0, "lowercase": 0, "vectorize": 0, "train": 1, "sample": 1, "evaluate": 1, "report": 1,
    }  # fmt: skip
    assert "The work goes on; `zarathustra sync` logs it afterwards." in output
    assert sync(project, status=1, tracking_uri=nowhere) == (
        f"Error: MLflow: {nowhere} does not answer (Connection refused). Start it, or correct MLFLOW_TRACKING_URI.\n"
    )
    assert logged(project) == []
    sync(project)
    (training, trained), (sampling, sampled) = [(name, status) for name, status, *_ in logged(project)]
    assert trained == sampled == "FINISHED"
    assert training.startswith("made-up-lstm8-last-epochs2-") and sampling.startswith(f"{training}-samples-")


def test_a_server_lost_in_the_middle_is_said_once_and_completed_by_sync(project: Project) -> None:
    project.set_params("train", **LONGER)
    port = free_port()
    address = f"http://127.0.0.1:{port}"
    command = ["mlflow", "server", "--host", "127.0.0.1", "--port", str(port), "--workers", "1"]
    command += ["--backend-store-uri", f"sqlite:///{project.path / 'mlflow.db'}"]
    project.run("dvc", "repro", "vectorize")
    with serving(command, project.path, f"{address}/health"):
        process = started(project, "dvc", "repro", "train", MLFLOW_TRACKING_URI=address)
        output = read_until(process, "epoch   2")
    assert process.stdout is not None
    with process.stdout:
        output += process.stdout.read()
    assert process.wait() == 0, output
    assert lost(output) == 1
    (run,) = project.runs("training")
    assert run.info.status == "RUNNING"
    with serving(command, project.path, f"{address}/health"):
        sync(project, tracking_uri=address)
    (run,) = project.runs("training")
    assert run.info.status == "FINISHED"
    history = mlflow.MlflowClient(f"sqlite:///{project.path / 'mlflow.db'}").get_metric_history(
        run.info.run_id, "val_loss_nats_per_char"
    )
    assert sorted(metric.step for metric in history) == list(range(1, LONGER["epochs"] + 1))


@pytest.mark.parametrize(
    ("number", "status", "said"),
    [
        (signal.SIGINT, 1, "Interrupted"),
        (signal.SIGTERM, 143, "Stopped by SIGTERM"),
        (signal.SIGHUP, 129, "Stopped by SIGHUP"),
    ],
)
def test_a_training_that_is_asked_to_end_says_how_to_go_on(
    number: signal.Signals, status: int, said: str, project: Project
) -> None:
    project.set_params("train", **LONGER)
    project.run("dvc", "repro", "vectorize")
    process = started(project, "python", "-m", "stages.train", "data/windows", "models", "reports/history.csv")
    read_until(process, "epoch   2")
    process.send_signal(number)
    output, _ = process.communicate()
    assert process.returncode == status
    assert output.splitlines()[-1] == f"{said}. `dvc repro` resumes after the last whole epoch."
    assert "Traceback" not in output
    assert [run.info.status for run in project.runs("training")] == ["KILLED"]


def test_of_two_trainings_of_the_same_network_the_second_takes_up_what_the_first_trained(
    project: Project, tmp_path: Path
) -> None:
    project.run("dvc", "repro", "vectorize")
    other = project.copy(tmp_path / "other")
    command = ("python", "-m", "stages.train", "data/windows", "models", "reports/history.csv")
    first = started(project, *command)
    second = started(other, *command, DVC_ROOT=str(project.path))  # as an experiment in its own workspace
    outputs = [process.communicate()[0] for process in (first, second)]
    assert [first.returncode, second.returncode] == [0, 0], outputs
    waited = ["Another process is training the same network." in output for output in outputs]
    trained = ["Nothing to train" not in output for output in outputs]
    assert sorted(trained) == [False, True] and waited != trained
    assert [run.info.status for run in project.runs("training")] == ["FINISHED"]
    assert project.read("reports/history.csv") == other.read("reports/history.csv")


def test_two_at_once_get_the_message_of_dvc(project: Project, finished_project: Project) -> None:
    first = started(project, "dvc", "repro")
    read_until(first, "Running stage 'train'")
    second = project.run("dvc", "repro", status=255)
    assert "Unable to acquire lock" in second or "is busy" in second
    output, _ = first.communicate()
    assert first.returncode == 0, output
    assert project.locked_outputs() == finished_project.locked_outputs()


def test_a_full_disk_costs_nothing(project: Project, tmp_path: Path) -> None:
    undisturbed = project.copy(tmp_path / "undisturbed")
    for each in (project, undisturbed):
        each.set_params("train", units=16, epochs=4)
    scratch = project.path / "models" / ".resume"
    scratch.mkdir(parents=True, exist_ok=True)
    mount = ["mount", "-t", "tmpfs", "-o", "size=250k", "tmpfs", str(scratch)]
    if shutil.which("mount") is None or subprocess.run(mount, capture_output=True).returncode:
        pytest.skip("a small disk cannot be mounted here")
    try:
        output = project.run("dvc", "repro", "train", status=255)
        assert re.search(r"Error: \S*/models/\.resume\S*: No space left on device\. ", output)
        assert "Traceback" not in output
        kept = tmp_path / "kept"
        shutil.copytree(scratch, kept)
    finally:
        subprocess.run(["umount", str(scratch)], check=True)
    shutil.copytree(kept, scratch, dirs_exist_ok=True)  # what was there, now with room
    assert "Epochs found: 2. Resuming at epoch 3." in project.run("dvc", "repro", "train")
    undisturbed.run("dvc", "repro", "train")
    assert project.locked_outputs() == undisturbed.locked_outputs()


def test_mlflow_is_only_ever_started_on_this_machine() -> None:
    (command,) = re.findall(r"mlflow (?:ui|server|models serve).*", (ROOT / "Makefile").read_text(encoding="utf-8"))
    assert "--host 127.0.0.1" in command
    assert server.HOST == "127.0.0.1"  # of `make serve`


def test_no_pickle_is_loaded() -> None:
    paths = sorted((ROOT / "stages").rglob("*.py"))
    nodes = [(path.name, node) for path in paths for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))]
    allowed = [
        # workers of this very process, which it started itself
        "parallel.py: from joblib import Parallel, delayed",
        # a registered model brings code, which runs in any case
        "server.py: load_model(model_uri)",
    ]
    assert sorted(f"{name}: {ast.unparse(node)}" for name, node in nodes if may_unpickle(node)) == allowed


def may_unpickle(node: ast.AST) -> bool:
    """Tell an import of a pickler, a call that loads a whole model, and `np.load` that is not told to refuse."""
    if isinstance(node, ast.Import | ast.ImportFrom):
        names = [node.module or ""] if isinstance(node, ast.ImportFrom) else [alias.name for alias in node.names]
        return any(name.split(".")[0] in ("pickle", "joblib", "cloudpickle", "dill", "torch") for name in names)
    if isinstance(node, ast.Call):
        called = ast.unparse(node.func)
        refuses = "allow_pickle=False" in map(ast.unparse, node.keywords)
        return called.endswith("load_model") or (called == "np.load" and not refuses)
    return False


@pytest.mark.parametrize(
    "code", ["import pickle", "from joblib import load", "keras.models.load_model(p)", "np.load(p)", "np.load(p, 'r')"]
)
def test_what_may_unpickle_is_found(code: str) -> None:
    assert any(may_unpickle(node) for node in ast.walk(ast.parse(code)))
