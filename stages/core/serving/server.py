"""MLflow's server of one model, for requests that name this machine alone: `python server.py MODEL_URI PORT`.

`mlflow models serve` answers whatever the Host header says, so that a web page whose owner points its name at 127.0.0.1
could use the server through the reader's browser (DNS rebinding). It also reads a body of any size for as long as it
takes, ignores keys beside `inputs`, and reads tables, in which a prompt `NA` is a missing value.

This script imports nothing of the project, because the model brings the code that it was logged with.
"""

import asyncio
import json
import logging
import sys
import threading
from collections.abc import Awaitable, Callable
from contextvars import ContextVar
from typing import Any

import uvicorn
from fastapi import FastAPI, Request, Response
from fastapi.middleware.trustedhost import TrustedHostMiddleware
from mlflow.pyfunc import load_model, scoring_server
from starlette.requests import ClientDisconnect
from starlette.types import ASGIApp, Message, Receive, Scope, Send

HOST = "127.0.0.1"
MAX_BYTES = 1_000_000  # of a request: more than the model takes
MAX_SECONDS = 30.0  # until a request has come whole
CLIENT_HAS_GONE: ContextVar[Callable[[], bool]] = ContextVar("CLIENT_HAS_GONE", default=lambda: False)


def main() -> None:
    """Load the model, and answer until Ctrl-C."""
    model_uri, port = sys.argv[1], int(sys.argv[2])
    logging.getLogger("mlflow").setLevel(logging.ERROR)
    try:
        model = load_model(model_uri)
    except Exception as error:
        sys.exit(
            f"Error: {model_uri} cannot be loaded: {error}\n`zarathustra sync` registers the present outputs again."
        )
    app = scoring_server.init(model)
    protect(app)
    server = uvicorn.Server(uvicorn.Config(app, host=HOST, port=port, log_level="warning"))
    generator: Any = model.unwrap_python_model()  # type: ignore[no-untyped-call]
    generator.is_stopped = lambda: server.should_exit or CLIENT_HAS_GONE.get()()
    print(f"It answers at http://{HOST}:{port}/invocations. Ctrl-C ends it.", flush=True)
    server.run()


def protect(app: FastAPI) -> None:
    """Refuse what names another host, what is not JSON or too large, before it is read; then what has other keys."""

    @app.middleware("http")
    async def refuse(request: Request, call_next: Callable[[Request], Awaitable[Response]]) -> Response:
        headers = request.headers
        if request.method == "POST":
            if headers.get("content-type", "").partition(";")[0].strip().lower() != "application/json":
                return Response('Send JSON with "Content-Type: application/json".\n', 415)
            if "content-length" not in headers or "transfer-encoding" in headers:
                return Response("Send the length of the request in Content-Length, and no Transfer-Encoding.\n", 411)
            if int(headers["content-length"]) > MAX_BYTES:
                return Response(f"A request has at most {MAX_BYTES:,} bytes.\n", 413)
            try:
                async with asyncio.timeout(MAX_SECONDS):
                    content = json.loads(await request.body())
            except TimeoutError:
                return Response(f"The request did not come whole within {MAX_SECONDS:g} seconds.\n", 408)
            # lists thousands deep; integers of thousands of digits; a client that leaves in the middle of its request
            except (RecursionError, ValueError, ClientDisconnect):
                return Response("The request cannot be read as JSON.\n", 400)
            if not isinstance(content, dict) or content.keys() != {"inputs"}:
                return Response('Send {"inputs": [{"prompt": "…"}]}, and no other key beside inputs.\n', 400)
        return await call_next(request)

    app.add_middleware(TrustedHostMiddleware, allowed_hosts=[HOST, "localhost"])
    app.add_middleware(WatchedClient)


class WatchedClient:
    """Lets the thread that answers a request ask CLIENT_HAS_GONE; threads inherit the context of their request."""

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass everything on; after the end of a request, wait for the client to close."""
        gone = threading.Event()
        tasks = []

        async def closed() -> None:
            await receive()
            gone.set()

        async def watched() -> Message:
            message = await receive()
            if message["type"] == "http.request" and not message.get("more_body"):
                tasks.append(asyncio.create_task(closed()))
            return message

        CLIENT_HAS_GONE.set(gone.is_set)
        await self.app(scope, watched, send)
        for task in tasks:
            task.cancel()


if __name__ == "__main__":
    main()
