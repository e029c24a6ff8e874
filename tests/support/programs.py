"""Short programs in processes of their own."""

import subprocess
import sys
from pathlib import Path

from tests.support.project import ROOT, environment


def start(program: str, folder: Path, **variables: str) -> "subprocess.Popen[str]":
    """Start Python in a folder, with the project's code at hand."""
    return subprocess.Popen(
        [sys.executable, "-c", program],
        cwd=folder,
        env=environment() | {"PYTHONPATH": str(ROOT)} | variables,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )


def printed(process: "subprocess.Popen[str]") -> str:
    """Wait until it ends well; return what it printed, standard error included."""
    output, _ = process.communicate(timeout=300)
    assert process.returncode == 0, output
    return output
