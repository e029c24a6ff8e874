"""The two locks agree, and each has what pyproject.toml names."""

import re
import tomllib

import pytest

from tests.support.project import ROOT

PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
LOCKS = {"requirements.lock": "test", "requirements-scale.lock": "scale"}


def locked(name: str) -> dict[str, set[str]]:
    """The versions of each package, of which some depend on the version of Python."""
    found: dict[str, set[str]] = {}
    for package, version in re.findall(r"^(\S+)==(\S+)", (ROOT / name).read_text(encoding="utf-8"), re.MULTILINE):
        found.setdefault(package, set()).add(version)
    return found


@pytest.mark.parametrize("lock", LOCKS)
def test_a_lock_has_every_version_that_pyproject_toml_names(lock: str) -> None:
    versions = locked(lock)
    for wanted in PROJECT["dependencies"] + PROJECT["optional-dependencies"][LOCKS[lock]]:
        package, version = wanted.split("==")
        assert versions[package.partition("[")[0].replace(".", "-").lower()] == {version}


def test_what_is_in_both_locks_has_one_version() -> None:
    default, scale = map(locked, LOCKS)
    assert {name for name in default.keys() & scale.keys() if default[name] != scale[name]} == set()


@pytest.mark.parametrize("lock", LOCKS)
def test_every_package_has_hashes_and_no_address(lock: str) -> None:
    text = (ROOT / lock).read_text(encoding="utf-8")
    blocks = re.split(r"^(?=\S)", text, flags=re.MULTILINE)[1:]
    assert [block for block in blocks if "--hash=sha256:" not in block] == []
    assert "://" not in text
