"""`make` in the environment that the tests run in."""

import shutil
import sys

from tests.support.project import ROOT, Project


def make(*arguments: str) -> list[str]:
    """The command; its environment counts as made."""
    settings = [f"VENV={sys.prefix}", f"--assume-old={sys.prefix}/.installed", "--no-print-directory"]
    return ["make", *settings, *arguments]


def add_makefile(project: Project) -> None:
    """Copy the Makefile and what it looks at."""
    for name in ("Makefile", "requirements.lock"):
        shutil.copy(ROOT / name, project.path)
