"""Commands at terminals of every kind."""

import os
import pty
import subprocess
import sys

from tests.support.project import ROOT, Project, Zarathustra, environment

PROGRAM = "from stages.cli.terminal import for_output; print(for_output('a\\x1b[31m\\u202eb\\n\\tc'), end='')"


def test_a_terminal_shows_escape_sequences_and_a_file_gets_the_text_as_it_is() -> None:
    command = [sys.executable, "-c", PROGRAM]
    raw = subprocess.check_output(command, cwd=ROOT, env=environment(), text=True, encoding="utf-8")
    assert raw == "a\x1b[31m\u202eb\n\tc"
    ours, theirs = pty.openpty()
    subprocess.run(command, cwd=ROOT, env=environment(), stdout=theirs, check=True)
    os.close(theirs)
    assert os.read(ours, 1000).replace(b"\r", b"") == b"a\\x1b[31m\\u202eb\n\tc"


def test_where_the_terminal_is_ascii_only_characters_are_escaped(zarathustra: Zarathustra) -> None:
    printed = zarathustra("generate", "--prompt", "\u017c", status=1, PYTHONIOENCODING="ascii")
    assert printed.startswith("Error: --prompt ") and "\\u017c" in printed
    printed = zarathustra("compare", "\u017c", "b", status=1, PYTHONIOENCODING="ascii")
    assert printed.startswith("Error: '\\u017c' names no run in ")


def test_a_reader_that_has_enough_is_no_error(finished: Project) -> None:
    for command, length in (("plan | head -c 1", 1), ("generate --length 100000 | head -c 10", 10)):
        done = subprocess.run(
            f"python -m stages.cli.main {command}",
            shell=True, cwd=finished.path, env=environment(), capture_output=True, text=True,
        )  # fmt: skip
        assert (len(done.stdout), done.stderr) == (length, "")
