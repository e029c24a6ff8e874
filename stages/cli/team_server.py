"""A server of runs for a team: MLflow, on PostgreSQL and on an S3 server that DVC can use too. `make server` runs it.

    python -m stages.cli.team_server FOLDER [--port N] [--s3-port N]

FOLDER keeps everything between two starts. All of it answers on this machine alone; PostgreSQL through a socket that no
other user can reach. Ctrl-C ends it.
"""

import os
import secrets
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path

from stages.cli.options import value_of
from stages.core.pipeline import errors, rules, stage
from stages.core.pipeline.errors import UserError

HOST = "127.0.0.1"
LONGEST_START, LONGEST_END = 180, 30  # seconds
PLACES = ("usr/lib/postgresql/*/bin/initdb", "opt/homebrew/opt/postgresql*/bin/initdb")  # beside those in PATH
READY = """Runs: http://{host}:{port}
    export MLFLOW_TRACKING_URI=http://{host}:{port}
Data, of a project that is to keep them here:
    dvc remote add --default team s3://dvc
    dvc remote modify team endpointurl http://{host}:{s3_port}
    dvc remote modify --local team access_key_id "$(sed -n 1p {keys})"
    dvc remote modify --local team secret_access_key "$(sed -n 2p {keys})"
All of it is in {folder}. Ctrl-C ends the server."""


def main() -> None:
    """Start the three programs, say how to reach them, wait until one ends."""
    parser = stage.parser(__doc__)
    parser.prog = "make server"
    parser.add_argument("folder", type=Path, help="folder of runs, files and keys")
    for option, default in (("--port", 5000), ("--s3-port", 9000)):
        parser.add_argument(option, type=value_of(option, int, rules.integer(1, 65535)), default=default)
    arguments = parser.parse_args()
    folder, port, s3_port = arguments.folder.resolve(), arguments.port, arguments.s3_port
    rclone = shutil.which("rclone")
    if rclone is None:
        raise UserError("rclone is not installed. `make scale` installs it.")
    for option, number in (("--port", port), ("--s3-port", s3_port)):
        require_free(option, number)
    for name in ("s3/mlflow", "s3/dvc"):  # a folder is a bucket
        (folder / name).mkdir(parents=True, exist_ok=True)
    (folder / "s3").chmod(0o700)
    keys = folder / "s3-keys"
    key, secret = access_keys(keys)
    with ExitStack() as stack:
        database = stack.enter_context(postgres(folder))
        s3 = [rclone, "serve", "s3", str(folder / "s3"), "--addr", f"{HOST}:{s3_port}"]
        pair = {"RCLONE_AUTH_KEY": f'"{key},{secret}"'}  # not in its arguments, which everybody sees
        stack.enter_context(program("s3", s3, folder, lambda: listens(s3_port), pair))
        mlflow = [
            *(sys.executable, "-m", "mlflow", "server", "--host", HOST, "--port", str(port), "--workers", "1"),
            *("--backend-store-uri", database, "--artifacts-destination", "s3://mlflow"),
        ]
        access = {"AWS_ACCESS_KEY_ID": key, "AWS_SECRET_ACCESS_KEY": secret, "AWS_DEFAULT_REGION": "us-east-1"}
        access["MLFLOW_S3_ENDPOINT_URL"] = f"http://{HOST}:{s3_port}"
        server = stack.enter_context(program("mlflow", mlflow, folder, lambda: listens(port), access))
        print(READY.format(host=HOST, port=port, s3_port=s3_port, keys=keys, folder=folder), flush=True)
        server.wait()
        raise UserError(f"MLflow has ended. Its log is {folder / 'mlflow.log'}.")


def access_keys(path: Path) -> list[str]:
    """Return key and secret of the S3 server, made once."""
    if not path.exists():
        with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT, 0o600), "w", encoding="ascii") as file:
            file.write(f"{secrets.token_hex(10)}\n{secrets.token_hex(20)}\n")
    return path.read_text(encoding="ascii").split()


@contextmanager
def postgres(folder: Path) -> Iterator[str]:
    """Run PostgreSQL, for root as the user `postgres`, since it refuses root; yield the address of its database."""
    found = shutil.which("initdb") or next((str(p) for place in PLACES for p in Path("/").glob(place)), None)
    if found is None:
        raise UserError("PostgreSQL is not installed. On Debian `apt-get install postgresql` installs it.")
    programs, data = Path(found).resolve().parent, folder / "postgres"
    user = "postgres" if os.geteuid() == 0 else None
    with tempfile.TemporaryDirectory(prefix="zarathustra-") as sockets:  # the path of a socket must be short
        if user:
            shutil.chown(sockets, user)
        if not data.exists():
            make_database(programs / "initdb", data, user)
        command = [str(programs / "postgres"), "-D", str(data), "-k", sockets, "-c", "listen_addresses="]
        asks: list[str | Path] = [programs / "pg_isready", "--quiet", "--host", sockets]
        with program("postgres", command, folder, lambda: not subprocess.run(asks).returncode, {}, signal.SIGINT, user):
            yield f"postgresql://mlflow@/postgres?host={sockets}"


def make_database(initdb: Path, data: Path, user: str | None) -> None:
    """Make an empty database, whole or not at all."""
    new = data.with_name("postgres.new")
    shutil.rmtree(new, ignore_errors=True)
    new.mkdir(mode=0o700)
    if user:
        shutil.chown(new, user)
    command: list[str | Path] = [initdb, "-D", new, "-U", "mlflow", "--auth=trust", "--encoding=UTF8", "--no-locale"]
    done = subprocess.run(command, user=user, cwd="/", capture_output=True, text=True)
    if done.returncode:
        raise UserError(f"PostgreSQL: {done.stderr.strip().splitlines()[-1]} {data} is to be its folder.")
    new.rename(data)


@contextmanager
def program(
    name: str,
    command: Sequence[str],
    folder: Path,
    is_ready: Callable[[], bool],
    variables: Mapping[str, str],
    end: signal.Signals = signal.SIGTERM,
    user: str | None = None,
) -> Iterator["subprocess.Popen[bytes]"]:
    """Run a program that logs into `folder` as long as the block lasts; wait until it is ready."""
    log = folder / f"{name}.log"
    with log.open("ab") as output:
        process = subprocess.Popen(
            command, env=os.environ | variables, stdin=subprocess.DEVNULL, stdout=output, stderr=output, user=user,
            cwd="/", start_new_session=True,
        )  # fmt: skip
    try:
        give_up = time.monotonic() + LONGEST_START
        while not is_ready():
            if process.poll() is not None or time.monotonic() > give_up:
                raise UserError(f"{name} has not started. Its log is {log}.")
            time.sleep(0.2)
        yield process
    finally:
        for number in (end, signal.SIGKILL):  # all that it started, too
            with suppress(ProcessLookupError):
                os.killpg(process.pid, number)
            with suppress(subprocess.TimeoutExpired):
                process.wait(LONGEST_END)


def listens(port: int) -> bool:
    """Tell whether something listens to a port of this machine."""
    with socket.socket() as probe:
        return probe.connect_ex((HOST, port)) == 0


def require_free(option: str, port: int) -> None:
    """Refuse a port that something else listens to."""
    if listens(port):
        raise UserError(f"{option} {port}: something listens to it already. Give another number.")


if __name__ == "__main__":
    errors.run(main, if_interrupted="The server has ended; what it keeps is on disk.")
