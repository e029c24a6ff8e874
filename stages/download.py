"""Download the files of the corpus and check their hashes.

    python -m stages.download data/raw

Reads section download of params.yaml; writes one file for each entry of `download.files`.
"""

import argparse
import logging
import shutil
from pathlib import Path

import pooch
import requests

from stages.core import errors, params, progress
from stages.core.errors import UserError
from stages.core.files import project_root, sha256_of_file, written_whole
from stages.core.params import CorpusFile, DownloadParams

logger = logging.getLogger(__name__)


def fetch(file: CorpusFile, folder: Path, timeout_seconds: float, retries: int) -> None:
    """Get one file from the first of its sources that has it.

    Raises:
        UserError: no source can be reached, or one gave something with another hash.
    """
    failures = []
    for source in file.sources:
        try:
            if "://" in source:
                _fetch_url(source, file, folder, timeout_seconds, retries)
            else:
                _copy(project_root() / source, file, folder)
        except (requests.RequestException, FileNotFoundError, IsADirectoryError, ValueError) as error:
            failures.append(f"{source}: {_reason(error)}")
            logger.info("%s: not from %s (%s)", file.name, source, _reason(error))
        else:
            logger.info("%s: from %s, sha256 %s", file.name, source, sha256_of_file(folder / file.name))
            return
    raise UserError(
        f"params.yaml: no source of download.files, name {file.name}, gave the file. "
        f"Mend a source or add one, a URL or a path. Tried: " + "; ".join(failures) + "."
    )


def _fetch_url(url: str, file: CorpusFile, folder: Path, timeout_seconds: float, retries: int) -> None:
    # pooch writes beside the final name, checks the hash, renames; between attempts it waits longer and longer
    downloader = pooch.HTTPDownloader(timeout=timeout_seconds, progressbar=progress.bar(unit="B", unit_scale=True))
    known = pooch.create(
        path=folder,
        base_url="",
        registry={file.name: file.sha256 and f"sha256:{file.sha256}"},
        urls={file.name: url},
        retry_if_failed=retries,
    )
    known.fetch(file.name, downloader=downloader if url.startswith("http") else None)


def _copy(source: Path, file: CorpusFile, folder: Path) -> None:
    found = sha256_of_file(source)
    if file.sha256 not in (None, found):
        raise ValueError(f"its sha256 is {found}, not {file.sha256}: correct download.files or the file")
    with written_whole(folder / file.name) as partial:
        shutil.copyfile(source, partial)


def _reason(error: Exception) -> str:
    if isinstance(error, OSError) and error.strerror:
        return error.strerror
    text = str(error)
    if "does not match the known hash" in text:  # pooch's sentence names a temporary file and goes on for long
        return "wrong sha256: " + text.split("hash", 1)[-1].strip()[:200]
    return f"{type(error).__name__}: {text[:160]}"


def main() -> None:
    """Download every file of the list."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("raw", type=Path, help="folder to write")
    arguments = parser.parse_args()
    settings = params.load(DownloadParams)
    shutil.rmtree(arguments.raw, ignore_errors=True)
    arguments.raw.mkdir(parents=True)
    for file in settings.files:
        fetch(file, arguments.raw, settings.timeout_seconds, settings.retries)


if __name__ == "__main__":
    progress.set_up_logging()
    pooch.get_logger().setLevel("ERROR")
    errors.run(main)
