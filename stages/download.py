"""Download the files of the corpus and check their hashes.

    python -m stages.download data/raw

Reads section download of params.yaml; writes one file for each entry of `download.files`.
"""

import gzip
import logging
import shutil
import signal
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from stages.core.pipeline import params, progress, stage  # first, for it answers Ctrl-C

# isort: split
import pooch
import requests
import urllib3

from stages.core.pipeline.errors import UserError
from stages.core.pipeline.files import atomic_write, project_root, require_file, sha256_of_file
from stages.core.pipeline.params import CorpusFile, DownloadParams
from stages.core.pipeline.secrets import masked

CHUNK_BYTES = 1 << 16
logger = logging.getLogger(__name__)


class TooLongError(Exception):
    """A source took longer than it may. Not an OSError: what is downloading must not take it for one and try again."""


def fetch(file: CorpusFile, folder: Path, settings: DownloadParams) -> None:
    """Get one file from the first of its sources that has it, with the right hash.

    Raises:
        UserError: no source gave it; each is named with the reason.
    """
    failures = []
    for source in file.sources:
        try:
            with atomic_write(folder / file.name) as partial:
                if "://" in source:
                    with at_most(settings.max_seconds):
                        download(source, partial, settings.timeout_seconds, settings.retries)
                else:
                    shutil.copyfile(require_file(project_root() / source), partial)
                found = sha256_of_file(partial)
                if file.sha256 not in (None, found):
                    raise ValueError(f"its sha256 is {found}, not {file.sha256}; correct the hash or the file")
                if file.sha256 is None and not partial.stat().st_size:
                    raise ValueError("it is empty")
        except (OSError, ValueError, TooLongError) as error:
            failures.append(f"{masked(source)}: {masked(_reason(error))}")
            logger.info("%s: not from %s", file.name, failures[-1])
        else:
            logger.info("%s: from %s, sha256 %s", file.name, masked(source), found)
            return
    raise UserError(
        f"params.yaml: download.files: no source gave {file.name}. "
        f"Correct a source or add one, a URL or a path. Tried: {'; '.join(failures)}."
    )


@contextmanager
def at_most(seconds: float) -> Iterator[None]:
    """End what is in the block with TooLongError when the time is over, wherever it waits."""

    def end(*_: Any) -> None:
        raise TooLongError(f"not complete after {seconds:g} s, which is download.max_seconds")

    before = signal.signal(signal.SIGALRM, end)
    signal.setitimer(signal.ITIMER_REAL, seconds)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, before)


def download(url: str, path: Path, timeout_seconds: float, retries: int) -> None:
    """Get the whole file behind a URL; pooch waits longer and longer between attempts."""

    def get(url: str, target: str, _: Any) -> None:
        headers = {"Accept-Encoding": "identity"}
        with requests.get(url, timeout=timeout_seconds, stream=True, headers=headers) as response:
            response.raise_for_status()
            if response.status_code != requests.codes.ok:  # such as 204, no content, and 206, a part
                raise ValueError(f"answered {response.status_code} {response.reason}, not 200 with the whole file")
            _save(response, Path(target), url)

    pooch.get_logger().setLevel("ERROR")  # it prints the whole URL
    known = pooch.create(path.parent, "", registry={path.name: None}, urls={path.name: url}, retry_if_failed=retries)
    known.fetch(path.name, downloader=get)


def _save(response: requests.Response, path: Path, url: str) -> None:
    """Write the body, of which the connection or the compression tells whether it is whole."""
    compression = response.headers.get("Content-Encoding", "identity").lower()
    if compression not in ("identity", "gzip", "x-gzip", ""):
        raise ValueError(f"answered in {compression}, which was not asked for")
    total = int(response.headers.get("Content-Length", 0)) or None
    title = masked(url)
    with path.open("wb") as file, progress.bar(total=total, desc=title, unit="B", unit_scale=True) as bar:
        body: Any = _Counted(response.raw, bar)
        if "gzip" in compression:  # some servers do not ask what is accepted
            body = gzip.GzipFile(fileobj=body)
        try:
            shutil.copyfileobj(body, file, CHUNK_BYTES)
        except (EOFError, zlib.error, gzip.BadGzipFile) as error:
            raise ValueError(f"its compressed body is damaged or cut short ({error})") from None
        except urllib3.exceptions.HTTPError as error:  # pooch tries again after a ValueError
            raise ValueError(str(error)) from error


class _Counted:
    """A body that is read while a bar shows how far."""

    def __init__(self, body: Any, bar: Any) -> None:
        self._body = body
        self._bar = bar

    def read(self, num_bytes: int) -> bytes:
        data: bytes = self._body.read(num_bytes, decode_content=False)
        self._bar.update(len(data))
        return data


def _remove(folder: Path) -> None:
    if folder.is_symlink():  # what it leads to is not ours
        folder.unlink()
    elif folder.is_dir():
        try:
            shutil.rmtree(folder)
        except OSError as error:  # it names what lies in the folder without the folder
            raise OSError(error.errno, error.strerror, str(folder)) from None


def _reason(error: BaseException) -> str:
    """Return the reason below all layers of libraries: what was refused, timed out or ended too soon."""
    while cause := error.__cause__ or (None if error.__suppress_context__ else error.__context__):
        error = cause
    return getattr(error, "strerror", None) or str(error)


def main() -> None:
    """Download every file of the list."""
    parser = stage.parser(__doc__)
    parser.add_argument("raw", type=Path, help="folder to write")
    arguments = parser.parse_args()
    settings = params.load(DownloadParams)
    _remove(arguments.raw)
    arguments.raw.mkdir(parents=True)
    for file in settings.files:
        fetch(file, arguments.raw, settings)


if __name__ == "__main__":
    stage.run("download", main)
