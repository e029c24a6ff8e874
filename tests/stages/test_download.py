"""Downloads from a server on this machine that behaves as badly as each test asks."""

import gzip
import hashlib
import logging
import os
import signal
import socket
import threading
from collections.abc import Iterator
from contextlib import suppress
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest

from stages.core.pipeline.errors import UserError
from stages.core.pipeline.params import CorpusFile, DownloadParams
from stages.download import fetch
from tests.support.files import contents
from tests.support.project import Project

CONTENT = "Von den Hinterweltlern. ä\r\n".encode() * 5000  # more than one block
SHA256 = hashlib.sha256(CONTENT).hexdigest()
OTHER_SHA256 = "0" * 64
NAME = "text.txt"


class Handler(BaseHTTPRequestHandler):
    """Answers by the path of the request."""

    server: "Server"

    def do_GET(self) -> None:
        name = self.path.removeprefix("/").partition("?")[0]
        self.server.requests.append(name)
        if name == "good" or (name == "third-time" and self.server.requests.count(name) == 3):
            self.answer(200, {"Content-Length": str(len(CONTENT))}, CONTENT)
        elif name == "unsized":
            self.answer(200, {}, CONTENT)
        elif name == "truncated":
            self.answer(200, {"Content-Length": str(len(CONTENT))}, CONTENT[:-1])
        elif name == "moved":
            self.answer(302, {"Location": "/good", "Content-Length": "0"})
        elif name == "hanging":
            self.server.stopped.wait(20)
        elif name == "stalling":
            self.answer(200, {"Content-Length": str(len(CONTENT))}, CONTENT[:1000])
            self.server.stopped.wait(20)
        elif name == "dripping":
            self.answer(200, {"Content-Length": str(len(CONTENT))})
            self.drip(b"a" * 400)
        elif name == "dripping-headers":
            self.drip(b"HTTP/1.1 200 OK\r\nX: " + b"a" * 400)
        elif name == "gzip":
            self.answer(200, {"Content-Encoding": "gzip"}, gzip.compress(CONTENT))
        elif name == "gzip-cut":
            self.answer(200, {"Content-Encoding": "gzip"}, gzip.compress(CONTENT)[:-10])
        elif name == "gzip-damaged":
            self.answer(200, {"Content-Encoding": "gzip"}, CONTENT)
        elif name == "brotli":
            self.answer(200, {"Content-Encoding": "br"}, CONTENT)
        elif name == "chunk-cut":
            self.answer(200, {"Transfer-Encoding": "chunked"}, b"ff\r\nabc")
        elif name == "nothing":
            self.answer(204, {})
        elif name == "part":
            self.answer(206, {"Content-Range": f"bytes 0-9/{len(CONTENT)}", "Content-Length": "10"}, CONTENT[:10])
        elif name == "empty":
            self.answer(200, {"Content-Length": "0"})
        elif name == "dropped":
            self.connection.shutdown(socket.SHUT_RDWR)
        else:
            self.answer(503 if name == "third-time" else 404, {"Content-Length": "0"})

    def drip(self, data: bytes) -> None:
        """Send a byte now and then."""
        for byte in data:
            with suppress(OSError):
                self.wfile.write(bytes([byte]))
            if self.server.stopped.wait(0.05):
                return

    def answer(self, status: int, headers: dict[str, str], body: bytes = b"") -> None:
        self.send_response(status)
        for name, value in headers.items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *args: object) -> None:
        """Stay silent."""


class Server(ThreadingHTTPServer):
    """Knows which paths were asked for."""

    daemon_threads = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), Handler)
        self.requests: list[str] = []
        self.stopped = threading.Event()

    def url(self, name: str) -> str:
        return f"http://127.0.0.1:{self.server_port}/{name}"


@pytest.fixture
def server() -> Iterator[Server]:
    with Server() as server:
        threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True).start()
        yield server
        server.stopped.set()
        server.shutdown()


@pytest.fixture
def raw(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The folder that is written; paths among the sources count from the one above."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("DVC_ROOT", raising=False)
    return tmp_path / "raw"


@pytest.fixture
def dead_url() -> str:
    """A URL on a port where nobody listens."""
    with socket.create_server(("127.0.0.1", 0)) as taken:
        return f"http://127.0.0.1:{taken.getsockname()[1]}/text.txt"


def get(raw: Path, *sources: str, sha256: str | None = SHA256, **values: float) -> None:
    file = CorpusFile(name=NAME, sha256=sha256, sources=sources)
    settings: dict[str, Any] = {"timeout_seconds": 10, "max_seconds": 60, "retries": 0}
    fetch(file, raw, DownloadParams(files=(file,), **settings | values))


def message(raw: Path, *sources: str, sha256: str | None = SHA256, **values: float) -> str:
    """Fetch from sources of which none works; nothing may be left; return the reasons that the message gives."""
    with pytest.raises(UserError) as error:
        get(raw, *sources, sha256=sha256, **values)
    assert contents(raw) == {}
    start = (
        "params.yaml: download.files: no source gave text.txt. Correct a source or add one, a URL or a path. Tried: "
    )
    text = str(error.value)
    assert text.startswith(start)
    assert text.endswith(".")
    return text.removeprefix(start).removesuffix(".")


@pytest.mark.parametrize("name", ["good", "unsized", "moved", "gzip"])
def test_the_bytes_arrive_as_they_were_sent(name: str, server: Server, raw: Path) -> None:
    get(raw, server.url(name))
    assert contents(raw) == {NAME: CONTENT}


@pytest.mark.parametrize("name", ["absent", "hanging", "stalling", "truncated", "dropped", "gzip-cut"])
def test_after_a_source_that_fails_the_next_is_tried(name: str, server: Server, raw: Path) -> None:
    get(raw, server.url(name), server.url("good"), timeout_seconds=0.3)
    assert server.requests == [name, "good"]
    assert contents(raw) == {NAME: CONTENT}


def test_after_a_dead_server_the_next_is_tried(dead_url: str, server: Server, raw: Path) -> None:
    get(raw, dead_url, server.url("good"))
    assert contents(raw) == {NAME: CONTENT}


def test_after_another_hash_the_next_source_is_tried(server: Server, raw: Path) -> None:
    Path("wrong.txt").write_bytes(CONTENT + b".")
    get(raw, "wrong.txt", server.url("good"))
    assert contents(raw) == {NAME: CONTENT}


def test_the_first_source_that_works_is_the_last_asked(server: Server, raw: Path) -> None:
    get(raw, server.url("good"), server.url("absent"))
    assert server.requests == ["good"]


def test_a_url_is_tried_as_often_as_retries_say(server: Server, raw: Path) -> None:
    get(raw, server.url("third-time"), retries=2)
    assert server.requests == ["third-time"] * 3
    assert contents(raw) == {NAME: CONTENT}


def test_without_retries_a_url_is_tried_once(server: Server, raw: Path) -> None:
    assert message(raw, server.url("third-time")) == (
        f"{server.url('third-time')}: 503 Server Error: Service Unavailable for url: {server.url('third-time')}"
    )
    assert server.requests == ["third-time"]


def test_the_message_names_every_source_with_its_reason(dead_url: str, server: Server, raw: Path) -> None:
    names = ["absent", "hanging", "truncated", "dropped"]
    absent, hanging, truncated, dropped = map(server.url, names)
    Path("folder").mkdir()
    Path("zeros").symlink_to("/dev/zero")
    os.mkfifo("pipe")
    tried = message(
        *(
            raw,
            absent,
            hanging,
            truncated,
            dropped,
            dead_url,
            "nowhere.txt",
            "folder",
            "zeros",
            "pipe",
            "s3://bucket/text.txt",
        ),
        timeout_seconds=0.3,
    )
    assert tried.split("; ") == [
        f"{absent}: 404 Client Error: Not Found for url: {absent}",
        f"{hanging}: timed out",
        f"{truncated}: IncompleteRead({len(CONTENT) - 1} bytes read, 1 more expected)",
        f"{dropped}: Remote end closed connection without response",
        f"{dead_url}: Connection refused",
        "nowhere.txt: No such file or directory",
        "folder: Is a directory",
        "zeros: not a file",
        "pipe: not a file",
        "s3://bucket/text.txt: No connection adapters were found for 's3://bucket/text.txt'",
    ]


@pytest.mark.parametrize("kind", ["url", "path"])
def test_another_hash_is_refused_and_nothing_is_left(kind: str, server: Server, raw: Path) -> None:
    Path("text.txt").write_bytes(CONTENT)
    source = server.url("good") if kind == "url" else "text.txt"
    assert message(raw, source, sha256=OTHER_SHA256) == (
        f"{source}: its sha256 is {SHA256}, not {OTHER_SHA256}; correct the hash or the file"
    )


@pytest.mark.parametrize(
    ("name", "reason"),
    [
        ("nothing", "answered 204 No Content, not 200 with the whole file"),
        ("part", "answered 206 Partial Content, not 200 with the whole file"),
        ("empty", "it is empty"),
        (
            "gzip-cut",
            "its compressed body is damaged or cut short "
            "(Compressed file ended before the end-of-stream marker was reached)",
        ),
        ("gzip-damaged", "its compressed body is damaged or cut short (Not a gzipped file (b'Vo'))"),
        ("brotli", "answered in br, which was not asked for"),
        ("chunk-cut", "IncompleteRead(3 bytes read, 252 more expected)"),
    ],
)
def test_less_than_the_whole_file_is_refused(name: str, reason: str, server: Server, raw: Path) -> None:
    assert message(raw, server.url(name), sha256=None) == f"{server.url(name)}: {reason}"


def test_an_empty_file_of_this_machine_is_refused_without_a_hash(raw: Path) -> None:
    Path("empty.txt").touch()
    assert message(raw, "empty.txt", sha256=None) == "empty.txt: it is empty"


@pytest.mark.parametrize("name", ["dripping", "dripping-headers"])
def test_a_source_that_never_ends_is_left(name: str, server: Server, raw: Path) -> None:
    tried = message(raw, server.url(name), max_seconds=0.5, retries=3)
    assert tried == f"{server.url(name)}: not complete after 0.5 s, which is download.max_seconds"
    assert server.requests == [name]
    assert signal.getitimer(signal.ITIMER_REAL) == (0, 0)


def test_passwords_and_tokens_are_not_shown(server: Server, raw: Path, caplog: pytest.LogCaptureFixture) -> None:
    secret = server.url("absent?token=hidden").replace("://", "://bob:hidden@")
    with caplog.at_level(logging.INFO, "stages"):
        tried = message(raw, secret, sha256=None)
        get(raw, server.url("good?token=hidden").replace("://", "://bob:hidden@"), sha256=None)
    shown = server.url("absent?token=***").replace("://", "://***@")
    assert tried.startswith(f"{shown}: 404 Client Error")
    assert "hidden" not in tried + caplog.text


def test_another_hash_is_not_asked_for_again(server: Server, raw: Path) -> None:
    with pytest.raises(UserError):
        get(raw, server.url("good"), sha256=OTHER_SHA256, retries=3)
    assert server.requests == ["good"]


def test_an_unchecked_hash_is_printed(server: Server, raw: Path, caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.INFO, "stages"):
        get(raw, server.url("absent"), server.url("good"), sha256=None)
    absent, good = server.url("absent"), server.url("good")
    assert caplog.messages == [
        f"{NAME}: not from {absent}: 404 Client Error: Not Found for url: {absent}",
        f"{NAME}: from {good}, sha256 {SHA256}",
    ]


def test_paths_count_from_the_project_inside_an_experiment(
    raw: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "origin").mkdir()
    (tmp_path / "text.txt").write_bytes(CONTENT)
    monkeypatch.setenv("DVC_ROOT", str(tmp_path / "origin"))
    get(raw, "../text.txt")
    assert contents(raw) == {NAME: CONTENT}


def test_a_path_may_be_absolute(raw: Path, tmp_path: Path) -> None:
    (tmp_path / "text.txt").write_bytes(CONTENT)
    get(raw, str(tmp_path / "text.txt"))
    assert contents(raw) == {NAME: CONTENT}


def test_the_stage_gets_every_file_and_removes_what_is_no_longer_listed(server: Server, project: Project) -> None:
    (project.path / "data" / "raw").mkdir(parents=True)
    (project.path / "data" / "raw" / "old.txt").write_bytes(b"old")
    files = [
        {"name": "a.txt", "sha256": SHA256, "sources": [server.url("good")]},
        {"name": "b.txt", "sha256": None, "sources": ["nowhere.txt", "../corpus.txt"]},
    ]
    project.set_params("download", files=files)
    printed = project.run("python", "-m", "stages.download", "data/raw")
    assert contents(project.path / "data" / "raw") == {
        "a.txt": CONTENT,
        "b.txt": (project.path / "../corpus.txt").read_bytes(),
    }
    assert f"a.txt: from {server.url('good')}, sha256 {SHA256}\n" in printed


@pytest.mark.parametrize("target", ["elsewhere", "nowhere"])
def test_a_link_in_place_of_the_folder_is_replaced(target: str, project: Project) -> None:
    elsewhere = project.path.parent / "elsewhere"
    elsewhere.mkdir()
    (elsewhere / "mine.txt").write_bytes(b"mine")
    (project.path / "data" / "raw").symlink_to(project.path.parent / target)
    project.run("python", "-m", "stages.download", "data/raw")
    assert contents(elsewhere) == {"mine.txt": b"mine"}
    assert not (project.path / "data" / "raw").is_symlink()
    assert set(contents(project.path / "data" / "raw")) == {"made-up.txt"}


def test_the_stage_keeps_the_files_that_came_before_one_that_failed(server: Server, project: Project) -> None:
    files = [
        {"name": "a.txt", "sha256": None, "sources": ["../corpus.txt"]},
        {"name": "b.txt", "sha256": None, "sources": [server.url("absent")]},
    ]
    project.set_params("download", files=files, retries=0)
    printed = project.run("python", "-m", "stages.download", "data/raw", status=1)
    assert "no source gave b.txt" in printed
    assert set(contents(project.path / "data" / "raw")) == {"a.txt"}
