"""What stands before MLflow's server: hosts, kinds and sizes of requests, clients that go. The model is a stand-in."""

import asyncio
import http.client
import threading
from collections.abc import Iterator
from contextlib import closing

import pytest
import uvicorn
from fastapi import FastAPI, Request

from stages.core.serving import server
from tests.support.servers import answers, free_port

JSON = {"Content-Type": "application/json"}
INPUTS = b'{"inputs": []}'


class Served:
    """A server on a port of this machine; what is asked for at /wait waits until its client has gone."""

    def __init__(self, port: int) -> None:
        self.port = port
        self.started = threading.Event()
        self.has_seen_the_client_go = threading.Event()
        app = FastAPI()

        @app.get("/ping")
        async def ping() -> str:
            return "pong"

        @app.post("/size")
        async def size(request: Request) -> int:
            return len(await request.body())

        @app.post("/wait")
        async def wait(request: Request) -> None:
            await request.body()
            await asyncio.to_thread(self.wait)

        server.protect(app)
        self.server = uvicorn.Server(uvicorn.Config(app, port=port, log_level="critical"))

    def wait(self) -> None:
        self.started.set()
        while not server.CLIENT_HAS_GONE.get()():
            threading.Event().wait(0.01)
        self.has_seen_the_client_go.set()

    def ask(self, path: str, body: bytes = INPUTS, headers: dict[str, str] = JSON) -> tuple[int, str]:
        with self.connection() as connection:
            connection.request("POST", path, body, headers)
            response = connection.getresponse()
            return response.status, response.read().decode()

    def connection(self) -> closing[http.client.HTTPConnection]:
        return closing(http.client.HTTPConnection("127.0.0.1", self.port, timeout=60))


@pytest.fixture(scope="module")
def served() -> Iterator[Served]:
    served = Served(free_port())
    thread = threading.Thread(target=served.server.run)
    thread.start()
    while not answers(f"http://127.0.0.1:{served.port}/ping"):
        assert thread.is_alive()
    yield served
    served.server.should_exit = True
    thread.join()


@pytest.mark.parametrize("host", ["127.0.0.1", "localhost", "LocalHost:80", "127.0.0.1:5001"])
def test_a_request_that_names_this_machine_is_answered(served: Served, host: str) -> None:
    assert served.ask("/size", INPUTS, JSON | {"Host": host}) == (200, "14")


@pytest.mark.parametrize(
    "host",
    ["evil.com", "evil.com:5001", "localhost.evil.com", "evil.com@localhost", "127.0.0.1.evil.com", "", "[::1]:80"],
)
def test_a_request_that_names_another_host_is_refused(served: Served, host: str) -> None:
    assert served.ask("/size", INPUTS, JSON | {"Host": host}) == (400, "Invalid host header")


def test_the_name_of_a_media_type_has_no_case(served: Served) -> None:
    assert served.ask("/size", INPUTS, {"Content-Type": "Application/JSON; charset=utf-8"})[0] == 200


@pytest.mark.parametrize("kind", ["text/csv", "text/plain", "application/x-parquet", "application/jsonp", ""])
def test_what_is_not_json_is_refused(served: Served, kind: str) -> None:
    answer = served.ask("/size", b"prompt\nNA\n", {"Content-Type": kind})
    assert answer == (415, 'Send JSON with "Content-Type: application/json".\n')


def test_a_large_request_is_refused_before_it_is_read(served: Served) -> None:
    assert served.ask("/size", INPUTS.rjust(server.MAX_BYTES)) == (200, str(server.MAX_BYTES))
    with served.connection() as connection:
        connection.putrequest("POST", "/size")
        for name, value in (JSON | {"Content-Length": str(server.MAX_BYTES + 1)}).items():
            connection.putheader(name, value)
        connection.endheaders()  # and no body
        response = connection.getresponse()
        assert (response.status, response.read()) == (413, b"A request has at most 1,000,000 bytes.\n")


@pytest.mark.parametrize("more", [{}, {"Content-Length": "5"}])
def test_a_request_of_unknown_length_is_refused(served: Served, more: dict[str, str]) -> None:
    chunked = b"2\r\n{}\r\n0\r\n\r\n"
    assert served.ask("/size", chunked, JSON | {"Transfer-Encoding": "chunked"} | more) == (
        411,
        "Send the length of the request in Content-Length, and no Transfer-Encoding.\n",
    )


@pytest.mark.parametrize("body", [b"[" * 100_000, b"[" + b"9" * 10_000 + b"]", b"\xff", b""])
def test_json_that_cannot_be_read_is_refused(served: Served, body: bytes) -> None:
    assert served.ask("/size", body) == (400, "The request cannot be read as JSON.\n")


@pytest.mark.parametrize(
    "body",
    [b"[]", b"3", b"null", b"{}", b'{"instances": []}', b'{"inputs": [], "params": {}}', b'{"inputs": [], "seed": 1}'],
)
def test_a_key_beside_inputs_is_refused_not_ignored(served: Served, body: bytes) -> None:
    answer = served.ask("/size", body)
    assert answer == (400, 'Send {"inputs": [{"prompt": "…"}]}, and no other key beside inputs.\n')


def test_a_request_that_never_comes_whole_is_left(served: Served, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(server, "MAX_SECONDS", 0.2)
    with served.connection() as connection:
        connection.putrequest("POST", "/size")
        for name, value in (JSON | {"Content-Length": "14"}).items():
            connection.putheader(name, value)
        connection.endheaders(INPUTS[:5])
        response = connection.getresponse()
        assert (response.status, response.read()) == (408, b"The request did not come whole within 0.2 seconds.\n")


def test_the_thread_that_answers_sees_that_its_client_has_gone(served: Served) -> None:
    with served.connection() as connection:
        connection.request("POST", "/wait", INPUTS, JSON)
        assert served.started.wait(60)
        assert not served.has_seen_the_client_go.is_set()
    assert served.has_seen_the_client_go.wait(60)
