"""`zarathustra serve`: answer prompts over HTTP with the model that has the alias `best`."""

import argparse
import os
import socket
import sys
from pathlib import Path

import stages
from stages.cli.options import require_store, value_of
from stages.core.pipeline import rules
from stages.core.pipeline.errors import UserError
from stages.core.pipeline.visible import visible

HOST = "127.0.0.1"
SERVER = Path(stages.__file__).parent / "core" / "serving" / "server.py"


def set_up(parser: argparse.ArgumentParser) -> None:
    """Add the option."""
    parser.epilog = f"Requests go to http://{HOST}:PORT/invocations; README.md has an example. Ctrl-C ends the server."
    parser.add_argument("--port", metavar="N", default=5001, type=value_of("--port", int, rules.integer(1, 65535)),
        help="of this machine, which alone can reach it (%(default)s)")  # fmt: skip
    parser.set_defaults(run=run)


def run(arguments: argparse.Namespace) -> None:
    """Say which version answers, and become its server."""
    require_store()
    require_free(arguments.port)
    from stages.cli.runs import answered  # MLflow takes seconds to import
    from stages.core.serving.registry import description, require_best
    from stages.core.tracking.store import open_store, store_uri

    with answered():
        store = open_store()
        version = require_best(store)
        said = description(store, version)
    print(visible(f"{said} Loading it takes some seconds."), flush=True)  # the name of a run may be anything
    os.environ["MLFLOW_TRACKING_URI"] = store_uri()
    command = [sys.executable, "-P", str(SERVER), f"models:/{version.name}/{version.version}", str(arguments.port)]
    # another program: what is imported here must not take the place of the code that the model brings
    os.execv(sys.executable, command)


def require_free(port: int) -> None:
    """Refuse a port that cannot be listened to, before the model is loaded."""
    try:
        socket.create_server((HOST, port)).close()
    except OSError as error:
        raise UserError(f"--port {port}: {error.strerror}. Give another number; `make serve` takes PORT=….") from None
