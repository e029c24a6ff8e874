"""The README says what is so: its tables are made from the source, its commands run."""

import re

from tests.readme_tables import README, filled

TEXT = README.read_text(encoding="utf-8")


def commands() -> list[str]:
    """Every command in the README's blocks of shell, without comments."""
    lines = [line for block in re.findall(r"```sh\n(.*?)```", TEXT, re.DOTALL) for line in block.splitlines()]
    return [command for line in lines if (command := line.split(" #")[0].strip())]


def test_tables_are_up_to_date() -> None:
    assert filled(TEXT) == TEXT, "run `make docs`"
