"""One message for each way in which a store fails, with the advice that fits; no password in any."""

import shutil
import sqlite3
import threading
from collections.abc import Iterator
from contextlib import closing, contextmanager
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path

import mlflow
import pytest

from stages.core.pipeline.errors import UserError
from stages.core.tracking.connection import Connection
from stages.core.tracking.database import AGAIN
from stages.core.tracking.store import experiment_id, open_store, tracking_uri
from tests.support.servers import free_port


@pytest.fixture(autouse=True)
def no_proxy(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.chdir(tmp_path)
    for name in (
        "http_proxy",
        "HTTP_PROXY",
        "https_proxy",
        "HTTPS_PROXY",
        "all_proxy",
        "ALL_PROXY",
        "no_proxy",
        "NO_PROXY",
    ):
        monkeypatch.delenv(name, raising=False)


def message_of(uri: str, monkeypatch: pytest.MonkeyPatch) -> str:
    monkeypatch.setenv("MLFLOW_TRACKING_URI", uri)
    connection = Connection(required=True)
    with pytest.raises(UserError) as error, connection.tolerate_errors():
        connection.client.search_experiments()
    return str(error.value)


@contextmanager
def answering(status: int, body: bytes) -> Iterator[str]:
    """A server that gives every request the same answer; its address."""

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response(status)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        do_POST = do_GET  # noqa: N815

        def log_message(self, *args: object) -> None:
            """Be quiet."""

    server = HTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}"
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


def test_a_server_that_is_not_there(monkeypatch: pytest.MonkeyPatch) -> None:
    address = f"127.0.0.1:{free_port()}"
    assert message_of(f"http://bob:secret@{address}", monkeypatch) == (
        f"MLflow: http://***@{address} does not answer (Connection refused). Start it, or correct MLFLOW_TRACKING_URI."
    )


def test_a_proxy_in_between(monkeypatch: pytest.MonkeyPatch) -> None:
    proxy = f"http://me:secret@127.0.0.1:{free_port()}"
    monkeypatch.setenv("http_proxy", proxy)
    address = f"http://127.0.0.2:{free_port()}"
    message = message_of(address, monkeypatch)
    assert message.startswith(f"MLflow: {address} cannot be reached through the proxy http://***@127.0.0.1:")
    assert message.endswith("Set NO_PROXY=127.0.0.2 to go without it.")


@pytest.mark.parametrize(
    ("status", "body", "advice"),
    [
        (
            401,
            b"You are not authenticated.",
            "Set MLFLOW_TRACKING_USERNAME and MLFLOW_TRACKING_PASSWORD to what it accepts.",
        ),
        (404, b"<html>Nothing here</html>", "Correct MLFLOW_TRACKING_URI."),
        (200, b"<html>Welcome</html>", "Correct MLFLOW_TRACKING_URI."),
    ],
)
def test_a_server_of_another_kind(status: int, body: bytes, advice: str, monkeypatch: pytest.MonkeyPatch) -> None:
    with answering(status, body) as address:
        message = message_of(address, monkeypatch)
    assert message.startswith(f"MLflow: {address} {'refuses access' if status == 401 else 'answers, but not as'}")
    assert message.endswith(advice)


@pytest.mark.parametrize("uri", ["htp://example.org", "mlruns", "file:///tmp/mlruns", "C:/mlflow.db"])
def test_an_address_of_an_unknown_kind(uri: str, monkeypatch: pytest.MonkeyPatch) -> None:
    assert message_of(uri, monkeypatch) == (
        "MLflow: MLFLOW_TRACKING_URI must begin with one of http://, https://, sqlite:///, postgresql://, mysql://, "
        f"mssql://, databricks. Received: {uri}."
    )


def test_what_is_no_address_of_a_server(monkeypatch: pytest.MonkeyPatch) -> None:
    assert message_of("http://[::1", monkeypatch) == (
        "MLflow: MLFLOW_TRACKING_URI must be an address such as http://127.0.0.1:5000. Received: http://[::1."
    )


@pytest.mark.parametrize("uri", ["sqlite:", "sqlite://", "sqlite://mlflow.db", "sqlite:///:memory:"])
def test_a_database_in_no_file_is_refused(uri: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    said = "MLflow: MLFLOW_TRACKING_URI must name a file, as in sqlite:///mlflow.db. Received: sqlite:"
    assert message_of(uri, monkeypatch).startswith(said)
    assert list(tmp_path.iterdir()) == []


def test_a_database_whose_driver_is_missing(monkeypatch: pytest.MonkeyPatch) -> None:
    assert message_of("postgresql://bob:secret@localhost/runs", monkeypatch) == (
        "MLflow: postgresql://***@localhost/runs needs a package that is not installed (No module named 'psycopg'). "
        "Install it, or set MLFLOW_TRACKING_URI to another store."
    )


@pytest.fixture
def store(tmp_path: Path, empty_database: Path, monkeypatch: pytest.MonkeyPatch) -> mlflow.MlflowClient:
    shutil.copy(empty_database, tmp_path)
    monkeypatch.delenv("MLFLOW_TRACKING_URI", raising=False)
    return open_store()


def test_a_deleted_experiment_is_named(store: mlflow.MlflowClient) -> None:
    found = experiment_id(store)
    store.delete_experiment(found)
    with pytest.raises(UserError) as error, Connection(required=True).tolerate_errors():
        assert Connection(required=True).client
    assert str(error.value) == (
        "MLflow: the experiment zarathustra was deleted. Restore it with `mlflow experiments restore "
        f"--experiment-id {found}`, or set MLFLOW_EXPERIMENT_NAME to another name."
    )


def test_a_run_that_is_not_there_is_no_reason_to_give_up_the_database(store: mlflow.MlflowClient) -> None:
    with pytest.raises(UserError) as error, Connection(required=True).tolerate_errors():
        store.get_run("0" * 32)
    assert str(error.value) == (
        f"MLflow: {tracking_uri()} refuses a request (Run with id={'0' * 32} not found). "
        "Look at what it names with `make ui`."
    )


def test_a_database_that_lacks_a_table_is_damaged(store: mlflow.MlflowClient, tmp_path: Path) -> None:
    with closing(sqlite3.connect(tmp_path / "mlflow.db")) as connection, connection:
        connection.execute("DROP TABLE runs")
    with pytest.raises(UserError) as error, Connection(required=True).tolerate_errors():
        store.get_run("0" * 32)
    assert str(error.value).startswith(f"MLflow: {tracking_uri()} failed (")
    assert str(error.value).endswith(f"If this happens again, the file may be damaged. {AGAIN}")


def test_an_empty_name_of_an_experiment_is_none(store: mlflow.MlflowClient, monkeypatch: pytest.MonkeyPatch) -> None:
    usual = experiment_id(store)
    monkeypatch.setenv("MLFLOW_EXPERIMENT_NAME", " ")
    assert experiment_id(store) == usual


def test_work_goes_on_without_a_store_which_is_said_once(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setenv("MLFLOW_TRACKING_URI", f"http://bob:secret@127.0.0.1:{free_port()}")
    connection = Connection()
    for _ in range(2):
        with connection.tolerate_errors():
            connection.client.search_experiments()
    (message,) = caplog.messages
    assert message.endswith(
        "does not answer (Connection refused). Start it, or correct MLFLOW_TRACKING_URI. "
        "The work goes on; `zarathustra sync` logs it afterwards."
    )
    assert tracking_uri() not in message and "secret" not in message
