"""Download the files of the corpus and check their hashes.

    python -m stages.download data/raw

Reads section download of params.yaml; writes one file for each entry of `download.files`.
"""

import logging
import shutil
from pathlib import Path

from stages.core.pipeline import params, progress, stage  # first, for it answers Ctrl-C

# isort: split
import pooch

from stages.core.pipeline.errors import UserError
from stages.core.pipeline.files import atomic_write, project_root, sha256_of_file
from stages.core.pipeline.params import CorpusFile, DownloadParams

CHUNK_BYTES = 1 << 16
logger = logging.getLogger(__name__)


def fetch(file: CorpusFile, folder: Path, timeout_seconds: float, retries: int) -> None:
    """Get one file from the first of its sources that has it, with the right hash.

    Raises:
        UserError: no source gave it; each is named with the reason.
    """
    failures = []
    for source in file.sources:
        try:
            with atomic_write(folder / file.name) as partial:
                if "://" in source:
                    _download(source, partial, timeout_seconds, retries)
                else:
                    shutil.copyfile(project_root() / source, partial)
                found = sha256_of_file(partial)
                if file.sha256 not in (None, found):
                    raise ValueError(f"its sha256 is {found}, not {file.sha256}; correct the hash or the file")
        except (OSError, ValueError) as error:
            failures.append(f"{source}: {_reason(error)}")
            logger.info("%s: not from %s: %s", file.name, source, _reason(error))
        else:
            logger.info("%s: from %s, sha256 %s", file.name, source, found)
            return
    raise UserError(
        f"params.yaml: download.files: no source gave {file.name}. "
        f"Mend a source or add one, a URL or a path. Tried: {'; '.join(failures)}."
    )


def _download(url: str, path: Path, timeout_seconds: float, retries: int) -> None:
    # pooch sets the total once it knows it; without any a bar has no truth value, and pooch asks for that
    with progress.bar(total=1, desc=url, unit="B", unit_scale=True) as bar:
        downloader = pooch.HTTPDownloader(timeout=timeout_seconds, progressbar=bar, chunk_size=CHUNK_BYTES)
        # between attempts pooch waits longer and longer
        known = pooch.create(
            path.parent, "", registry={path.name: None}, urls={path.name: url}, retry_if_failed=retries
        )
        known.fetch(path.name, downloader=downloader)


def _remove(folder: Path) -> None:
    if folder.is_dir():
        try:
            shutil.rmtree(folder)
        except OSError as error:  # it names what lies in the folder without the folder
            raise OSError(error.errno, error.strerror, str(folder)) from None


def _reason(error: BaseException) -> str:
    while cause := error.__cause__ or error.__context__:  # what was refused, timed out, ended too soon
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
        fetch(file, arguments.raw, settings.timeout_seconds, settings.retries)


if __name__ == "__main__":
    pooch.get_logger().setLevel("ERROR")
    stage.run("download", main)
